// SPDX-License-Identifier: GPL-2.0-or-later
#include "bitmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { BLOCK = 512 }; /* bits between two entries of the rank index */

/* Bits [i * 64, i * 64 + 64), zero beyond the end. */
static uint64_t word_at(const struct kdf_bitmap *b, uint64_t i)
{
	uint64_t start = i * 64, left = b->nbits - start;

	if (left >= 64)
		return kdf_load_uint(b->bits + i * 8, 8, false);
	return kdf_load_uint(b->bits + i * 8, (left + 7) / 8, false) & (((uint64_t)1 << left) - 1);
}

static uint64_t word_count(const struct kdf_bitmap *b)
{
	return (b->nbits + 63) / 64;
}

struct kdf_error *kdf_bitmap_init(struct kdf_bitmap *b, const uint8_t *bits, uint64_t nbits)
{
	uint64_t words, set = 0;

	*b = (struct kdf_bitmap){ .bits = bits, .nbits = nbits };
	words = word_count(b);
	b->rank = calloc(nbits / BLOCK + 1, sizeof(*b->rank));
	if (!b->rank)
		return kdf_err(KDF_NOMEM, "no memory for the index of a bitmap of %llu frames",
			       (unsigned long long)nbits);
	for (uint64_t i = 0; i < words; i++) {
		if (!(i % (BLOCK / 64)))
			b->rank[i / (BLOCK / 64)] = set;
		set += (unsigned)__builtin_popcountll(word_at(b, i));
	}
	if (!(nbits % BLOCK))
		b->rank[nbits / BLOCK] = set;
	b->set = set;
	return NULL;
}

void kdf_bitmap_free(struct kdf_bitmap *b)
{
	free(b->rank);
	*b = (struct kdf_bitmap){ 0 };
}

uint64_t kdf_bitmap_rank(const struct kdf_bitmap *b, uint64_t i)
{
	uint64_t rank = b->rank[i / BLOCK], word = i / BLOCK * (BLOCK / 64);

	for (; (word + 1) * 64 <= i; word++)
		rank += (unsigned)__builtin_popcountll(word_at(b, word));
	if (i % 64)
		rank += (unsigned)__builtin_popcountll(word_at(b, word) & (((uint64_t)1 << i % 64) - 1));
	return rank;
}

uint64_t kdf_bitmap_next(const struct kdf_bitmap *b, uint64_t from, bool value)
{
	uint64_t flip = value ? 0 : UINT64_MAX, words = word_count(b);

	if (from >= b->nbits)
		return b->nbits;
	uint64_t i = from / 64, w = (word_at(b, i) ^ flip) >> from % 64 << from % 64;
	while (!w && ++i < words)
		w = word_at(b, i) ^ flip;
	if (!w)
		return b->nbits;
	uint64_t found = i * 64 + (unsigned)__builtin_ctzll(w);
	return found < b->nbits ? found : b->nbits;
}

struct kdf_error *kdf_bitmap_ranges(const struct kdf_bitmap *b, size_t max, struct kdf_ranges *out)
{
	for (uint64_t start = 0; (start = kdf_bitmap_next(b, start, true)) < b->nbits;) {
		uint64_t end = kdf_bitmap_next(b, start, false);

		if (out->count >= max)
			return kdf_err(KDF_LIMIT, "RAM in more than %zu pieces", max);
		if (!kdf_ranges_add(out, start, end))
			return kdf_err(KDF_NOMEM, "no memory for %zu ranges of RAM", out->count);
		start = end;
	}
	return NULL;
}
