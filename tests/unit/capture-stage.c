// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The capture from end to end below a folder, on a file that stands for /proc/vmcore: what lies there afterwards, and
 * what the status file says, in good and in bad cases. Also running programs and the status file's details.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/files.h"
#include "capture/run.h"
#include "capture/stage.h"
#include "test.h"
#include "remove-tree.h"

static char scratch[] = "/tmp/kdx-capture-stage-XXXXXX";
static char root[64], vmcore[64], dump[PATH_MAX], path[PATH_MAX];

static void write_file(const char *name, const char *text, mode_t mode)
{
	CHECK_OK(path_make(path, "%s/%s", root, name));
	char *slash = strrchr(path, '/');
	*slash = '\0';
	CHECK_OK(make_folders(path, 0755));
	*slash = '/';
	CHECK_OK(file_write(path, text, 0600));
	CHECK(!chmod(path, mode));
}

static void begin(const char *conf)
{
	remove_tree(root);
	write_file("etc/kdump.conf", conf, 0644);
}

/* Runs a capture with stderr silenced; finds the one dump folder that it made ("" when it made none). */
static enum capture_result go(void)
{
	const struct stage_request r = { .no_reboot = true, .root = root, .vmcore = vmcore };
	int keep = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	enum capture_result result = stage_run(&r);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(null);

	*dump = '\0';
	CHECK_OK(path_make(path, "%s/var/crash", root));
	DIR *dir = opendir(path);
	struct dirent *d;
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.') {
			CHECK(!*dump);
			CHECK_OK(path_make(dump, "%s/var/crash/%s", root, d->d_name));
		}
	if (dir)
		closedir(dir);
	return result;
}

static bool has(const char *name)
{
	struct kdf_error *e = path_make(path, "%s/%s", dump, name);

	CHECK_OK(e);
	return !access(path, F_OK);
}

/* The status file holds that text. */
static bool status_says(const char *want)
{
	char *text = NULL;

	CHECK_OK(path_make(path, "%s/kdx-status.json", dump));
	if (!CHECK_OK(file_read(path, 1 << 16, &text)))
		return false;
	bool found = strstr(text, want);
	if (!found)
		fprintf(stderr, "no %s in %s", want, text);
	free(text);
	return found;
}

static void saves(void)
{
	struct stat st;
	char *text = NULL;

	/* cp is no filter, but it makes a vmcore; the file is no dump, so the kernel log cannot be saved. */
	begin("core_collector cp\nkdump_pre mkdir -p made\nkdump_post touch\n");
	write_file("etc/kdump/pre.d/10-first", "#!/bin/sh\necho first >> \"$KDX_DUMP_DIR/hooks\"\n", 0755);
	write_file("etc/kdump/pre.d/20-second", "#!/bin/sh\necho second >> \"$KDX_DUMP_DIR/hooks\"\n", 0755);
	write_file("etc/kdump/pre.d/30-not-executable", "#!/bin/sh\nexit 1\n", 0644);
	write_file("etc/kdump/pre.d/40-backup~", "#!/bin/sh\nexit 1\n", 0755);
	write_file("etc/kdump/post.d/10-post", "#!/bin/sh\necho \"post $1\" >> \"$KDX_DUMP_DIR/hooks\"\n", 0755);
	CHECK(go() == CAPTURE_SAVED);
	CHECK(has("vmcore") && !stat(path, &st) && st.st_size == 8192 && (st.st_mode & 07777) == 0600);
	CHECK(!has("vmcore-incomplete"));
	CHECK(!stat(dump, &st) && (st.st_mode & 07777) == 0700);
	CHECK(has("vmcore-dmesg-incomplete.txt") && !has("vmcore-dmesg.txt"));
	CHECK_OK(path_make(path, "%s/hooks", dump));
	if (CHECK_OK(file_read(path, 100, &text)))
		CHECK_TEXT(text, "first\nsecond\npost 0\n");
	free(text);
	CHECK(status_says("\"result\": \"saved\""));
	CHECK(status_says("\"step\": \"kernel log\""));
	CHECK(status_says("\"bytes\": 8192"));
	CHECK(status_says("\"exit\": 0"));
	CHECK(!access("made", F_OK)); /* kdump_pre's own words */
	CHECK(!access("0", F_OK));    /* kdump_post gets the exit status as its word */
}

static void pre_hook_says_no(void)
{
	begin("core_collector cp\nkdump_pre false\n");
	CHECK(go() == CAPTURE_SKIPPED);
	CHECK(!has("vmcore") && !has("vmcore-incomplete") && !has("vmcore-dmesg-incomplete.txt"));
	CHECK(status_says("\"result\": \"skipped\""));
	CHECK(status_says("exit status 1"));

	begin("core_collector cp\nkdump_pre no-such-program-at-all\n");
	CHECK(go() == CAPTURE_SKIPPED);
	CHECK(status_says("no-such-program-at-all"));
}

