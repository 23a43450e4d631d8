// SPDX-License-Identifier: GPL-2.0-or-later
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"

struct kdf_error *path_make(char out[PATH_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(out, PATH_MAX, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= PATH_MAX)
		return kdf_err(KDF_LIMIT, "path '%.60s...' is longer than %d bytes", out, PATH_MAX - 1);
	return NULL;
}

struct kdf_error *file_read(const char *path, size_t limit, char **out)
{
	KDF_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct kdf_buf text = { 0 };
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return kdf_err_sys(errno, "cannot open %s", path);
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || text.len + (size_t)n > limit) {
			struct kdf_error *e = n < 0 ? kdf_err_sys(errno, "cannot read %s", path) :
				kdf_err(KDF_LIMIT, "%s is larger than %zu bytes", path, limit);
			kdf_buf_free(&text);
			return e;
		}
		kdf_buf_add(&text, chunk, (size_t)n);
	}
	if (text.len && memchr(text.data, '\0', text.len)) {
		kdf_buf_free(&text);
		return kdf_err(KDF_CORRUPT, "%s is no text: it contains NUL bytes", path);
	}
	*out = text.data ? kdf_buf_take(&text) : strdup("");
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

bool file_first_line(const char *path, char *out, size_t cap)
{
	KDF_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (n < 0)
		return false;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return true;
}

bool file_number(const char *path, uint64_t *out)
{
	char line[32];

	return file_first_line(path, line, sizeof(line)) && kdf_parse_u64(line, 10, out);
}

struct kdf_error *write_all(int fd, const void *bytes, size_t n, const char *name)
{
	const char *p = bytes;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return kdf_err_sys(errno, "cannot write %s", name);
		p += done;
		n -= (size_t)done;
	}
	return NULL;
}

struct kdf_error *file_write(const char *path, const char *text, mode_t mode)
{
	char fresh[PATH_MAX], folder[PATH_MAX];
	struct kdf_error *e = path_make(fresh, "%s.new", path);

	if (!e)
		e = path_make(folder, "%s", path);
	if (e)
		return e;
	char *slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	KDF_AUTO_CLOSE int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return kdf_err_sys(errno, "cannot create %s", fresh);
	e = write_all(fd, text, strlen(text), fresh);
	if (!e && fsync(fd))
		e = kdf_err_sys(errno, "cannot sync %s", fresh);
	if (!e && rename(fresh, path))
		e = kdf_err_sys(errno, "cannot rename %s to %s", fresh, path);
	if (e) {
		unlink(fresh);
		return e;
	}
	return sync_folder(slash ? folder : ".");
}

struct kdf_error *make_folders(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	struct kdf_error *e = path_make(part, "%s", path);

	if (e)
		return e;
	for (char *p = part + 1;; p++) {
		if (*p && *p != '/')
			continue;
		char was = *p;
		*p = '\0';
		if (mkdir(part, mode) && errno != EEXIST && errno != EROFS)
			return kdf_err_sys(errno, "cannot make folder %s", part);
		*p = was;
		if (!was)
			break;
	}
	struct stat st;
	if (stat(path, &st))
		return kdf_err_sys(errno, "cannot make folder %s", path);
	if (!S_ISDIR(st.st_mode))
		return kdf_err_sys(ENOTDIR, "cannot use %s", path);
	return NULL;
}

struct kdf_error *sync_folder(const char *path)
{
	KDF_AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* EINVAL: this file system knows no fsync of folders (some FUSE and network ones). */
	if (fd < 0 || (fsync(fd) && errno != EINVAL))
		return kdf_err_sys(errno, "cannot sync folder %s", path);
	return NULL;
}

size_t split_words(char *text, char *words[], size_t max)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (n + 1 == max)
			return max;
		words[n++] = w;
	}
	words[n] = NULL;
	return n;
}

struct kdf_error *find_program(const char *name, char out[PATH_MAX])
{
	static const char *const folder[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin",
					      "/bin", "/usr/lib/kdx" };
	struct stat st;

	if (strchr(name, '/')) {
		struct kdf_error *e = path_make(out, "%s", name);

		if (e)
			return e;
		if (access(out, X_OK) || stat(out, &st))
			return kdf_err_sys(errno, "cannot run %s", name);
		if (!S_ISREG(st.st_mode))
			return kdf_err(KDF_USAGE, "%s is no program", name);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(folder) / sizeof(folder[0]); i++) {
		struct kdf_error *e = path_make(out, "%s/%s", folder[i], name);

		if (e)
			return e;
		if (!access(out, X_OK) && !stat(out, &st) && S_ISREG(st.st_mode))
			return NULL;
	}
	return kdf_err(KDF_NOT_FOUND, "program '%s' is not installed", name);
}

void json_text(struct kdf_buf *b, const char *text)
{
	kdf_buf_putc(b, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			kdf_buf_printf(b, "\\%c", *p);
		else if (*p == '\n')
			kdf_buf_puts(b, "\\n");
		else if (*p < 0x20 || *p == 0x7f)
			kdf_buf_printf(b, "\\u%04x", *p);
		else
			kdf_buf_putc(b, (char)*p);
	}
	kdf_buf_putc(b, '"');
}
