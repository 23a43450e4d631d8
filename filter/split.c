// SPDX-License-Identifier: GPL-2.0-or-later
#include "split.h"

#include <stdlib.h>

static bool is_dumped(const struct plan *p, uint64_t pfn)
{
	return p->dumped[pfn / 8] >> pfn % 8 & 1;
}

void split_make(const struct plan *p, uint64_t block, size_t parts, uint64_t *end)
{
	uint64_t seen = 0;
	size_t part = 0;

	for (uint64_t pfn = 0; pfn < p->max_pfn && part + 1 < parts; pfn++) {
		/* Enough for the parts so far: the next one begins at the first boundary. */
		uint64_t share = (uint64_t)((double)p->dumped_pages * (double)(part + 1) / (double)parts);
		if (pfn && pfn % block == 0 && seen >= share)
			end[part++] = pfn;
		seen += is_dumped(p, pfn);
	}
	while (part < parts)
		end[part++] = p->max_pfn;
}

uint8_t *split_bitmap(const struct plan *p, uint64_t from, uint64_t to, uint64_t *pages)
{
	uint8_t *map = calloc(1, p->max_pfn / 8 + 9);

	*pages = 0;
	for (uint64_t pfn = from; map && pfn < to; pfn++)
		if (is_dumped(p, pfn)) {
			map[pfn / 8] |= (uint8_t)(1 << pfn % 8);
			++*pages;
		}
	return map;
}
