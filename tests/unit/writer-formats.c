// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF, flattened streams, parts, limits: the files byte by byte where the format says so, and through the reader. */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "kdf.h"
#include "test.h"

enum { PAGE = 4096, MAX_PFN = 5000 };
enum { RAM1 = 16, RAM1_END = 3000, RAM2 = 3500, RAM2_END = 4990 };

#define DIRECT UINT64_C(0xffff888000000000)
#define TEXT UINT64_C(0xffffffff81000000)
enum { IMAGE = 1000, IMAGE_END = 1100 }; /* frames */

static uint8_t ram[MAX_PFN / 8 + 16], dumped[MAX_PFN / 8 + 16], notes[4096];
static char uts[6][KDF_UTS_LEN] = { "Linux", "node", "6.1.0", "#1", "x86_64", "(none)" };
static char path[] = "/tmp/kdf-formats-XXXXXX", path2[sizeof(path) + 2];

static const struct kdf_segment segments[] = {
	{ .virt = TEXT, .phys = IMAGE * PAGE, .mem_size = (IMAGE_END - IMAGE) * PAGE },
	{ .virt = DIRECT + RAM1 * PAGE, .phys = RAM1 * PAGE, .mem_size = (RAM1_END - RAM1) * PAGE },
	{ .virt = DIRECT + (uint64_t)RAM2 * PAGE, .phys = (uint64_t)RAM2 * PAGE,
	  .mem_size = (uint64_t)(RAM2_END - RAM2) * PAGE },
};

static bool bit(const uint8_t *map, uint64_t pfn)
{
	return map[pfn / 8] >> pfn % 8 & 1;
}

static bool is_ram(uint64_t pfn)
{
	return (pfn >= RAM1 && pfn < RAM1_END) || (pfn >= RAM2 && pfn < RAM2_END);
}

/* Dumped: all but a run of 255, a run of 256, one of 700, the tail, and single frames here and there. */
static bool wanted(uint64_t pfn)
{
	return is_ram(pfn) && !(pfn >= 100 && pfn < 355) && !(pfn >= 500 && pfn < 756) &&
	       !(pfn >= 1300 && pfn < 2000) && pfn < 4600 && pfn % 97;
}

static size_t make_notes(void)
{
	static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\n";
	bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
	size_t n = sizeof(text) - 1;

	kdf_store_uint(notes, 11, 4, big);
	kdf_store_uint(notes + 4, n, 4, big);
	memcpy(notes + 12, "VMCOREINFO", 11);
	memcpy(notes + 24, text, n);
	return 24 + (n + 3) / 4 * 4;
}

static struct kdf_writer_head make_head(void)
{
	memset(ram, 0, sizeof(ram));
	memset(dumped, 0, sizeof(dumped));
	for (uint64_t pfn = 0; pfn < MAX_PFN; pfn++) {
		ram[pfn / 8] |= (uint8_t)(is_ram(pfn) << pfn % 8);
		dumped[pfn / 8] |= (uint8_t)(wanted(pfn) << pfn % 8);
	}
	return (struct kdf_writer_head){
		.uts = (const char (*)[KDF_UTS_LEN])uts, .page_size = PAGE, .max_pfn = MAX_PFN, .dump_level = 1,
		.nr_cpus = 1, .notes = notes, .notes_size = make_notes(), .ram = ram, .dumped = dumped,
		.share_zero_page = true,
	};
}

static void fill_page(uint8_t *page, uint64_t pfn)
{
	memset(page, 0, PAGE);
	if (pfn % 5)
		for (size_t i = 0; i < PAGE; i++)
			page[i] = (uint8_t)(pfn * 31 + i * 7 + 1);
}

static struct kdf_error *give(struct kdf_writer *w, uint64_t pfn)
{
	uint8_t page[PAGE];

	fill_page(page, pfn);
	return pfn % 5 ? kdf_writer_page(w, pfn, page, PAGE, 0) : kdf_writer_zero_page(w, pfn);
}

static struct kdf_error *give_all(struct kdf_writer *w, uint64_t from, uint64_t to, bool backwards)
{
	struct kdf_error *e = NULL;

