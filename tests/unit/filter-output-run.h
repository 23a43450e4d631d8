/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the built kdx-filter in a directory of its own, on the vmcore of filter-machine.h. */
#ifndef FILTER_OUTPUT_RUN_H
#define FILTER_OUTPUT_RUN_H

#include <fcntl.h>
#include <libgen.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "filter-machine.h"
#include "test.h"

static char program[4096], dir[] = "/tmp/kdx-filter-run-XXXXXX", vmcore[160], said[65536];

/* Beside the test: build/tests/unit/X and filter/kdx-filter, or build-san/tests/unit/X and build-san/filter/... */
static inline bool find_program(const char *self)
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
static inline int run(const char *words)
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

static inline bool says(const char *text)
{
	return strstr(said, text) != NULL;
}

static inline char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static inline bool exists(const char *name)
{
	return !access(in_dir(name), F_OK);
}

/* Everything else: `> FILE` and pipes by the shell; %F stands for the program, @ for the directory. */
static inline int shell(const char *words)
{
	char line[16384];
	size_t n = 0;

	for (const char *p = words; *p && n < sizeof(line) - 4200; p++) {
		if (*p == '@')
			n += (size_t)sprintf(line + n, "%s", dir);
		else if (*p == '%' && p[1] == 'F')
			n += (size_t)sprintf(line + n, "%s --message-level 4", program), p++;
		else
			line[n++] = *p;
	}
	line[n] = 0;
	int status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline bool same_file(const char *a, const char *b)
{
	char line[300];

	snprintf(line, sizeof(line), "cmp -s @/%s @/%s", a, b);
	return shell(line) == 0;
}

/* The program, the directory, the vmcore in it. */
static inline void begin_runs(const char *self, struct machine *m)
{
	char copy[2048];

	snprintf(copy, sizeof(copy), "%s", self);
	CHECK(find_program(copy));
	CHECK(mkdtemp(dir) != NULL);
	machine_init(m);
	machine_free_block(m, 0xc00, 0xf0000000, 8);
	CHECK_OK(machine_open(m, INFO_6_12));
	snprintf(vmcore, sizeof(vmcore), "%s", in_dir("vmcore"));
	CHECK(!rename(m->path, vmcore));
}

static inline void end_runs(struct machine *m)
{
	machine_close(m);
	CHECK(shell("rm -r @") == 0);
}

#endif
