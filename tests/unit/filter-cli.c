// SPDX-License-Identifier: GPL-2.0-or-later
/* kdx-filter as its users meet it: exit codes, files it makes and refuses, options it does not have yet. */
#include <fcntl.h>
#include <libgen.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "filter-machine.h"
#include "test.h"

static char program[4096], dir[] = "/tmp/kdx-filter-cli-XXXXXX", vmcore[160], said[65536];

/* Beside the test: build/tests/unit/X and filter/kdx-filter, or build-san/tests/unit/X and build-san/filter/... */
static bool find_program(const char *self)
{
	static const char *const places[] = { "../../filter/kdx-filter", "../../../filter/kdx-filter" };
	char copy[3000];

	snprintf(copy, sizeof(copy), "%s", self);
	for (size_t i = 0; i < 2; i++) {
		snprintf(program, sizeof(program), "%s/%s", dirname(strcpy(copy, self)), places[i]);
		if (!access(program, X_OK))
			return true;
	}
	return false;
}

static rlim_t size_limit = RLIM_INFINITY;

/* Runs the program with words (split at blanks; @ stands for the directory); its exit code. */
static int run(const char *words)
{
	char line[4096], *arg[32] = { program }, *save = NULL;
	size_t n = 0, narg = 1;
	int out[2];

	for (const char *p = words; *p && n < sizeof(line) - 100; p++) {
		if (*p == '@')
			n += (size_t)snprintf(line + n, 90, "%s", dir);
		else
			line[n++] = *p;
	}
	line[n] = 0;
	for (char *w = strtok_r(line, " ", &save); w && narg < 31; w = strtok_r(NULL, " ", &save))
		arg[narg++] = w;
	if (pipe(out))
		return -1;
	fflush(stdout);
	pid_t pid = fork();
	if (!pid) {
		struct rlimit limit = { size_limit, RLIM_INFINITY };
		setrlimit(RLIMIT_FSIZE, &limit);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(program, arg);
		_exit(99);
	}
	close(out[1]);
	size_t got = 0;
	for (ssize_t k; got < sizeof(said) - 1 && (k = read(out[0], said + got, sizeof(said) - 1 - got)) > 0;)
		got += (size_t)k;
	said[got] = 0;
	close(out[0]);
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool says(const char *text)
{
	return strstr(said, text) != NULL;
}

static char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool exists(const char *name)
{
	return !access(in_dir(name), F_OK);
}

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
static void later_options(void)
{
	static const struct {
		const char *words, *name;
	} later[] = {
		{ "-E", "-E" }, { "-F", "-F" }, { "-R", "-R" }, { "-e", "-e" }, { "-X", "-X" }, { "-x vmlinux", "-x" },
		{ "-i info", "-i" }, { "-g out", "-g" }, { "-b 4", "-b" }, { "-L 3M", "-L" }, { "--split", "--split" },
		{ "--reassemble", "--reassemble" }, { "--splitblock-size 1", "--splitblock-size" },
		{ "--cyclic-buffer 1", "--cyclic-buffer" }, { "--work-dir /tmp", "--work-dir" },
		{ "--non-mmap", "--non-mmap" }, { "--config c", "--config" }, { "--eppic m", "--eppic" },
		{ "--mem-usage", "--mem-usage" }, { "--diskset=d", "--diskset" }, { "--vtop 0", "--vtop" },
		{ "--dry-run", "--dry-run" }, { "--extension e", "--extension" }, { "-d 1,31", "-d 1,31" },
		{ "-cE", "-E" }, { "--non-cyclic", "--non-cyclic" },
	};
	char words[200], want[100];

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
		snprintf(words, sizeof(words), "%s @/vmcore @/x", later[i].words);
		CHECK(run(words) == 1);
		snprintf(want, sizeof(want), "%s%s", later[i].name,
			 strchr(later[i].name, ',') ? ":" : " is not supported yet");
		if (!CHECK(says(want)))
			fprintf(stderr, "%s: %s\n", words, said);
		CHECK(!exists("x"));
	}
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
	CHECK(find_program(argv[0]));
	CHECK(mkdtemp(dir) != NULL);
	machine_init(&m);
	machine_free_block(&m, 0xc00, 0xf0000000, 8);
	CHECK_OK(machine_open(&m, INFO_6_12));
	snprintf(vmcore, sizeof(vmcore), "%s", in_dir("vmcore"));
	CHECK(!rename(m.path, vmcore));
	good_runs();
	help_and_version();
	wrong_words();
	later_options();
	bad_input();
	full_disk();
	machine_close(&m);
	char command[100];
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CHECK(system(command) == 0);
	TEST_END();
}
