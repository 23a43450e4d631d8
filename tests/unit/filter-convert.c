// SPDX-License-Identifier: GPL-2.0-or-later
/* The jobs beside making a dump, by the program itself: formats, parts, levels and limits, verify, salvage, diff. */
#include "filter-output-run.h"

static long size_of(const char *name)
{
	struct stat st;

	return stat(in_dir(name), &st) ? -1 : (long)st.st_size;
}

static bool is_incomplete(const char *name)
{
	const char *path = in_dir(name);
	struct kdf *dump;

	if (!CHECK_OK(kdf_open(&path, 1, NULL, &dump)))
		return false;
	bool incomplete = kdf_info(dump)->incomplete;
	kdf_close(dump);
	return incomplete;
}

static void poke(const char *name, off_t at, const void *bytes, size_t n)
{
	int fd = open(in_dir(name), O_RDWR);

	CHECK(fd >= 0 && pwrite(fd, bytes, n, at) == (ssize_t)n);
	close(fd);
}

static void streams(void)
{
	CHECK(run("-l -d 31 @/vmcore @/dump") == 0);
	CHECK(shell("%F -F -l -d 31 @/vmcore > @/flat") == 0);
	CHECK(shell("%F -R @/un < @/flat") == 0 && same_file("un", "dump"));
	CHECK(shell("%F -R @/un < @/flat 2>/dev/null") == 1); /* there already */
	CHECK(shell("%F -R -f @/flat @/un2 && cat @/flat | %F -R -f @/un3") == 0);
	CHECK(same_file("un2", "dump") && same_file("un3", "dump"));
	/* Nothing but the dump on standard output. */
	CHECK(shell("%F -F -l -d 31 --show-stats --message-level 31 @/vmcore 2>/dev/null | cmp -s - @/flat") == 0);
	CHECK(run("-F -l -d 31 @/vmcore @/x") == 1 && !exists("x"));
	/* The stream as it is, as input. */
	CHECK(run("diff @/flat @/dump") == 0 && run("verify @/flat") == 0 && says("whole"));
	/* Cut: what came is there, and marked. */
	CHECK(shell("head -c 2000000 @/flat > @/cut; %F -R -f @/cut @/un 2>/dev/null") == 4 && is_incomplete("un"));
	CHECK(shell("head -c 2000 @/flat > @/cut; %F -R -f @/cut @/un 2>/dev/null") == 5);
	CHECK(shell("head -c 100000 /dev/zero | %F -R -f @/un 2>/dev/null") == 5);
	CHECK(shell("%F -E -F -d 31 @/vmcore > @/elf-flat; %F -R @/elf-flat @/elf1; %F -E -d 31 @/vmcore @/elf2") == 0);
	CHECK(same_file("elf1", "elf2"));
	/* makedumpfile's streams have no record that takes the mark away, and none that sets it. */
	CHECK(run("-R -f @/none @/un") == 1);
}

static void hostile_stream(void)
{
	uint8_t record[16];

	CHECK(shell("head -c 4096 @/flat > @/bad") == 0);
	memset(record, 0x7f, sizeof(record)); /* offset and size whose sum overflows */
	poke("bad", 4096, record, sizeof(record));
	CHECK(run("-R -f @/bad @/un") == 5);
	memset(record, 0x80, sizeof(record)); /* negative, but not the end record */
	poke("bad", 4096, record, sizeof(record));
	CHECK(run("-R -f @/bad @/un") == 5);
}

static void elf(void)
{
	CHECK(run("-E -d 31 -f @/vmcore @/elf") == 0 && run("verify @/elf") == 0 && says("ELF"));
	/* Only zeros may be in one of them alone: the free block is left out of both. */
	CHECK(run("diff @/elf @/dump") == 2 && says(" 0 differ"));
	unsigned long long a = 1, b = 1, zeros = 0;
	const char *p = strstr(said, " differ, "), *z = strstr(said, "of the pages that only one has are zeros");
	CHECK(p && sscanf(p, " differ, %llu are only in %*s %llu", &a, &b) == 2);
	while (z && z > said && z[-1] != '\n')
		z--;
	CHECK(!z || sscanf(z, "%llu", &zeros) == 1);
	CHECK(a + b == zeros && zeros > 0);
	CHECK(run("-E -d 0 -f @/vmcore @/elf0") == 0 && run("diff @/elf0 @/vmcore") == 0);
	CHECK(run("-l -d 31 -f @/elf0 @/dump0") == 0 && same_file("dump0", "dump"));
	CHECK(run("-E -d 31 -x @/vmcore @/vmcore @/x") == 1 && !exists("x")); /* no build-id, no release in it */
}