	for (uint64_t i = from; !e && i < to; i++) {
		uint64_t pfn = backwards ? from + (to - 1 - i) : i;
		if (bit(dumped, pfn))
			e = give(w, pfn);
	}
	return e;
}

static int new_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	return fd;
}

static struct kdf_writer_how make_how(const char *format)
{
	return (struct kdf_writer_how){ .format = format, .segment = segments, .nsegments = 3, .machine = "x86_64" };
}

/* Everything through the reader: the frames that were given have their bytes. */
static void check_read(const char *name, bool zeros_between)
{
	struct kdf *dump;
	uint8_t page[PAGE], want[PAGE];
	unsigned wrong = 0, gaps = 0;

	if (!CHECK_OK(kdf_open(&name, 1, NULL, &dump)))
		return;
	CHECK(!kdf_info(dump)->incomplete);
	for (uint64_t pfn = 0; pfn < MAX_PFN; pfn++) {
		enum kdf_page_state state = kdf_page_state(dump, pfn);
		if (!is_ram(pfn)) {
			wrong += state != KDF_PAGE_HOLE;
			continue;
		}
		if (state != KDF_PAGE_PRESENT) {
			wrong += wanted(pfn) || state != KDF_PAGE_EXCLUDED;
			continue;
		}
		fill_page(want, wanted(pfn) ? pfn : 0);
		struct kdf_error *e = kdf_page_read(dump, pfn, page, NULL);
		wrong += e || memcmp(page, want, PAGE);
		gaps += !wanted(pfn);
		kdf_error_free(e);
	}
	CHECK(wrong == 0);
	CHECK((gaps > 0) == zeros_between);
	CHECK_TEXT(kdf_vmcoreinfo_value(dump, "OSRELEASE"), "6.1.0");
	kdf_close(dump);
}

/* ---- ELF ---- */

static void check_elf_headers(const char *name, unsigned flags)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph[32];
	struct stat st;
	int fd = open(name, O_RDONLY);

	CHECK(!fstat(fd, &st) && pread(fd, &eh, sizeof(eh), 0) == sizeof(eh));
	CHECK(!memcmp(eh.e_ident, ELFMAG, SELFMAG) && eh.e_ident[EI_CLASS] == ELFCLASS64);
	CHECK(eh.e_type == ET_CORE && eh.e_machine == EM_X86_64 && eh.e_phentsize == sizeof(Elf64_Phdr));
	CHECK(eh.e_flags == flags);
	CHECK(eh.e_phnum == 6 && pread(fd, ph, 6 * sizeof(*ph), (off_t)eh.e_phoff) == 6 * sizeof(*ph));
	CHECK(ph[0].p_type == PT_NOTE && ph[0].p_filesz == make_notes());
	/* The image lies inside the RAM and shares its bytes. */
	CHECK(ph[1].p_vaddr == TEXT && ph[1].p_paddr == IMAGE * PAGE && ph[1].p_filesz == (IMAGE_END - IMAGE) * PAGE);
	CHECK(ph[1].p_offset == ph[3].p_offset + (IMAGE - 756) * PAGE);
	/* RAM1: up to the run of 256 (that of 255 is in the file), up to that of 700, the rest. */
	CHECK(ph[2].p_paddr == RAM1 * PAGE && ph[2].p_filesz == (500 - RAM1) * PAGE);
	CHECK(ph[2].p_memsz == (756 - RAM1) * PAGE && ph[2].p_vaddr == DIRECT + RAM1 * PAGE);
	CHECK(ph[3].p_paddr == 756 * PAGE && ph[3].p_filesz == (1300 - 756) * PAGE);
	CHECK(ph[3].p_memsz == (2000 - 756) * PAGE);
	CHECK(ph[4].p_paddr == 2000 * PAGE && ph[4].p_filesz == (RAM1_END - 2000) * PAGE);
	CHECK(ph[4].p_memsz == ph[4].p_filesz);
	CHECK(ph[2].p_offset % 8 == 0 && ph[2].p_offset % PAGE); /* see writer-elf.c */
	/* RAM2: begins with kept frames, its tail is dropped. */
	CHECK(ph[5].p_paddr == (uint64_t)RAM2 * PAGE && ph[5].p_filesz < ph[5].p_memsz);
	CHECK(ph[5].p_memsz == (uint64_t)(RAM2_END - RAM2) * PAGE);
	for (int i = 0; i < 6; i++)
		CHECK(flags || ph[i].p_offset + ph[i].p_filesz <= (uint64_t)st.st_size);
	close(fd);
}

