/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Half-open ranges of numbers (frames, addresses): sorted, merged, searched in O(log n). */
#ifndef KDF_RANGES_H
#define KDF_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kdf_range {
	uint64_t start, end;
};

/* Zero-initialised is empty. Any number of adds, then one sort before the first find. */
struct kdf_ranges {
	struct kdf_range *range;
	size_t count, cap;
};

bool kdf_ranges_add(struct kdf_ranges *, uint64_t start, uint64_t end); /* empty ones are left out; false: no memory */
void kdf_ranges_sort(struct kdf_ranges *);
/* Index of the first range that ends behind value; count when there is none. */
size_t kdf_ranges_find(const struct kdf_ranges *, uint64_t value);
bool kdf_ranges_overlap(const struct kdf_ranges *, uint64_t start, uint64_t end);
uint64_t kdf_ranges_total(const struct kdf_ranges *);
void kdf_ranges_free(struct kdf_ranges *);

#endif
