// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols of loaded modules, from the symbol tables that the kernel itself keeps for them (struct mod_kallsyms). */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "layout.h"
#include "memory.h"
#include "symbols-table.h"

enum {
	MAX_MODULES = 16384,
	MAX_MODULE_STRUCT = 1 << 16,
	MAX_MODULE_SIZE = 1 << 28,   /* of one memory area */
	MAX_NAME = 512,		     /* KSYM_NAME_LEN, 6.1 */
	MAX_STRINGS = 1 << 30,	     /* of all modules together */
};

struct module_reader {
	struct kdx_session *session;
	struct kdx_symtab *table;
	uint8_t *image; /* struct module */
	size_t image_size;
	uint64_t strings_read;
};

/* ---- where a module lies ---- */

static void add_range(struct kdx_module_entry *m, uint64_t base, uint64_t size, uint64_t text_size)
{
	uint64_t end;
	unsigned n = m->range.nranges;

	if (!base || !size || size > MAX_MODULE_SIZE || __builtin_add_overflow(base, size, &end) || n == 7)
		return;
	m->range.range[n].start = base;
	m->range.range[n].end = end;
	m->text_size[n] = text_size < size ? text_size : size;
	m->range.nranges = n + 1;
}

/* 6.4 on: an array of areas by use, [0] and [4] hold code (MOD_TEXT, MOD_INIT_TEXT). */
static struct kdf_error *read_areas(struct module_reader *r, struct kdx_module_entry *m)
{
	const struct kdx_field *mem, *element;
	struct kdf_error *e = kdx_need(r->session, KDX_module_mem, &mem);

	if (!e)
		e = kdx_need(r->session, KDX_module_memory, &element);
	for (uint64_t i = 0; !e && i < mem->elements && i < 7; i++) {
		uint64_t base = 0, size = 0, at = mem->offset + i * element->size;

		if (at > r->image_size || element->size > r->image_size - at)
			break;
		e = kdx_get_from(r->session, r->image + at, element->size, KDX_module_memory_base, &base);
		if (!e)
			e = kdx_get_from(r->session, r->image + at, element->size, KDX_module_memory_size, &size);
		if (!e)
			add_range(m, base, size, i == 0 || i == 4 ? size : 0);
	}
	return e;
}

static struct kdf_error *member(struct module_reader *r, enum kdx_row row, uint64_t *out)
{
	return kdx_get_from(r->session, r->image, r->image_size, row, out);
}

/* Until 6.3: one area for all, one for what is freed after init; code comes first in both. */
static struct kdf_error *read_layouts(struct module_reader *r, struct kdx_module_entry *m)
{
	uint64_t base, size, text;
	struct kdf_error *e = member(r, KDX_module_core_base, &base);

	if (!e)
		e = member(r, KDX_module_core_size, &size);
	if (!e)
		e = member(r, KDX_module_core_text_size, &text);
	if (e)
		return e;
	add_range(m, base, size, text);
	if (!kdx_has(r->session, KDX_module_init_base))
		return NULL;
	e = member(r, KDX_module_init_base, &base);
	if (!e)
		e = member(r, KDX_module_init_size, &size);
	if (!e)
		add_range(m, base, size, size);
	return e;
}

/* ---- its symbols ---- */

struct kallsyms {
	uint64_t symtab, strtab, typetab;
	uint64_t count;
};

static struct kdf_error *read_kallsyms(struct module_reader *r, struct kallsyms *out)
{
	const struct kdx_field *pointer;
	uint64_t at;
	struct kdf_error *e = kdx_need(r->session, KDX_module_kallsyms, &pointer);

	if (!e)
		e = member(r, KDX_module_kallsyms, &at);
	*out = (struct kallsyms){ 0 };
	if (e || !at)
		return e;
	e = kdx_get(r->session, at, KDX_mod_kallsyms_symtab, &out->symtab);
	if (!e)
		e = kdx_get(r->session, at, KDX_mod_kallsyms_num_symtab, &out->count);
	if (!e)
		e = kdx_get(r->session, at, KDX_mod_kallsyms_strtab, &out->strtab);
	/* 5.2 on; before, the letter was put into the symbol's own fields. */
	if (!e && kdx_has(r->session, KDX_mod_kallsyms_typetab))
		e = kdx_get(r->session, at, KDX_mod_kallsyms_typetab, &out->typetab);
	return e;
}

