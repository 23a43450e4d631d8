// SPDX-License-Identifier: GPL-2.0-or-later
/* The page cache: pins, bounds, failing reads, and many threads on few pages. */
#include "test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "bitmap.h"
#include "format-fixture.h"
#include "ranges.h"

enum { SMALL_PAGE = 64, CAPACITY = 64 * 4 };

struct filler {
	_Atomic unsigned reads;
	_Atomic bool fail;
};

static struct kdf_error *fill(void *arg, uint64_t pfn, void *buf)
{
	struct filler *f = arg;

	atomic_fetch_add(&f->reads, 1);
	if (atomic_load(&f->fail) || pfn == 13)
		return kdf_err(KDF_CORRUPT, "frame %llu", (unsigned long long)pfn);
	memset(buf, (int)(pfn & 0xff), SMALL_PAGE);
	return NULL;
}

static void test_hit_and_bound(void)
{
	struct filler f = { .reads = 0 };
	struct kdf_page_cache *c;
	struct kdf_page_slot *slot;
	const uint8_t *data;

	if (!CHECK_OK(kdf_page_cache_new(CAPACITY * SMALL_PAGE, SMALL_PAGE, &c)))
		return;
	for (int round = 0; round < 3; round++) {
		CHECK_OK(kdf_page_cache_get(c, 5, fill, &f, &slot, &data));
		CHECK(data[0] == 5 && data[SMALL_PAGE - 1] == 5);
		kdf_page_cache_put(c, slot);
	}
	CHECK(f.reads == 1);
	for (uint64_t pfn = 100; pfn < 5000; pfn++) {
		struct kdf_error *e = kdf_page_cache_get(c, pfn, fill, &f, &slot, &data);

		if (e || data[0] != (pfn & 0xff))
			CHECK(!"page read");
		else
			kdf_page_cache_put(c, slot);
	}
	CHECK(kdf_page_cache_count(c) <= CAPACITY);
	kdf_page_cache_free(c);
}

/* All pages pinned: the cache grows, the pages stay what they are, and it shrinks afterwards. */
static void test_pins(void)
{
	enum { PINS = 1000 };
	static struct kdf_page_slot *slot[PINS];
	static const uint8_t *data[PINS];
	struct filler f = { .reads = 0 };
	struct kdf_page_cache *c;
	unsigned wrong = 0;

	if (!CHECK_OK(kdf_page_cache_new(1, SMALL_PAGE, &c)))
		return;
	for (uint64_t i = 0; i < PINS; i++)
		CHECK_OK(kdf_page_cache_get(c, 1000 + i, fill, &f, &slot[i], &data[i]));
	CHECK(kdf_page_cache_count(c) == PINS);
	for (uint64_t i = 0; i < PINS; i++)
		wrong += data[i][0] != ((1000 + i) & 0xff);
	CHECK(!wrong);
	for (size_t i = 0; i < PINS; i++)
		kdf_page_cache_put(c, slot[i]);
	CHECK(kdf_page_cache_count(c) <= CAPACITY);
	kdf_page_cache_free(c);
}

static void test_failure(void)
{
	struct filler f = { .reads = 0 };
	struct kdf_page_cache *c;
	struct kdf_page_slot *slot;
	const uint8_t *data;

	if (!CHECK_OK(kdf_page_cache_new(1, SMALL_PAGE, &c)))
		return;
	CHECK_CODE(kdf_page_cache_get(c, 13, fill, &f, &slot, &data), KDF_CORRUPT);
	CHECK_CODE(kdf_page_cache_get(c, 13, fill, &f, &slot, &data), KDF_CORRUPT);
	CHECK(f.reads == 2 && kdf_page_cache_count(c) == 0);
	f.fail = true;
	CHECK_CODE(kdf_page_cache_get(c, 1, fill, &f, &slot, &data), KDF_CORRUPT);
	f.fail = false;
	CHECK_OK(kdf_page_cache_get(c, 1, fill, &f, &slot, &data));
	kdf_page_cache_put(c, slot);
	kdf_page_cache_free(c);
}

struct worker {
	struct kdf_page_cache *cache;
	struct filler *filler;
	unsigned seed, wrong;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < 20000; i++) {
		struct kdf_page_slot *slot;
		const uint8_t *data;

		w->seed = w->seed * 1103515245 + 12345;
		uint64_t pfn = w->seed >> 16 & 0x3ff;
		struct kdf_error *e = kdf_page_cache_get(w->cache, pfn, fill, w->filler, &slot, &data);
		if (e) {
			w->wrong += pfn != 13;
			kdf_error_free(e);
			continue;
		}
		for (int k = 0; k < SMALL_PAGE; k++)
			w->wrong += data[k] != (pfn & 0xff);
		kdf_page_cache_put(w->cache, slot);
	}
	return NULL;
}

