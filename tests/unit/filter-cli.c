// SPDX-License-Identifier: GPL-2.0-or-later
/* kdx-filter as its users meet it: exit codes, files it makes and refuses, options it does not have yet. */
#include "filter-output-run.h"

static void good_runs(void)
{
	struct stat st;

	CHECK(run("-l -d 31 @/vmcore @/dump") == 0);
	CHECK(says("The dumpfile is saved to"));
	CHECK(!stat(in_dir("dump"), &st) && (st.st_mode & 07777) == 0600);
	CHECK(run("-l -d 31 @/vmcore @/dump") == 1 && says("exists") && says("-f"));
	CHECK(run("-c -f @/vmcore @/dump --message-level 0") == 0 && said[0] == 0);
	CHECK(run("-f -z -d17 --num-threads=3 @/vmcore @/dump --message-level 16") == 0);
	CHECK(says("Original pages  : 0x0000000000001000") && says("Total pages     : 0x0000000000001000"));
	CHECK(says("Pages filled with zero  :") && says("Free pages              :"));
	CHECK(run("-f @/vmcore @/dump --show-stats --message-level 0") == 0 && says("Remaining pages"));
	CHECK(run("-f -D @/vmcore @/dump") == 0 && says("kernel image: frames 0x400 to 0x600"));
	CHECK(run("--check-params -c -d 31 @/vmcore @/none") == 0 && !exists("none"));
	/* A filtered dump as input, and its level remembered. */
	CHECK(run("-f -l -d 1 @/vmcore @/dump") == 0);
	CHECK(run("-z -d 16 @/dump @/dump2") == 0 && says("dump level becomes 17"));
	const char *path = in_dir("dump2");
	struct kdf *dump;
	CHECK_OK(kdf_open(&path, 1, NULL, &dump));
	CHECK(kdf_info(dump)->dump_level == 17 && !kdf_info(dump)->incomplete);
	CHECK_TEXT(kdf_info(dump)->compression, "zstd");
	CHECK(kdf_info(dump)->crash_time == 1700000000 && kdf_info(dump)->nr_cpus == 1);
	kdf_close(dump);
}

static void help_and_version(void)
{
	CHECK(run("--help") == 0 && says("Exit codes:") && says("--dump-dmesg") && says("Usage:"));
	CHECK(run("-h") == 0 && says("Usage:"));
	CHECK(run("-v") == 0 && says(KDX_VERSION) && says(kdf_features()));
	CHECK(run("--version") == 0 && says("zlib"));
}

static void wrong_words(void)
{
	static const char *const bad[] = {
		"", "@/vmcore", "@/vmcore @/x @/y", "-d @/vmcore @/x", "-d 32 @/vmcore @/x", "-d -1 @/vmcore @/x",
		"-d 3x @/vmcore @/x", "--num-threads 9999 @/vmcore @/x", "--message-level 32 @/vmcore @/x",
		"--frobnicate @/vmcore @/x", "-q @/vmcore @/x", "--partial-dmesg @/vmcore @/x", "@/none @/x",
		"@/vmcore @/no/x",
		"-f @/vmcore @/vmcore", "-f @/vmcore /dev/null", "-f @/vmcore @",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(run(bad[i]) == 1);
		CHECK(said[0] && !exists("x"));
	}
	/* The input is as it was. */
	CHECK(run("-f @/vmcore @/dump") == 0);
}

/* What makedumpfile has and this program does not: refused by name, nothing made. */
static void refused_options(void)
{
	static const struct {
		const char *words, *name;
	} refused[] = {
		{ "-e", "-e" }, { "-X", "-X" }, { "-g out", "-g" }, { "--config c", "--config" },
		{ "--eppic m", "--eppic" },
		{ "--diskset=d", "--diskset" }, { "--extension e", "--extension" }, { "--xen-syms x", "--xen-syms" },
		{ "--xen-vmcoreinfo x", "--xen-vmcoreinfo" }, { "--xen_phys_start 0", "--xen_phys_start" },
		{ "-cX", "-X" },
	};
	char words[200], want[100];

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		snprintf(words, sizeof(words), "%s @/vmcore @/x", refused[i].words);
		CHECK(run(words) == 1);
		snprintf(want, sizeof(want), "%s is not supported", refused[i].name);
		if (!CHECK(says(want)))
			fprintf(stderr, "%s: %s\n", words, said);
		CHECK(!exists("x"));
	}
}

