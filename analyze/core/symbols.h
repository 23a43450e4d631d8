/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols of the kernel and its modules at their run-time addresses: from vmlinux's symbol table (plus KASLR
 * offset), or from kallsyms inside the dump (VMCOREINFO names its tables since 6.0), and for modules from
 * struct module's kallsyms inside the dump. The same lookups whatever the source.
 */
#ifndef KDX_CORE_SYMBOLS_H
#define KDX_CORE_SYMBOLS_H

#include "session.h"

struct kdx_symbol {
	uint64_t address; /* run time; per-CPU symbols: what __per_cpu_offset[cpu] is added to */
	uint64_t size;	  /* bytes; 0: unknown (kallsyms), the next symbol ends it */
	const char *name; /* lent by the table */
	char type;	  /* nm's letter: 'T', 't', 'D', 'd', 'B', 'b', 'R', 'r', 'A', 'a', 'V', 'W', '?' */
	uint16_t module;  /* 0: the kernel itself; else index+1 of kdx_symtab_module */
};

struct kdx_module_range {
	const char *name;
	uint64_t struct_module;	       /* kva */
	struct { uint64_t start, end; } range[7];
	unsigned nranges;
};

/* First symbol with that name (globals before locals, kernel before modules); NULL: none. */
const struct kdx_symbol *kdx_symbol_by_name(struct kdx_session *, const char *name);
/* The following one of the same name after `after`; NULL: no more. */
const struct kdx_symbol *kdx_symbol_next_same(struct kdx_session *, const struct kdx_symbol *after);
/* The symbol that covers address: nearest at or below, inside the same image (kernel, module section); NULL
 * where no image is. *offset is address - symbol->address. Globals win over locals at the same address, names
 * without a leading underscore pair over those with. */
const struct kdx_symbol *kdx_symbol_by_address(struct kdx_session *, uint64_t address, uint64_t *offset);
/* True for addresses in executable sections of the kernel or of a module. */
bool kdx_is_text(struct kdx_session *, uint64_t address);
/* Name of the module a symbol belongs to; NULL: the kernel itself. */
const char *kdx_symbol_module(struct kdx_session *, const struct kdx_symbol *);

size_t kdx_symbol_count(struct kdx_session *);
const struct kdx_symbol *kdx_symbol_at(struct kdx_session *, size_t i); /* sorted by address */

size_t kdx_symtab_module_count(struct kdx_session *);
const struct kdx_module_range *kdx_symtab_module(struct kdx_session *, size_t i);

/* Address of a symbol that must be there; KDF_NOT_FOUND names it and the source that was searched. */
struct kdf_error *kdx_symbol_address(struct kdx_session *, const char *name, uint64_t *out) KDF_MUST_CHECK;
/* "vmlinux", "kallsyms in the dump", "none": for messages and --version-like reports. */
const char *kdx_symtab_source(struct kdx_session *);

/* ---- per-CPU data ---- */
/* Address of a per-CPU symbol's instance. __per_cpu_offset[cpu] is added in every era: until 6.14 x86_64 links
 * the section at 0, since 6.15 at ordinary addresses. */
struct kdf_error *kdx_percpu_address(struct kdx_session *, uint64_t symbol_address, unsigned cpu, uint64_t *out)
	KDF_MUST_CHECK;
/* CPUs by __cpu_possible_mask / __cpu_online_mask. */
struct kdf_error *kdx_cpu_possible(struct kdx_session *, unsigned cpu, bool *yes) KDF_MUST_CHECK;
struct kdf_error *kdx_cpu_online(struct kdx_session *, unsigned cpu, bool *yes) KDF_MUST_CHECK;
unsigned kdx_cpu_limit(struct kdx_session *); /* one beyond the highest possible CPU; at least 1 */

#endif
