/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF type format: a bounded reader of one BTF blob. Every type is checked when the blob is opened (extent,
 * name, vlen), so that the rest can rely on it; ids inside types are checked where they are followed.
 *
 * A reader of its own, because libbpf up to 1.1 (Debian 12) takes a blob on trust (no check of ids and names),
 * gives up at kinds it does not know, and reads 5 bits of kind and 16 of vlen where Linux 7.3 has 7 and 24.
 *
 * Any thread.
 */
#ifndef KDF_BTF_H
#define KDF_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kdf_btf;

/* include/uapi/linux/btf.h */
enum kdf_btf_kind {
	KDF_BTF_VOID = 0, KDF_BTF_INT = 1, KDF_BTF_PTR = 2, KDF_BTF_ARRAY = 3, KDF_BTF_STRUCT = 4, KDF_BTF_UNION = 5,
	KDF_BTF_ENUM = 6, KDF_BTF_FWD = 7, KDF_BTF_TYPEDEF = 8, KDF_BTF_VOLATILE = 9, KDF_BTF_CONST = 10,
	KDF_BTF_RESTRICT = 11, KDF_BTF_FUNC = 12, KDF_BTF_FUNC_PROTO = 13, KDF_BTF_VAR = 14, KDF_BTF_DATASEC = 15,
	KDF_BTF_FLOAT = 16, KDF_BTF_DECL_TAG = 17, KDF_BTF_TYPE_TAG = 18, KDF_BTF_ENUM64 = 19,
};

struct kdf_btf_type {
	unsigned kind;
	bool kflag;
	uint32_t vlen;
	uint32_t size_or_type;
	const char *name;	/* "" without one */
	const uint8_t *extra;	/* what follows the fixed part: kind's own record or vlen records */
};

/* data is lent and must outlive the reader. KDF_CORRUPT, KDF_UNSUPPORTED. */
struct kdf_error *kdf_btf_open(const void *data, size_t size, struct kdf_btf **out) KDF_MUST_CHECK;
void kdf_btf_close(struct kdf_btf *); /* NULL is fine */

uint32_t kdf_btf_count(const struct kdf_btf *); /* ids go from 1 to this, 0 is void */
/* KDF_CORRUPT for ids out of range. */
struct kdf_error *kdf_btf_type(const struct kdf_btf *, uint64_t id, struct kdf_btf_type *out) KDF_MUST_CHECK;
/* Text at a string offset; "" for one out of range. */
const char *kdf_btf_string(const struct kdf_btf *, uint32_t offset);
uint32_t kdf_btf_u32(const struct kdf_btf *, const void *p); /* in the blob's byte order */
/* True when enums carry a sign in their kflag (since 6.0: pahole 1.24); before, it says nothing. */
bool kdf_btf_has_enum_sign(const struct kdf_btf *);

/*
 * Names are looked up by going through all types: right for a program that wants a handful of them in a crash kernel,
 * where an index would cost megabytes.
 */

/* Id of the first type of that kind and name; 0: none. */
uint32_t kdf_btf_find(const struct kdf_btf *, enum kdf_btf_kind, const char *name);
/* Value of an enumerator of any enum; false: none. */
bool kdf_btf_enumerator(const struct kdf_btf *, const char *name, int64_t *value);
/* Size of a struct; false: none of that name. */
bool kdf_btf_size(const struct kdf_btf *, const char *record, uint32_t *bytes);

struct kdf_btf_member {
	uint64_t offset;       /* bytes from the start of the outermost record */
	uint32_t element_size; /* of the member, or of one element when it is an array */
	uint32_t elements;     /* 1 when it is no array; only the outermost dimension counts */
	uint32_t type;	       /* id of the member's (element's) type */
};

/*
 * A member of a struct or union by path ("thread_info.cpu"), anonymous members seen through. false: no such member,
 * a bit field, or one of unknown size.
 */
bool kdf_btf_member(const struct kdf_btf *, const char *record, const char *path, unsigned pointer_size,
		    struct kdf_btf_member *out);

#endif
