/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An x86_64 guest of 64 pages for tests: memory with page tables in it, and the VMCOREINFO that leads to them.
 * Kernel text is mapped so that virtual = start_kernel_map + physical.
 */
#ifndef KDX_FORMAT_GUEST_H
#define KDX_FORMAT_GUEST_H

#include "format-fixture.h"

#define TEXT_MAP 0xffffffff80000000u
#define DIRECT_MAP 0xffff888000000000u
#define DIRECT_MAP5 0xff11000000000000u
#define VMALLOC 0xffffc90000000000u
#define ENTRY_P 0x1u
#define ENTRY_LARGE 0x80u
#define ENTRY_PROTNONE 0x100u
#define ENTRY_TABLE 0x63u

struct guest {
	uint8_t memory[GUEST_PAGES * PAGE];
	unsigned levels;
	uint64_t pgd, next_table; /* frames handed out to tables, from 1 */
	struct kdf_buf info;
};

static UNUSED uint8_t *guest_at(struct guest *g, uint64_t phys)
{
	return g->memory + phys;
}

static UNUSED void guest_put(struct guest *g, uint64_t phys, uint64_t value, size_t size)
{
	kdf_store_uint(guest_at(g, phys), value, size, false);
}

static UNUSED uint64_t guest_entry(uint64_t table, uint64_t virt, unsigned level)
{
	return table + (virt >> (12 + 9 * (level - 1)) & 511) * 8;
}

/* Makes the entry of that level for virt, with the tables above it; returns where it lies. */
static UNUSED uint64_t guest_map(struct guest *g, uint64_t virt, unsigned level, uint64_t entry)
{
	uint64_t table = g->pgd;

	for (unsigned l = g->levels; l > level; l--) {
		uint64_t at = guest_entry(table, virt, l), value = kdf_load_uint(guest_at(g, at), 8, false);

		if (!(value & ENTRY_P)) {
			value = g->next_table | ENTRY_TABLE;
			g->next_table += PAGE;
			guest_put(g, at, value, 8);
		}
		table = value & 0x000ffffffffff000u;
	}
	uint64_t at = guest_entry(table, virt, level);
	guest_put(g, at, entry, 8);
	return at;
}

static UNUSED struct guest *guest_new(unsigned levels)
{
	struct guest *g = calloc(1, sizeof(*g));

	g->levels = levels;
	g->pgd = PAGE;
	g->next_table = 2 * PAGE;
	guest_map(g, levels == 5 ? DIRECT_MAP5 : DIRECT_MAP, 2, 0 | ENTRY_LARGE | ENTRY_TABLE);
	guest_map(g, TEXT_MAP, 2, 0 | ENTRY_LARGE | ENTRY_TABLE);
	kdf_buf_printf(&g->info, "PAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%llx\nNUMBER(phys_base)=0\n"
				 "KERNELOFFSET=0\nNUMBER(pgtable_l5_enabled)=%d\n",
		       (unsigned long long)(TEXT_MAP + g->pgd), levels == 5);
	return g;
}

static UNUSED void guest_free(struct guest *g)
{
	kdf_buf_free(&g->info);
	free(g);
}

static UNUSED void guest_elf(struct guest *g, const struct kdf_buf *extra_notes, bool with_info, struct kdf_buf *b)
{
	struct elf_recipe r = { .load = { { 0, 0, sizeof(g->memory), sizeof(g->memory), 0 } }, .nloads = 1 };
	struct kdf_buf notes = { 0 };

	if (with_info)
		put_note(&notes, "VMCOREINFO", 0, g->info.data, g->info.len, false);
	if (extra_notes)
		put_at(&notes, notes.len, extra_notes->data, extra_notes->len);
	r.notes = &notes;
	r.memory = g->memory;
	make_elf(&r, b);
	kdf_buf_free(&notes);
}

static UNUSED struct kdf_error *guest_open(struct guest *g, const struct kdf_buf *extra_notes, bool with_info,
					   struct kdf **d)
{
	struct kdf_buf b = { 0 };

	guest_elf(g, extra_notes, with_info, &b);
	struct kdf_error *e = open_buf(&b, NULL, d);
	kdf_buf_free(&b);
	return e;
}

#endif
