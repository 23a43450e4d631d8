/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A crashed machine made by hand: 16 MiB of RAM with page tables, a section table, a map of struct pages and a
 * VMCOREINFO text of the era wanted, as an ELF vmcore in a temporary file.
 *
 *	0x400000	kernel image, 2 MiB, mapped at START_MAP + 0x1000000; page tables and section table inside
 *	0x800000	struct pages of all 4096 frames, 64 bytes each
 */
#ifndef FILTER_MACHINE_H
#define FILTER_MACHINE_H

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kdf.h"

enum {
	PAGE = 4096,
	FRAMES = 4096,
	IMAGE = 0x400000,
	IMAGE_SIZE = 0x200000,
	MAP = 0x800000,
	STRUCT = 64,
	/* Offsets in struct page: those of 5.10 to 7.x on x86_64. */
	OFF_FLAGS = 0, OFF_HEAD = 8, OFF_MAPPING = 24, OFF_PRIVATE = 40, OFF_MAPCOUNT = 48, OFF_REFCOUNT = 52,
};

#define DIRECT UINT64_C(0xffff888000000000)
#define START_MAP UINT64_C(0xffffffff80000000)
#define PHYS_BASE ((int64_t)IMAGE - 0x1000000)

/* Every era has these. */
#define COMMON_INFO \
	"OSRELEASE=6.0.0-test\nPAGESIZE=4096\n" \
	"SYMBOL(_stext)=ffffffff81000000\nSYMBOL(swapper_pg_dir)=ffffffff81001000\n" \
	"SYMBOL(init_top_pgt)=ffffffff81001000\n" \
	"SYMBOL(mem_section)=ffff888000410000\nLENGTH(mem_section)=2048\nSIZE(mem_section)=16\n" \
	"OFFSET(mem_section.section_mem_map)=0\nNUMBER(SECTION_SIZE_BITS)=27\nNUMBER(MAX_PHYSMEM_BITS)=46\n" \
	"SIZE(page)=64\nOFFSET(page.flags)=0\nOFFSET(page._refcount)=52\nOFFSET(page.mapping)=24\n" \
	"OFFSET(page.lru)=8\n" \
	"OFFSET(page._mapcount)=48\nOFFSET(page.private)=40\nLENGTH(zone.free_area)=11\n" \
	"NUMBER(phys_base)=-12582912\nNUMBER(pgtable_l5_enabled)=0\nNUMBER(KERNEL_IMAGE_SIZE)=1073741824\n" \
	"NUMBER(sme_mask)=0\nKERNELOFFSET=0\nCRASHTIME=1700000000\n"

#define INFO_6_1 \
	COMMON_INFO "OFFSET(page.compound_dtor)=16\nOFFSET(page.compound_order)=17\nOFFSET(page.compound_head)=8\n" \
	"NUMBER(PG_lru)=4\nNUMBER(PG_private)=13\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=19\n" \
	"NUMBER(PG_slab)=9\n" \
	"NUMBER(PG_hwpoison)=23\nNUMBER(PG_head_mask)=65536\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n" \
	"NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n"

#define INFO_6_12_BUT_HEAD \
	COMMON_INFO "NUMBER(PG_lru)=5\nNUMBER(PG_private)=14\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\n" \
	"NUMBER(PG_hwpoison)=20\nNUMBER(PG_head_mask)=64\nNUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376\n" \
	"NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456\nNUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592\n" \
	"NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240\nNUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)=-150994944\n"

#define INFO_6_12 INFO_6_12_BUT_HEAD "OFFSET(page.compound_head)=8\n"
#define INFO_7_1 INFO_6_12_BUT_HEAD "OFFSET(page.compound_info)=8\n"

struct machine {
	uint8_t *ram;
	char path[64];
	struct kdf *dump;
};

static inline void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

static inline uint8_t *machine_struct(struct machine *m, uint64_t pfn)
{
	return m->ram + MAP + pfn * STRUCT;
}

/* Virtual address of a frame's struct page. */
static inline uint64_t machine_struct_address(uint64_t pfn)
{
	return DIRECT + MAP + pfn * STRUCT;
}

/* A struct page: mapcount -1 and 0 elsewhere is a page of the kernel that nobody claims. */
static inline void machine_page(struct machine *m, uint64_t pfn, uint64_t flags, uint64_t mapping, uint32_t mapcount)
{
	uint8_t *p = machine_struct(m, pfn);

	memset(p, 0, STRUCT);
	put64(p + OFF_FLAGS, flags);
	put64(p + OFF_MAPPING, mapping);
	memcpy(p + OFF_MAPCOUNT, &mapcount, 4);
}

static inline void machine_free_block(struct machine *m, uint64_t pfn, uint32_t mapcount, uint64_t order)
{
	machine_page(m, pfn, 0, 0, mapcount);
	put64(machine_struct(m, pfn) + OFF_PRIVATE, order);
}