static void parts(void)
{
	CHECK(run("--split -l -d 31 @/vmcore @/p1 @/p2 @/p3") == 0 && says("p3"));
	CHECK(size_of("p2") > 8192 && size_of("p3") > 8192);
	CHECK(run("--reassemble @/p3 @/p1 @/p2 @/joined") == 0 && same_file("joined", "dump"));
	CHECK(run("--reassemble @/p1 @/p2 @/x") == 4 && is_incomplete("x")); /* one is missing */
	CHECK(run("--reassemble @/dump @/vmcore @/y") != 0 && !exists("y"));
	CHECK(run("verify @/p1 @/p2 @/p3") == 0 && says("whole"));
	CHECK(run("verify @/p1") == 4 && says("missing"));
	CHECK(run("--split --splitblock-size 4096 -f -z -d 1 @/vmcore @/p1 @/p2") == 0);
	CHECK(run("--reassemble -f @/p1 @/p2 @/joined") == 0 && run("-z -d 1 -f @/vmcore @/z") == 0);
	CHECK(same_file("joined", "z"));
	CHECK(run("--split @/vmcore @/p1 @/p1") == 1 && run("--split @/vmcore @/p8") == 1);
	CHECK(shell("rm @/x") == 0);
}

static void conversions(void)
{
	CHECK(run("convert @/dump @/c1") == 0 && same_file("c1", "dump"));
	CHECK(run("convert -z:5 @/dump @/c2") == 0 && run("diff @/c2 @/dump") == 0 && says(" 0 differ"));
	CHECK(run("convert -l @/c2 @/c3") == 0 && same_file("c3", "dump"));
	CHECK(run("convert --to elf @/dump @/c4") == 0 && run("verify @/c4") == 0);
	CHECK(run("convert @/elf0 @/c5") == 0 && run("diff @/c5 @/vmcore") == 0);
	CHECK(shell("%F convert --to kdump-flat @/dump | %F -R @/c6") == 0 && same_file("c6", "dump"));
	CHECK(run("convert --to elf -c @/dump @/x") == 1 && run("convert --to tar @/dump @/x") == 1 && !exists("x"));
	CHECK(run("convert @/dump @/dump") == 1 && run("convert -f @/dump @/dump") == 1);
	CHECK(run("convert @/dump") == 1);
}

static void levels(void)
{
	long big, small = size_of("dump");

	CHECK(run("-l -d 0 @/vmcore @/d0") == 0);
	big = size_of("d0");
	CHECK(big > small + 100000);
	char words[200];
	snprintf(words, sizeof(words), "-l -d 0,31 -L %ld @/vmcore @/list", small + 1000);
	CHECK(run(words) == 0 && says("begins again with level 31") && same_file("list", "dump"));
	snprintf(words, sizeof(words), "-f -l -d 31,0 -L %ld @/vmcore @/list", small + 1000);
	CHECK(run(words) == 0 && same_file("list", "dump"));
	snprintf(words, sizeof(words), "-f -l -d 0,0 -L %ld @/vmcore @/list", small + 1000);
	CHECK(run(words) == 3 && is_incomplete("list") && size_of("list") <= small + 1000);
	/* The same by a real limit of the system. */
	size_limit = (rlim_t)small + 1000;
	CHECK(run("-f -l -d 0,31 @/vmcore @/list") == 0 && same_file("list", "dump"));
	size_limit = RLIM_INFINITY;
	CHECK(run("--dry-run -l -d 31 --json @/vmcore") == 0);
	snprintf(words, sizeof(words), "\"bytes_written\": %ld,", small);
	CHECK(says(words) && says("\"complete\": true") && says("\"free\": 256"));
	CHECK(run("--dry-run -l -d 31 @/vmcore @/x") == 0 && !exists("x"));
}