static void elf_file(bool backwards)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how("elf");
	struct kdf_writer *w;
	int fd = new_file(path);

	if (!CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w)))
		return;
	CHECK_OK(give_all(w, 0, MAX_PFN, backwards));
	CHECK_OK(kdf_writer_finish(w, true));
	close(fd);
	check_read(path, true);
}

/* Cut short: marked, and a reader knows what is missing. */
static void elf_incomplete(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how("elf");
	const char *name = path;
	struct kdf_writer *w;
	struct kdf *dump;
	int fd = new_file(path);

	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_OK(give_all(w, 0, 2500, false));
	CHECK_OK(kdf_writer_finish(w, false));
	close(fd);
	CHECK_OK(kdf_open(&name, 1, NULL, &dump));
	CHECK(kdf_info(dump)->incomplete);
	CHECK(kdf_page_state(dump, 2001) == KDF_PAGE_PRESENT && kdf_page_state(dump, 2600) == KDF_PAGE_INCOMPLETE);
	kdf_close(dump);
	/* "Complete" is refused when it is not. */
	fd = new_file(path);
	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_OK(give_all(w, 0, 4000, false));
	CHECK_CODE(kdf_writer_finish(w, true), KDF_INCOMPLETE);
	close(fd);
}

static void elf_misuse(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how("elf");
	uint8_t page[PAGE] = { 0 };
	struct kdf_writer *w;
	int fd = new_file(path);

	how.nsegments = 0;
	CHECK_CODE(kdf_writer_open_as(fd, &head, &how, &w), KDF_USAGE);
	how = make_how("elf");
	how.split = true;
	how.end_pfn = 100;
	CHECK_CODE(kdf_writer_open_as(fd, &head, &how, &w), KDF_USAGE);
	how = make_how("tar");
	CHECK_CODE(kdf_writer_open_as(fd, &head, &how, &w), KDF_USAGE);
	how = make_how("elf");
	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_CODE(kdf_writer_page(w, 17, page, 100, 1), KDF_USAGE);
	CHECK_OK(kdf_writer_finish(w, false));
	close(fd);
	CHECK(kdf_writer_format_count() == 4 && !kdf_writer_format_at(4) && !kdf_writer_format_by_name("x"));
	CHECK(kdf_writer_format_by_name("elf-flat")->flattened && !kdf_writer_format_by_name("elf-flat")->compresses);
}

/* ---- Streams ---- */

/* Plays a stream into a buffer; how often the mark at `at` was written, and whether the end record is there. */
static bool play(const char *name, uint8_t *image, size_t cap, size_t *size, bool *ended)
{
	uint8_t *p = malloc(cap);
	int fd = open(name, O_RDONLY);
	ssize_t len = read(fd, p, cap);
	size_t at = 4096;

	close(fd);
	*size = 0;
	*ended = false;
	bool ok = len > 4096 && !memcmp(p, "makedumpfile\0\0\0\0", 16) && kdf_load_uint(p + 16, 8, true) == 1 &&
		  kdf_load_uint(p + 24, 8, true) == 1;
	while (ok && at + 16 <= (size_t)len) {
		uint64_t offset = kdf_load_uint(p + at, 8, true), n = kdf_load_uint(p + at + 8, 8, true);
		at += 16;
		if (offset == UINT64_MAX && n == UINT64_MAX) {
			*ended = at == (size_t)len;
			break;
		}
		ok = n <= (size_t)len - at && offset + n <= cap;
		if (ok)
			memcpy(image + offset, p + at, n);
		*size = ok && offset + n > *size ? offset + n : *size;
		at += n;
	}
	free(p);
	return ok;
}

