/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel of half a megabyte that only lies there: kallsyms, BTF, a banner, CPU masks and one module, as a dump
 * (ELF, with VMCOREINFO) and as the vmlinux that would have made it. It is loaded SHIFT above its link addresses.
 */
#ifndef KDX_SYMBOLS_FIXTURE_H
#define KDX_SYMBOLS_FIXTURE_H

#include "format-btf-fixture.h"
#include "format-fixture.h"

enum { MEMORY = 0x20000, SHIFT = 0x2000000 };
#define LINKED 0xffffffff81000000u
#define LOADED (LINKED + SHIFT)

/* Where things lie, from the kernel's start. */
enum {
	AT_SCHEDULE = 0x100, AT_PANIC = 0x400, AT_ETEXT = 0x1000, AT_BANNER = 0x2000, AT_NUM_SYMS = 0x3000,
	AT_NAMES = 0x3010, AT_TOKEN_TABLE = 0x5000, AT_TOKEN_INDEX = 0x5400, AT_BASE = 0x5700, AT_OFFSETS = 0x5800,
	AT_BTF = 0x6000, AT_MODULES = 0xa000, AT_NR_CPU_IDS = 0xa010, AT_POSSIBLE = 0xa018, AT_ONLINE = 0xa020,
	AT_OFFSETS_OF_CPUS = 0xa040, AT_END = 0xf000, AT_MODULE = 0x10000, AT_MODULE_TEXT = 0x12000,
	AT_MODULE_DATA = 0x13000, AT_MODULE_END = 0x15000,
	/* struct module */
	MODULE_STATE = 0, MODULE_LIST = 8, MODULE_NAME = 24, MODULE_MEM = 80, MODULE_KALLSYMS = 192, MODULE_SIZE = 200,
};

struct kernel_symbol {
	char type;
	const char *name;
	uint64_t offset; /* from the kernel's start; of type 'A' the value itself */
};

static const struct kernel_symbol kernel_symbol[] = {
	{ 'A', "this_cpu_thing", 0x40 },      { 'T', "_stext", 0 },		  { 'T', "_text", 0 },
	{ 'T', "schedule", AT_SCHEDULE },     { 't', "__helper", AT_SCHEDULE },	  { 't', "twice", 0x200 },
	{ 't', "twice", 0x300 },	      { 'T', "panic", AT_PANIC },	  { 'T', "_etext", AT_ETEXT },
	{ 'D', "linux_banner", AT_BANNER },   { 'D', "modules", AT_MODULES },	  { 'D', "nr_cpu_ids", AT_NR_CPU_IDS },
	{ 'D', "__cpu_possible_mask", AT_POSSIBLE }, { 'D', "__cpu_online_mask", AT_ONLINE },
	{ 'D', "__per_cpu_offset", AT_OFFSETS_OF_CPUS }, { 'B', "_end", AT_END },
};
enum { KERNEL_SYMBOLS = sizeof(kernel_symbol) / sizeof(kernel_symbol[0]) };

struct kernel {
	const char *banner, *release;	 /* banner of both files unless other_banner is set */
	const char *other_banner;	 /* of the vmlinux */
	const char *build_id, *other_id; /* 40 digits, of the dump and of the vmlinux; NULL: none */
	bool no_kallsyms;		 /* VMCOREINFO as before 6.0 */
	bool no_vmcoreinfo;
	bool module_loop;		 /* the list of modules never ends */
	uint8_t *memory;
	struct kdf_buf btf;
	struct temp_files files; /* [0] the dump, [1] vmlinux */
};

static UNUSED void poke(struct kernel *k, size_t at, uint64_t value, size_t size)
{
	kdf_store_uint(k->memory + at, value, size, false);
}

/* ---- types ---- */

