// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF notes and VMCOREINFO: good ones, damaged ones, the bases of the numbers. */
#include "test.h"

#include <limits.h>

#include "format-fixture.h"
#include "notes.h"

static struct kdf *split(struct kdf_buf *b, bool big_endian)
{
	struct kdf *d = calloc(1, sizeof(*d));

	d->info.big_endian = big_endian;
	d->notes_size = b->len;
	/* An exact copy, so that a read beyond it is seen by the sanitizer. */
	d->notes_raw = malloc(b->len + !b->len);
	memcpy(d->notes_raw, b->data ? b->data : "", b->len);
	CHECK_OK(kdf_notes_split(d));
	return d;
}

static void done(struct kdf *d)
{
	kdf_notes_free(d);
	free(d);
}

static void test_good(bool be)
{
	struct kdf_buf b = { 0 };

	put_note(&b, "CORE", 1, "12345", 5, be);
	put_note(&b, "", 9, "", 0, be);
	put_at(&b, b.len + 23, "", 1); /* two empty headers: space of a CPU that never came up */
	put_note(&b, "VMCOREINFO", 0, "A=1\n", 4, be);
	put_note(&b, "CORE", 1, "x", 1, be);
	b.len -= 3; /* the last one without padding */
	struct kdf *d = split(&b, be);
	CHECK(kdf_note_count(d) == 4);
	CHECK(kdf_notes_cpus(d) == 2);
	CHECK(kdf_note(d, 0)->size == 5 && !memcmp(kdf_note(d, 0)->desc, "12345", 5));
	CHECK_TEXT(kdf_note(d, 1)->name, "");
	CHECK(kdf_notes_find(d, "VMCOREINFO") == kdf_note(d, 2));
	CHECK(!kdf_notes_find(d, "QEMU"));
	done(d);
	kdf_buf_free(&b);
}

static void expect_count(size_t at, uint64_t value, size_t size, size_t count)
{
	struct kdf_buf b = { 0 };

	put_note(&b, "CORE", 1, "12345678", 8, false); /* 28 bytes: 12 + 8 + 8 */
	put_note(&b, "CORE", 1, "abcdefgh", 8, false);
	put_uint(&b, at, value, size, false);
	struct kdf *d = split(&b, false);
	CHECK(kdf_note_count(d) == count);
	done(d);
	kdf_buf_free(&b);
}

static void test_damaged(void)
{
	struct kdf_buf b = { 0 };

	expect_count(28, UINT32_MAX, 4, 1);	/* name size */
	expect_count(32, UINT32_MAX, 4, 1);	/* description size */
	expect_count(32, UINT32_MAX - 2, 4, 1);
	expect_count(32, 9, 4, 1);
	expect_count(0, UINT32_MAX, 4, 0);
	expect_count(28, 4, 4, 1);		/* name without its end */
	for (size_t cut = 0; cut < 28; cut++) {
		put_note(&b, "CORE", 1, "12345678", 8, false);
		b.len = cut;
		struct kdf *d = split(&b, false);
		CHECK(kdf_note_count(d) == 0);
		done(d);
		kdf_buf_free(&b);
	}
}

static struct kdf_vmcoreinfo *parse(struct kdf *d, const char *text)
{
	CHECK_OK(kdf_vmcoreinfo_parse(&d->vmcoreinfo, text, strlen(text)));
	return &d->vmcoreinfo;
}

