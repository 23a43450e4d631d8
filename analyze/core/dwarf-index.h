/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of the top-level debugging entries of a file, read compilation unit by compilation unit and only as far
 * as the questions need: most kernel structures stand in the first few of some two thousand units.
 */
#ifndef KDX_CORE_DWARF_INDEX_H
#define KDX_CORE_DWARF_INDEX_H

#include <elfutils/libdw.h>

#include "base/hash.h"
#include "types-db.h"

struct kdx_dwarf_index {
	Dwarf *dw;
	Dwarf_CU *cu; /* the last one read */
	bool complete;
	size_t units; /* read so far */
	/* name -> offset of the entry. Declared: no definition met yet, or never. */
	struct kdf_hash defined[KDX_CLASS_MAX], declared[KDX_CLASS_MAX];
	struct kdf_hash enumerator; /* name -> offset of its enum */
};

/* Reads one more unit; complete is set behind the last. KDF_CORRUPT on damaged units. */
struct kdf_error *kdx_dwarf_index_more(struct kdx_dwarf_index *) KDF_MUST_CHECK;
void kdx_dwarf_index_free(struct kdx_dwarf_index *);

/* 0: none among what was read. */
Dwarf_Off kdx_dwarf_index_defined(const struct kdx_dwarf_index *, enum kdx_class, const char *name);
Dwarf_Off kdx_dwarf_index_declared(const struct kdx_dwarf_index *, enum kdx_class, const char *name);
Dwarf_Off kdx_dwarf_index_enumerator(const struct kdx_dwarf_index *, const char *name);

#endif