static UNUSED void kernel_types(struct kdf_buf *out)
{
	struct btf_maker m = { 0 };
	uint32_t int_ = btf_int(&m, "unsigned int", 4, 0), char_ = btf_int(&m, "char", 1, 1);
	uint32_t signed_ = btf_int(&m, "int", 4, 1), void_ptr = btf_ref(&m, "", KDF_BTF_PTR, 0);

	uint32_t list = btf_begin(&m, "list_head", KDF_BTF_STRUCT, false, 2, 16);
	btf_member(&m, "next", void_ptr, 0, 0);
	btf_member(&m, "prev", void_ptr, 64, 0);
	uint32_t name = btf_array(&m, char_, int_, 56);
	uint32_t memory = btf_begin(&m, "module_memory", KDF_BTF_STRUCT, false, 2, 16);
	btf_member(&m, "base", void_ptr, 0, 0);
	btf_member(&m, "size", int_, 64, 0);
	uint32_t areas = btf_array(&m, memory, int_, 7);
	btf_begin(&m, "mod_kallsyms", KDF_BTF_STRUCT, false, 4, 32);
	btf_member(&m, "symtab", void_ptr, 0, 0);
	btf_member(&m, "num_symtab", int_, 64, 0);
	btf_member(&m, "strtab", void_ptr, 128, 0);
	btf_member(&m, "typetab", void_ptr, 192, 0);
	btf_begin(&m, "module", KDF_BTF_STRUCT, true, 6, MODULE_SIZE);
	/* A bit field with a sign, which no real kernel has here: layout.h promises to read them. */
	btf_member(&m, "state", signed_, MODULE_STATE * 8 + 3, 6);
	btf_member(&m, "taints", int_, MODULE_STATE * 8 + 9, 17);
	btf_member(&m, "list", list, MODULE_LIST * 8, 0);
	btf_member(&m, "name", name, MODULE_NAME * 8, 0);
	btf_member(&m, "mem", areas, MODULE_MEM * 8, 0);
	btf_member(&m, "kallsyms", void_ptr, MODULE_KALLSYMS * 8, 0);
	btf_blob(&m, 24, NULL, 0, out);
}

/* ---- memory ---- */

/* Each token is one character, so that a packed name is the name itself behind its length. */
static UNUSED void kernel_kallsyms(struct kernel *k)
{
	size_t names = AT_NAMES, table = AT_TOKEN_TABLE;
	struct kernel_symbol all[KERNEL_SYMBOLS + 2];
	uint32_t n = KERNEL_SYMBOLS + 2;

	memcpy(all, kernel_symbol, sizeof(kernel_symbol));
	all[n - 2] = (struct kernel_symbol){ 'R', "__start_BTF", AT_BTF };
	all[n - 1] = (struct kernel_symbol){ 'R', "__stop_BTF", AT_BTF + k->btf.len };
	for (unsigned i = 0; i < 256; i++) {
		poke(k, AT_TOKEN_INDEX + 2 * i, table - AT_TOKEN_TABLE, 2);
		if (i)
			k->memory[table++] = (uint8_t)i;
		k->memory[table++] = 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(all[i].name);

		k->memory[names++] = (uint8_t)(len + 1);
		k->memory[names++] = (uint8_t)all[i].type;
		memcpy(k->memory + names, all[i].name, len);
		names += len;
		poke(k, AT_OFFSETS + 4 * i, all[i].type == 'A' ? all[i].offset : -1 - all[i].offset, 4);
	}
	poke(k, AT_NUM_SYMS, n, 4);
	poke(k, AT_BASE, LOADED, 8);
}

