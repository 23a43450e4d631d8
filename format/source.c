// SPDX-License-Identifier: GPL-2.0-or-later
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "flattened.h"
#include "window.h"

enum { PROC_FILE_SYSTEM = 0x9fa0 }; /* statfs.f_type, linux/magic.h */

bool kdf_source_has(const struct kdf_source *s, uint64_t offset, uint64_t n)
{
	return offset <= s->size && n <= s->size - offset;
}

bool kdf_source_cut(const struct kdf_source *s)
{
	return s->flat && s->flat->cut;
}

struct kdf_error *kdf_source_read_raw(const struct kdf_source *s, uint64_t offset, void *buf, size_t n)
{
	if (offset > s->file_size || n > s->file_size - offset)
		return kdf_err(KDF_INCOMPLETE, "'%s' ends at byte %" PRIu64 ", wanted %zu bytes at %" PRIu64, s->name,
			       s->file_size, n, offset);
	if (s->map) {
		memcpy(buf, s->map + offset, n);
		return NULL;
	}
	if (s->windows && kdf_windows_read(s->windows, offset, buf, n))
		return NULL;
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(s->fd, (char *)buf + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return kdf_err_sys(errno, "reading %zu bytes at %" PRIu64 " of '%s'", n - done, offset + done,
					   s->name);
		if (!got)
			return kdf_err(KDF_INCOMPLETE, "'%s' ends at byte %" PRIu64, s->name, offset + done);
		done += (size_t)got;
	}
	return NULL;
}

/* Collects a flattened range from its records; what no record wrote is zero. */
static struct kdf_error *read_flat(const struct kdf_source *s, uint64_t offset, uint8_t *buf, size_t n)
{
	uint64_t end = offset + n;

	for (size_t i = kdf_flat_find(s->flat, offset); offset < end; i++) {
		const struct kdf_flat_extent *x = i < s->flat->count ? &s->flat->extent[i] : NULL;
		uint64_t start = x && x->start < end ? x->start : end;

		if (start > offset) {
			memset(buf, 0, start - offset);
			buf += start - offset;
			offset = start;
		}
		if (offset == end)
			break;
		size_t part = (x->end < end ? x->end : end) - offset;
		struct kdf_error *e = kdf_source_read_raw(s, x->position + (offset - x->start), buf, part);
		if (e)
			return e;
		buf += part;
		offset += part;
	}
	return NULL;
}

struct kdf_error *kdf_source_read(const struct kdf_source *s, uint64_t offset, void *buf, size_t n)
{
	if (!s->flat)
		return kdf_source_read_raw(s, offset, buf, n);
	if (!kdf_source_has(s, offset, n))
		return kdf_err(KDF_INCOMPLETE, "flattened '%s' holds %" PRIu64 " bytes, wanted %zu at %" PRIu64,
			       s->name, s->size, n, offset);
	return read_flat(s, offset, buf, n);
}

const uint8_t *kdf_source_map(const struct kdf_source *s, uint64_t offset, uint64_t n)
{
	if (!s->map || !kdf_source_has(s, offset, n))
		return NULL;
	if (!s->flat)
		return s->map + offset;
	size_t i = kdf_flat_find(s->flat, offset);
	if (i == s->flat->count)
		return NULL;
	const struct kdf_flat_extent *x = &s->flat->extent[i];
	if (offset < x->start || n > x->end - offset)
		return NULL;
	return s->map + x->position + (offset - x->start);
}

struct kdf_error *kdf_source_copy(const struct kdf_source *s, uint64_t offset, size_t n, void **out)
{
	if (!kdf_source_has(s, offset, n) || n == SIZE_MAX)
		return kdf_err(KDF_INCOMPLETE, "'%s' holds %" PRIu64 " bytes, wanted %zu at %" PRIu64, s->name, s->size,
			       n, offset);
	KDF_AUTO_FREE char *copy = malloc(n + 1);
	if (!copy)
		return kdf_err(KDF_NOMEM, "no memory for %zu bytes of '%s'", n, s->name);
	struct kdf_error *e = kdf_source_read(s, offset, copy, n);
	if (e)
		return e;
	copy[n] = 0;
	*out = copy;
	copy = NULL;
	return NULL;
}