static void stream(const char *format, const char *plain_format)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how(format), plain = make_how(plain_format);
	size_t cap = 40 << 20, size;
	uint8_t *image = calloc(1, cap), *want = calloc(1, cap);
	struct kdf_writer *w;
	bool ended;
	int fd = new_file(path);

	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_OK(give_all(w, 0, MAX_PFN, false));
	uint64_t bytes = kdf_writer_bytes(w);
	CHECK_OK(kdf_writer_finish(w, true));
	struct stat st;
	CHECK(!fstat(fd, &st) && bytes <= (uint64_t)st.st_size);
	close(fd);
	check_read(path, !strcmp(plain_format, "elf"));

	fd = new_file(path2);
	CHECK_OK(kdf_writer_open_as(fd, &head, &plain, &w));
	CHECK_OK(give_all(w, 0, MAX_PFN, false));
	CHECK_OK(kdf_writer_finish(w, true));
	CHECK(!fstat(fd, &st) && pread(fd, want, cap, 0) == st.st_size);
	close(fd);
	CHECK(play(path, image, cap, &size, &ended) && ended);
	CHECK(size == (size_t)st.st_size && !memcmp(image, want, size));

	/* Not finished: the content stays marked. */
	fd = new_file(path);
	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_OK(give_all(w, 0, 3000, false));
	CHECK_OK(kdf_writer_finish(w, false));
	close(fd);
	const char *name = path;
	struct kdf *dump;
	CHECK_OK(kdf_open(&name, 1, NULL, &dump));
	CHECK(kdf_info(dump)->incomplete && kdf_info(dump)->flattened);
	kdf_close(dump);
	free(image);
	free(want);
}

/* A pipe whose reader goes away. */
static void broken_pipe(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how("kdump-flat");
	struct kdf_writer *w = NULL;
	int fd[2];

	CHECK(!pipe(fd));
	close(fd[0]);
	CHECK_CODE(kdf_writer_open_as(fd[1], &head, &how, &w), KDF_IO);
	CHECK(!w);
	close(fd[1]);
}

/* ---- Limits ---- */

static void limited(const char *format, uint64_t limit)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how(format);
	const char *name = path;
	struct kdf_writer *w;
	struct kdf *dump;
	struct stat st;
	int fd = new_file(path);

	how.limit = limit;
	struct kdf_error *e = kdf_writer_open_as(fd, &head, &how, &w);
	if (e) {
		CHECK_CODE(e, KDF_NO_SPACE);
		close(fd);
		return;
	}
	e = give_all(w, 0, MAX_PFN, false);
	struct kdf_error *e2 = kdf_writer_finish(w, true);
	CHECK(kdf_error_code(e) == KDF_NO_SPACE || kdf_error_code(e2) == KDF_NO_SPACE);
	kdf_error_free(e);
	kdf_error_free(e2);
	CHECK(!fstat(fd, &st) && (uint64_t)st.st_size <= limit);
	close(fd);
	CHECK_OK(kdf_open(&name, 1, NULL, &dump));
	CHECK(kdf_info(dump)->incomplete && kdf_page_state(dump, 17) == KDF_PAGE_PRESENT);
	kdf_close(dump);
}

static void nothing_written(void)
{
	struct kdf_writer_head head = make_head();
	struct kdf_writer_how how = make_how("kdump");
	struct kdf_writer *w;
	struct stat st;
	int fd = new_file(path);

	CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
	CHECK_OK(give_all(w, 0, MAX_PFN, false));
	CHECK_OK(kdf_writer_finish(w, true));
	CHECK(!fstat(fd, &st));
	close(fd);
	how.discard = true;
	CHECK_OK(kdf_writer_open_as(-1, &head, &how, &w));
	CHECK_OK(give_all(w, 0, MAX_PFN, false));
	CHECK(kdf_writer_bytes(w) == (uint64_t)st.st_size);
	CHECK_OK(kdf_writer_finish(w, true));
	how.limit = 1000000;
	CHECK_OK(kdf_writer_open_as(-1, &head, &how, &w));
	CHECK_CODE(give_all(w, 0, MAX_PFN, false), KDF_NO_SPACE);
	kdf_error_free(kdf_writer_finish(w, false));
}

/* ---- Parts ---- */

