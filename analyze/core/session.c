// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "debuginfo.h"
#include "layout-table.h"
#include "session-match.h"
#include "symbols-table.h"
#include "types-db.h"

/* ---- warnings and kept values ---- */

void kdx_warn(struct kdx_session *session, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (!kdf_grow(&session->warning, &session->capwarnings, session->nwarnings + 1, sizeof(*session->warning))) {
		free(text);
		return;
	}
	session->warning[session->nwarnings++] = text;
}

/* What an error survived says becomes a warning; consumes it. */
static void warn_error(struct kdx_session *session, struct kdf_error *e, const char *what)
{
	if (e)
		kdx_warn(session, "%s: %s", what, kdf_error_text(e));
	kdf_error_free(e);
}

void *kdx_kept(const struct kdx_session *session, const struct kdx_keep *key)
{
	for (size_t i = 0; i < session->nkept; i++)
		if (session->kept[i].key == key)
			return session->kept[i].value;
	return NULL;
}

struct kdf_error *kdx_keep(struct kdx_session *session, const struct kdx_keep *key, void *value)
{
	if (!kdf_grow(&session->kept, &session->capkept, session->nkept + 1, sizeof(*session->kept)))
		return kdf_err(KDF_NOMEM, "out of memory");
	session->kept[session->nkept].key = key;
	session->kept[session->nkept++].value = value;
	return NULL;
}

/* ---- what was given ---- */

struct given {
	const char *vmlinux;
	const char **dump; /* parts */
	size_t ndumps;
};

static struct kdf_error *sort_paths(const struct kdx_open_args *args, struct given *out)
{
	out->dump = calloc(args->npaths ? args->npaths : 1, sizeof(*out->dump));
	if (!out->dump)
		return kdf_err(KDF_NOMEM, "out of memory");
	for (size_t i = 0; i < args->npaths; i++) {
		enum kdx_file_kind kind;
		struct kdf_error *e = kdx_file_identify(args->path[i], &kind);

		if (e)
			return e;
		if (kind == KDX_FILE_DUMP)
			out->dump[out->ndumps++] = args->path[i];
		else if (out->vmlinux)
			return kdf_err(KDF_USAGE, "'%s' and '%s' are both kernels (vmlinux); give one, and the dump",
				       out->vmlinux, args->path[i]);
		else
			out->vmlinux = args->path[i];
	}
	if (!args->npaths)
		return kdf_err(KDF_USAGE, "no dump and no vmlinux was given");
	return NULL;
}

static struct kdf_error *copy_path(const char *path, const char **out)
{
	*out = strdup(path);
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

static struct kdf_error *open_files(struct kdx_session *s, const struct given *g, const struct kdf_options *options)
{
	struct kdf_error *e = NULL;

	if (g->ndumps) {
		e = kdf_open(g->dump, g->ndumps, options, &s->dump);
		if (!e)
			e = copy_path(g->dump[0], &s->dump_path);
	}
	if (!e && g->vmlinux) {
		e = kdx_elf_open(g->vmlinux, &s->vmlinux);
		if (!e)
			e = copy_path(g->vmlinux, &s->vmlinux_path);
	}
	if (e)
		return e;
	if (s->vmlinux) {
		s->big_endian = s->vmlinux->big_endian;
		s->pointer_size = s->vmlinux->pointer_size;
	} else {
		s->big_endian = kdf_info(s->dump)->big_endian;
		/* 32-bit dumps need a vmlinux for now; kallsyms is read from 64-bit kernels only. */
		s->pointer_size = 8;
	}
	return NULL;
}

/* ---- symbols and types ---- */

static struct kdf_error *load_vmlinux_symbols(struct kdx_session *s)
{
	uint64_t offset = 0;

	if (s->dump) {
		const struct kdf_layout *layout = kdf_layout(s->dump);

		if (layout->known & KDF_KNOWS_KASLR)
			offset = layout->kaslr_offset;
		else
			kdx_warn(s, "the dump does not tell where the kernel was loaded (no KERNELOFFSET): symbols "
				 "are at their link addresses");
	}
	return kdx_symbols_from_elf(s->symtab, s->vmlinux, offset);
}

/* Starts the table anew: a source that broke off has left symbols behind. */
static struct kdf_error *drop_symbols(struct kdx_session *s, const char *why)
{
	struct kdx_symtab *fresh;
	struct kdf_error *e = kdx_symtab_new(&fresh);