/* What makedumpfile has and this program does not need: it says so and goes on. */
static void accepted_options(void)
{
	static const char *const accepted[] = { "-b 4", "--cyclic-buffer 1024", "--work-dir /tmp", "--non-mmap",
						"--non-cyclic" };
	char words[200];

	for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
		snprintf(words, sizeof(words), "-f %s -l -d 31 @/vmcore @/dump", accepted[i]);
		CHECK(run(words) == 0 && says("has no effect"));
	}
	CHECK(run("-f -b x @/vmcore @/dump") == 1);
	/* Lines as distributions write them. */
	CHECK(run("-l --message-level 7 -d 31 -f @/vmcore @/dump") == 0 && says("Completed"));
	CHECK(run("--check-params -F -l --message-level 7 -d 31 @/vmcore") == 0);
	CHECK(run("-fcd31 @/vmcore @/dump") == 0);
	CHECK(run("-f -c --num-threads=2 --message-level 31 -d 31 @/vmcore @/dump") == 0 && says("Remaining pages"));
}

/* -z:3 beside -zf. */
static void words_of_levels(void)
{
	static const char *const bad[] = { "-z:99", "-z:", "-z:x", "-l:1", "-p:1", "-c:-5", "--compress zstd:99",
					   "--compress lz5", "-d 1,", "-d 1,32", "-L 0", "-L x", "-E -c", "-E -l:1",
					   "--to elf", "--split", "-F --split", "-E --split", "--splitblock-size 4",
					   "-i a -x b", "--vtop x", "--mem-usage --dump-dmesg" };
	char words[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(words, sizeof(words), "%s @/vmcore @/x", bad[i]);
		if (!CHECK(run(words) == 1) || !CHECK(!exists("x")))
			fprintf(stderr, "%s: %s\n", words, said);
	}
	CHECK(run("-f -zf -d 31 @/vmcore @/z1") == 0 && run("-fz:1 -d 31 @/vmcore @/z2") == 0);
	CHECK(run("-f --compress zstd:19 -d 31 @/vmcore @/z19") == 0 && run("-f -z:19 -d 31 @/vmcore @/z19b") == 0);
	CHECK(same_file("z19", "z19b") && !same_file("z1", "z19"));
	CHECK(run("-f -c:9 --level 31 @/vmcore @/c9") == 0 && run("-fc -d 31 @/vmcore @/c1") == 0);
	CHECK(!same_file("c9", "c1"));
	CHECK(run("diff @/c9 @/z19") == 0);
	CHECK(run("-f --compress none -d 31 @/vmcore @/none") == 0 && run("-f -d 31 @/vmcore @/plain") == 0);
	CHECK(same_file("none", "plain"));
	CHECK(shell("rm @/none @/plain") == 0);
}

static void bad_input(void)
{
	char command[300];

	CHECK(run("/etc/passwd @/x") == 5 && !exists("x"));
	CHECK(run("/dev/null @/x") != 0 && !exists("x"));
	CHECK(run("@ @/x") != 0 && !exists("x"));
	/* A vmcore that was cut: what is there is saved, and marked. */
	snprintf(command, sizeof(command), "head -c 12000000 %s/vmcore > %s/cut", dir, dir);
	CHECK(system(command) == 0);
	CHECK(run("-l -d 1 @/cut @/x") == 4 && says("marked as incomplete"));
	const char *path = in_dir("x");
	struct kdf *dump;
	CHECK_OK(kdf_open(&path, 1, NULL, &dump));
	CHECK(kdf_info(dump)->incomplete);
	kdf_close(dump);
	unlink(path);
}

static void full_disk(void)
{
	size_limit = 3000000;
	CHECK(run("-d 0 @/vmcore @/x") == 3);
	size_limit = RLIM_INFINITY;
	const char *path = in_dir("x");
	struct kdf *dump;
	CHECK_OK(kdf_open(&path, 1, NULL, &dump));
	CHECK(kdf_info(dump)->incomplete);
	kdf_close(dump);
	unlink(path);
}

int main(int argc, char *argv[])
{
	struct machine m;

	(void)argc;
	begin_runs(argv[0], &m);
	good_runs();
	help_and_version();
	wrong_words();
	words_of_levels();
	refused_options();
	accepted_options();
	bad_input();
	full_disk();
	end_runs(&m);
	TEST_END();
}
