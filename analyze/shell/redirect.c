// SPDX-License-Identifier: GPL-2.0-or-later
#include "redirect.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

extern char **environ;

/* Starts /bin/sh -c line with `in` as its standard input (-1: ours). Signals that this program ignores or
 * catches work as usual in the child: `log | head` must end by SIGPIPE. */
static struct kdf_error *start(const char *line, int in, pid_t *pid)
{
	char *const argv[] = { (char *)"sh", (char *)(line ? "-c" : "-i"), (char *)line, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t usual;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGINT);
	sigaddset(&usual, SIGTERM);
	posix_spawnattr_setsigdefault(&attr, &usual);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	fflush(stdout);
	fflush(stderr);
	rc = posix_spawn(pid, "/bin/sh", &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return rc ? kdf_err_sys(rc, "cannot start /bin/sh") : NULL;
}

static struct kdf_error *await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return kdf_err_sys(errno, "waiting for the shell");
	if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127))
		return kdf_err(KDF_NOT_FOUND, "the shell could not run the command");
	return NULL;
}

static struct kdf_error *open_pipe(const char *line, struct kdx_sink *out)
{
	KDF_AUTO_CLOSE int in = -1;
	KDF_AUTO_CLOSE int to = -1;
	int fd[2];

	if (!*line)
		return kdf_err(KDF_USAGE, "no command behind the pipe");
	if (pipe2(fd, O_CLOEXEC))
		return kdf_err_sys(errno, "cannot make a pipe");
	in = fd[0];
	to = fd[1];
	struct kdf_error *e = start(line, in, &out->pid);
	if (e)
		return e;
	out->to = fdopen(to, "w");
	if (!out->to) {
		e = kdf_err_sys(errno, "cannot write to a pipe");
		close(kdf_take_fd(&to));
		struct kdf_error *waited = await(out->pid);
		kdf_error_free(waited);
		return e;
	}
	kdf_take_fd(&to);
	return NULL;
}

static struct kdf_error *open_file(const char *target, bool append, struct kdx_sink *out)
{
	struct kdx_words w;
	struct kdf_error *e = kdx_words_split(target, &w);

	if (e)
		return e;
	if (w.count != 1)
		e = kdf_err(KDF_USAGE, "'>' takes one file name (a comparison goes into parentheses)");
	else if (!(out->to = fopen(w.word[0], append ? "ae" : "we")))
		e = kdf_err_sys(errno, "cannot write '%s'", w.word[0]);
	kdx_words_free(&w);
	return e;
}

struct kdf_error *kdx_sink_open(enum kdx_redirect how, const char *target, struct kdx_sink *out)
{
	*out = (struct kdx_sink){ stdout, 0 };
	switch (how) {
	case KDX_TO_PIPE:
		return open_pipe(target, out);
	case KDX_TO_FILE:
	case KDX_TO_FILE_END:
		return open_file(target, how == KDX_TO_FILE_END, out);
	default:
		return NULL;
	}
}

struct kdf_error *kdx_sink_close(struct kdx_sink *s)
{
	struct kdf_error *e = NULL;

	if (s->to == stdout)
		return NULL;
	errno = 0;
	if (fclose(s->to) && !s->pid)
		e = kdf_err_sys(errno ? errno : EIO, "cannot write output");
	if (s->pid)
		e = await(s->pid);
	s->to = NULL;
	return e;
}

struct kdf_error *kdx_shell_out(const char *line)
{
	pid_t pid;
	struct kdf_error *e = start(*line ? line : NULL, -1, &pid);

	return e ? e : await(pid);
}

static bool installed(const char *program)
{
	const char *path = getenv("PATH");
	char name[512];

	while (path && *path) {
		int n = (int)strcspn(path, ":");

		if (n && snprintf(name, sizeof(name), "%.*s/%s", n, path, program) < (int)sizeof(name) &&
		    !access(name, X_OK))
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

const char *kdx_pager(void)
{
	const char *own = getenv("KDX_PAGER");

	if (own)
		return *own ? own : NULL;
	if (installed("less"))
		return "less -E -F -X";
	return installed("more") ? "more" : NULL;
}
