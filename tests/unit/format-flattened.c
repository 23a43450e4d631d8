// SPDX-License-Identifier: GPL-2.0-or-later
/* Flattened files: order, overlap, gaps, cuts; and a dump below each of them. */
#include "test.h"

#include "format-fixture.h"

static struct kdf_error *open_source(const struct kdf_buf *b, struct kdf_source **s)
{
	return kdf_source_from_fd(memory_file(b->data, b->len), "fixture", s);
}

/* The content as text, with '.' for zero. */
static void check_content(const struct kdf_buf *b, const char *want)
{
	char got[64] = "";
	struct kdf_source *s;

	if (!CHECK_OK(open_source(b, &s)))
		return;
	CHECK(s->size == strlen(want));
	if (CHECK(s->size < sizeof(got))) {
		CHECK_OK(kdf_source_read(s, 0, got, s->size));
		for (size_t i = 0; i < s->size; i++)
			got[i] = got[i] ? got[i] : '.';
		CHECK_TEXT(got, want);
		/* Every piece on its own says the same. */
		for (size_t from = 0; from < s->size; from++)
			for (size_t n = 1; n <= s->size - from; n++) {
				char piece[64];
				const uint8_t *map = kdf_source_map(s, from, n);

				CHECK_OK(kdf_source_read(s, from, piece, n));
				if (map)
					CHECK(!memcmp(map, piece, n));
				for (size_t i = 0; i < n; i++)
					CHECK((piece[i] ? piece[i] : '.') == want[from + i]);
			}
	}
	CHECK_CODE(kdf_source_read(s, s->size, got, 1), KDF_INCOMPLETE);
	CHECK_CODE(kdf_source_read(s, UINT64_MAX, got, 2), KDF_INCOMPLETE);
	kdf_source_close(s);
}

static void test_order(void)
{
	struct kdf_buf b = { 0 };

	begin_flattened(&b);
	put_record(&b, 8, "cccc", 4);
	put_record(&b, 0, "aaaa", 4);
	put_record(&b, 4, "bbbb", 4);
	put_record(&b, 14, "e", 1);
	end_flattened(&b);
	check_content(&b, "aaaabbbbcccc..e");
	kdf_buf_free(&b);
}

static void test_overlap(void)
{
	struct kdf_buf b = { 0 };

	begin_flattened(&b);
	put_record(&b, 0, "aaaaaaaaaaaa", 12);
	put_record(&b, 2, "bbbb", 4);
	put_record(&b, 4, "cc", 2);
	put_record(&b, 10, "dddd", 4);
	put_record(&b, 0, "e", 1);
	put_record(&b, 0, "", 0);
	end_flattened(&b);
	check_content(&b, "eabbccaaaadddd");
	put_uint(&b, b.len - 16, 1, 8, true); /* instead of the end: one more over everything */
	put_uint(&b, b.len - 8, 16, 8, true);
	put_at(&b, b.len, "zzzzzzzzzzzzzzzz", 16);
	end_flattened(&b);
	check_content(&b, "ezzzzzzzzzzzzzzzz");
	kdf_buf_free(&b);
}

static void test_cut(void)
{
	struct kdf_buf b = { 0 };
	struct kdf_source *s;

	begin_flattened(&b);
	put_record(&b, 0, "aaaa", 4);
	put_record(&b, 4, "bbbb", 4);
	if (CHECK_OK(open_source(&b, &s))) {
		CHECK(kdf_source_cut(s) && s->size == 8);
		kdf_source_close(s);
	}
	b.len -= 2;
	check_content(&b, "aaaabb");
	b.len -= 3;
	check_content(&b, "aaaa");
	b.len = 4096 + 16;
	CHECK_CODE(open_source(&b, &s), KDF_INCOMPLETE);
	b.len = 100;
	CHECK_CODE(open_source(&b, &s), KDF_INCOMPLETE);
	kdf_buf_free(&b);
}

