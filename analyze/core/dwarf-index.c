// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf-index.h"

#include <dwarf.h>
#include <stdlib.h>

static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, DW_AT_name, &attr) ? dwarf_formstring(&attr) : NULL;
}

static bool is_declaration(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	bool flag = false;

	return dwarf_attr(die, DW_AT_declaration, &attr) && !dwarf_formflag(&attr, &flag) && flag;
}

/* -1: entries of no interest. */
static int class_of(int tag)
{
	switch (tag) {
	case DW_TAG_structure_type:
		return KDX_CLASS_STRUCT;
	case DW_TAG_union_type:
		return KDX_CLASS_UNION;
	case DW_TAG_typedef:
		return KDX_CLASS_TYPEDEF;
	case DW_TAG_enumeration_type:
		return KDX_CLASS_ENUM;
	case DW_TAG_base_type:
		return KDX_CLASS_BASE;
	case DW_TAG_variable:
		return KDX_CLASS_VARIABLE;
	case DW_TAG_subprogram:
		return KDX_CLASS_FUNCTION;
	default:
		return -1;
	}
}

static bool put(struct kdf_hash *table, const char *name, Dwarf_Die *die)
{
	return kdf_hash_put_text(table, name, (void *)(uintptr_t)dwarf_dieoffset(die));
}

/* Every unit repeats the enums of its headers; one whose first enumerator is known is known as a whole. */
static bool index_enumerators(struct kdx_dwarf_index *index, Dwarf_Die *enumeration)
{
	Dwarf_Die child;
	const unsigned char *at = NULL;

	if (dwarf_child(enumeration, &child))
		return true;
	do {
		const char *name = dwarf_tag(&child) == DW_TAG_enumerator ? name_of(&child) : NULL;

		/* A damaged DW_AT_sibling could point back. */
		if (at && (const unsigned char *)child.addr <= at)
			return true;
		if (name && kdf_hash_get_text(&index->enumerator, name)) {
			if (!at)
				return true;
		} else if (name && !put(&index->enumerator, name, enumeration)) {
			return false;
		}
		at = child.addr;
	} while (!dwarf_siblingof(&child, &child));
	return true;
}

/* `extern int x; int x = 1;` gives two entries; the second has its name in the first (DW_AT_specification). */
static bool index_specified(struct kdx_dwarf_index *index, Dwarf_Die *die, enum kdx_class class)
{
	Dwarf_Attribute attr;
	Dwarf_Die declaration;

	if (class != KDX_CLASS_VARIABLE || !dwarf_attr(die, DW_AT_specification, &attr) ||
	    !dwarf_formref_die(&attr, &declaration))
		return true;
	const char *name = name_of(&declaration);
	return !name || kdf_hash_get_text(&index->defined[class], name) || put(&index->defined[class], name, die);
}

static bool index_entry(struct kdx_dwarf_index *index, Dwarf_Die *die)
{
	int class = class_of(dwarf_tag(die));

	if (class < 0)
		return true;
	const char *name = name_of(die);
	if (class == KDX_CLASS_ENUM && !index_enumerators(index, die))
		return false;
	if (!name || !*name)
		return index_specified(index, die, (enum kdx_class)class);
	if (kdf_hash_get_text(&index->defined[class], name))
		return true;
	/* A forward declared enum may lack the mark of a declaration, but it has no enumerators. */
	if (!is_declaration(die) && (class != KDX_CLASS_ENUM || dwarf_haschildren(die) > 0))
		return put(&index->defined[class], name, die);
	/* Entries of called functions may lack their parameters, so only definitions count. */
	return class == KDX_CLASS_FUNCTION || kdf_hash_get_text(&index->declared[class], name) ||
	       put(&index->declared[class], name, die);
}

static struct kdf_error *index_unit(struct kdx_dwarf_index *index, Dwarf_Die *unit)
{
	Dwarf_Die die;
	int more = dwarf_child(unit, &die);

	while (!more) {
		Dwarf_Die next;

		if (!index_entry(index, &die))
			return kdf_err(KDF_NOMEM, "out of memory for the names of DWARF");
		more = dwarf_siblingof(&die, &next);
		if (!more && (const unsigned char *)next.addr <= (const unsigned char *)die.addr)
			return kdf_err(KDF_CORRUPT, "DWARF: the entry at %#jx has an earlier sibling",
				       (uintmax_t)dwarf_dieoffset(&die));
		die = next;
	}
	return more < 0 ? kdf_err(KDF_CORRUPT, "DWARF: %s", dwarf_errmsg(-1)) : NULL;
}

struct kdf_error *kdx_dwarf_index_more(struct kdx_dwarf_index *index)
{
	Dwarf_Die unit;
	Dwarf_CU *next = NULL;

	if (index->complete)
		return NULL;
	int end = dwarf_get_units(index->dw, index->cu, &next, NULL, NULL, &unit, NULL);
	if (end) {
		index->complete = true;
		return end < 0 ? kdf_err(KDF_CORRUPT, "DWARF: behind compilation unit %zu: %s", index->units,
					 dwarf_errmsg(-1))
			       : NULL;
	}
	index->cu = next;
	index->units++;
	return index_unit(index, &unit);
}

void kdx_dwarf_index_free(struct kdx_dwarf_index *index)
{
	for (int class = 0; class < KDX_CLASS_MAX; class++) {
		kdf_hash_free(&index->defined[class]);
		kdf_hash_free(&index->declared[class]);
	}
	kdf_hash_free(&index->enumerator);
}

Dwarf_Off kdx_dwarf_index_defined(const struct kdx_dwarf_index *index, enum kdx_class class, const char *name)
{
	return (uintptr_t)kdf_hash_get_text(&index->defined[class], name);
}

Dwarf_Off kdx_dwarf_index_declared(const struct kdx_dwarf_index *index, enum kdx_class class, const char *name)
{
	return (uintptr_t)kdf_hash_get_text(&index->declared[class], name);
}

Dwarf_Off kdx_dwarf_index_enumerator(const struct kdx_dwarf_index *index, const char *name)
{
	return (uintptr_t)kdf_hash_get_text(&index->enumerator, name);
}