/* Bytes from an address to the end of the module's area that holds it; 0: it lies in none. */
static uint64_t room_behind(const struct kdx_module_entry *m, uint64_t address)
{
	for (unsigned i = 0; i < m->range.nranges; i++)
		if (address >= m->range.range[i].start && address < m->range.range[i].end)
			return m->range.range[i].end - address;
	return 0;
}

struct elf_symbol {
	uint32_t name;
	uint16_t section;
	uint64_t value, size;
	uint8_t info;
};

static struct elf_symbol decode_symbol(const struct kdx_session *s, const uint8_t *p)
{
	bool big = s->big_endian;

	if (s->pointer_size == 4)
		return (struct elf_symbol){ (uint32_t)kdf_load_uint(p, 4, big), (uint16_t)kdf_load_uint(p + 14, 2, big),
					    kdf_load_uint(p + 4, 4, big), kdf_load_uint(p + 8, 4, big), p[12] };
	return (struct elf_symbol){ (uint32_t)kdf_load_uint(p, 4, big), (uint16_t)kdf_load_uint(p + 6, 2, big),
				    kdf_load_uint(p + 8, 8, big), kdf_load_uint(p + 16, 8, big), p[4] };
}

/* The total length of the names is stored nowhere: up to the end of the last one that is used, ended by force. */
static struct kdf_error *read_strings(struct module_reader *r, const struct kdx_module_entry *m, uint64_t address,
				      uint64_t last, char **out, size_t *size)
{
	uint64_t room = room_behind(m, address);

	if (!room)
		return kdf_err(KDF_CORRUPT, "its symbol names lie outside the module (%#jx)", (uintmax_t)address);
	if (room > last + MAX_NAME)
		room = last + MAX_NAME;
	r->strings_read += room;
	if (r->strings_read > MAX_STRINGS)
		return kdf_err(KDF_LIMIT, "more than %d bytes of symbol names in modules", (int)MAX_STRINGS);
	*out = calloc(1, room + 1);
	if (!*out)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	struct kdf_error *e = kdx_read(r->session, address, *out, room, "module symbol names");
	*size = room;
	return e;
}

static uint64_t last_name(const struct kdx_session *s, const uint8_t *symbols, uint64_t count, size_t entry)
{
	uint64_t last = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint32_t name = decode_symbol(s, symbols + i * entry).name;

		if (name > last)
			last = name;
	}
	return last;
}

static struct kdf_error *add_module_symbols(struct module_reader *r, uint16_t module, const struct kallsyms *k,
					    const uint8_t *symbols, size_t entry, const char *strings, size_t size,
					    const char *types)
{
	for (uint64_t i = 1; i < k->count; i++) {
		struct elf_symbol s = decode_symbol(r->session, symbols + i * entry);
		char type = types && types[i] ? types[i] : (ELF64_ST_BIND(s.info) == STB_GLOBAL ? 'T' : 't');

		/* Undefined symbols stand for those of others; "." and "$" names are the compiler's. */
		if (s.section == SHN_UNDEF || s.name >= size || !strings[s.name] || strings[s.name] == '$' ||
		    !strncmp(strings + s.name, ".L", 2))
			continue;
		struct kdx_symbol symbol = { s.value, s.size, strings + s.name, type, module };
		struct kdf_error *e = kdx_symtab_add(r->table, &symbol);
		if (e)
			return e;
	}
	return NULL;
}

static struct kdf_error *load_symbols(struct module_reader *r, struct kdx_module_entry *m, uint16_t module)
{
	size_t entry = r->session->pointer_size == 4 ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym), strings_size = 0;
	struct kallsyms k;
	KDF_AUTO_FREE uint8_t *symbols = NULL;
	KDF_AUTO_FREE char *types = NULL;
	char *strings = NULL;
	struct kdf_error *e = read_kallsyms(r, &k);

	if (e || !k.count || !k.symtab || !k.strtab)
		return e;
	if (k.count > room_behind(m, k.symtab) / entry)
		return kdf_err(KDF_CORRUPT, "its %ju symbols do not lie inside the module", (uintmax_t)k.count);
	symbols = malloc(k.count * entry);
	types = k.typetab ? malloc(k.count) : NULL;
	if (!symbols || (k.typetab && !types))
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	e = kdx_read(r->session, k.symtab, symbols, k.count * entry, "module symbols");
	if (!e && types)
		e = kdx_read(r->session, k.typetab, types, k.count, "module symbol types");
	if (!e)
		e = read_strings(r, m, k.strtab, last_name(r->session, symbols, k.count, entry), &strings,
				 &strings_size);
	if (e) {
		free(strings);
		return e;
	}
	e = kdx_symtab_own(r->table, strings);
	return e ? e : add_module_symbols(r, module, &k, symbols, entry, strings, strings_size, types);
}

