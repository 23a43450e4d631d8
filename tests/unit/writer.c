// SPDX-License-Identifier: GPL-2.0-or-later
/* The kdump-compressed writer, checked byte by byte against the format, not against our reader. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <signal.h>

#include "base/bytes.h"
#include "kdf.h"
#include "test.h"

enum { PAGE = 4096, MAX_PFN = 70003 };

static uint8_t ram[(MAX_PFN + 7) / 8 + 8], dumped[(MAX_PFN + 7) / 8 + 8];
static char uts[6][KDF_UTS_LEN] = { "Linux", "node", "6.1.0", "#1", "x86_64", "(none)" };
static char path[] = "/tmp/kdf-writer-XXXXXX";

static void set_bit(uint8_t *map, uint64_t pfn)
{
	map[pfn / 8] |= (uint8_t)(1 << pfn % 8);
}

static bool bit(const uint8_t *map, uint64_t pfn)
{
	return map[pfn / 8] >> pfn % 8 & 1;
}

static int new_file(void)
{
	int fd = open(path, O_RDWR | O_TRUNC);

	CHECK(fd >= 0);
	return fd;
}

struct file {
	uint8_t *p;
	size_t size;
};

static struct file slurp(int fd)
{
	struct stat st;
	struct file f = { 0 };

	CHECK(!fstat(fd, &st));
	f.size = (size_t)st.st_size;
	f.p = malloc(f.size + 1);
	CHECK(pread(fd, f.p, f.size, 0) == (ssize_t)f.size);
	return f;
}

static uint64_t get(struct file f, size_t at, size_t n)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

	return at + n <= f.size ? kdf_load_uint(f.p + at, n, big) : UINT64_MAX;
}

/* A CORE note of 10 bytes (padded to 12) and VMCOREINFO. */
static size_t make_notes(uint8_t *p, const char *text)
{
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	size_t n = strlen(text);

	memset(p, 0, 200 + n);
	kdf_store_uint(p, 5, 4, big);
	kdf_store_uint(p + 4, 10, 4, big);
	kdf_store_uint(p + 8, 1, 4, big);
	memcpy(p + 12, "CORE", 5);
	p += 12 + 8 + 12;
	kdf_store_uint(p, 11, 4, big);
	kdf_store_uint(p + 4, n, 4, big);
	memcpy(p + 12, "VMCOREINFO", 11);
	memcpy(p + 12 + 12, text, n);
	return 12 + 8 + 12 + 12 + 12 + (n + 3) / 4 * 4;
}

static const char info_text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";
static uint8_t notes[4096];

static struct kdf_writer_head make_head(void)
{
	return (struct kdf_writer_head){
		.uts = (const char (*)[KDF_UTS_LEN])uts,
		.crash_time = 1234567890,
		.page_size = PAGE,
		.max_pfn = MAX_PFN,
		.phys_base = (uint64_t)-4096,
		.dump_level = 31,
		.nr_cpus = 3,
		.compression = 1,
		.notes = notes,
		.notes_size = make_notes(notes, info_text),
		.ram = ram,
		.dumped = dumped,
		.share_zero_page = true,
	};
}

static void fill_page(uint8_t *page, uint64_t pfn)
{
	for (size_t i = 0; i < PAGE; i++)
		page[i] = (uint8_t)(pfn * 31 + i);
}

/* Every third page of RAM is dumped; pages divisible by 5 are zero, by 7 "compressed" to 100 bytes. */
static uint64_t make_maps(void)
{
	uint64_t n = 0;

	memset(ram, 0, sizeof(ram));
	memset(dumped, 0, sizeof(dumped));
	for (uint64_t pfn = 10; pfn < MAX_PFN; pfn++) {
		set_bit(ram, pfn);
		if (pfn % 3 == 0) {
			set_bit(dumped, pfn);
			n++;
		}
	}
	return n;
}

static struct kdf_error *give(struct kdf_writer *w, uint64_t pfn)
{
	uint8_t page[PAGE];

	fill_page(page, pfn);
	if (pfn % 5 == 0)
		return kdf_writer_zero_page(w, pfn);
	return pfn % 7 == 0 ? kdf_writer_page(w, pfn, page, 100, 1) : kdf_writer_page(w, pfn, page, PAGE, 0);
}