/* Tails of a compound page of n frames that name their head. */
static inline void machine_tails(struct machine *m, uint64_t head, uint64_t n)
{
	for (uint64_t i = 1; i < n; i++) {
		machine_page(m, head + i, 0, 0, UINT32_MAX);
		put64(machine_struct(m, head + i) + OFF_HEAD, machine_struct_address(head) | 1);
	}
}

static inline void machine_page_tables(uint8_t *ram)
{
	enum { PGD = IMAGE + 0x1000, PUD_DIRECT = IMAGE + 0x2000, PMD_DIRECT = IMAGE + 0x3000,
	       PUD_TEXT = IMAGE + 0x4000, PMD_TEXT = IMAGE + 0x5000 };
	const uint64_t table = 0x63, large = 0xe3;

	put64(ram + PGD + (DIRECT >> 39 & 511) * 8, PUD_DIRECT | table);
	put64(ram + PUD_DIRECT, PMD_DIRECT | table);
	for (uint64_t i = 0; i < 8; i++)
		put64(ram + PMD_DIRECT + i * 8, i << 21 | large);
	put64(ram + PGD + 511 * 8, PUD_TEXT | table);
	put64(ram + PUD_TEXT + 510 * 8, PMD_TEXT | table);
	put64(ram + PMD_TEXT + 8 * 8, IMAGE | large); /* START_MAP + 0x1000000 */
}

/* RAM with page tables, sections and a map of pages that the kernel holds; pages have some content. */
static inline void machine_init(struct machine *m)
{
	*m = (struct machine){ .ram = calloc(FRAMES, PAGE) };
	machine_page_tables(m->ram);
	put64(m->ram + 0x410000, DIRECT + 0x411000);
	put64(m->ram + 0x411000, (DIRECT + MAP) | 0xf);
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
		machine_page(m, pfn, 0, 0, UINT32_MAX);
	for (uint64_t pfn = 0xa00; pfn < FRAMES; pfn++)
		if (pfn % 4) /* every fourth stays zero */
			for (uint64_t i = 0; i < PAGE; i += 8)
				put64(m->ram + pfn * PAGE + i,
				      pfn % 4 == 1 ? pfn : (pfn * PAGE + i) * 0x9e3779b97f4a7c15);
}

static inline size_t machine_note(uint8_t *p, const char *name, uint32_t type, const void *desc, size_t size)
{
	Elf64_Nhdr h = { (Elf64_Word)strlen(name) + 1, (Elf64_Word)size, type };

	memcpy(p, &h, sizeof(h));
	memcpy(p + 12, name, h.n_namesz);
	memcpy(p + 12 + (h.n_namesz + 3) / 4 * 4, desc, size);
	return 12 + (h.n_namesz + 3) / 4 * 4 + (size + 3) / 4 * 4;
}

/* Writes the vmcore and opens it; an error is the caller's. */
static inline struct kdf_error *machine_open(struct machine *m, const char *vmcoreinfo)
{
	uint8_t front[3 * PAGE] = { 0 }, prstatus[336] = { 0 };
	Elf64_Ehdr eh = { .e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = 1, .e_phoff = 64, .e_ehsize = 64,
			  .e_phentsize = 56, .e_phnum = 3 };
	size_t notes = machine_note(front + PAGE, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));

	notes += machine_note(front + PAGE + notes, "VMCOREINFO", 0, vmcoreinfo, strlen(vmcoreinfo));
	memcpy(eh.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(front, &eh, sizeof(eh));
	const Elf64_Phdr ph[3] = {
		{ .p_type = PT_NOTE, .p_offset = PAGE, .p_filesz = notes, .p_memsz = notes },
		{ .p_type = PT_LOAD, .p_offset = sizeof(front) + IMAGE, .p_vaddr = START_MAP + 0x1000000,
		  .p_paddr = IMAGE, .p_filesz = IMAGE_SIZE, .p_memsz = IMAGE_SIZE },
		{ .p_type = PT_LOAD, .p_offset = sizeof(front), .p_vaddr = DIRECT, .p_filesz = FRAMES * PAGE,
		  .p_memsz = FRAMES * PAGE },
	};
	memcpy(front + 64, ph, sizeof(ph));
	strcpy(m->path, "/tmp/kdx-filter-XXXXXX");
	int fd = mkstemp(m->path);
	bool ok = fd >= 0 && write(fd, front, sizeof(front)) == (ssize_t)sizeof(front) &&
		  write(fd, m->ram, (size_t)FRAMES * PAGE) == (ssize_t)FRAMES * PAGE;
	if (fd >= 0)
		close(fd);
	const char *path = m->path;
	return ok ? kdf_open(&path, 1, NULL, &m->dump) : kdf_err(KDF_IO, "cannot write %s", m->path);
}

static inline void machine_close(struct machine *m)
{
	kdf_close(m->dump);
	unlink(m->path);
	free(m->ram);
}

#endif