/* ---- the list ---- */

static struct kdf_error *module_name(struct module_reader *r, char **out)
{
	const struct kdx_field *f;
	struct kdf_error *e = kdx_need(r->session, KDX_module_name, &f);

	if (e)
		return e;
	if (f->offset > r->image_size || f->size > r->image_size - f->offset)
		return kdf_err(KDF_CORRUPT, "struct module is smaller than its name");
	*out = strndup((const char *)r->image + f->offset, f->size);
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory for symbols");
}

/* Entry for the module whose image was read; a module without readable symbols keeps its ranges. */
static struct kdf_error *add_module(struct module_reader *r, uint64_t address)
{
	struct kdx_symtab *t = r->table;
	struct kdx_module_entry m = { .range.struct_module = address };
	char *name = NULL;
	struct kdf_error *e = module_name(r, &name);

	if (!e)
		e = kdx_symtab_own(t, name);
	if (e)
		return e;
	m.range.name = name;
	e = kdx_has(r->session, KDX_module_mem) ? read_areas(r, &m) : read_layouts(r, &m);
	if (!e && !kdf_grow(&t->module, &t->capmodules, t->nmodules + 1, sizeof(*t->module)))
		e = kdf_err(KDF_NOMEM, "out of memory for symbols");
	if (e)
		return kdf_err_wrap(e, "module %s", name);
	t->module[t->nmodules++] = m;
	e = load_symbols(r, &t->module[t->nmodules - 1], (uint16_t)t->nmodules);
	if (e && kdf_error_code(e) != KDF_NOMEM && kdf_error_code(e) != KDF_LIMIT) {
		kdx_warn(r->session, "module %s: no symbols: %s", name, kdf_error_text(e));
		kdf_error_free(e);
		e = NULL;
	}
	return e;
}

static struct kdf_error *walk_list(struct module_reader *r, uint64_t head)
{
	const struct kdx_field *list;
	uint64_t at;
	struct kdf_error *e = kdx_need(r->session, KDX_module_list, &list);

	if (!e)
		e = kdx_get(r->session, head, KDX_list_head_next, &at);
	while (!e && at != head) {
		uint64_t module = at - list->offset;

		if (r->table->nmodules >= MAX_MODULES)
			return kdf_err(KDF_LIMIT, "more than %d modules: the list is damaged", (int)MAX_MODULES);
		for (size_t i = 0; i < r->table->nmodules; i++)
			if (r->table->module[i].range.struct_module == module)
				return kdf_err(KDF_LIMIT, "the list comes back to module %s",
					       r->table->module[i].range.name);
		e = kdx_read(r->session, module, r->image, r->image_size, "struct module");
		if (!e)
			e = add_module(r, module);
		if (!e)
			e = kdx_get(r->session, at, KDX_list_head_next, &at);
	}
	return e;
}

struct kdf_error *kdx_symbols_from_modules(struct kdx_session *session, struct kdx_symtab *table)
{
	const struct kdx_field *head, *module;
	struct module_reader r = { .session = session, .table = table };
	struct kdf_error *e = kdx_need(session, KDX_modules, &head);

	if (!e)
		e = kdx_need(session, KDX_module, &module);
	if (e)
		return e;
	if (!module->size || module->size > MAX_MODULE_STRUCT)
		return kdf_err(KDF_CORRUPT, "struct module of %ju bytes", (uintmax_t)module->size);
	r.image_size = module->size;
	r.image = malloc(r.image_size);
	if (!r.image)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	e = walk_list(&r, head->value);
	free(r.image);
	return e;
}
