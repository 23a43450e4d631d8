/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as text in the layout of crash's `p` and `struct` (2-space indent, `name = value,`), and as JSON from the
 * same walk: structures are objects, arrays arrays, pointers "0x..." strings, enumerators and character arrays
 * strings. Members of anonymous aggregates appear in the object around them.
 *
 * What cannot be read is said at its place, `<excluded>`; the rest is printed. Bounded in depth, in elements
 * (256 of an array, as crash) and in bytes. One thread, as the session.
 */
#ifndef KDX_EXPR_PRINT_H
#define KDX_EXPR_PRINT_H

#include "analyze/output/output.h"
#include "base/buf.h"
#include "value.h"

struct kdx_print {
	struct kdx_out *out;
	struct kdx_space space;
	unsigned radix; /* 10 or 16 */
	char format;    /* of p/x and the like: x d u o t c a z s; 0: by type and radix */
};

/* The value, without a new line behind. top: a pointer's type is named, as in p. JSON: under `name`. */
struct kdf_error *kdx_print_value(const struct kdx_print *, const char *name, const struct kdx_value *,
				  bool top) KDF_MUST_CHECK;
/* The same `indent` spaces further right, as a member is. */
struct kdf_error *kdx_print_member(const struct kdx_print *, const char *name, const struct kdx_value *,
				   unsigned indent) KDF_MUST_CHECK;
/* " <symbol+8>" appended for an address inside the kernel's or a module's image. */
void kdx_symbol_suffix(struct kdx_session *, uint64_t address, struct kdf_buf *);

#endif