static UNUSED void kernel_module(struct kernel *k)
{
	static const char strings[] = "\0crash_init\0crash_data\0undefined";
	uint64_t head = LOADED + AT_MODULES, node = LOADED + AT_MODULE + MODULE_LIST;
	size_t symbols = AT_MODULE_DATA + 0x100;

	poke(k, AT_MODULES, node, 8);
	poke(k, AT_MODULE + MODULE_LIST, k->module_loop ? node : head, 8);
	poke(k, AT_MODULE + MODULE_STATE, 0x3e << 3 | 0x15555u << 9, 4);
	memcpy(k->memory + AT_MODULE + MODULE_NAME, "crashme", 8);
	poke(k, AT_MODULE + MODULE_MEM, LOADED + AT_MODULE_TEXT, 8);
	poke(k, AT_MODULE + MODULE_MEM + 8, 0x1000, 4);
	poke(k, AT_MODULE + MODULE_MEM + 16, LOADED + AT_MODULE_DATA, 8);
	poke(k, AT_MODULE + MODULE_MEM + 24, AT_MODULE_END - AT_MODULE_DATA, 4);
	poke(k, AT_MODULE + MODULE_KALLSYMS, LOADED + AT_MODULE_DATA, 8);
	poke(k, AT_MODULE_DATA, LOADED + symbols, 8);
	poke(k, AT_MODULE_DATA + 8, 4, 4);
	poke(k, AT_MODULE_DATA + 16, LOADED + AT_MODULE_DATA + 0x400, 8);
	poke(k, AT_MODULE_DATA + 24, LOADED + AT_MODULE_DATA + 0x600, 8);
	memcpy(k->memory + AT_MODULE_DATA + 0x400, strings, sizeof(strings));
	memcpy(k->memory + AT_MODULE_DATA + 0x600, "?tDU", 4);
	for (unsigned i = 1; i < 4; i++) {
		size_t at = symbols + i * 24;

		poke(k, at, i == 1 ? 1 : i == 2 ? 12 : 23, 4);
		poke(k, at + 6, i == 3 ? 0 : 1, 2);
		poke(k, at + 8, LOADED + (i == 1 ? AT_MODULE_TEXT + 0x10 : AT_MODULE_DATA + 0x800), 8);
		poke(k, at + 16, 8, 8);
	}
}

static UNUSED void kernel_memory(struct kernel *k)
{
	kernel_types(&k->btf);
	memcpy(k->memory + AT_BANNER, k->banner, strlen(k->banner) + 1);
	memcpy(k->memory + AT_BTF, k->btf.data, k->btf.len);
	poke(k, AT_NR_CPU_IDS, 4, 4);
	poke(k, AT_POSSIBLE, 7, 8);
	poke(k, AT_ONLINE, 5, 8);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		poke(k, AT_OFFSETS_OF_CPUS + 8 * cpu, 0x100000 * (cpu + 1), 8);
	kernel_kallsyms(k);
	kernel_module(k);
}

/* ---- the dump ---- */

static UNUSED void put_symbol(struct kdf_buf *info, const char *name, uint64_t at)
{
	kdf_buf_printf(info, "SYMBOL(%s)=%jx\n", name, (uintmax_t)(LOADED + at));
}

static UNUSED void kernel_dump(struct kernel *k)
{
	struct kdf_buf info = { 0 }, notes = { 0 }, file = { 0 };

	kdf_buf_printf(&info, "OSRELEASE=%s\n", k->release);
	if (k->build_id)
		kdf_buf_printf(&info, "BUILD-ID=%s\n", k->build_id);
	kdf_buf_printf(&info, "PAGESIZE=4096\n");
	put_symbol(&info, "_stext", 0);
	put_symbol(&info, "swapper_pg_dir", 0xe000);
	if (!k->no_kallsyms) {
		put_symbol(&info, "kallsyms_names", AT_NAMES);
		put_symbol(&info, "kallsyms_num_syms", AT_NUM_SYMS);
		put_symbol(&info, "kallsyms_token_table", AT_TOKEN_TABLE);
		put_symbol(&info, "kallsyms_token_index", AT_TOKEN_INDEX);
		put_symbol(&info, "kallsyms_offsets", AT_OFFSETS);
		put_symbol(&info, "kallsyms_relative_base", AT_BASE);
	}
	kdf_buf_printf(&info, "NUMBER(phys_base)=%jd\nKERNELOFFSET=%x\n",
		       (intmax_t)(0xffffffff80000000u - LOADED), (unsigned)SHIFT);
	if (!k->no_vmcoreinfo)
		put_note(&notes, "VMCOREINFO", 0, info.data, info.len, false);
	struct elf_recipe recipe = { .load = { { LOADED, 0, MEMORY, MEMORY, 0 } }, .nloads = 1, .notes = &notes,
				     .memory = k->memory };
	make_elf(&recipe, &file);
	temp_add(&k->files, &file);
	kdf_buf_free(&info);
	kdf_buf_free(&notes);
	kdf_buf_free(&file);
}

