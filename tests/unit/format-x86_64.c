// SPDX-License-Identifier: GPL-2.0-or-later
/* Address translation of x86_64: both depths of page tables, odd entries, and how the layout is found. */
#include "test.h"

#include "format-guest.h"

static uint64_t walk_phys(struct kdf *d, uint64_t virt, uint64_t size)
{
	struct kdf_walk w;

	if (!CHECK_OK(kdf_walk(d, KDF_KERNEL_PGD, virt, &w)))
		return UINT64_MAX;
	CHECK(w.present && w.page_size == size);
	return w.phys;
}

static void test_levels(unsigned levels)
{
	struct guest *g = guest_new(levels);
	uint64_t direct = levels == 5 ? DIRECT_MAP5 : DIRECT_MAP, phys, at;
	struct kdf_walk w;
	char text[8];
	struct kdf *d;

	at = guest_map(g, VMALLOC + PAGE, 1, 40 * PAGE | ENTRY_TABLE | (uint64_t)1 << 63);
	memcpy(guest_at(g, 40 * PAGE + 5), "content", 8);
	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	const struct kdf_layout *l = kdf_layout(d);
	CHECK(l->levels == levels && l->virtual_bits == (levels == 5 ? 57 : 48));
	CHECK(l->known & KDF_KNOWS_PGD && l->pgd_phys == PAGE);
	CHECK(l->known & KDF_KNOWS_PAGE_OFFSET && l->page_offset == direct);
	CHECK(l->known & KDF_KNOWS_PHYS_BASE && l->phys_base == 0);
	CHECK(walk_phys(d, VMALLOC + PAGE + 5, PAGE) == 40 * PAGE + 5);
	CHECK(walk_phys(d, direct + 40 * PAGE + 5, 2 << 20) == 40 * PAGE + 5);
	CHECK(walk_phys(d, TEXT_MAP + 40 * PAGE + 5, 2 << 20) == 40 * PAGE + 5);
	CHECK_OK(kdf_virt_to_phys(d, TEXT_MAP + 123, &phys));
	CHECK(phys == 123);
	/* Behind the image nothing is mapped. */
	CHECK_CODE(kdf_virt_to_phys(d, TEXT_MAP + (2 << 20), &phys), KDF_FAULT);
	CHECK_OK(kdf_virt_to_phys(d, direct + 123, &phys));
	CHECK(phys == 123);
	CHECK_OK(kdf_read_virt(d, VMALLOC + PAGE + 5, text, 8));
	CHECK_TEXT(text, "content");
	CHECK_OK(kdf_walk(d, KDF_KERNEL_PGD, VMALLOC + PAGE, &w));
	CHECK(w.nsteps == levels && w.step[levels - 1].entry_phys == at &&
	      w.flags == (ENTRY_TABLE | (uint64_t)1 << 63));
	CHECK_TEXT(w.step[0].level, "PGD");
	CHECK_TEXT(w.step[1].level, levels == 5 ? "P4D" : "PUD");
	CHECK_TEXT(w.step[levels - 1].level, "PTE");
	CHECK_CODE(kdf_walk(d, KDF_KERNEL_PGD, VMALLOC, &w), KDF_FAULT);
	CHECK(w.nsteps == levels && !w.present);
	CHECK_CODE(kdf_walk(d, KDF_KERNEL_PGD, 0x1000, &w), KDF_FAULT);
	CHECK(w.nsteps == 1);
	CHECK_CODE(kdf_walk(d, KDF_KERNEL_PGD, (uint64_t)1 << (levels == 5 ? 56 : 47), &w), KDF_FAULT);
	CHECK(w.nsteps == 0);
	CHECK_CODE(kdf_read_virt(d, VMALLOC + 2 * PAGE - 4, text, 8), KDF_FAULT);
	CHECK_CODE(kdf_read_virt(d, UINT64_MAX - 3, text, 8), KDF_FAULT);
	kdf_close(d);
	guest_free(g);
}

