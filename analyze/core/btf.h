/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF type format: a bounded reader of one BTF blob. Every type is checked when the blob is opened (extent,
 * name, vlen), so that the rest can rely on it; ids inside types are checked where they are followed.
 *
 * A reader of its own, because libbpf up to 1.1 (Debian 12) takes a blob on trust (no check of ids and names),
 * looks names up by walking all types, gives up at kinds it does not know, and reads 5 bits of kind and 16 of
 * vlen where Linux 7.3 has 7 and 24.
 *
 * Reading from several threads is fine, except for the first lookup of a name.
 */
#ifndef KDX_CORE_BTF_H
#define KDX_CORE_BTF_H

#include <stddef.h>
#include <stdint.h>

#include "types-db.h"

struct kdx_btf;

/* include/uapi/linux/btf.h */
enum kdx_btf_kind {
	KDX_BTF_VOID = 0, KDX_BTF_INT = 1, KDX_BTF_PTR = 2, KDX_BTF_ARRAY = 3, KDX_BTF_STRUCT = 4, KDX_BTF_UNION = 5,
	KDX_BTF_ENUM = 6, KDX_BTF_FWD = 7, KDX_BTF_TYPEDEF = 8, KDX_BTF_VOLATILE = 9, KDX_BTF_CONST = 10,
	KDX_BTF_RESTRICT = 11, KDX_BTF_FUNC = 12, KDX_BTF_FUNC_PROTO = 13, KDX_BTF_VAR = 14, KDX_BTF_DATASEC = 15,
	KDX_BTF_FLOAT = 16, KDX_BTF_DECL_TAG = 17, KDX_BTF_TYPE_TAG = 18, KDX_BTF_ENUM64 = 19,
};

struct kdx_btf_type {
	unsigned kind;
	bool kflag;
	uint32_t vlen;
	uint32_t size_or_type;
	const char *name;	/* "" without one */
	const uint8_t *extra;	/* what follows the fixed part: kind's own record or vlen records */
};

/* data is lent and must outlive the reader. KDF_CORRUPT, KDF_UNSUPPORTED. */
struct kdf_error *kdx_btf_open(const void *data, size_t size, struct kdx_btf **out) KDF_MUST_CHECK;
void kdx_btf_close(struct kdx_btf *); /* NULL is fine */

uint32_t kdx_btf_count(const struct kdx_btf *); /* ids go from 1 to this, 0 is void */
/* KDF_CORRUPT for ids out of range. */
struct kdf_error *kdx_btf_type(const struct kdx_btf *, uint64_t id, struct kdx_btf_type *out) KDF_MUST_CHECK;
/* Text at a string offset; "" for one out of range. */
const char *kdx_btf_string(const struct kdx_btf *, uint32_t offset);
uint32_t kdx_btf_u32(const struct kdx_btf *, const void *p); /* in the blob's byte order */
/* True when enums carry a sign in their kflag (since 6.0: pahole 1.24); before, it says nothing. */
bool kdx_btf_has_enum_sign(const struct kdx_btf *);

/* Id of a complete type, variable or function of that name; 0: none. */
uint32_t kdx_btf_find(const struct kdx_btf *, enum kdx_class, const char *name);
/* Id of a forward declaration; 0: none. */
uint32_t kdx_btf_find_declaration(const struct kdx_btf *, enum kdx_class, const char *name);
/* Id of the enum that holds an enumerator; 0: none. */
uint32_t kdx_btf_find_enumerator(const struct kdx_btf *, const char *name);

/* Makes the blob a database's source; frees `memory` (what data points to, or NULL) when the database goes, and
 * at once on failure. name: "BTF of vmlinux". */
struct kdf_error *kdx_typedb_use_btf(struct kdx_typedb *, const void *data, size_t size, void *memory,
				     unsigned pointer_size, bool from_dump) KDF_MUST_CHECK;

#endif