	if (e)
		return e;
	kdx_symtab_free(s->symtab);
	s->symtab = fresh;
	fresh->why_none = strdup(why);
	return NULL;
}

static struct kdf_error *load_symbols(struct kdx_session *s)
{
	if (s->vmlinux)
		return load_vmlinux_symbols(s);
	struct kdf_error *e = kdx_symbols_from_kallsyms(s->symtab, s->dump);
	if (!e || kdf_error_code(e) == KDF_NOMEM)
		return e;
	struct kdf_error *dropped = drop_symbols(s, kdf_error_text(e));
	warn_error(s, e, "no symbols");
	return dropped;
}

/* A source that is not there is no news, one that cannot be read is. */
static void warn_damage(struct kdx_session *s, const struct kdf_error *e)
{
	if (e && kdf_error_code(e) != KDF_NOT_FOUND)
		kdx_warn(s, "%s", kdf_error_text(e));
}

/* DWARF of vmlinux, its BTF, BTF in the dump: the first that is there. */
static struct kdf_error *load_types(struct kdx_session *s)
{
	struct kdf_error *e = NULL;

	if (s->vmlinux) {
		e = kdx_typedb_use_dwarf(s->types, s->vmlinux);
		warn_damage(s, e);
		if (!e)
			return NULL;
		kdf_error_free(e);
		e = kdx_typedb_use_elf_btf(s->types, s->vmlinux);
		warn_damage(s, e);
		if (!e)
			return NULL;
	}
	if (s->dump) {
		kdf_error_free(e);
		e = kdx_typedb_use_dump_btf(s->types, s);
	}
	if (!e || kdf_error_code(e) == KDF_NOMEM)
		return e;
	kdx_typedb_set_reason(s->types, kdf_error_text(e));
	warn_error(s, e, "no type information");
	return NULL;
}

/* Module symbols need types, types in the dump need the kernel's symbols: the table is finished twice. */
static struct kdf_error *load_modules(struct kdx_session *s)
{
	if (!s->dump || kdx_typedb_is_empty(s->types))
		return NULL;
	struct kdf_error *e = kdx_symbols_from_modules(s, s->symtab);
	if (kdf_error_code(e) == KDF_NOMEM)
		return e;
	warn_error(s, e, "symbols of modules are missing");
	return kdx_symtab_finish(s->symtab);
}

static struct kdf_error *open_session(struct kdx_session *s, const struct kdx_open_args *args)
{
	struct given given = { 0 };
	struct kdf_error *e = sort_paths(args, &given);

	if (!e)
		e = open_files(s, &given, &args->dump);
	free(given.dump);
	if (!e)
		e = kdx_symtab_new(&s->symtab);
	if (!e)
		e = kdx_typedb_new(&s->types);
	if (!e)
		e = kdx_layout_new(&s->layout);
	if (!e)
		e = load_symbols(s);
	if (!e)
		e = kdx_symtab_finish(s->symtab);
	if (!e && s->vmlinux && s->dump)
		e = kdx_check_match(s, args->force);
	if (!e)
		e = load_types(s);
	if (!e)
		e = load_modules(s);
	return e;
}

struct kdf_error *kdx_session_open(const struct kdx_open_args *args, struct kdx_session **out)
{
	struct kdx_session *s = calloc(1, sizeof(*s));

	if (!s)
		return kdf_err(KDF_NOMEM, "out of memory");
	struct kdf_error *e = open_session(s, args);
	if (e) {
		kdx_session_close(s);
		return e;
	}
	*out = s;
	return NULL;
}

void kdx_session_close(struct kdx_session *s)
{
	if (!s)
		return;
	for (size_t i = s->nkept; i-- > 0;)
		s->kept[i].key->destroy(s->kept[i].value);
	free(s->kept);
	for (size_t i = 0; i < s->nwarnings; i++)
		free(s->warning[i]);
	free(s->warning);
	kdx_layout_free(s->layout);
	kdx_typedb_free(s->types);
	kdx_symtab_free(s->symtab);
	kdx_elf_close(s->vmlinux);
	kdf_close(s->dump);
	free((char *)(uintptr_t)s->vmlinux_path);
	free((char *)(uintptr_t)s->dump_path);
	free(s);
}