static void test_values(void)
{
	struct kdf d = { 0 };
	uint64_t u;
	int64_t n;

	parse(&d, "OSRELEASE=6.1=x\nSYMBOL(prb)=ffffffffa58622c0\nNUMBER(phys_base)=-255852544\n"
		  "NUMBER(VMALLOC_START)=0xffffd1bf00000000\nSIZE(page)=64\nOFFSET(page.flags)=010\nLENGTH(x)=11\n"
		  "NUMBER(hex)=0x1f\nSIZE(page)=65\nEMPTY=\nno equals "
		  "sign\n=odd\nNUMBER(bad)=12z\nNUMBER(none)=\nKERNELOFFSET=22e00000");
	CHECK_TEXT(kdf_vmcoreinfo_value(&d, "OSRELEASE"), "6.1=x");
	CHECK_TEXT(kdf_vmcoreinfo_value(&d, "EMPTY"), "");
	CHECK_TEXT(kdf_vmcoreinfo_value(&d, "KERNELOFFSET"), "22e00000");
	CHECK(!kdf_vmcoreinfo_value(&d, "no equals sign"));
	CHECK(!kdf_vmcoreinfo_value(&d, "OSRELEAS"));
	CHECK(kdf_vmcoreinfo_symbol(&d, "prb", &u) && u == 0xffffffffa58622c0);
	CHECK(kdf_vmcoreinfo_number(&d, "phys_base", &n) && n == -255852544);
	CHECK(kdf_vmcoreinfo_number(&d, "VMALLOC_START", &n) && (uint64_t)n == 0xffffd1bf00000000);
	CHECK(kdf_vmcoreinfo_number(&d, "hex", &n) && n == 31);
	CHECK(kdf_vmcoreinfo_size(&d, "page", &u) && u == 64);
	CHECK(kdf_vmcoreinfo_offset(&d, "page.flags", &u) && u == 10);
	CHECK(kdf_vmcoreinfo_length(&d, "x", &u) && u == 11);
	CHECK(!kdf_vmcoreinfo_number(&d, "bad", &n));
	CHECK(!kdf_vmcoreinfo_number(&d, "none", &n));
	CHECK(!kdf_vmcoreinfo_number(&d, "page", &n));
	char name[300];
	memset(name, 'x', sizeof(name));
	name[299] = 0;
	CHECK(!kdf_vmcoreinfo_number(&d, name, &n));
	kdf_vmcoreinfo_free(&d.vmcoreinfo);
}

static void test_text(void)
{
	struct kdf d = { 0 };
	size_t len = 7;

	CHECK(!kdf_vmcoreinfo(&d, &len) && len == 0);
	CHECK(!kdf_vmcoreinfo_value(&d, "OSRELEASE"));
	CHECK_OK(kdf_vmcoreinfo_parse(&d.vmcoreinfo, "A=1\nB=2\n\0\0\0", 11));
	CHECK_TEXT(kdf_vmcoreinfo(&d, &len), "A=1\nB=2\n");
	CHECK(len == 8);
	CHECK_OK(kdf_vmcoreinfo_parse(&d.vmcoreinfo, "", 0));
	CHECK_TEXT(kdf_vmcoreinfo(&d, &len), "");
	CHECK_CODE(kdf_vmcoreinfo_parse(&d.vmcoreinfo, "A=1\0B=2\n", 8), KDF_CORRUPT);
	CHECK_CODE(kdf_vmcoreinfo_parse(&d.vmcoreinfo, "", (size_t)1 << 30), KDF_LIMIT);
	kdf_vmcoreinfo_free(&d.vmcoreinfo);
}

/* Text in a file counts instead of the dump's own. */
static void test_file(void)
{
	struct elf_recipe r = { .load = { { 0, 0, PAGE, PAGE, 0 } }, .nloads = 1 };
	struct kdf_buf notes = { 0 }, b = { 0 }, text = { 0 };
	struct temp_files t = { .n = 0 };
	struct kdf *d;

	put_note(&notes, "VMCOREINFO", 0, "OSRELEASE=note\n", 15, false);
	r.notes = &notes;
	make_elf(&r, &b);
	kdf_buf_puts(&text, "OSRELEASE=file\n");
	temp_add(&t, &text);
	kdf_buf_clear(&text);
	kdf_buf_puts(&text, "nothing of use");
	temp_add(&t, &text);
	struct kdf_options o = { .vmcoreinfo_file = t.paths[0] };
	if (CHECK_OK(open_buf(&b, &o, &d))) {
		CHECK_TEXT(kdf_info(d)->release, "file");
		kdf_close(d);
	}
	o.vmcoreinfo_file = t.paths[1];
	CHECK_CODE(open_buf(&b, &o, &d), KDF_CORRUPT);
	o.vmcoreinfo_file = "/nonexistent/vmcoreinfo";
	CHECK_CODE(open_buf(&b, &o, &d), KDF_NOT_FOUND);
	temp_remove(&t);
	kdf_buf_free(&notes);
	kdf_buf_free(&b);
	kdf_buf_free(&text);
}

int main(void)
{
	test_good(false);
	test_good(true);
	test_damaged();
	test_values();
	test_text();
	test_file();
	TEST_END();
}
