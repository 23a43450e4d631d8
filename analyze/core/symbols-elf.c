// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols of vmlinux's .symtab. */
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "debuginfo.h"
#include "symbols-table.h"

/* What a symbol's letter and relocation need of its section. */
struct section {
	char letter;	      /* global letter, 0: no such section */
	uint64_t fixed_below; /* values up to this are no run-time addresses: never moved by KASLR */
};

static char section_letter(const struct kdx_elf_section *s)
{
	if (!(s->flags & SHF_ALLOC))
		return 'N';
	if (s->flags & SHF_EXECINSTR)
		return 'T';
	if (s->type == SHT_NOBITS)
		return 'B';
	return s->flags & SHF_WRITE ? 'D' : 'R';
}

static struct section *read_sections(struct kdx_elf *elf, size_t *count)
{
	size_t n;
	struct section *table;

	if (elf_getshdrnum(elf->elf, &n) < 0 || !(table = calloc(n ? n : 1, sizeof(*table))))
		return NULL;
	for (size_t i = 1; i < n; i++) {
		struct kdx_elf_section s;

		if (!kdx_elf_section_at(elf, i, &s))
			continue;
		table[i].letter = section_letter(&s);
		/* x86_64 up to 6.14 links .data..percpu at address 0; since 6.15 it is an ordinary section. Labels
		 * behind it (__init_begin) count to it as well, but have ordinary addresses. */
		table[i].fixed_below = s.address ? 0 : s.size;
	}
	*count = n;
	return table;
}

static char symbol_letter(const GElf_Sym *sym, const struct section *section)
{
	unsigned bind = GELF_ST_BIND(sym->st_info);
	char letter = section ? section->letter : 'A';

	if (bind == STB_WEAK)
		return GELF_ST_TYPE(sym->st_info) == STT_OBJECT ? 'V' : 'W';
	return bind == STB_LOCAL ? (char)(letter | 0x20) : letter;
}

static bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/*
 * What the kernel leaves out of its own table too: labels of the compiler, constants of assembler files (local and
 * absolute), and the strings and checksums of exported symbols, which would hide the data around them.
 */
static bool is_wanted(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	if (type == STT_FILE || type == STT_SECTION || sym->st_shndx == SHN_UNDEF || !name[0] || name[0] == '$')
		return false;
	if (sym->st_shndx == SHN_ABS && GELF_ST_BIND(sym->st_info) == STB_LOCAL)
		return false;
	return !starts(name, ".L") && !starts(name, "__kstrtab") && !starts(name, "__crc_");
}

struct symbol_source {
	struct kdx_symtab *table;
	struct kdx_elf *elf;
	uint64_t offset;
	Elf_Data *symbols;
	const char *strings;
	size_t strings_size;
	struct section *section;
	size_t nsections;
};

static struct kdf_error *add_symbol(struct symbol_source *src, size_t i)
{
	GElf_Sym sym;

	if (!gelf_getsym(src->symbols, (int)i, &sym) || sym.st_name >= src->strings_size)
		return NULL;
	/* The string table ends with a NUL, checked by the caller. */
	const char *name = src->strings + sym.st_name;
	if (!is_wanted(&sym, name))
		return NULL;
	bool ordinary = sym.st_shndx < SHN_LORESERVE && sym.st_shndx < src->nsections;
	const struct section *section = ordinary ? &src->section[sym.st_shndx] : NULL;
	if (section && (!section->letter || section->letter == 'N'))
		return NULL;
	struct kdx_symbol symbol = { .address = sym.st_value, .size = sym.st_size, .name = name,
				     .type = symbol_letter(&sym, section) };
	if (section && (!section->fixed_below || sym.st_value > section->fixed_below))
		symbol.address += src->offset;
	return kdx_symtab_add(src->table, &symbol);
}

/* Absolute symbols that are addresses all the same (init_per_cpu__gdt_page, 6.1): inside the linked image. */
static void move_absolute(struct kdx_symtab *t, uint64_t offset)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (size_t i = 0; i < t->nsymbols; i++) {
		const struct kdx_symbol *s = &t->symbol[i];

		if (!strcmp(s->name, "_text"))
			low = s->address - offset;
		else if (!strcmp(s->name, "_end"))
			high = s->address - offset;
	}
	for (size_t i = 0; i < t->nsymbols; i++) {
		struct kdx_symbol *s = &t->symbol[i];

		if ((s->type == 'A' || s->type == 'a') && s->address >= low && s->address <= high)
			s->address += offset;
	}
}

static struct kdf_error *load(struct symbol_source *src, const struct kdx_elf_section *symtab)
{
	struct kdx_elf_section strings;
	size_t entry = gelf_fsize(src->elf->elf, ELF_T_SYM, 1, EV_CURRENT);
	struct kdf_error *e = NULL;

	Elf_Scn *string_scn = elf_getscn(src->elf->elf, symtab->link);
	Elf_Data *data = string_scn ? elf_rawdata(string_scn, NULL) : NULL;
	src->symbols = elf_getdata(elf_getscn(src->elf->elf, symtab->index), NULL);
	if (!kdx_elf_section_at(src->elf, symtab->link, &strings) || strings.type != SHT_STRTAB || !data ||
	    !data->d_buf || !data->d_size || ((const char *)data->d_buf)[data->d_size - 1] || !src->symbols ||
	    !entry || symtab->size / entry > INT32_MAX)
		return kdf_err(KDF_CORRUPT, "'%s': the symbol table is damaged", src->elf->path);
	src->strings = data->d_buf;
	src->strings_size = data->d_size;
	for (size_t i = 1; i < symtab->size / entry && !e; i++)
		e = add_symbol(src, i);
	return e;
}

struct kdf_error *kdx_symbols_from_elf(struct kdx_symtab *table, struct kdx_elf *elf, uint64_t offset)
{
	struct symbol_source src = { .table = table, .elf = elf, .offset = offset };
	struct kdx_elf_section symtab;
	struct kdf_error *e = kdx_elf_section(elf, NULL, SHT_SYMTAB, &symtab);

	if (kdf_error_code(e) == KDF_NOT_FOUND) {
		kdf_error_free(e);
		return kdf_err(KDF_NO_DEBUG, "'%s' has no symbol table (stripped): give the vmlinux of the kernel's "
			       "debug package, or the dump alone", elf->path);
	}
	if (e)
		return e;
	src.section = read_sections(elf, &src.nsections);
	if (!src.section)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	e = load(&src, &symtab);
	free(src.section);
	if (e)
		return e;
	move_absolute(table, offset);
	table->source = "vmlinux";
	return NULL;
}
