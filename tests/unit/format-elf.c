// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF dumps: overlapping, partial and cut segments, many program headers, notes, what is no dump. */
#include "test.h"

#include "format-fixture.h"

static struct elf_recipe recipe(void)
{
	/* RAM of frames 1..19 with an image segment inside, as /proc/vmcore has it, and 32..39. */
	return (struct elf_recipe){
		.load = { { 0xffffffff81000000, 4 * PAGE, 3 * PAGE, 3 * PAGE, 0 },
			  { 0xffff888000001000, PAGE, 19 * PAGE, 19 * PAGE, 0 },
			  { 0xffff888000020000, 32 * PAGE, 8 * PAGE, 8 * PAGE, 0 } },
		.nloads = 3,
	};
}

static void check_whole(struct kdf *d)
{
	uint8_t page[PAGE];
	struct kdf_page pin;
	uint64_t pfn, seen = 0, first, end;

	for (pfn = 0; kdf_next_page(d, pfn, false, &pfn); pfn++, seen++) {
		CHECK_OK(kdf_page_read(d, pfn, page, NULL));
		CHECK(is_page(page, pfn));
		if (CHECK_OK(kdf_page_get(d, pfn, &pin))) {
			CHECK(is_page(pin.data, pfn));
			kdf_page_put(d, &pin);
		}
	}
	CHECK(seen == 27);
	CHECK(kdf_info(d)->ram_pages == 27 && kdf_info(d)->dumped_pages == 27);
	CHECK(kdf_info(d)->max_pfn == 40 && !kdf_info(d)->incomplete);
	CHECK(kdf_ram_range_count(d) == 2);
	CHECK(kdf_ram_range(d, 0, &first, &end) && first == 1 && end == 20);
	CHECK(kdf_ram_range(d, 1, &first, &end) && first == 32 && end == 40);
	CHECK(!kdf_ram_range(d, 2, &first, &end));
	CHECK(kdf_segment_count(d) == 3 && kdf_segment(d, 0)->virt == 0xffffffff81000000 && !kdf_segment(d, 3));
	CHECK_CODE(kdf_page_get(d, 25, &pin), KDF_HOLE);
	CHECK_CODE(kdf_read_phys(d, 20 * PAGE - 8, page, 16), KDF_HOLE);
	CHECK_OK(kdf_read_phys(d, 7 * PAGE - 8, page, 16));
	CHECK_CODE(kdf_read_phys(d, UINT64_MAX - 4, page, 16), KDF_HOLE);
}

static void test_shapes(void)
{
	for (int shape = 0; shape < 8; shape++) {
		struct elf_recipe r = recipe();
		struct kdf_buf b = { 0 };
		struct kdf *d;

		r.big_endian = shape & 1;
		r.xnum = shape & 2;
		r.headers_last = shape & 4;
		r.machine = shape & 1 ? 22 : 0;
		make_elf(&r, &b);
		if (CHECK_OK(open_buf(&b, NULL, &d))) {
			CHECK_TEXT(kdf_info(d)->format, "ELF");
			CHECK_TEXT(kdf_info(d)->machine, shape & 1 ? "s390x" : "x86_64");
			CHECK(kdf_info(d)->dump_level == -1 && !kdf_info(d)->header_version);
			check_whole(d);
			kdf_close(d);
		}
		kdf_buf_free(&b);
	}
}

static void test_mapped(void)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	struct kdf *d;

	make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		const uint8_t *p = kdf_pages_mapped(d, 1, 19);

		CHECK(p && is_page(p, 1) && is_page(p + 18 * PAGE, 19));
		CHECK(!kdf_pages_mapped(d, 1, 20));
		CHECK(!kdf_pages_mapped(d, 0, 2));
		CHECK(!kdf_pages_mapped(d, 1, 0));
		CHECK(!kdf_pages_mapped(d, UINT64_MAX, 2));
		CHECK(!kdf_pages_mapped(d, 39, UINT64_MAX));
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

