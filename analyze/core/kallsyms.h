/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own symbol table inside the dump. VMCOREINFO has named its parts since 6.0; in older dumps they
 * cannot be found without a vmlinux.
 *
 * The decoder works on bytes and numbers alone (struct kdx_kallsyms), so that it can be fed from anywhere.
 */
#ifndef KDX_CORE_KALLSYMS_H
#define KDX_CORE_KALLSYMS_H

#include "symbols-table.h"

/* How addresses are stored (kernel/kallsyms.c, scripts/kallsyms.c), found out by trying on a known symbol. */
enum kdx_kallsyms_encoding {
	KDX_KALLSYMS_ABSOLUTE,	     /* 64-bit addresses; gone in 6.11 */
	KDX_KALLSYMS_RELATIVE,	     /* base + unsigned 32 bits: most machines since 4.6, x86_64 since 6.15 */
	KDX_KALLSYMS_ABSOLUTE_PERCPU,/* x86_64 4.6 to 6.14: >= 0 the value itself, < 0 base - 1 - value */
	KDX_KALLSYMS_PLACE_RELATIVE, /* since 7.0: address of the table's entry + signed 32 bits */
	KDX_KALLSYMS_ENCODINGS,
};

struct kdx_kallsyms {
	uint32_t count;
	const uint8_t *names;
	size_t names_size;
	const uint8_t *token_table;
	size_t token_table_size;
	const uint8_t *token_index; /* 256 offsets of 16 bits */
	const uint8_t *offsets;	    /* count numbers of 32 bits; NULL: addresses is there instead */
	uint64_t offsets_address;   /* where offsets lies in the dumped kernel */
	const uint8_t *addresses;   /* count numbers of 64 bits */
	bool has_base, big_endian;
	uint64_t base; /* kallsyms_relative_base */
	/* A symbol whose address is known from elsewhere: "_stext". */
	const char *anchor;
	uint64_t anchor_address;
};

/* Adds all symbols. KDF_CORRUPT when the names do not decode or the anchor fits no encoding; the table then holds
 * an unusable part of them. */
struct kdf_error *kdx_kallsyms_decode(const struct kdx_kallsyms *, struct kdx_symtab *) KDF_MUST_CHECK;

/* Reads the tables that VMCOREINFO names and decodes them. KDF_NO_DEBUG: the dump does not tell where they are. */
struct kdf_error *kdx_symbols_from_kallsyms(struct kdx_session *, struct kdx_symtab *) KDF_MUST_CHECK;

#endif