static void check_header(struct file f, uint64_t n, uint32_t status)
{
	uint64_t one_map = 3; /* ceil(ceil(70003 / 8) / 4096) */

	CHECK(!memcmp(f.p, "KDUMP   ", 8));
	CHECK(get(f, 8, 4) == 6);
	CHECK_TEXT((char *)f.p + 12, "Linux");
	CHECK_TEXT((char *)f.p + 12 + 4 * 65, "x86_64");
	CHECK(get(f, 408, 8) == 1234567890 && get(f, 416, 8) == 0);
	CHECK(get(f, 424, 4) == status);
	CHECK(get(f, 428, 4) == PAGE);
	CHECK(get(f, 432, 4) == 1);
	CHECK(get(f, 436, 4) == 2 * one_map);
	CHECK(get(f, 440, 4) == MAX_PFN);
	CHECK(get(f, 460, 4) == 3);
	CHECK(get(f, PAGE, 8) == (uint64_t)-4096);
	CHECK(get(f, PAGE + 8, 4) == 31 && get(f, PAGE + 12, 4) == 0);
	CHECK(get(f, PAGE + 16, 8) == 0 && get(f, PAGE + 24, 8) == 0);
	uint64_t text_at = get(f, PAGE + 32, 8), text_len = get(f, PAGE + 40, 8);
	CHECK(text_at == PAGE + 104 + 12 + 8 + 12 + 12 + 12 && text_len == strlen(info_text));
	CHECK(text_at + text_len < f.size && !memcmp(f.p + text_at, info_text, text_len));
	CHECK(get(f, PAGE + 48, 8) == PAGE + 104);
	CHECK(get(f, PAGE + 56, 8) == make_notes(notes, info_text));
	CHECK(!memcmp(f.p + PAGE + 104, notes, make_notes(notes, info_text)));
	CHECK(get(f, PAGE + 96, 8) == MAX_PFN);
	CHECK(!memcmp(f.p + 2 * PAGE, ram, MAX_PFN / 8));
	CHECK(!memcmp(f.p + (2 + one_map) * PAGE, dumped, MAX_PFN / 8));
	CHECK(f.size >= (2 + 2 * one_map) * PAGE + 24 * n);
}

/* Descriptors in pfn order, each with the right bytes. given: only these frames must be there. */
static void check_pages(struct file f, uint64_t n, bool (*given)(uint64_t))
{
	uint64_t at = (2 + 6) * PAGE, data = at + 24 * n, wrong = 0, absent = 0, beyond = 0;
	uint8_t page[PAGE], zero[PAGE] = { 0 };

	for (uint64_t pfn = 0; pfn < MAX_PFN; pfn++) {
		if (!bit(dumped, pfn))
			continue;
		uint64_t offset = get(f, at, 8), size = get(f, at + 8, 4), flags = get(f, at + 12, 4);
		wrong += get(f, at + 16, 8) != 0;
		at += 24;
		if (given && !given(pfn)) {
			absent += offset != 0;
			continue;
		}
		if (offset < data || offset + size > f.size) {
			beyond++;
			continue;
		}
		fill_page(page, pfn);
		if (pfn % 5 == 0)
			wrong += offset != data || size != PAGE || flags || memcmp(f.p + offset, zero, PAGE);
		else if (pfn % 7 == 0)
			wrong += size != 100 || flags != 1 || memcmp(f.p + offset, page, 100);
		else
			wrong += size != PAGE || flags || memcmp(f.p + offset, page, PAGE);
	}
	CHECK(wrong == 0);
	CHECK(absent == 0);
	CHECK(beyond == 0);
}

static void whole_dump(bool shuffled)
{
	uint64_t n = make_maps();
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;
	int fd = new_file();

	CHECK_OK(kdf_writer_open(fd, &head, &w));
	struct file early = slurp(fd);
	CHECK(get(early, 424, 4) == (1 | 8)); /* incomplete from the first byte */
	free(early.p);
	unsigned failed = 0;
	for (uint64_t i = 0; i < MAX_PFN; i++) {
		uint64_t pfn = shuffled ? i * 40009 % MAX_PFN : i; /* 40009 is prime, not a divisor */
		if (!bit(dumped, pfn))
			continue;
		struct kdf_error *e = give(w, pfn);
		failed += e != NULL;
		kdf_error_free(e);
	}
	CHECK(failed == 0);
	uint64_t bytes = kdf_writer_bytes(w);
	CHECK_OK(kdf_writer_finish(w, true));
	struct file f = slurp(fd);
	CHECK(bytes == f.size);
	check_header(f, n, 1);
	check_pages(f, n, NULL);
	free(f.p);
	close(fd);
}

static bool first_half(uint64_t pfn)
{
	return pfn < MAX_PFN / 2;
}

static void stopped_dump(void)
{
	uint64_t n = make_maps();
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;
	int fd = new_file();

	CHECK_OK(kdf_writer_open(fd, &head, &w));
	for (uint64_t pfn = 0; first_half(pfn); pfn++)
		if (bit(dumped, pfn))
			kdf_error_free(give(w, pfn));
	CHECK_OK(kdf_writer_finish(w, false));
	struct file f = slurp(fd);
	check_header(f, n, 1 | 8);
	check_pages(f, n, first_half);
	free(f.p);
	close(fd);
}

/* "Complete" is refused when pages are missing, and when one came twice in place of another. */
static void not_all_given(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;

	for (int twice = 0; twice < 2; twice++) {
		int fd = new_file();
		make_maps();
		CHECK_OK(kdf_writer_open(fd, &head, &w));
		for (uint64_t pfn = 3; pfn < MAX_PFN; pfn++)
			if (bit(dumped, pfn) && pfn != 12)
				kdf_error_free(give(w, pfn));
		if (twice)
			CHECK_OK(give(w, 15));
		CHECK_CODE(kdf_writer_finish(w, true), KDF_INCOMPLETE);
		struct file f = slurp(fd);
		CHECK(get(f, 424, 4) == (1 | 8));
		free(f.p);
		close(fd);
	}
}