/* What the descriptor leads to: "/proc/kcore" also when it was opened through another name. */
static bool is_kcore(int fd)
{
	char link[64], target[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return false;
	target[n] = 0;
	const char *base = strrchr(target, '/');
	return base && !strcmp(base, "/kcore");
}

static struct kdf_error *find_size(struct kdf_source *s, bool *mappable)
{
	struct stat st;
	struct statfs fs;

	if (fstat(s->fd, &st) < 0)
		return kdf_err_sys(errno, "asking about '%s'", s->name);
	if (S_ISDIR(st.st_mode))
		return kdf_err(KDF_USAGE, "'%s' is a directory, not a dump: name the vmcore file in it", s->name);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return kdf_err(KDF_USAGE,
			       "'%s' is no regular file: a dump needs random access, save it to a file first", s->name);
	bool proc = !fstatfs(s->fd, &fs) && (unsigned long)fs.f_type == PROC_FILE_SYSTEM;
	*mappable = S_ISREG(st.st_mode) && !proc;
	if (S_ISBLK(st.st_mode)) {
		off_t end = lseek(s->fd, 0, SEEK_END);

		if (end < 0)
			return kdf_err_sys(errno, "finding the size of '%s'", s->name);
		s->file_size = (uint64_t)end;
		return NULL;
	}
	s->live = proc && is_kcore(s->fd);
	if (proc && !s->live) /* without memory for it, pread does */
		s->windows = kdf_windows_new(s->fd, (uint64_t)st.st_size);
	s->file_size = (uint64_t)st.st_size;
	/* The size of /proc/kcore is nominal (its offsets follow virtual addresses): reads find the end. */
	if (s->live)
		s->file_size = INT64_MAX;
	if (!s->file_size)
		return kdf_err(KDF_INCOMPLETE, "'%s' is empty: nothing was captured", s->name);
	return NULL;
}

/* A failing mmap is no error: pread does the same, slower. */
static void map_whole(struct kdf_source *s)
{
	if (s->file_size > SIZE_MAX)
		return;
	void *map = mmap(NULL, s->file_size, PROT_READ, MAP_SHARED, s->fd, 0);
	if (map != MAP_FAILED)
		s->map = map;
}

static struct kdf_error *set_up(struct kdf_source *s)
{
	bool mappable;
	struct kdf_error *e = find_size(s, &mappable);

	if (e)
		return e;
	if (mappable)
		map_whole(s);
	s->size = s->file_size;
	bool flattened;
	e = kdf_flat_probe(s, &flattened);
	if (e || !flattened)
		return e;
	e = kdf_flat_build(s, &s->flat);
	if (e)
		return kdf_err_wrap(e, "flattened file '%s'", s->name);
	s->size = s->flat->size;
	return NULL;
}

struct kdf_error *kdf_source_from_fd(int fd, const char *name, struct kdf_source **out)
{
	struct kdf_source *s = calloc(1, sizeof(*s));

	if (!s) {
		close(fd);
		return kdf_err(KDF_NOMEM, "no memory to open '%s'", name);
	}
	s->fd = fd;
	s->name = strdup(name);
	struct kdf_error *e = s->name ? set_up(s) : kdf_err(KDF_NOMEM, "no memory to open '%s'", name);
	if (e) {
		kdf_source_close(s);
		return e;
	}
	*out = s;
	return NULL;
}

struct kdf_error *kdf_source_open(const char *path, struct kdf_source **out)
{
	if (!strcmp(path, "-"))
		return kdf_err(KDF_USAGE, "a dump needs random access: save standard input to a file first");
	/* O_NONBLOCK: a FIFO must be refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return kdf_err_sys(errno, "opening '%s'", path);
	return kdf_source_from_fd(fd, path, out);
}

void kdf_source_close(struct kdf_source *s)
{
	if (!s)
		return;
	kdf_flat_free(s->flat);
	kdf_windows_free(s->windows);
	if (s->map)
		munmap((void *)(uintptr_t)s->map, s->file_size);
	if (s->fd >= 0)
		close(s->fd);
	free(s->name);
	free(s);
}
