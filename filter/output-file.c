// SPDX-License-Identifier: GPL-2.0-or-later
#include "output-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same_file(const char *path, const struct stat *st)
{
	struct stat other;

	return !stat(path, &other) && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

static bool is_input(const struct settings *s, const struct stat *st)
{
	for (size_t i = 0; i < s->nin; i++)
		if (same_file(s->in[i], st))
			return true;
	return false;
}

static struct kdf_error *check_one(const struct settings *s, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return NULL;
	if (is_input(s, &st))
		return kdf_err(KDF_USAGE, "'%s' is the input itself", path);
	return s->force ? NULL : kdf_err(KDF_USAGE, "'%s' exists; -f overwrites it", path);
}

struct kdf_error *output_check(const struct settings *s)
{
	struct kdf_error *e = NULL;

	if (s->dry_run)
		return NULL;
	for (size_t i = 0; !e && i < s->nout; i++) {
		e = check_one(s, s->out[i]);
		for (size_t k = 0; !e && k < i; k++)
			if (!strcmp(s->out[i], s->out[k]))
				e = kdf_err(KDF_USAGE, "'%s' is given twice", s->out[i]);
	}
	return e;
}

struct kdf_error *output_open(const struct settings *s, const char *path, int *out)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (s->force ? 0 : O_EXCL), 0600);

	*out = -1;
	if (fd < 0 && errno == EEXIST)
		return kdf_err(KDF_USAGE, "'%s' exists; -f overwrites it", path);
	if (fd < 0)
		return kdf_err_sys(errno, "cannot create '%s'", path);
	struct kdf_error *e = NULL;
	if (fstat(fd, &st))
		e = kdf_err_sys(errno, "cannot look at '%s'", path);
	else if (!S_ISREG(st.st_mode))
		e = kdf_err(KDF_USAGE, "'%s' is not a regular file", path);
	else if (is_input(s, &st))
		e = kdf_err(KDF_USAGE, "'%s' is the input itself", path);
	else if (s->force && (fchmod(fd, 0600) || ftruncate(fd, 0)))
		e = kdf_err_sys(errno, "cannot empty '%s'", path);
	if (e)
		close(fd);
	else
		*out = fd;
	return e;
}

struct kdf_error *output_close(const char *path, int fd)
{
	return close(fd) && errno != EINTR ? kdf_err_sys(errno, "closing '%s'", path) : NULL;
}

struct kdf_error *output_stdout(int *fd)
{
	*fd = STDOUT_FILENO;
	if (isatty(*fd))
		return kdf_err(KDF_USAGE, "standard output is a terminal: send the dump to a file or a pipe");
	return NULL;
}
