// SPDX-License-Identifier: GPL-2.0-or-later
/* kdump-compressed files: every header version, codecs, incomplete and damaged ones, split sets. */
#include "test.h"

#include "format-fixture.h"

/* 40 frames: RAM but for 8..15, dumped but for 16..19. */
static struct kdump_recipe recipe(int version)
{
	struct kdump_recipe r = { .version = version, .machine = "x86_64", .max_pfn = 40 };

	memcpy(r.ram, "\xff\x00\xff\xff\xff", 5);
	memcpy(r.dumped, "\xff\x00\xf0\xff\xff", 5);
	return r;
}

static void check_pages(struct kdf *d)
{
	uint8_t page[PAGE];
	uint64_t pfn, seen = 0;

	for (pfn = 0; kdf_next_page(d, pfn, false, &pfn); pfn++, seen++) {
		CHECK_OK(kdf_page_read(d, pfn, page, NULL));
		CHECK(is_page(page, pfn));
	}
	CHECK(seen == 28);
	CHECK(kdf_page_state(d, 0) == KDF_PAGE_PRESENT);
	CHECK(kdf_page_state(d, 9) == KDF_PAGE_HOLE);
	CHECK(kdf_page_state(d, 17) == KDF_PAGE_EXCLUDED);
	CHECK(kdf_page_state(d, 40) == KDF_PAGE_HOLE);
	CHECK(kdf_page_state(d, UINT64_MAX) == KDF_PAGE_HOLE);
	CHECK_CODE(kdf_page_read(d, 9, page, NULL), KDF_HOLE);
	CHECK_CODE(kdf_page_read(d, 17, page, NULL), KDF_EXCLUDED);
	CHECK(kdf_ram_range_count(d) == 2);
	CHECK(kdf_next_page(d, 8, true, &pfn) && pfn == 16);
	CHECK(!kdf_next_page(d, 40, true, &pfn));
	CHECK(kdf_info(d)->ram_pages == 32 && kdf_info(d)->dumped_pages == 28);
}