static void test_entries(void)
{
	struct guest *g = guest_new(4);
	uint64_t user = 0x7f0000000000;
	struct kdf_walk w;
	struct kdf *d;

	guest_map(g, user, 1, (~(uint64_t)(41 * PAGE) & 0x000ffffffffff000u) | ENTRY_PROTNONE);
	guest_map(g, user + PAGE, 1, 0x0200000000000000u); /* swapped out */
	guest_map(g, user + (2 << 20), 2, (~(uint64_t)(2 << 20) & 0x000fffffffe00000u) | ENTRY_LARGE | 0x1ff000);
	guest_map(g, user + (1 << 30), 3, (uint64_t)(3ull << 30) | ENTRY_LARGE | ENTRY_P | 0x1000); /* with PAT */
	guest_map(g, user + (2ull << 30), 2,
		  (~(uint64_t)0 & 0x000ffffffffff000u) | ENTRY_PROTNONE); /* no leaf, not present */
	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	CHECK_OK(kdf_walk(d, PAGE, user + 7, &w));
	CHECK(w.present && w.phys == 41 * PAGE + 7);
	CHECK_CODE(kdf_walk(d, PAGE, user + PAGE, &w), KDF_FAULT);
	CHECK(w.nsteps == 4 && w.step[3].entry == 0x0200000000000000u);
	CHECK_OK(kdf_walk(d, PAGE, user + (2 << 20) + 9, &w));
	CHECK(w.phys == (2 << 20) + 9 && w.page_size == 2 << 20);
	CHECK_OK(kdf_walk(d, PAGE, user + (1 << 30) + 9, &w));
	CHECK(w.phys == (3ull << 30) + 9 && w.page_size == 1 << 30 && w.flags == (ENTRY_LARGE | ENTRY_P | 0x1000));
	CHECK_CODE(kdf_walk(d, PAGE, user + (2ull << 30), &w), KDF_FAULT);
	/* A table beyond the memory of the dump. */
	CHECK_CODE(kdf_walk(d, (uint64_t)1 << 40, user, &w), KDF_HOLE);
	kdf_close(d);
	guest_free(g);
}

/* Tables that lead to themselves end after as many levels as there are. */
static void test_loop(void)
{
	struct guest *g = guest_new(4);
	struct kdf_walk w;
	struct kdf *d;

	for (unsigned i = 0; i < 512; i++)
		guest_put(g, 50 * PAGE + i * 8, 50 * PAGE | ENTRY_TABLE, 8);
	kdf_buf_clear(&g->info);
	kdf_buf_printf(&g->info, "SYMBOL(swapper_pg_dir)=%llx\nNUMBER(phys_base)=0\n",
		       (unsigned long long)(TEXT_MAP + 50 * PAGE));
	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	CHECK_OK(kdf_walk(d, KDF_KERNEL_PGD, VMALLOC, &w));
	CHECK(w.nsteps == 4 && w.phys == 50 * PAGE);
	kdf_close(d);
	guest_free(g);
}

static void test_sme(void)
{
	struct guest *g = guest_new(4);
	uint64_t mask = (uint64_t)1 << 47;
	struct kdf *d;

	kdf_buf_puts(&g->info, "NUMBER(sme_mask)=140737488355328\n");
	guest_map(g, VMALLOC, 1, 42 * PAGE | ENTRY_TABLE | mask);
	uint64_t table = guest_entry(g->pgd, VMALLOC, 4);
	guest_put(g, table, kdf_load_uint(guest_at(g, table), 8, false) | mask, 8);
	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	CHECK(kdf_layout(d)->sme_mask == mask);
	CHECK(walk_phys(d, VMALLOC + 3, PAGE) == 42 * PAGE + 3);
	kdf_close(d);
	guest_free(g);
}

static struct kdf_buf qemu_note(uint64_t cr3, uint64_t cr4)
{
	struct kdf_buf note = { 0 };
	uint8_t state[440] = { 1 };

	kdf_store_uint(state + 4, sizeof(state), 4, false);
	kdf_store_uint(state + 392 + 24, cr3, 8, false);
	kdf_store_uint(state + 392 + 32, cr4, 8, false);
	put_note(&note, "QEMU", 0, state, sizeof(state), false);
	return note;
}

/* Without VMCOREINFO the control registers of QEMU's note lead to the tables. */
static void test_qemu(unsigned levels)
{
	struct guest *g = guest_new(levels);
	struct kdf_buf note = qemu_note(g->pgd | 0x7, levels == 5 ? 0x1020 : 0x20), bad = qemu_note(30 * PAGE, 0x20);
	uint64_t word;
	struct kdf *d;

	if (CHECK_OK(guest_open(g, &bad, false, &d))) {
		CHECK(kdf_layout(d)->known == 0);
		CHECK_CODE(kdf_read_virt(d, DIRECT_MAP, &word, 8), KDF_NOT_FOUND);
		kdf_close(d);
	}
	put_at(&bad, bad.len, note.data, note.len);
	if (CHECK_OK(guest_open(g, &bad, false, &d))) {
		CHECK(kdf_layout(d)->known & KDF_KNOWS_PGD && kdf_layout(d)->pgd_phys == PAGE);
		CHECK(kdf_layout(d)->levels == levels);
		CHECK(kdf_layout(d)->known & KDF_KNOWS_PHYS_BASE && kdf_layout(d)->phys_base == 0);
		CHECK(kdf_layout(d)->page_offset == (levels == 5 ? DIRECT_MAP5 : DIRECT_MAP));
		kdf_close(d);
	}
	kdf_buf_free(&note);
	kdf_buf_free(&bad);
	guest_free(g);
}

