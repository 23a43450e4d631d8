/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which frames are copied first, so that a dump that was cut short still opens, has the log, and as much as possible
 * of tasks and stacks: the landmarks in the order of their groups, each frame once.
 */
#ifndef FILTER_ORDER_H
#define FILTER_ORDER_H

#include "landmarks.h"

struct copy_order {
	struct frame_range *first; /* in the order of copying; disjoint */
	size_t n;
	size_t group_end[GROUP_COUNT]; /* first[0..group_end[g]) are the groups up to g */
	uint64_t frames;	       /* in all of them */
};

/* KDF_NOMEM. Frames from max_pfn on are left out. Memory: 16 bytes a range, as many ranges as landmarks at most, and
 * the same again while it is made. */
struct kdf_error *order_make(const struct landmarks *, uint64_t max_pfn, struct copy_order *out) KDF_MUST_CHECK;
void order_free(struct copy_order *);

#endif
