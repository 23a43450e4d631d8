/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bitmap of page frames as the kdump-compressed format stores it (bit pfn & 7 of byte pfn >> 3), with an index
 * that tells in constant time how many bits are set below a frame: the number of that frame's page descriptor.
 */
#ifndef KDF_BITMAP_H
#define KDF_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "ranges.h"

struct kdf_bitmap {
	const uint8_t *bits; /* lent; (nbits + 7) / 8 bytes */
	uint64_t nbits;
	uint64_t set;	/* bits that are set */
	uint64_t *rank; /* [i]: bits set below bit i * 512 */
};

struct kdf_error *kdf_bitmap_init(struct kdf_bitmap *, const uint8_t *bits, uint64_t nbits) KDF_MUST_CHECK;
void kdf_bitmap_free(struct kdf_bitmap *); /* not the bits */

static inline bool kdf_bitmap_test(const struct kdf_bitmap *b, uint64_t i)
{
	return i < b->nbits && b->bits[i >> 3] >> (i & 7) & 1;
}

/* How many bits are set below bit i (i <= nbits). */
uint64_t kdf_bitmap_rank(const struct kdf_bitmap *, uint64_t i);
/* The first bit >= from that has the value; nbits when there is none. */
uint64_t kdf_bitmap_next(const struct kdf_bitmap *, uint64_t from, bool value);
/* Runs of set bits; KDF_LIMIT when there are more than max. */
struct kdf_error *kdf_bitmap_ranges(const struct kdf_bitmap *, size_t max, struct kdf_ranges *out) KDF_MUST_CHECK;

#endif