static void test_damaged(void)
{
	struct kdf_buf b = { 0 };
	struct kdf_source *s;

	begin_flattened(&b);
	put_record(&b, 0, "aaaa", 4);
	put_uint(&b, 4096, UINT64_MAX - 1, 8, true);
	end_flattened(&b);
	CHECK_CODE(open_source(&b, &s), KDF_CORRUPT);
	put_uint(&b, 4096, (uint64_t)1 << 62, 8, true);
	put_uint(&b, 4104, (uint64_t)1 << 62, 8, true);
	CHECK_CODE(open_source(&b, &s), KDF_CORRUPT);
	put_uint(&b, 16, 2, 8, true);
	CHECK_CODE(open_source(&b, &s), KDF_UNSUPPORTED);
	kdf_buf_free(&b);
}

/* A kdump file in records of 1000 bytes, last one first; the header once more at the end, as writers do. */
static void flatten(const struct kdf_buf *plain, struct kdf_buf *b)
{
	begin_flattened(b);
	for (size_t i = (plain->len + 999) / 1000; i--;) {
		size_t n = plain->len - i * 1000 < 1000 ? plain->len - i * 1000 : 1000;

		put_record(b, i * 1000, plain->data + i * 1000, n);
	}
	put_record(b, 424, "\0\0\0\0", 4);
	end_flattened(b);
}

static struct kdump_recipe kdump_recipe(void)
{
	struct kdump_recipe r = { .version = 6, .machine = "x86_64", .max_pfn = 16, .status = 8 };

	memcpy(r.ram, "\xff\xff", 2);
	memcpy(r.dumped, "\xff\xf0", 2);
	return r;
}

static void check_dump(const struct kdf_buf *b, bool incomplete)
{
	uint8_t page[PAGE];
	uint64_t pfn, n = 0;
	struct kdf *d;

	if (!CHECK_OK(open_buf(b, NULL, &d)))
		return;
	CHECK(kdf_info(d)->flattened && kdf_info(d)->incomplete == incomplete);
	for (pfn = 0; kdf_next_page(d, pfn, false, &pfn); pfn++, n++) {
		CHECK_OK(kdf_page_read(d, pfn, page, NULL));
		CHECK(is_page(page, pfn));
	}
	CHECK(n == 12);
	kdf_close(d);
}

static void test_kdump_below(void)
{
	struct kdump_recipe r = kdump_recipe();
	struct kdf_buf plain = { 0 }, b = { 0 };

	make_kdump(&r, &plain);
	flatten(&plain, &b);
	check_dump(&b, false);
	b.len -= 16;
	check_dump(&b, true);
	kdf_buf_free(&plain);
	kdf_buf_free(&b);
}

static void test_elf_below(void)
{
	struct elf_recipe r = { .load = { { 0, PAGE, 8 * PAGE, 8 * PAGE, 0 }, { 0, 12 * PAGE, 4 * PAGE, 4 * PAGE, 0 } },
				.nloads = 2 };
	struct kdf_buf plain = { 0 }, b = { 0 };
	struct kdf *d;

	make_elf(&r, &plain);
	begin_flattened(&b);
	put_record(&b, 0, plain.data, plain.len);
	end_flattened(&b);
	check_dump(&b, false);
	if (CHECK_OK(open_buf(&b, NULL, &d))) {
		CHECK(kdf_pages_mapped(d, 1, 8) && is_page(kdf_pages_mapped(d, 1, 8) + PAGE, 2));
		kdf_close(d);
	}
	kdf_buf_free(&plain);
	kdf_buf_free(&b);
}

/* A bitmap that claims more bytes than the whole file has. */
static void test_absurd_claim(void)
{
	struct kdump_recipe r = kdump_recipe();
	struct kdf_buf plain = { 0 }, b = { 0 };
	struct kdf *d;

	make_kdump(&r, &plain);
	put_uint(&plain, 436, 1u << 30, 4, false);
	begin_flattened(&b);
	put_record(&b, 0, plain.data, plain.len);
	put_record(&b, (uint64_t)1 << 50, "x", 1);
	end_flattened(&b);
	CHECK_CODE(open_buf(&b, NULL, &d), KDF_CORRUPT);
	kdf_buf_free(&plain);
	kdf_buf_free(&b);
}

int main(void)
{
	test_order();
	test_overlap();
	test_cut();
	test_damaged();
	test_kdump_below();
	test_elf_below();
	test_absurd_claim();
	TEST_END();
}