/* Segments that begin and end inside pages: the rest of the page is zero. */
static void test_fractions(void)
{
	struct elf_recipe r = {
		.load = { { 0, PAGE + 100, 300, 300, 0 }, { 0, PAGE + 1000, PAGE, PAGE, 0 } },
		.nloads = 2,
	};
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	struct kdf *d;

	make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->ram_pages == 2 && kdf_info(d)->dumped_pages == 2);
		CHECK_OK(kdf_page_read(d, 1, page, NULL));
		CHECK(!page[99] && page[100] && page[399] && !page[400] && !page[999] && page[1000] && page[PAGE - 1]);
		CHECK_OK(kdf_page_read(d, 2, page, NULL));
		CHECK(page[0] && page[999] && !page[1000]);
		CHECK(kdf_page_state(d, 0) == KDF_PAGE_HOLE);
		CHECK(!kdf_pages_mapped(d, 1, 1));
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

/* A filter dropped the end of a segment; the overlapping image segment has some of it. */
static void test_excluded(void)
{
	struct elf_recipe r = {
		.load = { { 0, 2 * PAGE, 2 * PAGE, 10 * PAGE, 0 }, { 0, 6 * PAGE, PAGE, PAGE, 0 } },
		.nloads = 2,
	};
	struct kdf_buf b = { 0 };
	struct kdf_page pin;
	struct kdf *d;

	make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_page_state(d, 3) == KDF_PAGE_PRESENT);
		CHECK(kdf_page_state(d, 4) == KDF_PAGE_EXCLUDED);
		CHECK(kdf_page_state(d, 6) == KDF_PAGE_PRESENT);
		CHECK(kdf_page_state(d, 11) == KDF_PAGE_EXCLUDED);
		CHECK(kdf_page_state(d, 12) == KDF_PAGE_HOLE);
		CHECK_CODE(kdf_page_get(d, 4, &pin), KDF_EXCLUDED);
		CHECK(kdf_info(d)->ram_pages == 10 && kdf_info(d)->dumped_pages == 3);
		kdf_close(d);
	}
	struct kdf_options o = { .zero_excluded = true };
	if (CHECK_OK(open_buf(&b, &o, &d))) {
		if (CHECK_OK(kdf_page_get(d, 4, &pin))) {
			CHECK(!pin.data[0] && !memcmp(pin.data, pin.data + 1, PAGE - 1));
			kdf_page_put(d, &pin);
		}
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_cut(void)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	struct kdf_page pin;
	struct kdf *d;

	make_elf(&r, &b);
	b.len = r.load[2].offset + 2 * PAGE + 7;
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		CHECK(kdf_page_state(d, 33) == KDF_PAGE_PRESENT);
		CHECK(kdf_page_state(d, 34) == KDF_PAGE_INCOMPLETE);
		CHECK(kdf_page_state(d, 39) == KDF_PAGE_INCOMPLETE);
		CHECK_CODE(kdf_page_get(d, 39, &pin), KDF_INCOMPLETE);
		kdf_close(d);
	}
	/* Nothing behind the headers. */
	b.len = r.load[0].offset;
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		uint64_t pfn;

		CHECK(kdf_info(d)->incomplete && !kdf_next_page(d, 0, false, &pfn));
		CHECK(kdf_page_state(d, 1) == KDF_PAGE_INCOMPLETE);
		kdf_close(d);
	}
	kdf_buf_free(&b);
	make_elf(&r, &b);
	put_uint(&b, 48, 1, 4, false); /* e_flags: makedumpfile's mark */
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

/* What is whole of the image counts, though the RAM segment that holds it too is cut. */
static void test_cut_overlap(void)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	struct kdf *d;

	make_elf(&r, &b);
	b.len = r.load[1].offset + PAGE;
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		for (uint64_t pfn = 1; pfn < 8; pfn++) {
			bool whole = pfn == 1 || (pfn >= 4 && pfn < 7);

			CHECK(kdf_page_state(d, pfn) == (whole ? KDF_PAGE_PRESENT : KDF_PAGE_INCOMPLETE));
			if (whole) {
				CHECK_OK(kdf_page_read(d, pfn, page, NULL));
				CHECK(is_page(page, pfn));
			}
		}
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void expect_refused(size_t at, uint64_t value, size_t size, enum kdf_code code)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	struct kdf *d;

	r.xnum = at == 64 + 44;
	make_elf(&r, &b);
	put_uint(&b, at, value, size, false);
	CHECK_CODE(open_buf(&b, NULL, &d), code);
	kdf_buf_free(&b);
}