/* RLIMIT_FSIZE stands in for a full disk: EFBIG is "no space" too, at any byte. */
static void full_disk(uint64_t room)
{
	uint64_t n = make_maps();
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;
	struct rlimit old, limit;
	int fd = new_file();

	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = room;
	CHECK(!setrlimit(RLIMIT_FSIZE, &limit));
	struct kdf_error *e = kdf_writer_open(fd, &head, &w);
	if (e) {
		CHECK_CODE(e, KDF_NO_SPACE);
		CHECK(w == NULL);
		setrlimit(RLIMIT_FSIZE, &old);
		close(fd);
		return;
	}
	for (uint64_t pfn = 0; !e && pfn < MAX_PFN; pfn++)
		if (bit(dumped, pfn))
			e = give(w, pfn);
	CHECK_CODE(e, KDF_NO_SPACE);
	kdf_error_free(kdf_writer_finish(w, false));
	setrlimit(RLIMIT_FSIZE, &old);
	struct file f = slurp(fd);
	CHECK(f.size <= room);
	check_header(f, n, 1 | 8);
	uint64_t at = 8 * PAGE, present = 0, beyond = 0;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset = get(f, at + i * 24, 8), size = get(f, at + i * 24 + 8, 4);
		present += offset != 0;
		beyond += offset && offset + size > f.size;
	}
	CHECK(present > 0 && beyond == 0);
	free(f.p);
	close(fd);
}

static void misuse(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;
	uint8_t page[PAGE] = { 0 };
	int fd = new_file();

	make_maps();
	head.page_size = 1000;
	CHECK_CODE(kdf_writer_open(fd, &head, &w), KDF_UNSUPPORTED);
	head = make_head();
	head.compression = 0x40;
	CHECK_CODE(kdf_writer_open(fd, &head, &w), KDF_UNSUPPORTED);
	head = make_head();
	head.dump_level = 32;
	CHECK_CODE(kdf_writer_open(fd, &head, &w), KDF_USAGE);
	head = make_head();
	CHECK_OK(kdf_writer_open(fd, &head, &w));
	CHECK_CODE(kdf_writer_page(w, 13, page, PAGE, 0), KDF_USAGE); /* bit not set */
	CHECK_CODE(kdf_writer_page(w, MAX_PFN, page, PAGE, 0), KDF_USAGE);
	CHECK_CODE(kdf_writer_page(w, UINT64_MAX, page, PAGE, 0), KDF_USAGE);
	CHECK_CODE(kdf_writer_page(w, 12, page, 100, 0), KDF_USAGE);
	CHECK_CODE(kdf_writer_page(w, 12, page, PAGE + 1, 1), KDF_USAGE);
	CHECK_CODE(kdf_writer_page(w, 12, page, 0, 1), KDF_USAGE);
	CHECK_OK(kdf_writer_finish(w, false));
	close(fd);

	/* Not writable: an I/O error with its place. */
	fd = open(path, O_RDONLY);
	CHECK_CODE(kdf_writer_open(fd, &head, &w), KDF_IO);
	close(fd);
}

/* No notes, no pages, no shared zero page; and a zero page asked for all the same. */
static void smallest(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer *w;
	int fd = new_file();

	memset(dumped, 0, sizeof(dumped));
	head.notes = NULL;
	head.notes_size = 0;
	head.share_zero_page = false;
	head.max_pfn = 16;
	CHECK_OK(kdf_writer_open(fd, &head, &w));
	CHECK_OK(kdf_writer_finish(w, true));
	struct file f = slurp(fd);
	CHECK(f.size == 4 * PAGE && get(f, 424, 4) == 1 && get(f, PAGE + 48, 8) == 0 && get(f, PAGE + 32, 8) == 0);
	free(f.p);
	close(fd);

	fd = new_file();
	set_bit(dumped, 3);
	set_bit(dumped, 9);
	CHECK_OK(kdf_writer_open(fd, &head, &w));
	CHECK_OK(kdf_writer_zero_page(w, 9));
	CHECK_OK(kdf_writer_zero_page(w, 3));
	CHECK_OK(kdf_writer_finish(w, true));
	f = slurp(fd);
	CHECK(f.size == 4 * PAGE + 48 + PAGE);
	CHECK(get(f, 4 * PAGE, 8) == 4 * PAGE + 48 && get(f, 4 * PAGE + 24, 8) == 4 * PAGE + 48);
	free(f.p);
	close(fd);
}

int main(void)
{
	int fd = mkstemp(path);

	signal(SIGXFSZ, SIG_IGN);
	CHECK(fd >= 0);
	close(fd);
	whole_dump(false);
	whole_dump(true);
	stopped_dump();
	not_all_given();
	full_disk(20000);   /* not even the bitmaps */
	full_disk(200000);  /* not the descriptors */
	full_disk(8 * PAGE + 24 * 23333 + PAGE + 2000000);
	full_disk(30000001);
	misuse();
	smallest();
	unlink(path);
	TEST_END();
}
