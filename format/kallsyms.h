/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own symbol table inside the dump. VMCOREINFO has named its parts since 6.0.
 *
 * The decoder works on bytes and numbers alone (struct kdf_kallsyms), so that it can be fed from anywhere. Names are
 * unpacked one at a time: whoever wants a few of them pays for the packed tables alone (3 MiB).
 */
#ifndef KDF_KALLSYMS_H
#define KDF_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kdf.h"

/* How addresses are stored (kernel/kallsyms.c, scripts/kallsyms.c), found out by trying on a known symbol. */
enum kdf_kallsyms_encoding {
	KDF_KALLSYMS_ABSOLUTE,	     /* 64-bit addresses; gone in 6.11 */
	KDF_KALLSYMS_RELATIVE,	     /* base + unsigned 32 bits: most machines since 4.6, x86_64 since 6.15 */
	KDF_KALLSYMS_ABSOLUTE_PERCPU,/* x86_64 4.6 to 6.14: >= 0 the value itself, < 0 base - 1 - value */
	KDF_KALLSYMS_PLACE_RELATIVE, /* since 7.0: address of the table's entry + signed 32 bits */
	KDF_KALLSYMS_ENCODINGS,
};

struct kdf_kallsyms {
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
	uint8_t *memory[4]; /* what kdf_kallsyms_read allocated */
};

/* Reads the tables that VMCOREINFO names. KDF_NO_DEBUG: the dump does not tell where they are. */
struct kdf_error *kdf_kallsyms_read(struct kdf *, struct kdf_kallsyms *out) KDF_MUST_CHECK;
void kdf_kallsyms_free(struct kdf_kallsyms *);

/* type: the letter that nm prints. name: NUL-terminated, len bytes, lent during the call. */
typedef struct kdf_error *kdf_kallsyms_fn(void *arg, uint64_t address, char type, const char *name, size_t len);

/* Calls fn for each symbol in the table's order; stops at fn's error and returns it. KDF_CORRUPT when the names do
 * not decode (fn may have seen some by then) or the anchor fits no encoding. Any thread. */
struct kdf_error *kdf_kallsyms_walk(const struct kdf_kallsyms *, kdf_kallsyms_fn *fn, void *arg) KDF_MUST_CHECK;

struct kdf_named_address {
	const char *name;
	uint64_t address;
	bool found;
};
/* Looks n names up in one pass; of several symbols with one name the first is taken. */
struct kdf_error *kdf_kallsyms_addresses(const struct kdf_kallsyms *, struct kdf_named_address *, size_t n)
	KDF_MUST_CHECK;

#endif