/* ---- vmlinux ---- */

struct elf_part {
	const char *name;
	uint32_t type;
	uint64_t flags, address;
	struct kdf_buf bytes;
	uint64_t size; /* of NOBITS */
	uint32_t link;
	uint64_t entry;
};

static UNUSED void put_elf_symbol(struct kdf_buf *symbols, struct kdf_buf *strings, const char *name, uint64_t value,
				  unsigned section, bool global)
{
	size_t at = symbols->len;

	put_uint(symbols, at, strings->len, 4, false);
	put_uint(symbols, at + 4, global ? 0x12 : 0x02, 1, false);
	put_uint(symbols, at + 5, 0, 1, false);
	put_uint(symbols, at + 6, section, 2, false);
	put_uint(symbols, at + 8, value, 8, false);
	put_uint(symbols, at + 16, 16, 8, false);
	kdf_buf_add(strings, name, strlen(name) + 1);
}

enum { PART_TEXT = 1, PART_RODATA, PART_DATA, PART_PERCPU, PART_NOTES, PART_SYMTAB, PART_STRTAB, PART_NAMES, PARTS };

static UNUSED void vmlinux_symbols(const struct kernel *k, struct elf_part *part)
{
	struct kdf_buf *symbols = &part[PART_SYMTAB].bytes, *strings = &part[PART_STRTAB].bytes;

	put_at(symbols, 23, "", 1);
	kdf_buf_putc(strings, '\0');
	for (size_t i = 0; i < KERNEL_SYMBOLS; i++) {
		const struct kernel_symbol *s = &kernel_symbol[i];
		bool percpu = s->type == 'A';
		unsigned section = percpu ? PART_PERCPU : s->type == 'T' || s->type == 't' ? PART_TEXT
				 : s->offset < AT_MODULES ? PART_RODATA : PART_DATA;

		put_elf_symbol(symbols, strings, s->name, percpu ? s->offset : LINKED + s->offset, section,
			       s->type < 'a');
	}
	put_elf_symbol(symbols, strings, "__start_BTF", LINKED + AT_BTF, PART_RODATA, true);
	put_elf_symbol(symbols, strings, "__stop_BTF", LINKED + AT_BTF + k->btf.len, PART_RODATA, true);
	/* What is left out: labels, constants, undefined symbols, checksums. */
	put_elf_symbol(symbols, strings, ".L12", LINKED + 8, PART_TEXT, false);
	put_elf_symbol(symbols, strings, "a_constant", 5, 0xfff1, false);
	put_elf_symbol(symbols, strings, "elsewhere", 0, 0, true);
	put_elf_symbol(symbols, strings, "__crc_schedule", 0x12345678, 0xfff1, true);
}

