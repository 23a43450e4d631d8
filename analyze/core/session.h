/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One opened kernel: the dump, its symbols, types and structure layout. Every call of the analyzer is handed a
 * session; no global describes a dump, so a process can hold several.
 *
 * Thread rule: a session is used by one thread at a time unless a header says otherwise (memory reads of
 * libkdf are free for all threads).
 */
#ifndef KDX_CORE_SESSION_H
#define KDX_CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kdf.h"

struct kdx_symtab;
struct kdx_typedb;
struct kdx_layout_table;
struct kdx_elf;

/* What a higher floor keeps with the session (the task table, ...). The key is the address of the owner's
 * static destructor record, so floors below need not know who keeps what. */
struct kdx_keep {
	void (*destroy)(void *value);
};

struct kdx_session {
	struct kdf *dump;	     /* NULL: vmlinux alone */
	const char *vmlinux_path;    /* NULL: none was given or found */
	const char *dump_path;	     /* the first part of a split set; NULL: none */
	struct kdx_elf *vmlinux;     /* the file at vmlinux_path; NULL: none */
	struct kdx_symtab *symtab;   /* never NULL once open (may be empty) */
	struct kdx_typedb *types;    /* never NULL once open (may be empty) */
	struct kdx_layout_table *layout;
	char **warning;		     /* what was survived while opening, for the start-up screen */
	size_t nwarnings, capwarnings;
	struct kdx_kept {
		const struct kdx_keep *key;
		void *value;
	} *kept;
	size_t nkept, capkept;
	bool big_endian;
	unsigned pointer_size; /* bytes */
};

struct kdx_open_args {
	const char *const *path; /* vmlinux and dump parts in any order; told apart by content */
	size_t npaths;
	bool force;	       /* go on with a vmlinux of another build */
	struct kdf_options dump; /* passed to kdf_open */
};

/*
 * Opens what the arguments name. A vmlinux that is not of this dump is KDF_MISMATCH naming both build-ids (or
 * banners), unless forced. Without a vmlinux, symbols come from kallsyms inside the dump and types from BTF
 * inside the dump; where even these are missing the session opens with a warning saying which and why, so that
 * `log` and `rd` still work.
 */
struct kdf_error *kdx_session_open(const struct kdx_open_args *, struct kdx_session **out) KDF_MUST_CHECK;
void kdx_session_close(struct kdx_session *); /* NULL is fine */

void kdx_warn(struct kdx_session *, const char *fmt, ...) KDF_PRINTF(2, 3);

void *kdx_kept(const struct kdx_session *, const struct kdx_keep *key); /* NULL: nothing kept yet */
/* The session destroys value when it closes (last kept first); on error the caller still owns it. */
struct kdf_error *kdx_keep(struct kdx_session *, const struct kdx_keep *key, void *value) KDF_MUST_CHECK;

#endif