/* vmemmap out of the first section's section_mem_map; a version that says it wins. */
static void test_vmemmap(void)
{
	struct guest *g = guest_new(4);
	struct kdf *d;

	kdf_buf_printf(&g->info,
		       "SYMBOL(mem_section)=%llx\nLENGTH(mem_section)=2048\nSIZE(mem_section)=16\n"
		       "OFFSET(mem_section.section_mem_map)=0\n",
		       (unsigned long long)(DIRECT_MAP + 44 * PAGE));
	guest_put(g, 44 * PAGE, DIRECT_MAP + 45 * PAGE, 8);
	guest_put(g, 45 * PAGE, 0x8, 8);
	guest_put(g, 45 * PAGE + 16, 0xfffff1d5c000000fu, 8);
	if (CHECK_OK(guest_open(g, NULL, true, &d))) {
		CHECK(kdf_layout(d)->known & KDF_KNOWS_VMEMMAP && kdf_layout(d)->vmemmap_base == 0xfffff1d5c0000000u);
		kdf_close(d);
	}
	kdf_buf_puts(&g->info, "SYMBOL(vmemmap)=fffff7f700000000\nNUMBER(VMALLOC_START)=0xffffd1bf00000000\n");
	if (CHECK_OK(guest_open(g, NULL, true, &d))) {
		CHECK(kdf_layout(d)->vmemmap_base == 0xfffff7f700000000u);
		CHECK(kdf_layout(d)->vmalloc_base == 0xffffd1bf00000000u);
		kdf_close(d);
	}
	guest_free(g);
}

/* No tables at all: the base of the direct map comes from the segments. */
static void test_segments(void)
{
	struct elf_recipe r = {
		.load = {{0xffffffff81000000, PAGE, PAGE, PAGE, 0}, {0xffff9e5240001000, PAGE, 8 * PAGE, 8 * PAGE, 0}},
		.nloads = 2,
	};
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	struct kdf *d;

	make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_layout(d)->page_offset == 0xffff9e5240000000);
		CHECK(kdf_layout(d)->phys_base == PAGE - 0x1000000ull);
		CHECK_OK(kdf_read_virt(d, 0xffff9e5240003000, page, PAGE));
		CHECK(is_page(page, 3));
		CHECK_OK(kdf_read_virt(d, 0xffffffff81002000, page, PAGE));
		CHECK(is_page(page, 3));
		struct kdf_layout l = *kdf_layout(d);
		l.page_offset += 1 << 30;
		kdf_set_layout(d, &l);
		CHECK_OK(kdf_read_virt(d, 0xffff9e5280003000, page, PAGE));
		kdf_close(d);
	}
	kdf_buf_free(&b);
	r.machine = 183; /* aarch64 has no row */
	make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK_CODE(kdf_read_virt(d, 0xffff9e5240003000, page, PAGE), KDF_UNSUPPORTED);
		CHECK_OK(kdf_read_phys(d, 3 * PAGE, page, PAGE));
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

/* init_uts_ns: by its offset, and by looking for it where the offset is not told (before 5.11). */
static void test_uts(bool told)
{
	struct guest *g = guest_new(4);
	static const char *const uts[] = { "Linux", "node", "5.10.0-x", "#1 SMP Debian", "x86_64", "example.org" };
	struct kdf *d;

	for (size_t i = 0; i < 6; i++)
		strcpy((char *)guest_at(g, 46 * PAGE + 4 + 65 * i), uts[i]);
	kdf_buf_printf(&g->info, "OSRELEASE=5.10.0-x\nSYMBOL(init_uts_ns)=%llx\n",
		       (unsigned long long)(TEXT_MAP + 46 * PAGE));
	if (told)
		kdf_buf_puts(&g->info, "OFFSET(uts_namespace.name)=4\n");
	if (CHECK_OK(guest_open(g, NULL, true, &d))) {
		CHECK_TEXT(kdf_info(d)->sysname, "Linux");
		CHECK_TEXT(kdf_info(d)->nodename, "node");
		CHECK_TEXT(kdf_info(d)->release, "5.10.0-x");
		CHECK_TEXT(kdf_info(d)->version, "#1 SMP Debian");
		CHECK_TEXT(kdf_info(d)->uts_machine, "x86_64");
		CHECK_TEXT(kdf_info(d)->domainname, "example.org");
		kdf_close(d);
	}
	guest_free(g);
}

int main(void)
{
	test_levels(4);
	test_levels(5);
	test_entries();
	test_loop();
	test_sme();
	test_qemu(4);
	test_qemu(5);
	test_vmemmap();
	test_segments();
	test_uts(true);
	test_uts(false);
	TEST_END();
}
