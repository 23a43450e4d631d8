/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded reader over bytes from outside. Every get checks the bounds; the first one that would run over the
 * end sets `bad`, returns 0, and so do all later ones: check `bad` once, after a group of gets.
 */
#ifndef KDF_BASE_BYTES_H
#define KDF_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct kdf_bytes {
	const uint8_t *p;
	size_t len, pos;
	bool big_endian, bad;
};

static inline struct kdf_bytes kdf_bytes(const void *p, size_t len, bool big_endian)
{
	return (struct kdf_bytes){ p, len, 0, big_endian, false };
}

/* n raw bytes at the position, or NULL (and bad). */
static inline const uint8_t *kdf_get_bytes(struct kdf_bytes *b, size_t n)
{
	if (b->bad || n > b->len - b->pos) {
		b->bad = true;
		return NULL;
	}
	b->pos += n;
	return b->p + b->pos - n;
}

static inline void kdf_seek(struct kdf_bytes *b, size_t pos)
{
	if (pos > b->len)
		b->bad = true;
	else
		b->pos = pos;
}

static inline void kdf_skip(struct kdf_bytes *b, size_t n)
{
	(void)kdf_get_bytes(b, n);
}

/* An unsigned integer of size 1, 2, 4 or 8 at p in the given byte order; p need not be aligned. */
static inline uint64_t kdf_load_uint(const void *p, size_t size, bool big_endian)
{
	const uint8_t *q = p;
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)q[i] << 8 * (big_endian ? size - 1 - i : i);
	return v;
}

static inline void kdf_store_uint(void *p, uint64_t v, size_t size, bool big_endian)
{
	uint8_t *q = p;

	for (size_t i = 0; i < size; i++)
		q[i] = (uint8_t)(v >> 8 * (big_endian ? size - 1 - i : i));
}

static inline uint64_t kdf_get_uint(struct kdf_bytes *b, size_t size)
{
	const uint8_t *q = kdf_get_bytes(b, size);

	return q ? kdf_load_uint(q, size, b->big_endian) : 0;
}

static inline uint8_t kdf_get_u8(struct kdf_bytes *b) { return (uint8_t)kdf_get_uint(b, 1); }
static inline uint16_t kdf_get_u16(struct kdf_bytes *b) { return (uint16_t)kdf_get_uint(b, 2); }
static inline uint32_t kdf_get_u32(struct kdf_bytes *b) { return (uint32_t)kdf_get_uint(b, 4); }
static inline uint64_t kdf_get_u64(struct kdf_bytes *b) { return kdf_get_uint(b, 8); }

/* Nothing but zero bytes; n of at least 16. */
static inline bool kdf_all_zero(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t w[2];

	memcpy(w, p, sizeof(w));
	/* Equal to itself shifted by 16 bytes, and the first 16 are zero: so are all. */
	return !(w[0] | w[1]) && !memcmp(p, p + 16, n - 16);
}

#endif