static void damage(void)
{
	/* Cut in the middle of the data. */
	CHECK(shell("head -c $(($(stat -c %s @/dump) * 2 / 3)) @/dump > @/cut") == 0);
	CHECK(run("verify @/cut") == 4 && says("missing"));
	CHECK(run("salvage @/cut @/saved") == 0 && says("pages are missing") && is_incomplete("saved"));
	CHECK(run("verify @/saved") == 4);
	CHECK(run("diff @/cut @/saved") == 0);
	CHECK(run("--dump-dmesg @/saved") != 99);
	/* Frames 0xffd (compressed) and 0xfff: a wrong size, a compressor that there is not. */
	CHECK(shell("cp @/dump @/hurt") == 0);
	const off_t last = 4 * PAGE + 24 * 3839; /* all frames but a free block of 256 */
	poke("hurt", last - 2 * 24 + 8, "\5", 1);
	poke("hurt", last + 12, "\100", 1);
	CHECK(run("verify @/hurt") == 5 && says("2 damaged, 0 missing") && says("0xffd-0xffd (1 pages): damaged"));
	CHECK(run("salvage -f @/hurt @/saved") == 0 && says("2 of 3840 pages are missing"));
	CHECK(run("verify @/saved") == 4 && says(" 0 damaged, 2 missing"));
	/* Nothing wrong but the mark. */
	CHECK(shell("cp @/dump @/marked") == 0);
	poke("marked", 424, "\x0a", 1);
	CHECK(run("verify @/marked") == 4 && says("marked as incomplete"));
	CHECK(run("salvage -f @/marked @/saved") == 0 && says("No page is missing") && same_file("saved", "dump"));
	/* An ELF file that was cut. */
	CHECK(shell("head -c 9000000 @/elf0 > @/cut") == 0);
	CHECK(run("verify @/cut") == 4 && run("salvage -f @/cut @/saved") == 0 && is_incomplete("saved"));
	CHECK(run("salvage -f /etc/passwd @/y") == 5 && !exists("y"));
	/* Two files: the worse one says. */
	CHECK(run("verify @/dump @/hurt @/cut") == 5 && run("verify --json @/dump @/cut") == 4);
	CHECK(run("verify @/none") == 1 && run("verify") == 1);
}

static void killed(void)
{
	/* At whatever point: an openable dump, or none at all. */
	for (int i = 1; i <= 8; i++) {
		char words[300];
		snprintf(words, sizeof(words), "rm -f @/k; %%F -c:9 -d 0 --num-threads 1 @/vmcore @/k & p=$!; "
					       "sleep 0.0%d; "
					       "kill -9 $p 2>/dev/null; wait $p 2>/dev/null; true", i);
		CHECK(shell(words) == 0);
		if (!exists("k") || size_of("k") < 12288 * 3)
			continue;
		int rc = run("verify @/k");
		/* Killed between the last page and the end: only the mark is wrong. */
		bool all_there = rc == 0 || says("all are there");
		CHECK(rc == 4 || rc == 0);
		int saved = run("salvage -f @/k @/saved");
		CHECK(saved == 0 || (saved == 5 && says("no page of")));
		CHECK(run("verify @/saved") == (all_there ? 0 : 4));
	}
}

static void telling(void)
{
	CHECK(run("stats @/dump @/vmcore") == 0 && says("lzo") && says("zeros, shared") && says("ELF"));
	CHECK(run("stats --json @/dump") == 0 && says("\"excluded\": 256"));
	CHECK(run("--mem-usage @/vmcore") == 0 && says("KERN_DATA") && says("FREE            256"));
	CHECK(run("--vtop ffffffff81001000 @/vmcore") == 0 && says("401000") && says("PMD"));
	CHECK(run("--vtop 0xffff888000401000 @/vmcore") == 0 && says("401000"));
	CHECK(run("--vtop 1000 @/vmcore") == 5);
	CHECK(shell("printf 'OSRELEASE=6.0.0-test\\nPAGESIZE=4096\\n' > @/info") == 0);
	CHECK(run("-i @/info -l -d 31 @/vmcore @/poor") == 0); /* nothing can be told: all pages stay */
	CHECK(size_of("poor") > size_of("dump"));
	CHECK(run("-f -i @/none -l -d 31 @/vmcore @/poor") == 1);
	CHECK(run("-f -x /bin/sh -l -d 31 @/vmcore @/poor2") == 1 && !exists("poor2"));
	CHECK(run("--help") == 0 && says("salvage") && says("--size-limit") && says("Exit codes"));
}

/* An ELF file of a kernel's look: a program header with its banner. */
static void kernels(void)
{
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph;
		char banner[64];
	} image = {
		.eh = { .e_ident = ELFMAG "\2\1\1", .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phoff = 64,
			.e_phentsize = 56, .e_phnum = 1 },
		.ph = { .p_type = PT_LOAD, .p_offset = 64 + 56, .p_filesz = 64 },
		.banner = "Linux version 6.0.0-test (a@b) #1",
	};
	int fd = open(in_dir("vmlinux"), O_RDWR | O_CREAT, 0600);

	CHECK(write(fd, &image, sizeof(image)) == sizeof(image));
	close(fd);
	CHECK(run("-x @/vmlinux --dry-run @/vmcore") == 0);
	poke("vmlinux", offsetof(__typeof__(image), banner) + 14, "5", 1);
	CHECK(run("-x @/vmlinux --dry-run @/vmcore") == 2 && says("5.0.0-test") && says("6.0.0-test"));
}

int main(int argc, char *argv[])
{
	struct machine m;

	(void)argc;
	begin_runs(argv[0], &m);
	streams();
	hostile_stream();
	elf();
	parts();
	conversions();
	levels();
	damage();
	killed();
	telling();
	kernels();
	end_runs(&m);
	TEST_END();
}
