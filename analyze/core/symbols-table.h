/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The symbol table from the side of its sources (vmlinux, kallsyms, modules): symbols are added in any order,
 * kdx_symtab_finish sorts them; when more is added, it is finished again. Names are lent by whoever holds them at
 * least as long as the table, or handed over with kdx_symtab_own.
 */
#ifndef KDX_CORE_SYMBOLS_TABLE_H
#define KDX_CORE_SYMBOLS_TABLE_H

#include "symbols.h"

struct kdf_kallsyms;
struct kdx_elf;

/* A module as the symbol table sees it; range[i] holds code where text_size[i] is not 0 (from its start). */
struct kdx_module_entry {
	struct kdx_module_range range;
	uint64_t text_size[7];
};

/* Address ranges where symbols may be looked up; sorted, not overlapping once finished. */
struct kdx_image {
	uint64_t start, end, text_start, text_end;
	uint16_t module; /* as in kdx_symbol */
};

struct kdx_cpus {
	bool known;
	unsigned limit;
	uint64_t *possible, *online; /* bit masks of limit bits; online NULL: unknown */
};

struct kdx_symtab {
	const char *source;
	char *why_none; /* source "none": why, for messages; NULL when there is a source */
	struct kdx_symbol *symbol;
	size_t nsymbols, capsymbols;
	/* By name: bucket[hash] starts a chain of symbols (index + 1, 0 ends it), in the order of preference. */
	uint32_t *bucket, *next;
	size_t nbuckets; /* a power of two, or 0 */
	struct kdx_module_entry *module;
	size_t nmodules, capmodules;
	struct kdx_image *image;
	size_t nimages;
	void **owned;
	size_t nowned, capowned;
	struct kdx_cpus cpus;
};

struct kdf_error *kdx_symtab_new(struct kdx_symtab **out) KDF_MUST_CHECK;
void kdx_symtab_free(struct kdx_symtab *); /* NULL is fine */
struct kdf_error *kdx_symtab_add(struct kdx_symtab *, const struct kdx_symbol *) KDF_MUST_CHECK;
/* The table frees malloc'ed memory when it goes; at once when this fails. */
struct kdf_error *kdx_symtab_own(struct kdx_symtab *, void *memory) KDF_MUST_CHECK;
struct kdf_error *kdx_symtab_finish(struct kdx_symtab *) KDF_MUST_CHECK;

/* ---- sources ---- */
/* .symtab of vmlinux; offset: run-time minus link-time address. */
struct kdf_error *kdx_symbols_from_elf(struct kdx_symtab *, struct kdx_elf *, uint64_t offset) KDF_MUST_CHECK;
/* The kernel's own table in the dump. KDF_NO_DEBUG: the dump does not tell where it is (before 6.0). After an error
 * the table may hold a part of the symbols. */
struct kdf_error *kdx_symbols_from_kallsyms(struct kdx_symtab *, struct kdf *) KDF_MUST_CHECK;
/* All symbols of tables that were read (format/kallsyms.h); names are copied. Errors: as kdf_kallsyms_walk, or
 * KDF_LIMIT for names beyond all measure. */
struct kdf_error *kdx_symtab_add_kallsyms(struct kdx_symtab *, const struct kdf_kallsyms *) KDF_MUST_CHECK;
/* Symbols of every module on the dump's list; needs the kernel's symbols and types. Modules that cannot be read
 * are warned about and left out. */
struct kdf_error *kdx_symbols_from_modules(struct kdx_session *, struct kdx_symtab *) KDF_MUST_CHECK;

#endif