static void parts(void)
{
	struct kdf_writer_head head = make_head();
	const uint64_t end[3] = { 1024, 1024, MAX_PFN }; /* the second is empty */
	char name[3][64];
	const char *names[3];
	struct kdf_writer *w;
	uint64_t from = 0;

	for (int i = 0; i < 3; from = end[i++]) {
		struct kdf_writer_how how = make_how("kdump");
		how.split = true;
		how.start_pfn = from;
		how.end_pfn = end[i];
		snprintf(name[i], sizeof(name[i]), "%s.p%d", path, i);
		names[i] = name[i];
		int fd = new_file(name[i]);
		CHECK_OK(kdf_writer_open_as(fd, &head, &how, &w));
		if (!i)
			CHECK_CODE(give(w, 1025), KDF_USAGE); /* of another part */
		CHECK_OK(give_all(w, from, end[i], false));
		CHECK_OK(kdf_writer_finish(w, true));
		uint8_t sub[104];
		bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
		CHECK(pread(fd, sub, sizeof(sub), PAGE) == sizeof(sub));
		CHECK(kdf_load_uint(sub + 12, 4, big) == 1 && kdf_load_uint(sub + 16, 8, big) == from);
		CHECK(kdf_load_uint(sub + 24, 8, big) == end[i] && kdf_load_uint(sub + 80, 8, big) == from);
		CHECK(kdf_load_uint(sub + 88, 8, big) == end[i]);
		close(fd);
	}
	struct kdf *dump;
	struct kdf_stored *stored;
	CHECK_OK(kdf_open(names, 3, NULL, &dump));
	CHECK(kdf_info(dump)->split && !kdf_info(dump)->incomplete);
	CHECK_OK(kdf_stored_open(dump, &stored));
	uint8_t page[PAGE], want[PAGE];
	unsigned wrong = 0;
	for (uint64_t pfn = 0; pfn < MAX_PFN; pfn++) {
		struct kdf_stored_page p;
		struct kdf_error *e = kdf_stored_find(stored, pfn, &p);
		if (!bit(dumped, pfn)) {
			wrong += kdf_error_code(e) != (is_ram(pfn) ? KDF_EXCLUDED : KDF_HOLE);
			kdf_error_free(e);
			continue;
		}
		if (!e)
			e = kdf_stored_read(stored, &p, page);
		fill_page(want, pfn);
		wrong += e || p.size != PAGE || p.flags || p.part != (pfn < 1024 ? 0 : 2) || memcmp(page, want, PAGE);
		kdf_error_free(e);
	}
	CHECK(wrong == 0);
	struct kdf_stored_page bad = { .offset = 4096, .size = PAGE + 1 };
	CHECK_CODE(kdf_stored_read(stored, &bad, page), KDF_CORRUPT);
	kdf_stored_close(stored);
	/* Without program headers: what an ELF file of it would have. */
	struct kdf_segment *s;
	size_t n;
	CHECK_OK(kdf_writer_segments(dump, &s, &n));
	CHECK(n == 2 && s[0].phys == RAM1 * PAGE && s[1].mem_size == (uint64_t)(RAM2_END - RAM2) * PAGE);
	free(s);
	kdf_close(dump);
	for (int i = 0; i < 3; i++)
		unlink(name[i]);
}

int main(void)
{
	int fd = mkstemp(path);

	signal(SIGPIPE, SIG_IGN);
	CHECK(fd >= 0);
	close(fd);
	snprintf(path2, sizeof(path2), "%s.2", path);
	elf_file(false);
	check_elf_headers(path, 0);
	elf_file(true);
	check_elf_headers(path, 0);
	elf_incomplete();
	check_elf_headers(path, 1);
	elf_misuse();
	stream("kdump-flat", "kdump");
	stream("elf-flat", "elf");
	broken_pipe();
	limited("kdump", 3000000);
	limited("kdump", 20000);
	limited("elf", 3000000);
	limited("elf", 9000000);
	limited("kdump-flat", 5000000);
	limited("elf-flat", 5000000);
	nothing_written();
	parts();
	unlink(path);
	unlink(path2);
	TEST_END();
}
