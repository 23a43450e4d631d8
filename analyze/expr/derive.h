/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types that an expression makes: C's own arithmetic types (there even without debug info), pointers to and
 * arrays of any type. The type database knows nothing of them, so everything in this folder and the commands that
 * show values go through the calls below, which take types of both kinds. Derived types live as long as the
 * session. One thread, as the session.
 */
#ifndef KDX_EXPR_DERIVE_H
#define KDX_EXPR_DERIVE_H

#include "analyze/core/types.h"

enum kdx_basic {
	KDX_T_VOID,
	KDX_T_BOOL,
	KDX_T_CHAR,
	KDX_T_SCHAR,
	KDX_T_UCHAR,
	KDX_T_SHORT,
	KDX_T_USHORT,
	KDX_T_INT,
	KDX_T_UINT,
	KDX_T_LONG,
	KDX_T_ULONG,
	KDX_T_LLONG,
	KDX_T_ULLONG,
	KDX_T_DOUBLE,
	KDX_T_FLOAT,
	KDX_T_FUNCTION,
	/* long of a 32-bit machine */
	KDX_T_LONG32,
	KDX_T_ULONG32,
	KDX_T_MAX
};

/* A type of C itself, in the size it has on the dumped machine. Never NULL. */
const struct kdx_type *kdx_basic_type(const struct kdx_session *, enum kdx_basic);

struct kdf_error *kdx_derive_pointer(struct kdx_session *, const struct kdx_type *target,
				     const struct kdx_type **out) KDF_MUST_CHECK;
struct kdf_error *kdx_derive_array(struct kdx_session *, const struct kdx_type *element, uint64_t n,
				   const struct kdx_type **out) KDF_MUST_CHECK;

/* kdx_type_target and kdx_type_strip of both kinds; typedef chains are bounded (KDF_LIMIT). */
struct kdf_error *kdx_derived_target(struct kdx_session *, const struct kdx_type *,
				     const struct kdx_type **out) KDF_MUST_CHECK;
struct kdf_error *kdx_derived_strip(struct kdx_session *, const struct kdx_type *,
				    const struct kdx_type **out) KDF_MUST_CHECK;
/* kdx_type_declare of both kinds; malloc'ed. */
struct kdf_error *kdx_derived_declare(struct kdx_session *, const struct kdx_type *, const char *name,
				      char **out) KDF_MUST_CHECK;
/* Size in bytes, of pointers, arrays and typedefs too; 0: void, function, incomplete, flexible. */
uint64_t kdx_derived_size(struct kdx_session *, const struct kdx_type *);

#endif
