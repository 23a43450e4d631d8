// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86_64: page tables of 4 or 5 levels, and where Linux puts things in its address space.
 * Facts: arch/x86/include/asm/pgtable_64_types.h, page_64_types.h and Documentation/arch/x86/x86_64/mm.rst.
 */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/num.h"
#include "machine.h"
#include "notes.h"

#define PRESENT ((uint64_t)1 << 0)
#define LARGE ((uint64_t)1 << 7)
#define PROTNONE ((uint64_t)1 << 8) /* the global bit, in entries that are not present */
#define FRAME_MASK 0x000ffffffffff000u

enum { ENTRIES = 512, MIN_LEVELS = 4, MAX_LEVELS = 5 };

static const uint64_t start_kernel_map = 0xffffffff80000000u;
static const uint64_t default_image_size = (uint64_t)1 << 30; /* with KASLR; 512 MiB without */
static const uint64_t default_text = 0xffffffff81000000u;     /* CONFIG_PHYSICAL_START of every distribution */
static const uint64_t gib = (uint64_t)1 << 30;

/* Where things are while memory is not randomized, and the first slot of the top-level table for the direct map:
 * below it are the hypervisor's hole and the LDT. */
struct regions {
	uint64_t page_offset, vmalloc, vmemmap;
};

static const struct regions regions4 = { 0xffff888000000000u, 0xffffc90000000000u, 0xffffea0000000000u };
static const struct regions regions5 = { 0xff11000000000000u, 0xffa0000000000000u, 0xffd4000000000000u };

enum { FIRST_DIRECT_SLOT = 273 };

/* ---- Walking ---- */

