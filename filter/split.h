/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the parts of a split dump begin and end. */
#ifndef FILTER_SPLIT_H
#define FILTER_SPLIT_H

#include "plan.h"

/*
 * Sets end[0..parts): part i has the frames from end[i - 1] (0) to end[i]. The parts have about as many pages each, as
 * far as boundaries at multiples of block frames allow; the last one ends at max_pfn.
 */
void split_make(const struct plan *, uint64_t block, size_t parts, uint64_t *end);
/* A copy of the plan's bitmap with the frames [from, to) only, *pages of them. NULL: no memory. */
uint8_t *split_bitmap(const struct plan *, uint64_t from, uint64_t to, uint64_t *pages);

#endif
