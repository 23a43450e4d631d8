// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of a run, computed up front: what grows with RAM, what gives when there is little. */
#include "filter/memory.h"

#include <stdlib.h>

#include "filter/compress.h"
#include "test.h"

#define MIB (UINT64_C(1) << 20)
#define TIB (UINT64_C(1) << 40)

static struct memory_plan plan_of(uint64_t ram, uint64_t space, unsigned threads, uint64_t free_bytes, uint64_t limit)
{
	const struct kdf_info info = { .page_size = 4096, .ram_pages = ram / 4096, .max_pfn = space / 4096 };
	struct memory_plan m;

	memory_plan(&info, threads, 4 * MIB, free_bytes, limit, &m);
	return m;
}

int main(void)
{
	/* 1 TiB of RAM: two bits a frame. Holes cost the index alone. */
	struct memory_plan one = plan_of(TIB, TIB, 1, 0, 0), sparse = plan_of(TIB, 16 * TIB, 1, 0, 0);
	CHECK(one.bitmaps == 64 * MIB && one.counts == MIB / 2 && sparse.counts == 8 * MIB);
	CHECK(sparse.peak - one.peak <= 8 * MIB);
	CHECK(one.peak >= one.copying && one.peak >= one.choosing && !one.tight);
	/* Threads take a quarter of what is free. */
	uint64_t each = copy_memory_per_thread(4096);
	CHECK(one.threads_each == each);
	CHECK(plan_of(4096 * MIB, 4096 * MIB, 8, 4 * 3 * each, 0).threads == 3);
	CHECK(plan_of(4096 * MIB, 4096 * MIB, 8, 1024 * MIB, 0).threads == 8);
	CHECK(plan_of(4096 * MIB, 4096 * MIB, 0, 1024 * MIB, 0).threads == 1);
	/* Little memory: one thread, and it is said that this is too much. */
	struct memory_plan small = plan_of(TIB, TIB, 64, 32 * MIB, 0);
	CHECK(small.threads == 3 && small.tight);
	CHECK(plan_of(TIB, TIB, 64, 2 * MIB, 0).threads == 1);
	/* A limit bounds all of it, as far as threads can. */
	struct memory_plan limited = plan_of(4096 * MIB, 4096 * MIB, 64, 0, 64 * MIB);
	CHECK(limited.peak <= 64 * MIB && limited.threads > 1 && limited.threads < 64 && !limited.tight);
	CHECK(plan_of(TIB, TIB, 64, 0, 64 * MIB).tight && plan_of(TIB, TIB, 64, 0, 64 * MIB).threads == 1);
	CHECK(memory_free() > MIB);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	memory_report(f, &one);
	fclose(f);
	CHECK(strstr(text, "bitmaps") && strstr(text, ": 65536 KiB\n") && strstr(text, "peak"));
	free(text);
	TEST_END();
}
