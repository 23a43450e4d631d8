// SPDX-License-Identifier: GPL-2.0-or-later
/* Pages through the workers into a file: same file for any number of threads, unreadable pages, a full disk, Ctrl-C. */
#include "filter/compress.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/interrupt.h"
#include "filter-machine.h"
#include "test.h"
#include "base/bytes.h"

static struct machine machine;
static uint8_t ram[FRAMES / 8 + 1], dumped[FRAMES / 8 + 1];

static struct kdf_writer *begin(int fd, const struct kdf_codec *codec, bool zero)
{
	static const char uts[6][KDF_UTS_LEN] = { "Linux", "n", "6", "v", "x86_64", "d" };
	struct kdf_writer *w = NULL;
	struct kdf_writer_head head = {
		.uts = uts, .page_size = PAGE, .max_pfn = FRAMES, .dump_level = zero, .nr_cpus = 1,
		.compression = codec ? codec->flag : 0, .ram = ram, .dumped = dumped, .share_zero_page = zero,
	};

	head.notes = kdf_notes_raw(machine.dump, &head.notes_size);
	CHECK_OK(kdf_writer_open(fd, &head, &w));
	return w;
}

static uint64_t choose_pages(unsigned one_in)
{
	uint64_t n = 0;

	memset(ram, 0xff, FRAMES / 8);
	memset(dumped, 0, sizeof(dumped));
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
		if (pfn % 64 < 40 && pfn % one_in == 0) {
			dumped[pfn / 8] |= (uint8_t)(1 << pfn % 8);
			n++;
		}
	return n;
}

/* The file of one run, malloc'ed. */
static uint8_t *run(const struct kdf_codec *codec, bool zero, unsigned threads, uint64_t total, size_t *size,
		    const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct copy_job job = {
		.dump = machine.dump, .writer = begin(fd, codec, zero), .codec = codec, .dumped = dumped,
		.max_pfn = FRAMES, .total = total, .find_zero = zero, .threads = threads,
	};
	struct stat st;

	CHECK_OK(copy_pages(&job));
	CHECK(job.unreadable == 0 && (job.zero_pages > 0) == zero);
	CHECK_OK(kdf_writer_finish(job.writer, true));
	CHECK(!fstat(fd, &st));
	*size = (size_t)st.st_size;
	uint8_t *p = malloc(*size);
	CHECK(pread(fd, p, *size, 0) == (ssize_t)*size);
	close(fd);
	return p;
}

/* Every page of the file as the machine has it; the others are excluded. */
static void check_content(const char *path, uint64_t total)
{
	struct kdf *dump;
	uint8_t page[PAGE];
	uint64_t good = 0, excluded = 0;

	CHECK_OK(kdf_open(&path, 1, NULL, &dump));
	CHECK(!kdf_info(dump)->incomplete && kdf_info(dump)->dumped_pages == total);
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++) {
		struct kdf_error *e = kdf_page_read(dump, pfn, page, NULL);
		good += !e && !memcmp(page, machine.ram + pfn * PAGE, PAGE);
		excluded += kdf_error_code(e) == KDF_EXCLUDED;
		kdf_error_free(e);
	}
	CHECK(good == total && excluded == FRAMES - total);
	kdf_close(dump);
}

static void same_for_all_threads(const char *path)
{
	for (size_t c = 0; c <= kdf_codec_count(); c++)
		for (unsigned sparse = 1; sparse <= 3; sparse += 2) {
			const struct kdf_codec *codec = kdf_codec_at(c); /* the last: none */
			uint64_t total = choose_pages(sparse);
			size_t size, other_size;
			uint8_t *first = run(codec, sparse == 1, 1, total, &size, path);
			check_content(path, total);
			for (unsigned threads = 2; threads <= 9; threads += 7) {
				uint8_t *other = run(codec, sparse == 1, threads, total, &other_size, path);
				CHECK(size == other_size && !memcmp(first, other, size));
				free(other);
			}
			free(first);
		}
}

static const struct frame_range first[] = { { 3900, 3910 }, { 64, 900 }, { 900, 901 }, { 2600, 2700 }, { 0, 2 } };
enum { NFIRST = sizeof(first) / sizeof(*first) };

/* Byte offset of a page in an uncompressed file: where its content, which no other page has, begins. */
static uint64_t place_of(const uint8_t *file, size_t size, uint64_t pfn)
{
	const uint8_t *at = memmem(file, size, machine.ram + pfn * PAGE, PAGE);

	return at ? (uint64_t)(at - file) : 0;
}

/* The wanted frames lie in front, in the order wanted; nothing is lost or twice; threads change nothing. */
static void wanted_order(const char *path)
{
	uint8_t *one = NULL;
	size_t size = 0;

	for (unsigned threads = 1; threads <= 9; threads += 4)
		for (unsigned sparse = 1; sparse <= 3; sparse += 2) {
			uint64_t total = choose_pages(sparse);
			int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
			struct copy_job job = {
				.dump = machine.dump, .writer = begin(fd, NULL, false), .dumped = dumped,
				.max_pfn = FRAMES, .total = total, .threads = threads, .first = first, .nfirst = NFIRST,
			};
			struct stat st;
			CHECK_OK(copy_pages(&job));
			CHECK_OK(kdf_writer_finish(job.writer, true));
			check_content(path, total);
			if (sparse == 3) {
				close(fd);
				continue;
			}
			CHECK(!fstat(fd, &st) && (!one || (size_t)st.st_size == size));
			size = (size_t)st.st_size;
			uint8_t *file = malloc(size);
			CHECK(pread(fd, file, size, 0) == (ssize_t)size);
			CHECK(!one || !memcmp(one, file, size));
			/* Frames with a content of their own: pfn % 4 is 2 or 3. */
			uint64_t a = place_of(file, size, 3906), b = place_of(file, size, 2759);
			uint64_t c = place_of(file, size, 2627), d = place_of(file, size, 2563);
			CHECK(a && a < c && c < d && d < b);
			free(one);
			one = file;
			close(fd);
		}
	free(one);
}

