/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of all types of one BTF blob, hashed: an analyzer asks for hundreds of them, where the reader itself
 * (format/btf.h) goes through all types for each.
 *
 * The index is made by the first question; from then on any thread may ask.
 */
#ifndef KDX_CORE_BTF_INDEX_H
#define KDX_CORE_BTF_INDEX_H

#include "base/hash.h"
#include "btf.h"
#include "types-db.h"

/* Zero-initialised but for btf, which is lent and must outlive the last question. */
struct kdx_btf_index {
	const struct kdf_btf *btf;
	bool made;
	/* name -> id. Declared: without members or enumerators. */
	struct kdf_hash defined[KDX_CLASS_MAX], declared[KDX_CLASS_MAX];
	struct kdf_hash enumerator; /* name -> id of its enum */
};

void kdx_btf_index_free(struct kdx_btf_index *); /* the names alone; the blob stays open */

/* Id of a complete type, variable or function of that name; 0: none. */
uint32_t kdx_btf_index_defined(struct kdx_btf_index *, enum kdx_class, const char *name);
/* Id of a forward declaration; 0: none. */
uint32_t kdx_btf_index_declared(struct kdx_btf_index *, enum kdx_class, const char *name);
/* Id of the enum that holds an enumerator; 0: none. */
uint32_t kdx_btf_index_enumerator(struct kdx_btf_index *, const char *name);

#endif
