/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the code needs to know of kernel structures. layout.def is the one place that names structures, members,
 * symbols and enumerators, with older and newer names; a row is looked up in types and symbols on first use.
 *
 * A row that this kernel lacks is no error by itself: kdx_has() tells, and the caller takes the other era's way.
 * A caller that cannot go on without it uses the reading calls, whose KDF_NO_DEBUG error names what was tried.
 */
#ifndef KDX_CORE_LAYOUT_H
#define KDX_CORE_LAYOUT_H

#include "session.h"

enum kdx_row {
#define KDX_STRUCT(id, names) KDX_##id,
#define KDX_MEMBER(id, type, paths) KDX_##id,
#define KDX_SYMBOL(id, names) KDX_##id,
#define KDX_ENUM(id, names) KDX_##id,
#include "layout.def"
#undef KDX_STRUCT
#undef KDX_MEMBER
#undef KDX_SYMBOL
#undef KDX_ENUM
	KDX_ROW_MAX
};

struct kdx_field {
	uint64_t offset;    /* bytes, of a KDX_MEMBER */
	uint64_t size;	    /* bytes, of a KDX_MEMBER (whole array) or KDX_STRUCT */
	uint64_t elements;  /* KDX_MEMBER that is an array: how many, else 0 */
	uint64_t value;	    /* KDX_SYMBOL: address; KDX_ENUM: value */
	uint32_t bit_size, bit_shift; /* bit fields: within the `size` bytes at offset; bit_size 0: none */
	bool is_signed;
	bool is_pointer; /* KDX_MEMBER whose type is a pointer: some eras embed what others point to */
};

bool kdx_has(struct kdx_session *, enum kdx_row);
/* NULL when this kernel lacks the row. Lent. */
const struct kdx_field *kdx_field(struct kdx_session *, enum kdx_row);
struct kdf_error *kdx_need(struct kdx_session *, enum kdx_row, const struct kdx_field **out) KDF_MUST_CHECK;
/* "task_struct.__state|state": for messages. */
const char *kdx_row_name(enum kdx_row);

/* The member's value in the structure at base: integers of 1 to 8 bytes, sign-extended where signed, bit fields
 * extracted. */
struct kdf_error *kdx_get(struct kdx_session *, uint64_t base, enum kdx_row member, uint64_t *out) KDF_MUST_CHECK;
/* The same out of a copy of the structure (`image`, `size` bytes) already read. KDF_CORRUPT when out of bounds. */
struct kdf_error *kdx_get_from(struct kdx_session *, const void *image, size_t size, enum kdx_row member,
			       uint64_t *out) KDF_MUST_CHECK;
/* Address of a member (base + offset). */
struct kdf_error *kdx_addr(struct kdx_session *, uint64_t base, enum kdx_row member, uint64_t *out) KDF_MUST_CHECK;

#endif