static void test_refused(void)
{
	expect_refused(4, 3, 1, KDF_CORRUPT);		      /* class */
	expect_refused(5, 0, 1, KDF_CORRUPT);		      /* byte order */
	expect_refused(16, 2, 2, KDF_UNSUPPORTED);	      /* a program */
	expect_refused(16, 1, 2, KDF_UNSUPPORTED);	      /* an object */
	expect_refused(32, UINT64_MAX - 20, 8, KDF_INCOMPLETE); /* e_phoff */
	expect_refused(54, 55, 2, KDF_CORRUPT);		      /* e_phentsize */
	expect_refused(56, 0, 2, KDF_CORRUPT);		      /* e_phnum */
	expect_refused(56, 0xfffe, 2, KDF_INCOMPLETE);
	expect_refused(56, 0xffff, 2, KDF_CORRUPT);	      /* PN_XNUM without a section header */
	expect_refused(64 + 44, UINT32_MAX, 4, KDF_CORRUPT);
	expect_refused(64 + 44, 1u << 24, 4, KDF_INCOMPLETE);
	expect_refused(128 + 24, UINT64_MAX - 10, 8, KDF_CORRUPT); /* physical address */
	expect_refused(128 + 40, UINT64_MAX - 10, 8, KDF_CORRUPT); /* size in memory */
}

/* Segments whose place in the file is nonsense are cut, not read. */
static void test_wild_offset(void)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	struct kdf *d;

	make_elf(&r, &b);
	put_uint(&b, 128 + 112 + 8, UINT64_MAX - 100, 8, false);
	put_uint(&b, 128 + 112 + 32, UINT64_MAX, 8, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_page_state(d, 32) == KDF_PAGE_INCOMPLETE);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_notes(void)
{
	static const char text[] = "OSRELEASE=6.1.0-note\nPAGESIZE=4096\nCRASHTIME=99\n";
	struct elf_recipe r = recipe();
	struct kdf_buf notes = { 0 }, b = { 0 };
	size_t size;
	struct kdf *d;

	put_note(&notes, "CORE", 1, "0123456789", 10, false);
	put_note(&notes, "CORE", 1, "0123456789", 10, false);
	put_note(&notes, "VMCOREINFO", 0, text, sizeof(text) - 1, false);
	r.notes = &notes;
	struct elf_places p = make_elf(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_note_count(d) == 3 && kdf_info(d)->nr_cpus == 2 && kdf_info(d)->crash_time == 99);
		CHECK(kdf_notes_raw(d, &size) && size == notes.len &&
		      !memcmp(kdf_notes_raw(d, NULL), notes.data, size));
		CHECK_TEXT(kdf_info(d)->release, "6.1.0-note");
		CHECK_TEXT(kdf_note(d, 0)->name, "CORE");
		CHECK(kdf_note(d, 1)->size == 10 && !memcmp(kdf_note(d, 1)->desc, "0123456789", 10));
		CHECK(!kdf_note(d, 3));
		kdf_close(d);
	}
	put_uint(&b, p.phoff + 32, (uint64_t)1 << 40, 8, false);
	CHECK_CODE(open_buf(&b, NULL, &d), KDF_CORRUPT);
	kdf_buf_free(&b);
	kdf_buf_clear(&notes);
	put_note(&notes, "Xen", 0x1000001, "", 0, false);
	make_elf(&r, &b);
	CHECK_CODE(open_buf(&b, NULL, &d), KDF_UNSUPPORTED);
	kdf_buf_free(&b);
	kdf_buf_free(&notes);
}

static void test_two_files(void)
{
	struct elf_recipe r = recipe();
	struct kdf_buf b = { 0 };
	struct temp_files t = { .n = 0 };
	struct kdf *d;

	make_elf(&r, &b);
	temp_add(&t, &b);
	temp_add(&t, &b);
	CHECK_CODE(kdf_open(t.paths, 2, NULL, &d), KDF_USAGE);
	if (CHECK_OK(kdf_open(t.paths, 1, NULL, &d))) {
		check_whole(d);
		CHECK(kdf_info(d)->file_size == b.len);
		kdf_close(d);
	}
	temp_remove(&t);
	kdf_buf_free(&b);
}

int main(void)
{
	test_shapes();
	test_mapped();
	test_fractions();
	test_excluded();
	test_cut();
	test_cut_overlap();
	test_refused();
	test_wild_offset();
	test_notes();
	test_two_files();
	TEST_END();
}
