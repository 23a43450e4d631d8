// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/progress.h"

enum { LOOK_MS = 100, TICK_SECONDS = 10 };

/* "MemAvailable:    1234 kB" in bytes; 0 when it is not there. */
static uint64_t meminfo_value(const char *text, const char *key)
{
	const char *p = strstr(text, key);
	char digits[24];

	if (!p)
		return 0;
	p += strlen(key);
	p += strspn(p, ": \t");
	size_t n = strspn(p, "0123456789");
	if (!n || n >= sizeof(digits))
		return 0;
	memcpy(digits, p, n);
	digits[n] = '\0';
	uint64_t kib;
	return kdf_parse_u64(digits, 10, &kib) && kib < UINT64_MAX >> 10 ? kib << 10 : 0;
}

static void read_meminfo(uint64_t *total, uint64_t *available)
{
	char text[2048];
	KDF_AUTO_CLOSE int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	*total = *available = 0;
	if (n <= 0)
		return;
	text[n] = '\0';
	*total = meminfo_value(text, "MemTotal");
	*available = meminfo_value(text, "MemAvailable");
}

void memory_watch_start(struct memory_watch *m)
{
	read_meminfo(&m->total, &m->least_available);
}

void memory_watch_look(struct memory_watch *m)
{
	uint64_t total, available;

	read_meminfo(&total, &available);
	if (available && available < m->least_available)
		m->least_available = available;
}

/* In the child: the collector may be killed when memory runs out, the program that reports it may not. */
static void become(const struct run_request *r, int report)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "500", 3) != 3)
		close(fd); /* no matter: it only is a preference */
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (r->env_name)
		setenv(r->env_name, r->env_value, 1);
	execv(r->argv[0], r->argv);
	int errnum = errno;
	if (write(report, &errnum, sizeof(errnum)) < 0)
		_exit(126);
	_exit(127);
}

static struct kdf_error *wait_for(const struct run_request *r, pid_t pid, int *status, struct rusage *usage)
{
	double next_tick = kdf_monotonic_seconds() + TICK_SECONDS;
	long pause_ns = 1000000; /* short at first: most hooks are */

	for (;;) {
		pid_t got = wait4(pid, status, WNOHANG, usage);

		if (got == pid)
			return NULL;
		if (got < 0 && errno != EINTR)
			return kdf_err_sys(errno, "cannot wait for %s", r->argv[0]);
		if (r->memory)
			memory_watch_look(r->memory);
		if (r->tick && kdf_monotonic_seconds() >= next_tick) {
			r->tick(r->tick_arg);
			next_tick += TICK_SECONDS;
		}
		nanosleep(&(struct timespec){ .tv_nsec = pause_ns }, NULL);
		if (pause_ns < LOOK_MS * 1000000L)
			pause_ns *= 2;
	}
}

struct kdf_error *run_program(const struct run_request *r, struct run_result *out)
{
	int report[2], errnum = 0, status = 0;
	struct rusage usage = { 0 };
	double start = kdf_monotonic_seconds();

	if (pipe2(report, O_CLOEXEC))
		return kdf_err_sys(errno, "cannot start %s", r->argv[0]);
	pid_t pid = fork();
	if (!pid)
		become(r, report[1]);
	errnum = pid < 0 ? errno : 0;
	close(report[1]);
	/* Nothing comes when exec succeeded: the pipe is closed by it. */
	ssize_t got = pid < 0 ? 0 : read(report[0], &errnum, sizeof(errnum));
	close(report[0]);
	if (pid > 0 && got == (ssize_t)sizeof(errnum))
		waitpid(pid, NULL, 0);
	if (pid < 0 || got == (ssize_t)sizeof(errnum))
		return kdf_err_sys(errnum, "cannot start %s", r->argv[0]);
	struct kdf_error *e = wait_for(r, pid, &status, &usage);
	if (e)
		return e;
	out->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	out->seconds = kdf_monotonic_seconds() - start;
	out->peak_rss = (uint64_t)usage.ru_maxrss << 10;
	return NULL;
}

const char *run_outcome(int exit_code, char *buf, unsigned cap)
{
	if (exit_code > 128)
		snprintf(buf, cap, "killed by signal %d (%s)", exit_code - 128, strsignal(exit_code - 128));
	else
		snprintf(buf, cap, "exit status %d", exit_code);
	return buf;
}
