// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols of the kernel's own table in the dump. */
#include <stdlib.h>
#include <string.h>

#include "kallsyms.h"
#include "symbols-table.h"

enum {
	MAX_TEXT = 512 << 20, /* bytes of all names; kernels stay below 8 MiB */
	CHUNK = 256 << 10,
};

/* Names live in chunks that belong to the table: none moves once a symbol points to it. */
struct filling {
	struct kdx_symtab *table;
	char *chunk;
	size_t used, cap; /* of the chunk */
	size_t total;	  /* bytes of all chunks */
};

static struct kdf_error *new_chunk(struct filling *f, size_t need)
{
	size_t size = need > CHUNK ? need : CHUNK;

	if (size > MAX_TEXT - f->total)
		return kdf_err(KDF_LIMIT, "kallsyms: more than %d bytes of names", (int)MAX_TEXT);
	char *chunk = malloc(size);
	if (!chunk)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	struct kdf_error *e = kdx_symtab_own(f->table, chunk);
	if (e)
		return e;
	f->chunk = chunk;
	f->used = 0;
	f->cap = size;
	f->total += size;
	return NULL;
}

static struct kdf_error *add_symbol(void *arg, uint64_t address, char type, const char *name, size_t len)
{
	struct filling *f = arg;
	struct kdf_error *e = f->cap - f->used > len ? NULL : new_chunk(f, len + 1);

	if (e)
		return e;
	struct kdx_symbol symbol = { .address = address, .name = f->chunk + f->used, .type = type };
	memcpy(f->chunk + f->used, name, len + 1);
	f->used += len + 1;
	return kdx_symtab_add(f->table, &symbol);
}

struct kdf_error *kdx_symtab_add_kallsyms(struct kdx_symtab *table, const struct kdf_kallsyms *k)
{
	struct filling f = { .table = table };

	return kdf_kallsyms_walk(k, add_symbol, &f);
}

/* What the dump does not tell, a vmlinux does. */
static struct kdf_error *ask_for_vmlinux(const struct kdf *dump, struct kdf_error *e)
{
	const char *release = kdf_info(dump)->release;
	struct kdf_error *asking = kdf_err(kdf_error_code(e), "%s: give the vmlinux of %s%s", kdf_error_text(e),
					   *release ? "kernel " : "its kernel", release);

	kdf_error_free(e);
	return asking;
}

struct kdf_error *kdx_symbols_from_kallsyms(struct kdx_symtab *table, struct kdf *dump)
{
	struct kdf_kallsyms k;
	struct kdf_error *e = kdf_kallsyms_read(dump, &k);

	if (e)
		return kdf_error_code(e) == KDF_NO_DEBUG ? ask_for_vmlinux(dump, e) : e;
	e = kdx_symtab_add_kallsyms(table, &k);
	kdf_kallsyms_free(&k);
	if (!e)
		table->source = "kallsyms in the dump";
	return e;
}