static void test_threads(void)
{
	struct filler f = { .reads = 0 };
	struct kdf_page_cache *c;
	struct worker worker[4];
	pthread_t thread[4];

	if (!CHECK_OK(kdf_page_cache_new(1, SMALL_PAGE, &c)))
		return;
	for (unsigned i = 0; i < 4; i++) {
		worker[i] = (struct worker){ c, &f, i + 1, 0 };
		CHECK(!pthread_create(&thread[i], NULL, work, &worker[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		CHECK(!worker[i].wrong);
	}
	CHECK(kdf_page_cache_count(c) <= CAPACITY);
	kdf_page_cache_free(c);
}

static void *read_dump(void *arg)
{
	struct kdf *d = arg;
	uintptr_t wrong = 0;

	for (int round = 0; round < 50; round++) {
		uint8_t page[PAGE];

		for (uint64_t pfn = 0; pfn < 64; pfn++) {
			struct kdf_error *e = kdf_read_phys(d, pfn * PAGE, page, PAGE);

			wrong += e || !is_page(page, pfn);
			kdf_error_free(e);
		}
	}
	return (void *)wrong;
}

/* A compressed dump read by several threads at once. */
static void test_dump_threads(void)
{
	struct kdump_recipe r = { .version = 6, .machine = "x86_64", .max_pfn = 64, .flag = kdf_codec_at(0)->flag };
	struct kdf_options o = { .cache_bytes = 1 };
	struct kdf_buf b = { 0 };
	pthread_t thread[4];
	struct kdf *d;

	memset(r.ram, 0xff, 8);
	memset(r.dumped, 0xff, 8);
	make_kdump(&r, &b);
	if (CHECK_OK(open_buf(&b, &o, &d))) {
		for (int i = 0; i < 4; i++)
			CHECK(!pthread_create(&thread[i], NULL, read_dump, d));
		for (int i = 0; i < 4; i++) {
			void *wrong = d;

			pthread_join(thread[i], &wrong);
			CHECK(!wrong);
		}
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

/* The bitmap's index against counting bit by bit. */
static void test_bitmap(uint64_t nbits)
{
	uint8_t *bits = calloc(1, (nbits + 7) / 8 + 1);
	struct kdf_bitmap b;
	struct kdf_ranges ranges = { 0 };
	uint64_t rank = 0, next = 0, in_ranges = 0;
	unsigned seed = 7, wrong = 0;

	for (uint64_t i = 0; i < (nbits + 7) / 8; i++) {
		seed = seed * 1103515245 + 12345;
		/* Long runs of each value, and noise. */
		bits[i] = i / 50 % 3 == 0 ? 0 : i / 50 % 3 == 1 ? 0xff : (uint8_t)(seed >> 16);
	}
	CHECK_OK(kdf_bitmap_init(&b, bits, nbits));
	for (uint64_t i = 0; i < nbits; i++) {
		bool set = bits[i / 8] >> i % 8 & 1;

		wrong += kdf_bitmap_rank(&b, i) != rank || kdf_bitmap_test(&b, i) != set;
		if (i >= next) {
			next = i;
			while (next < nbits && !(bits[next / 8] >> next % 8 & 1))
				next++;
		}
		wrong += kdf_bitmap_next(&b, i, true) != (set ? i : next);
		rank += set;
	}
	CHECK(!wrong);
	CHECK(kdf_bitmap_rank(&b, nbits) == rank && b.set == rank);
	CHECK(kdf_bitmap_next(&b, nbits, true) == nbits && !kdf_bitmap_test(&b, nbits));
	CHECK_OK(kdf_bitmap_ranges(&b, SIZE_MAX, &ranges));
	in_ranges = kdf_ranges_total(&ranges);
	CHECK(in_ranges == rank);
	if (ranges.count > 1) {
		struct kdf_ranges few = { 0 };

		CHECK_CODE(kdf_bitmap_ranges(&b, ranges.count - 1, &few), KDF_LIMIT);
		kdf_ranges_free(&few);
	}
	kdf_ranges_free(&ranges);
	kdf_bitmap_free(&b);
	free(bits);
}

static void test_ranges(void)
{
	struct kdf_ranges r = { 0 };

	CHECK(!kdf_ranges_overlap(&r, 0, UINT64_MAX));
	CHECK(kdf_ranges_add(&r, 10, 20) && kdf_ranges_add(&r, 5, 5) && kdf_ranges_add(&r, 30, 40) &&
	      kdf_ranges_add(&r, 15, 25) && kdf_ranges_add(&r, 0, 3) && kdf_ranges_add(&r, 25, 30));
	kdf_ranges_sort(&r);
	CHECK(r.count == 2 && r.range[0].end == 3 && r.range[1].start == 10 && r.range[1].end == 40);
	CHECK(kdf_ranges_find(&r, 2) == 0 && kdf_ranges_find(&r, 3) == 1 && kdf_ranges_find(&r, 40) == 2);
	CHECK(kdf_ranges_overlap(&r, 3, 11) && !kdf_ranges_overlap(&r, 3, 10));
	CHECK(kdf_ranges_total(&r) == 33);
	kdf_ranges_free(&r);
}

int main(void)
{
	test_hit_and_bound();
	test_pins();
	test_failure();
	test_threads();
	test_dump_threads();
	test_bitmap(1);
	test_bitmap(64);
	test_bitmap(512);
	test_bitmap(1536);
	test_bitmap(20001);
	test_ranges();
	TEST_END();
}