static UNUSED void kernel_vmlinux(struct kernel *k)
{
	struct elf_part part[PARTS] = {
		[PART_TEXT] = { ".text", 1, 6, LINKED, { 0 }, 0, 0, 0 },
		[PART_RODATA] = { ".rodata", 1, 2, LINKED + AT_ETEXT, { 0 }, 0, 0, 0 },
		[PART_DATA] = { ".data", 1, 3, LINKED + AT_MODULES, { 0 }, 0, 0, 0 },
		[PART_PERCPU] = { ".data..percpu", 8, 3, 0, { 0 }, 0x1000, 0, 0 },
		[PART_NOTES] = { ".notes", 7, 2, LINKED + AT_END, { 0 }, 0, 0, 0 },
		[PART_SYMTAB] = { ".symtab", 2, 0, 0, { 0 }, 0, PART_STRTAB, 24 },
		[PART_STRTAB] = { ".strtab", 3, 0, 0, { 0 }, 0, 0, 0 },
		[PART_NAMES] = { ".shstrtab", 3, 0, 0, { 0 }, 0, 0, 0 },
	};
	const char *id = k->other_id ? k->other_id : k->build_id;
	const char *banner = k->other_banner ? k->other_banner : k->banner;
	struct kdf_buf file = { 0 };

	kdf_buf_add(&part[PART_TEXT].bytes, k->memory, AT_ETEXT);
	kdf_buf_add(&part[PART_RODATA].bytes, k->memory + AT_ETEXT, AT_MODULES - AT_ETEXT);
	put_at(&part[PART_RODATA].bytes, AT_BANNER - AT_ETEXT, banner, strlen(banner) + 1);
	kdf_buf_add(&part[PART_DATA].bytes, k->memory + AT_MODULES, AT_END - AT_MODULES);
	if (id) {
		uint8_t raw[20];

		for (int i = 0; i < 20; i++)
			sscanf(id + 2 * i, "%2hhx", &raw[i]);
		put_note(&part[PART_NOTES].bytes, "Linux", 0x101, "abc", 3, false);
		put_note(&part[PART_NOTES].bytes, "GNU", 3, raw, sizeof(raw), false);
	}
	vmlinux_symbols(k, part);
	put_at(&file, 0, "\177ELF\2\1\1", 7);
	put_uint(&file, 16, 2, 2, false); /* ET_EXEC */
	put_uint(&file, 18, 62, 2, false);
	put_uint(&file, 20, 1, 4, false);
	put_uint(&file, 40, 64, 8, false);
	put_uint(&file, 52, 64, 2, false);
	put_uint(&file, 58, 64, 2, false);
	put_uint(&file, 60, PARTS, 2, false);
	put_uint(&file, 62, PART_NAMES, 2, false);
	put_at(&file, 64 + PARTS * 64 - 1, "", 1);
	kdf_buf_putc(&part[PART_NAMES].bytes, '\0');
	for (int i = 1; i < PARTS; i++) {
		size_t name = part[PART_NAMES].bytes.len, header = 64 + (size_t)i * 64;

		kdf_buf_add(&part[PART_NAMES].bytes, part[i].name, strlen(part[i].name) + 1);
		size_t at = (file.len + 15) & ~(size_t)15;
		put_at(&file, at, part[i].bytes.data, part[i].bytes.len);
		put_uint(&file, header, name, 4, false);
		put_uint(&file, header + 4, part[i].type, 4, false);
		put_uint(&file, header + 8, part[i].flags, 8, false);
		put_uint(&file, header + 16, part[i].address, 8, false);
		put_uint(&file, header + 24, at, 8, false);
		put_uint(&file, header + 32, part[i].type == 8 ? part[i].size : part[i].bytes.len, 8, false);
		put_uint(&file, header + 40, part[i].link, 4, false);
		put_uint(&file, header + 48, 8, 8, false);
		put_uint(&file, header + 56, part[i].entry, 8, false);
		kdf_buf_free(&part[i].bytes);
	}
	temp_add(&k->files, &file);
	kdf_buf_free(&file);
}

/* Fields that say what kind of kernel are set before. */
static UNUSED void make_kernel(struct kernel *k)
{
	if (!k->banner)
		k->banner = "Linux version 6.1.99-test (builder@host) (gcc 12) #1 SMP\n";
	if (!k->release)
		k->release = "6.1.99-test";
	k->memory = calloc(1, MEMORY);
	kernel_memory(k);
	kernel_dump(k);
	kernel_vmlinux(k);
}

static UNUSED void drop_kernel(struct kernel *k)
{
	temp_remove(&k->files);
	kdf_buf_free(&k->btf);
	free(k->memory);
}

#endif
