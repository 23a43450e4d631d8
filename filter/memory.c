// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compress.h"

enum {
	COUNT_FRAMES = 4096,	   /* frames for one entry of the writer's index */
	SYMBOLS = 20 << 20,	   /* BTF of 8 MiB, its index, and as much of a mapped input */
	ORDER = 4 << 20,	   /* landmarks at their limit, twice while they are sorted */
	OUTPUT = 3 << 20,	   /* the writer's buffers: 2 MiB of data, descriptors that wait */
	PROGRAM = 4 << 20,	   /* code, libraries, stacks */
};

/* The number behind a key of /proc/meminfo, in bytes. */
static uint64_t meminfo(const char *key)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) || line[strlen(key)] != ':')
			continue;
		kib = strtoull(line + strlen(key) + 1, NULL, 10);
		break;
	}
	if (f)
		fclose(f);
	return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

static bool number_in(const char *path, uint64_t *out)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fscanf(f, "%" SCNu64, out) == 1; /* "max" is no number */

	if (f)
		fclose(f);
	return ok;
}

uint64_t memory_free(void)
{
	uint64_t available = meminfo("MemAvailable"), limit, used;

	if (!available) {
		long pages = sysconf(_SC_AVPHYS_PAGES), page = sysconf(_SC_PAGESIZE);
		available = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
	}
	/* As seen from inside a container. */
	if (number_in("/sys/fs/cgroup/memory.max", &limit) && number_in("/sys/fs/cgroup/memory.current", &used) &&
	    limit > used && limit - used < available)
		available = limit - used;
	return available;
}

/* What stays the same for any number of threads. */
static uint64_t fixed_part(const struct memory_plan *m)
{
	return m->bitmaps + m->counts + m->order + m->cache + m->output + PROGRAM;
}

static unsigned fitting_threads(const struct memory_plan *m, unsigned wanted, uint64_t limit)
{
	uint64_t room = UINT64_MAX, fixed = fixed_part(m);

	if (m->free)
		room = m->free / 4;
	if (limit)
		room = limit < fixed ? 0 : limit - fixed < room ? limit - fixed : room;
	uint64_t fit = room / m->threads_each;
	return fit < 1 ? 1 : fit < wanted ? (unsigned)fit : wanted;
}

void memory_plan(const struct kdf_info *info, unsigned threads, uint64_t cache_bytes, uint64_t free_bytes,
		 uint64_t limit, struct memory_plan *m)
{
	*m = (struct memory_plan){
		.free = free_bytes,
		.bitmaps = info->ram_pages / 4,
		.counts = info->max_pfn / COUNT_FRAMES * 8,
		.symbols = SYMBOLS,
		.order = ORDER,
		.cache = cache_bytes,
		.output = OUTPUT,
		.threads_each = copy_memory_per_thread(info->page_size),
	};
	m->threads = fitting_threads(m, threads ? threads : 1, limit);
	m->choosing = m->bitmaps + m->symbols + m->order + m->cache + PROGRAM;
	m->copying = fixed_part(m) + m->threads * m->threads_each;
	m->peak = m->choosing > m->copying ? m->choosing : m->copying;
	m->tight = (free_bytes && m->peak > free_bytes) || (limit && m->peak > limit);
}

void memory_report(FILE *to, const struct memory_plan *m)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} lines[] = {
		{ "bitmaps", m->bitmaps },
		{ "descriptor index", m->counts },
		{ "symbols and types (given back)", m->symbols },
		{ "order of copying", m->order },
		{ "page cache", m->cache },
		{ "output", m->output },
		{ "threads", m->threads * m->threads_each },
		{ "peak", m->peak },
		{ "free at the start", m->free },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		fprintf(to, "Memory, %-31s: %" PRIu64 " KiB\n", lines[i].name, lines[i].bytes / 1024);
}
