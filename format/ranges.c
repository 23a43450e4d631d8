// SPDX-License-Identifier: GPL-2.0-or-later
#include "ranges.h"

#include <stdlib.h>

#include "base/buf.h"

bool kdf_ranges_add(struct kdf_ranges *r, uint64_t start, uint64_t end)
{
	struct kdf_range *last = r->count ? &r->range[r->count - 1] : NULL;

	if (start >= end)
		return true;
	if (last && last->end == start) {
		last->end = end;
		return true;
	}
	if (!kdf_grow(&r->range, &r->cap, r->count + 1, sizeof(*r->range)))
		return false;
	r->range[r->count++] = (struct kdf_range){ start, end };
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct kdf_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

void kdf_ranges_sort(struct kdf_ranges *r)
{
	size_t kept = 0;

	if (!r->count)
		return;
	qsort(r->range, r->count, sizeof(*r->range), by_start);
	for (size_t i = 1; i < r->count; i++) {
		struct kdf_range *last = &r->range[kept], next = r->range[i];

		if (next.start > last->end)
			r->range[++kept] = next;
		else if (next.end > last->end)
			last->end = next.end;
	}
	r->count = kept + 1;
}

size_t kdf_ranges_find(const struct kdf_ranges *r, uint64_t value)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->range[middle].end > value)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool kdf_ranges_overlap(const struct kdf_ranges *r, uint64_t start, uint64_t end)
{
	size_t i = kdf_ranges_find(r, start);

	return i < r->count && r->range[i].start < end;
}

uint64_t kdf_ranges_total(const struct kdf_ranges *r)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->count; i++)
		total += r->range[i].end - r->range[i].start;
	return total;
}

void kdf_ranges_free(struct kdf_ranges *r)
{
	free(r->range);
	*r = (struct kdf_ranges){ 0 };
}