static void test_version(struct kdump_recipe *r)
{
	struct kdf_buf b = { 0 };
	struct kdf *d;

	make_kdump(r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		const struct kdf_info *i = kdf_info(d);

		CHECK(i->header_version == r->version);
		CHECK(i->big_endian == r->big_endian);
		CHECK_TEXT(i->format, "kdump-compressed");
		CHECK_TEXT(i->release, "6.1.0-test");
		CHECK_TEXT(i->machine, r->machine);
		CHECK(i->crash_time == 1700000000);
		CHECK(i->nr_cpus == 2);
		CHECK(i->page_size == PAGE && i->page_shift == 12);
		CHECK(i->max_pfn == 40);
		CHECK(i->dump_level == (r->version ? 31 : -1));
		CHECK(!i->incomplete);
		check_pages(d);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_versions(void)
{
	for (int version = 0; version <= 6; version++) {
		struct kdump_recipe r = recipe(version);

		test_version(&r);
		r.big_endian = true;
		r.machine = "s390x";
		test_version(&r);
		r.bits32 = true;
		r.machine = "ppc";
		test_version(&r);
		r.big_endian = false;
		r.machine = "i686";
		test_version(&r);
		r.machine = "armv7l";
		test_version(&r);
	}
}

static void test_old_diskdump(void)
{
	struct kdump_recipe r = recipe(1);
	struct kdf_buf b = { 0 };
	struct kdf *d;

	r.diskdump = true;
	r.single_bitmap = true;
	/* A single bitmap is recognised by frames that do not fit in half of it. */
	r.max_pfn = 20000;
	memcpy(r.ram, r.dumped, sizeof(r.ram));
	make_kdump(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		uint8_t page[PAGE];
		uint64_t pfn, seen = 0;

		CHECK(kdf_info(d)->header_version == 1);
		CHECK(kdf_info(d)->dump_level == -1);
		CHECK(kdf_info(d)->dumped_pages == 28 && kdf_info(d)->ram_pages == 28);
		for (pfn = 0; kdf_next_page(d, pfn, false, &pfn); pfn++, seen++) {
			CHECK_OK(kdf_page_read(d, pfn, page, NULL));
			CHECK(is_page(page, pfn));
		}
		CHECK(seen == 28);
		kdf_close(d);
	}
	/* Status 1 is "incomplete" there, not a codec. */
	put_uint(&b, 424, 1, 4, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_codecs(void)
{
	for (size_t i = 0; i < kdf_codec_count(); i++) {
		struct kdump_recipe r = recipe(6);
		struct kdf_buf b = { 0 };
		struct kdf *d;

		r.flag = kdf_codec_at(i)->flag;
		struct kdump_places p = make_kdump(&r, &b);
		CHECK(b.len - p.data < 28 * PAGE / 2);
		if (CHECK_OK(open_buf(&b, NULL, &d))) {
			CHECK_TEXT(kdf_info(d)->compression, kdf_codec_at(i)->name);
			check_pages(d);
			kdf_close(d);
		}
		kdf_buf_free(&b);
	}
}

static struct kdf_buf info_notes(struct kdump_recipe *r)
{
	static const char text[] = "OSRELEASE=6.1.0-note\nPAGESIZE=4096\nCRASHTIME=1700000123\n";
	struct kdf_buf notes = { 0 };

	put_note(&notes, "CORE", 1, "0123456789ab", 12, r->big_endian);
	r->vmcoreinfo_at = notes.len + 12 + 12;
	r->vmcoreinfo_size = sizeof(text) - 1;
	put_note(&notes, "VMCOREINFO", 0, text, sizeof(text) - 1, r->big_endian);
	return notes;
}

static void test_notes(void)
{
	for (int version = 1; version <= 6; version++) {
		struct kdump_recipe r = recipe(version);
		struct kdf_buf notes = info_notes(&r), b = { 0 };
		struct kdf *d;

		r.notes = &notes;
		make_kdump(&r, &b);
		if (CHECK_OK(open_buf(&b, NULL, &d))) {
			/* Version 3 tells where the text is, version 4 where all notes are. */
			CHECK(kdf_note_count(d) == (version >= 4 ? 2u : 0u));
			CHECK(!!kdf_vmcoreinfo(d, NULL) == (version >= 3));
			CHECK(kdf_info(d)->crash_time == (version >= 3 ? 1700000123 : 1700000000));
			kdf_close(d);
		}
		kdf_buf_free(&b);
		kdf_buf_free(&notes);
	}
}

/* A header that has a wrong place for the text: the note counts. */
static void test_vmcoreinfo_place(void)
{
	struct kdump_recipe r = recipe(6);
	struct kdf_buf notes = info_notes(&r), b = { 0 };
	struct kdf *d;

	r.notes = &notes;
	struct kdump_places p = make_kdump(&r, &b);
	put_uint(&b, p.sub_header + 32, UINT64_MAX - 5, 8, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK_TEXT(kdf_vmcoreinfo_value(d, "OSRELEASE"), "6.1.0-note");
		kdf_close(d);
	}
	put_uint(&b, p.sub_header + 56, UINT64_MAX - 5, 8, false);
	CHECK_CODE(open_buf(&b, NULL, &d), KDF_CORRUPT);
	kdf_buf_free(&b);
	kdf_buf_free(&notes);
}

/* Overwrites one field of a good file and expects the open to fail. */
static void expect_refused(size_t at, uint64_t value, size_t size, enum kdf_code code)
{
	struct kdump_recipe r = recipe(6);
	struct kdf_buf b = { 0 };
	struct kdf *d;

	make_kdump(&r, &b);
	put_uint(&b, at, value, size, false);
	CHECK_CODE(open_buf(&b, NULL, &d), code);
	CHECK(!d);
	kdf_buf_free(&b);
}

static void test_damaged_header(void)
{
	expect_refused(8, 7, 4, KDF_CORRUPT);		/* version */
	expect_refused(8, UINT32_MAX, 4, KDF_CORRUPT);
	expect_refused(428, 0, 4, KDF_CORRUPT);		/* block size */
	expect_refused(428, 4095, 4, KDF_CORRUPT);
	expect_refused(428, 1u << 31, 4, KDF_CORRUPT);
	expect_refused(432, UINT32_MAX, 4, KDF_INCOMPLETE); /* sub header blocks */
	expect_refused(436, 0, 4, KDF_CORRUPT);		    /* bitmap blocks */
	expect_refused(436, UINT32_MAX, 4, KDF_INCOMPLETE);
	expect_refused(PAGE + 96, UINT64_MAX, 8, KDF_CORRUPT); /* max_mapnr_64 */
	expect_refused(PAGE + 96, 1u << 20, 8, KDF_CORRUPT);
}

static void test_cut_header(void)
{
	static const size_t cut[] = { 9, 463, 464, PAGE, PAGE + 103, 2 * PAGE, 3 * PAGE, 4 * PAGE - 1 };

	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
		struct kdump_recipe r = recipe(6);
		struct kdf_buf b = { 0 };
		struct kdf *d;

		make_kdump(&r, &b);
		b.len = cut[i];
		CHECK_CODE(open_buf(&b, NULL, &d), KDF_INCOMPLETE);
		kdf_buf_free(&b);
	}
}

/* Marked by the writer; cut behind the header; descriptors never written; descriptors beyond the end. */
static void test_incomplete(void)
{
	struct kdump_recipe r = recipe(6);
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	struct kdf *d;

	r.status = 8;
	struct kdump_places p = make_kdump(&r, &b);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		check_pages(d);
		kdf_close(d);
	}
	put_uint(&b, 424, 0, 4, false);
	b.len -= 10 * PAGE;
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		CHECK(kdf_page_state(d, 7) == KDF_PAGE_PRESENT);
		CHECK(kdf_page_state(d, 39) == KDF_PAGE_INCOMPLETE);
		CHECK_CODE(kdf_page_read(d, 39, page, NULL), KDF_INCOMPLETE);
		kdf_close(d);
	}
	b.len = p.descriptors + 24 * 3 + 5;
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		uint64_t pfn;

		CHECK(kdf_info(d)->incomplete);
		CHECK(!kdf_next_page(d, 0, false, &pfn));
		kdf_close(d);
	}
	kdf_buf_free(&b);
	make_kdump(&r, &b);
	put_uint(&b, 424, 0, 4, false);
	put_uint(&b, p.descriptors + 24 * 27, 0, 8, false);
	put_uint(&b, p.descriptors + 24 * 26, UINT64_MAX - 3, 8, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_info(d)->incomplete);
		CHECK(kdf_page_state(d, 39) == KDF_PAGE_INCOMPLETE);
		CHECK(kdf_page_state(d, 38) == KDF_PAGE_INCOMPLETE);
		CHECK(kdf_page_state(d, 37) == KDF_PAGE_PRESENT);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_damaged_pages(void)
{
	struct kdump_recipe r = recipe(6);
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	struct kdf *d;

	r.flag = kdf_codec_at(0)->flag;
	struct kdump_places p = make_kdump(&r, &b);
	put_uint(&b, p.descriptors + 8, PAGE + 1, 4, false);	   /* frame 0: larger than a page */
	put_uint(&b, p.descriptors + 24 + 8, 0, 4, false);	   /* 1: nothing */
	put_uint(&b, p.descriptors + 48 + 12, 0, 4, false);	   /* 2: raw of another size */
	put_uint(&b, p.descriptors + 72 + 12, 0x40, 4, false);	   /* 3: unknown flag */
	put_uint(&b, p.descriptors + 96 + 12, r.flag | 0x20 | 0x2 | 0x1, 4, false); /* 4: several codecs */
	size_t data = kdf_load_uint(b.data + p.descriptors + 120, 8, false);
	memset(b.data + data, 0xff, 16); /* 5: damaged data */
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		for (uint64_t pfn = 0; pfn < 6; pfn++)
			CHECK_CODE(kdf_page_read(d, pfn, page, NULL), KDF_CORRUPT);
		CHECK_OK(kdf_page_read(d, 6, page, NULL));
		CHECK(is_page(page, 6));
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static void test_zero_pages(void)
{
	static uint8_t memory[40 * PAGE];
	struct kdump_recipe r = recipe(6);
	struct kdf_buf b = { 0 };
	uint8_t page[PAGE];
	bool zero;
	struct kdf *d;

	r.memory = memory;
	memory[PAGE] = 1;
	struct kdump_places p = make_kdump(&r, &b);
	uint64_t shared = kdf_load_uint(b.data + p.descriptors, 8, false);
	put_uint(&b, p.descriptors + 48, shared, 8, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		for (uint64_t pfn = 0; pfn < 3; pfn++) {
			memset(page, 0xee, sizeof(page));
			CHECK_OK(kdf_page_read(d, pfn, page, &zero));
			CHECK(zero == (pfn != 1));
			CHECK(page[0] == (pfn == 1) && !page[PAGE - 1]);
		}
		kdf_close(d);
	}
	struct kdf_options o = { .zero_excluded = true };
	if (CHECK_OK(open_buf(&b, &o, &d))) {
		CHECK_OK(kdf_page_read(d, 17, page, &zero));
		CHECK(zero && !page[0]);
		CHECK(kdf_page_state(d, 17) == KDF_PAGE_EXCLUDED);
		CHECK_CODE(kdf_page_read(d, 9, page, &zero), KDF_HOLE);
		CHECK(!zero);
		kdf_close(d);
	}
	kdf_buf_free(&b);
}

static struct kdf_buf part(uint64_t start, uint64_t end, int version)
{
	struct kdump_recipe r = recipe(version);
	struct kdf_buf b = { 0 };

	r.split = true;
	r.start_pfn = start;
	r.end_pfn = end;
	make_kdump(&r, &b);
	return b;
}

static void open_parts(const struct kdf_buf *parts, size_t n, enum kdf_code code, bool incomplete)
{
	struct temp_files t = { .n = 0 };
	struct kdf *d;

	for (size_t i = 0; i < n; i++)
		temp_add(&t, &parts[i]);
	struct kdf_error *e = kdf_open(t.paths, t.n, NULL, &d);
	CHECK_CODE(e, code);
	if (d) {
		CHECK(kdf_info(d)->split);
		CHECK(kdf_info(d)->incomplete == incomplete);
		if (!incomplete)
			check_pages(d);
		kdf_close(d);
	}
	temp_remove(&t);
}

static void test_split(void)
{
	for (int version = 2; version <= 6; version++) {
		struct kdf_buf a = part(0, 18, version), b = part(18, 18, version), c = part(18, 30, version),
			       e = part(30, 40, version);

		open_parts((struct kdf_buf[]){ e, a, c, b }, 4, KDF_OK, false);
		open_parts((struct kdf_buf[]){ e, a }, 2, KDF_OK, true);
		open_parts((struct kdf_buf[]){ c }, 1, KDF_OK, true);
		open_parts((struct kdf_buf[]){ a, a }, 2, KDF_USAGE, false);
		kdf_buf_free(&a);
		kdf_buf_free(&b);
		kdf_buf_free(&c);
		kdf_buf_free(&e);
	}
}

static void test_split_mismatch(void)
{
	struct kdump_recipe r = recipe(6);
	struct kdf_buf whole = { 0 }, a = part(0, 18, 6), c = part(18, 40, 6), backwards = part(18, 3, 6);

	make_kdump(&r, &whole);
	open_parts((struct kdf_buf[]){ a, whole }, 2, KDF_USAGE, false);
	open_parts((struct kdf_buf[]){ whole, a }, 2, KDF_USAGE, false);
	put_uint(&c, 408, 5, 8, false); /* another crash's time */
	open_parts((struct kdf_buf[]){ a, c }, 2, KDF_USAGE, false);
	open_parts((struct kdf_buf[]){ backwards }, 1, KDF_CORRUPT, false);
	kdf_buf_free(&whole);
	kdf_buf_free(&a);
	kdf_buf_free(&c);
	kdf_buf_free(&backwards);
}

int main(void)
{
	test_versions();
	test_old_diskdump();
	test_codecs();
	test_notes();
	test_vmcoreinfo_place();
	test_damaged_header();
	test_cut_header();
	test_incomplete();
	test_damaged_pages();
	test_zero_pages();
	test_split();
	test_split_mismatch();
	TEST_END();
}