/* Level 1 is the PTE, level 5 the PGD of 5-level paging. */
static unsigned shift_of(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static const char *level_name(unsigned level, unsigned levels)
{
	static const char *const name[] = { "", "PTE", "PMD", "PUD", "P4D", "PGD" };

	return level == levels ? "PGD" : name[level];
}

static bool is_canonical(uint64_t virt, unsigned levels)
{
	unsigned bits = shift_of(levels) + 9;
	int64_t top = (int64_t)virt >> (bits - 1);

	return top == 0 || top == -1;
}

/*
 * Linux treats some entries without the present bit as mapped: NUMA hinting and PROT_NONE (PROTNONE set), and a
 * huge page that is just being split (large bit kept). Their frame bits are stored inverted, against L1TF.
 */
static bool is_mapped(uint64_t entry, unsigned level)
{
	return entry & PRESENT || entry & PROTNONE || (level > 1 && entry & LARGE);
}

static uint64_t frame_of(uint64_t entry, uint64_t sme_mask)
{
	uint64_t value = entry & PRESENT ? entry & ~sme_mask : ~entry;

	return value & FRAME_MASK;
}

static struct kdf_error *read_entry(struct kdf *d, uint64_t phys, uint64_t *entry)
{
	uint8_t raw[8];
	struct kdf_error *e = kdf_read_phys(d, phys, raw, sizeof(raw));

	if (!e)
		*entry = kdf_load_uint(raw, sizeof(raw), false);
	return e;
}

/* Where the entry for virt lies in a table of that level. */
static uint64_t entry_at(uint64_t table, uint64_t virt, unsigned level)
{
	return table + (virt >> shift_of(level) & (ENTRIES - 1)) * 8;
}

static unsigned levels_of(const struct kdf *d)
{
	return d->layout.levels == MAX_LEVELS ? MAX_LEVELS : MIN_LEVELS;
}

static void end_walk(struct kdf_walk *w, uint64_t entry, uint64_t virt, unsigned level, uint64_t sme_mask)
{
	uint64_t size = (uint64_t)1 << shift_of(level), frame = frame_of(entry, sme_mask) & ~(size - 1);

	w->present = true;
	w->page_size = size;
	w->phys = frame | (virt & (size - 1));
	w->flags = entry & ~sme_mask & ~(FRAME_MASK & ~(size - 1));
}

static struct kdf_error *x86_64_walk(struct kdf *d, uint64_t pgd_phys, uint64_t virt, struct kdf_walk *w)
{
	unsigned levels = levels_of(d);
	uint64_t table = pgd_phys & FRAME_MASK, sme_mask = d->layout.sme_mask;

	if (!is_canonical(virt, levels))
		return kdf_err(KDF_FAULT, "address %#" PRIx64 " is not canonical", virt);
	for (unsigned level = levels; level; level--) {
		struct kdf_walk_step *step = &w->step[w->nsteps];

		step->level = level_name(level, levels);
		step->entry_phys = entry_at(table, virt, level);
		struct kdf_error *e = read_entry(d, step->entry_phys, &step->entry);
		if (e)
			return kdf_err_wrap(e, "%s entry of %#" PRIx64 " at physical %#" PRIx64, step->level, virt,
					    step->entry_phys);
		w->nsteps++;
		if (!is_mapped(step->entry, level))
			return kdf_err(KDF_FAULT, "address %#" PRIx64 " is not mapped: %s entry is %#" PRIx64, virt,
				       step->level, step->entry);
		bool leaf = level == 1 || (level <= 3 && step->entry & LARGE);
		if (leaf) {
			end_walk(w, step->entry, virt, level, sme_mask);
			return NULL;
		}
		if (!(step->entry & PRESENT))
			return kdf_err(KDF_FAULT, "address %#" PRIx64 " is not mapped: %s entry is %#" PRIx64, virt,
				       step->level, step->entry);
		table = frame_of(step->entry, sme_mask);
	}
	return kdf_err(KDF_FAULT, "address %#" PRIx64 " is not mapped", virt);
}

/* ---- Arithmetic ---- */

static bool x86_64_linear(const struct kdf *d, uint64_t virt, uint64_t *phys)
{
	const struct kdf_layout *l = &d->layout;

	bool in_image = d->text_end ? virt - d->text_start < d->text_end - d->text_start :
				      virt - l->start_kernel_map < l->kernel_image_size;
	if (l->known & KDF_KNOWS_PHYS_BASE && in_image) {
		*phys = virt - l->start_kernel_map + l->phys_base;
		return true;
	}
	if (l->known & KDF_KNOWS_PAGE_OFFSET && virt >= l->page_offset &&
	    (virt - l->page_offset) >> d->info.page_shift < d->info.max_pfn) {
		*phys = virt - l->page_offset;
		return true;
	}
	return false;
}

/* ---- Finding the layout ---- */

static bool number(const struct kdf *d, const char *name, uint64_t *value)
{
	int64_t n;

	if (!kdf_vmcoreinfo_number(d, name, &n))
		return false;
	*value = (uint64_t)n;
	return true;
}

static bool in_text_map(uint64_t virt)
{
	return virt - start_kernel_map < default_image_size;
}

/* From VMCOREINFO (4.10), else the segment of the kernel image, else the kdump header, which QEMU may fill wrongly. */
static void find_phys_base(struct kdf *d, struct kdf_layout *l)
{
	bool found = number(d, "phys_base", &l->phys_base);

	for (size_t i = 0; !found && i < d->nsegments; i++) {
		const struct kdf_segment *s = &d->segment[i];

		found = in_text_map(s->virt) && s->phys != UINT64_MAX;
		l->phys_base = s->phys - (s->virt - start_kernel_map);
	}
	if (!found) {
		l->phys_base = d->header_phys_base;
		found = d->header_phys_base != 0;
	}
	if (found)
		l->known |= KDF_KNOWS_PHYS_BASE;
	else
		l->phys_base = 0;
}

static void find_from_vmcoreinfo(struct kdf *d, struct kdf_layout *l)
{
	const char *offset = kdf_vmcoreinfo_value(d, "KERNELOFFSET");
	uint64_t value;

	if (offset && kdf_parse_u64(offset, 16, &l->kaslr_offset))
		l->known |= KDF_KNOWS_KASLR;
	if (number(d, "KERNEL_IMAGE_SIZE", &value) && value && value <= 2 * gib)
		l->kernel_image_size = value;
	if (number(d, "pgtable_l5_enabled", &value) && value)
		l->levels = MAX_LEVELS;
	number(d, "sme_mask", &l->sme_mask);
	/* 6.9 and newer; the line holds the value of the variable, not its address. */
	if (number(d, "VMALLOC_START", &l->vmalloc_base))
		l->known |= KDF_KNOWS_VMALLOC;
	if (kdf_vmcoreinfo_symbol(d, "vmemmap", &l->vmemmap_base))
		l->known |= KDF_KNOWS_VMEMMAP;
	find_phys_base(d, l);
	if (l->known & KDF_KNOWS_PHYS_BASE &&
	    (kdf_vmcoreinfo_symbol(d, "swapper_pg_dir", &value) || kdf_vmcoreinfo_symbol(d, "init_top_pgt", &value) ||
	     kdf_vmcoreinfo_symbol(d, "init_level4_pgt", &value)) &&
	    in_text_map(value)) {
		l->pgd_phys = value - start_kernel_map + l->phys_base;
		l->known |= KDF_KNOWS_PGD;
	}
}

/* The first leaf at or above *virt under the tables, depth first. *virt moves on; false: none. */
static bool first_leaf(struct kdf *d, uint64_t table, unsigned level, uint64_t base, unsigned from, unsigned *budget,
		       uint64_t *virt, uint64_t *phys)
{
	for (unsigned i = from; i < ENTRIES && *budget; i++) {
		uint64_t entry, at = base + ((uint64_t)i << shift_of(level));
		struct kdf_error *e = read_entry(d, table + i * 8, &entry);

		--*budget;
		if (e) {
			/* A table that is not in the dump. */
			kdf_error_free(e);
			return false;
		}
		if (!(entry & PRESENT))
			continue;
		if (level == 1 || (level <= 3 && entry & LARGE)) {
			*virt = at;
			*phys = frame_of(entry, d->layout.sme_mask) & ~(((uint64_t)1 << shift_of(level)) - 1);
			return true;
		}
		if (first_leaf(d, frame_of(entry, d->layout.sme_mask), level - 1, at, 0, budget, virt, phys))
			return true;
	}
	return false;
}

/* Address bits above the canonical ones, for the kernel's half. */
static uint64_t kernel_half(unsigned levels)
{
	return UINT64_MAX << (shift_of(levels) + 9);
}

/*
 * The direct map is the lowest region of the kernel's half but the LDT, so its first mapping is that of the
 * lowest RAM. It begins on a 1 GiB boundary, also when randomized: anything else is another region.
 */
static bool direct_map_by_walk(struct kdf *d, uint64_t pgd, unsigned levels, uint64_t *page_offset)
{
	unsigned budget = 8 * ENTRIES;
	uint64_t virt, phys;

	if (!first_leaf(d, pgd, levels, kernel_half(levels), FIRST_DIRECT_SLOT, &budget, &virt, &phys))
		return false;
	*page_offset = virt - phys;
	return !(*page_offset & (gib - 1)) && virt < 0xffffff0000000000u;
}

/* Whether the tables map this much of a direct map at that place. */
static bool maps_to(struct kdf *d, uint64_t virt, uint64_t phys)
{
	struct kdf_walk w = { 0 };
	struct kdf_error *e = x86_64_walk(d, d->layout.pgd_phys, virt, &w);
	bool same = !e && w.phys == phys;

	kdf_error_free(e);
	return same;
}

/* The distance of the two addresses of a RAM segment, when it can be a direct map and the tables agree. */
static bool direct_map_by_segment(struct kdf *d, uint64_t *page_offset)
{
	for (size_t i = 0; i < d->nsegments; i++) {
		const struct kdf_segment *s = &d->segment[i];
		uint64_t base = s->virt - s->phys;

		if (in_text_map(s->virt) || s->phys == UINT64_MAX || s->virt < regions5.page_offset || base & (gib - 1))
			continue;
		if (d->layout.known & KDF_KNOWS_PGD && !maps_to(d, s->virt, s->phys))
			continue;
		*page_offset = base;
		return true;
	}
	return false;
}

static void find_page_offset(struct kdf *d, struct kdf_layout *l)
{
	bool found = d->layout.known & KDF_KNOWS_PGD &&
		     direct_map_by_walk(d, l->pgd_phys, l->levels, &l->page_offset);

	if (!found)
		found = direct_map_by_segment(d, &l->page_offset);
	if (found)
		l->known |= KDF_KNOWS_PAGE_OFFSET;
	else
		l->page_offset = 0;
}

/*
 * The kernel maps its image with one table of large pages and removes what lies around it: addresses there must
 * fault, not read whatever memory is next to the image.
 */
static void find_text_end(struct kdf *d)
{
	const struct kdf_layout *l = &d->layout;
	uint64_t entry, table = l->pgd_phys, start = UINT64_MAX, end = 0;
	struct kdf_error *e = NULL;

	if (!(l->known & KDF_KNOWS_PGD))
		return;
	for (unsigned level = l->levels; !e && level > 2; level--) {
		e = read_entry(d, entry_at(table, start_kernel_map, level), &entry);
		if (!e && (!(entry & PRESENT) || (level == 3 && entry & LARGE)))
			return;
		if (!e)
			table = frame_of(entry, l->sme_mask);
	}
	for (unsigned i = 0; !e && i < ENTRIES && (uint64_t)i << shift_of(2) < l->kernel_image_size; i++) {
		uint64_t at = start_kernel_map + ((uint64_t)i << shift_of(2));

		e = read_entry(d, table + i * 8, &entry);
		if (e || !(entry & PRESENT))
			continue;
		start = start < at ? start : at;
		end = at + ((uint64_t)1 << shift_of(2));
	}
	if (!e && end) {
		d->text_start = start;
		d->text_end = end;
	}
	kdf_error_free(e);
}

static bool read_u64(struct kdf *d, uint64_t virt, uint64_t *value)
{
	uint8_t raw[8];
	struct kdf_error *e = kdf_read_virt(d, virt, raw, sizeof(raw));

	if (!e)
		*value = kdf_load_uint(raw, sizeof(raw), false);
	kdf_error_free(e);
	return !e;
}

/*
 * Before 6.9 nothing tells it, but with SPARSEMEM_VMEMMAP every section's section_mem_map, without its flags in the
 * low bits, is the address that the struct page of frame 0 would have: vmemmap. SYMBOL(mem_section) is the value
 * of the pointer to the table of roots (4.15 and newer, SPARSEMEM_EXTREME).
 */
static void find_vmemmap(struct kdf *d, struct kdf_layout *l)
{
	uint64_t roots, nroots, size, offset, root, map;

	if (l->known & KDF_KNOWS_VMEMMAP || !kdf_vmcoreinfo_symbol(d, "mem_section", &roots) ||
	    !kdf_vmcoreinfo_length(d, "mem_section", &nroots) || !kdf_vmcoreinfo_size(d, "mem_section", &size) ||
	    !kdf_vmcoreinfo_offset(d, "mem_section.section_mem_map", &offset) || !size || size > 4096 || offset > size)
		return;
	if (!read_u64(d, roots, &root) || !root)
		return;
	for (uint64_t i = 0; i < 4096 / size; i++) {
		if (!read_u64(d, root + i * size + offset, &map))
			return;
		if (!(map & 1))
			continue;
		map &= ~(uint64_t)0x3f;
		if (map < regions5.page_offset || map & (gib - 1))
			return;
		l->vmemmap_base = map;
		l->known |= KDF_KNOWS_VMEMMAP;
		return;
	}
}

/* A kernel whose direct map is at its place has not randomized the other regions either. */
static void find_unrandomized(struct kdf_layout *l)
{
	const struct regions *r = l->levels == MAX_LEVELS ? &regions5 : &regions4;

	if (!(l->known & KDF_KNOWS_PAGE_OFFSET) || l->page_offset != r->page_offset)
		return;
	if (!(l->known & KDF_KNOWS_VMALLOC)) {
		l->vmalloc_base = r->vmalloc;
		l->known |= KDF_KNOWS_VMALLOC;
	}
	if (!(l->known & KDF_KNOWS_VMEMMAP)) {
		l->vmemmap_base = r->vmemmap;
		l->known |= KDF_KNOWS_VMEMMAP;
	}
}

/* ---- Dumps of a hypervisor, without VMCOREINFO ---- */

/* struct QEMUCPUState of QEMU's target/i386/arch_dump.c: the only place that has the control registers. */
enum { QEMU_STATE_SIZE = 440, QEMU_CR = 392, CR4_LA57 = 1 << 12 };

/* The kernel's text is the first thing that the tables map at its place: image base and phys_base follow. */
static bool text_by_walk(struct kdf *d, struct kdf_layout *l, uint64_t pgd)
{
	unsigned budget = 4 * ENTRIES;
	uint64_t entry, virt, phys, table = pgd;

	for (unsigned level = l->levels; level > 2; level--) {
		struct kdf_error *e = read_entry(d, entry_at(table, start_kernel_map, level), &entry);

		if (e || !(entry & PRESENT) || (level == 3 && entry & LARGE)) {
			kdf_error_free(e);
			return false;
		}
		table = frame_of(entry, l->sme_mask);
	}
	if (!first_leaf(d, table, 2, start_kernel_map, 0, &budget, &virt, &phys) || !in_text_map(virt))
		return false;
	l->phys_base = phys - (virt - start_kernel_map);
	l->known |= KDF_KNOWS_PHYS_BASE;
	if (virt >= default_text && !((virt - default_text) & 0x1fffff)) {
		l->kaslr_offset = virt - default_text;
		l->known |= KDF_KNOWS_KASLR;
	}
	return true;
}

/* Tables count as the kernel's when they map text and direct map. */
static bool try_tables(struct kdf *d, uint64_t pgd, unsigned levels)
{
	struct kdf_layout l = d->layout;
	uint64_t page_offset;

	l.levels = levels;
	if (!direct_map_by_walk(d, pgd, levels, &page_offset) || !text_by_walk(d, &l, pgd))
		return false;
	l.pgd_phys = pgd;
	l.known |= KDF_KNOWS_PGD;
	d->layout = l;
	return true;
}

/* CR3 of each CPU; with page-table isolation bit 12 tells the user's tables from the kernel's. */
static void find_from_registers(struct kdf *d)
{
	for (size_t i = 0; i < d->nnotes; i++) {
		const struct kdf_note *n = &d->note[i];

		if (strcmp(n->name, "QEMU") || n->size < QEMU_STATE_SIZE)
			continue;
		const uint8_t *cr = (const uint8_t *)n->desc + QEMU_CR;
		uint64_t cr3 = kdf_load_uint(cr + 24, 8, false) & FRAME_MASK, cr4 = kdf_load_uint(cr + 32, 8, false);
		unsigned levels = cr4 & CR4_LA57 ? MAX_LEVELS : MIN_LEVELS;

		if (try_tables(d, cr3 & ~(uint64_t)0x1000, levels) || try_tables(d, cr3, levels))
			return;
	}
}

static void x86_64_find_layout(struct kdf *d)
{
	struct kdf_layout *l = &d->layout;

	l->levels = MIN_LEVELS;
	l->start_kernel_map = start_kernel_map;
	l->kernel_image_size = default_image_size;
	find_from_vmcoreinfo(d, l);
	if (!(l->known & KDF_KNOWS_PGD))
		find_from_registers(d);
	l->virtual_bits = shift_of(l->levels) + 9;
	find_text_end(d);
	find_page_offset(d, l);
	find_vmemmap(d, l);
	find_unrandomized(l);
}

const struct kdf_machine kdf_machine_x86_64 = {
	.name = "x86_64",
	.elf_machine = EM_X86_64,
	.page_size = 4096,
	.find_layout = x86_64_find_layout,
	.walk = x86_64_walk,
	.linear = x86_64_linear,
};