static void bad_order(const char *path)
{
	static const struct frame_range bad[][2] = {
		{ { 5, 10 }, { 9, 12 } }, { { 5, 10 }, { 5, 10 } }, { { 10, 5 }, { 20, 30 } },
		{ { 1, 2 }, { 4000, FRAMES + 1 } },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		uint64_t total = choose_pages(1);
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		struct copy_job job = {
			.dump = machine.dump, .writer = begin(fd, NULL, false), .dumped = dumped, .max_pfn = FRAMES,
			.total = total, .threads = 1, .first = bad[i], .nfirst = 2,
		};
		CHECK_CODE(copy_pages(&job), KDF_USAGE);
		kdf_error_free(kdf_writer_finish(job.writer, false));
		close(fd);
	}
}

/* Frames that the input has not: counted, and the dump is marked. */
static void unreadable(const char *path)
{
	for (unsigned threads = 1; threads <= 3; threads += 2) {
		uint64_t total = choose_pages(1);
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		const char *short_path = "/tmp/kdx-filter-short";
		char command[200];
		snprintf(command, sizeof(command), "head -c 12000000 %s > %s", machine.path, short_path);
		CHECK(system(command) == 0);
		struct kdf *cut;
		CHECK_OK(kdf_open(&short_path, 1, NULL, &cut));
		struct copy_job job = {
			.dump = cut, .writer = begin(fd, NULL, true), .dumped = dumped, .max_pfn = FRAMES,
			.total = total, .find_zero = true, .threads = threads,
		};
		CHECK_OK(copy_pages(&job));
		CHECK(job.unreadable > 600 && job.unreadable < total);
		uint64_t lost = (12000000 - 3 * PAGE) / PAGE, last = lost - 1;
		while (!(dumped[lost / 8] >> lost % 8 & 1))
			lost++;
		while (!(dumped[last / 8] >> last % 8 & 1))
			last--;
		CHECK(job.first_unreadable == lost);
		CHECK_CODE(kdf_writer_finish(job.writer, true), KDF_INCOMPLETE);
		kdf_close(cut);
		close(fd);
		unlink(short_path);
		struct kdf *dump;
		CHECK_OK(kdf_open(&path, 1, NULL, &dump));
		CHECK(kdf_info(dump)->incomplete);
		uint8_t page[PAGE];
		CHECK_CODE(kdf_page_read(dump, lost, page, NULL), KDF_INCOMPLETE);
		CHECK_OK(kdf_page_read(dump, last, page, NULL));
		kdf_close(dump);
	}
}

static void full_disk(const char *path)
{
	struct rlimit old, limit;

	getrlimit(RLIMIT_FSIZE, &old);
	for (unsigned threads = 1; threads <= 4; threads += 3) {
		uint64_t total = choose_pages(1);
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		struct copy_job job = {
			.dump = machine.dump, .writer = begin(fd, NULL, false), .dumped = dumped, .max_pfn = FRAMES,
			.total = total, .threads = threads,
		};
		limit = old;
		limit.rlim_cur = 5000000;
		setrlimit(RLIMIT_FSIZE, &limit);
		CHECK_CODE(copy_pages(&job), KDF_NO_SPACE);
		kdf_error_free(kdf_writer_finish(job.writer, false));
		setrlimit(RLIMIT_FSIZE, &old);
		close(fd);
		struct kdf *dump;
		CHECK_OK(kdf_open(&path, 1, NULL, &dump));
		CHECK(kdf_info(dump)->incomplete);
		uint8_t page[PAGE];
		CHECK_OK(kdf_page_read(dump, 0, page, NULL));
		CHECK(kdf_vmcoreinfo_value(dump, "OSRELEASE") != NULL);
		kdf_close(dump);
	}
}

static void interrupted(const char *path)
{
	kdf_interrupt_install();
	for (unsigned threads = 1; threads <= 4; threads += 3) {
		uint64_t total = choose_pages(1);
		int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		struct copy_job job = {
			.dump = machine.dump, .writer = begin(fd, NULL, false), .dumped = dumped, .max_pfn = FRAMES,
			.total = total, .threads = threads,
		};
		raise(SIGTERM);
		CHECK_CODE(copy_pages(&job), KDF_INTERRUPTED);
		CHECK_OK(kdf_writer_finish(job.writer, false));
		kdf_interrupt_clear();
		close(fd);
	}
}

static void zero_test(void)
{
	uint8_t page[PAGE] = { 0 };

	CHECK(kdf_all_zero(page, PAGE) && kdf_all_zero(page, 16));
	for (size_t i = 0; i < PAGE; i += i < 40 || i > PAGE - 40 ? 1 : 97) {
		page[i] = 1;
		CHECK(!kdf_all_zero(page, PAGE));
		page[i] = 0;
	}
	memset(page, 7, PAGE);
	CHECK(!kdf_all_zero(page, PAGE));
}

int main(void)
{
	char path[] = "/tmp/kdx-copy-XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0);
	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	machine_init(&machine);
	CHECK_OK(machine_open(&machine, INFO_6_12));
	zero_test();
	same_for_all_threads(path);
	wanted_order(path);
	bad_order(path);
	unreadable(path);
	full_disk(path);
	interrupted(path);
	machine_close(&machine);
	unlink(path);
	TEST_END();
}