static void collector_fails(void)
{
	begin("core_collector collect\n");
	write_file("bin/collect", "#!/bin/sh\nhead -c 100 \"$3\" > \"$4\"\nexit 7\n", 0755);
	char conf[PATH_MAX];
	snprintf(conf, sizeof(conf),
		 "core_collector %s/bin/collect -d 17\nkdump_post %s/bin/post\nkdump_emergency %s/bin/post e\n", root,
		 root, root);
	write_file("etc/kdump.conf", conf, 0644);
	char script[PATH_MAX];
	snprintf(script, sizeof(script), "#!/bin/sh\necho \"$@\" >> %s/post\n", root);
	write_file("bin/post", script, 0755);
	CHECK(go() == CAPTURE_FAILED); /* the log could not be saved either: the file is no dump */
	CHECK(!has("vmcore") && has("vmcore-incomplete"));
	CHECK(status_says("\"result\": \"failed\""));
	CHECK(status_says("exit status 7"));
	CHECK(status_says("\"level\": 17"));
	char *text = NULL;
	CHECK_OK(path_make(path, "%s/post", root));
	if (CHECK_OK(file_read(path, 100, &text)))
		CHECK_TEXT(text, "7\ne\n");
	free(text);

	begin("core_collector true\n"); /* ends well, writes nothing */
	CHECK(go() == CAPTURE_FAILED);
	CHECK(status_says("left no bytes"));
}

static void bad_configuration(void)
{
	/* The defaults are used: kdx-filter, which is not there under that name or refuses this file. */
	begin("nonsense\n");
	CHECK(go() == CAPTURE_FAILED);
	CHECK(*dump && status_says("unknown directive 'nonsense'"));
	CHECK(status_says("\"collector\": \"kdx-filter -l --message-level 7 -d 31\""));

	begin("core_collector cp\n");
	CHECK(!unlink(vmcore));
	CHECK(go() == CAPTURE_FAILED && !*dump);
}

static void programs(void)
{
	static char sh[] = "/bin/sh", c[] = "-c", exit3[] = "exit 3", killed[] = "kill -9 $$",
		    none[] = "/no/such/program";
	struct run_result result;
	char why[64];

	CHECK_OK(run_program(&(struct run_request){ .argv = (char *[]){ sh, c, exit3, NULL } }, &result));
	CHECK(result.exit_code == 3 && result.peak_rss > 0 && result.seconds >= 0);
	CHECK_TEXT(run_outcome(3, why, sizeof(why)), "exit status 3");
	CHECK_OK(run_program(&(struct run_request){ .argv = (char *[]){ sh, c, killed, NULL } }, &result));
	CHECK(result.exit_code == 128 + SIGKILL);
	CHECK_TEXT(run_outcome(result.exit_code, why, sizeof(why)), "killed by signal 9 (Killed)");
	CHECK_CODE(run_program(&(struct run_request){ .argv = (char *[]){ none, NULL } }, &result), KDF_NOT_FOUND);
}

static void levels(void)
{
	static const struct {
		const char *words;
		int level;
	} rows[] = {
		{ "kdx-filter -l -d 31", 31 },
		{ "makedumpfile -cd17,31", 17 },
		{ "x -d31", 31 },
		{ "cp", -1 },
		{ "x -d", -1 },
		{ "x --dump -l", -1 },
		{ "makedumpfile -l --message-level 7 -d 0", 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[100], *words[16];

		snprintf(text, sizeof(text), "%s", rows[i].words);
		split_words(text, words, 16);
		CHECK(collector_level(words) == rows[i].level);
	}
}

static void many_errors(void)
{
	struct status s = { .level = -1, .collector_exit = -1, .started = 5 };
	struct kdf_buf json = { 0 };

	for (int i = 0; i < STATUS_ERRORS_MAX + 4; i++)
		status_error(&s, "step", "a \"quote\", a\nline\x01");
	CHECK_OK(status_json(&s, &json));
	CHECK(strstr(kdf_buf_text(&json), "\"errors_total\": 20\n") != NULL);
	CHECK(strstr(kdf_buf_text(&json), "a \\\"quote\\\", a\\nline\\u0001") != NULL);
	CHECK(strstr(kdf_buf_text(&json), "\"level\": null") != NULL);
	kdf_buf_free(&json);
}

int main(void)
{
	static char zeros[8192];

	if (!CHECK(mkdtemp(scratch) != NULL) || !CHECK(!chdir(scratch)))
		return 1;
	snprintf(root, sizeof(root), "%s/root", scratch);
	snprintf(vmcore, sizeof(vmcore), "%s/core", scratch);
	int fd = open(vmcore, O_WRONLY | O_CREAT, 0600);
	CHECK_OK(write_all(fd, zeros, sizeof(zeros), "core"));
	close(fd);
	programs();
	levels();
	many_errors();
	saves();
	pre_hook_says_no();
	collector_fails();
	bad_configuration();
	CHECK(!chdir("/"));
	remove_tree(scratch);
	TEST_END();
}
