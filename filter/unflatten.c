// SPDX-License-Identifier: GPL-2.0-or-later
#include "unflatten.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "output-file.h"

enum { HEADER_SIZE = 4096, RECORD_HEADER = 16, BUFFER = 1 << 20 };
/* struct disk_dump_header.status, and its bit for an incomplete dump; e_flags of an ELF file. */
enum { KDUMP_STATUS = 424, KDUMP_INCOMPLETE = 8, ELF_INCOMPLETE = 1 };

/* Up to len bytes; less only at the end of the stream. */
static struct kdf_error *read_some(int fd, void *buf, size_t len, size_t *got)
{
	*got = 0;
	while (*got < len) {
		ssize_t n = read(fd, (uint8_t *)buf + *got, len - *got);
		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted while reading the stream");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return kdf_err_sys(errno, "cannot read the stream");
		if (!n)
			break;
		*got += (size_t)n;
	}
	return NULL;
}

static struct kdf_error *write_all(int fd, const uint8_t *p, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return kdf_err_sys(n < 0 ? errno : ENOSPC, "cannot write %zu bytes at offset %llu", len,
					   (unsigned long long)offset);
		p += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return NULL;
}

static struct kdf_error *read_header(int from, uint8_t *buf)
{
	size_t got;
	struct kdf_error *e = read_some(from, buf, HEADER_SIZE, &got);

	if (e)
		return e;
	if (got < HEADER_SIZE || memcmp(buf, "makedumpfile\0\0\0\0", 16) != 0)
		return kdf_err(KDF_CORRUPT, "this is no flattened dump (it does not begin with \"makedumpfile\")");
	if (kdf_load_uint(buf + 16, 8, true) != 1 || kdf_load_uint(buf + 24, 8, true) != 1)
		return kdf_err(KDF_UNSUPPORTED, "a flattened dump of type %llu, version %llu: only 1 and 1 are known",
			       (unsigned long long)kdf_load_uint(buf + 16, 8, true),
			       (unsigned long long)kdf_load_uint(buf + 24, 8, true));
	return NULL;
}

/* The bytes of one record. *cut: the stream ended inside. */
static struct kdf_error *copy_record(int from, int to, uint8_t *buf, uint64_t offset, uint64_t size, bool *cut)
{
	while (size) {
		size_t n = size < BUFFER ? (size_t)size : BUFFER, got;
		struct kdf_error *e = read_some(from, buf, n, &got);
		if (!e)
			e = write_all(to, buf, got, offset);
		if (e)
			return e;
		if (got < n) {
			*cut = true;
			return NULL;
		}
		offset += n;
		size -= n;
	}
	return NULL;
}

static struct kdf_error *copy_records(int from, int to, uint8_t *buf, bool *cut)
{
	uint64_t position = HEADER_SIZE;

	for (;;) {
		uint8_t head[RECORD_HEADER];
		size_t got;
		struct kdf_error *e = read_some(from, head, sizeof(head), &got);
		if (e)
			return e;
		if (got < sizeof(head)) {
			*cut = true;
			return NULL;
		}
		uint64_t offset = kdf_load_uint(head, 8, true), size = kdf_load_uint(head + 8, 8, true);
		if (offset == UINT64_MAX && size == UINT64_MAX)
			return NULL;
		if (offset > INT64_MAX || size > INT64_MAX - offset)
			return kdf_err(KDF_CORRUPT, "record at byte %llu of the stream: %llu bytes for offset %llu",
				       (unsigned long long)position, (unsigned long long)size,
				       (unsigned long long)offset);
		position += sizeof(head) + size;
		e = copy_record(from, to, buf, offset, size, cut);
		if (e || *cut)
			return e;
	}
}

/* A cut stream often comes without a mark: makedumpfile sets it only when its own disk is full. */
static void mark_incomplete(int fd)
{
	uint8_t head[512] = { 0 };
	struct kdf_error *e = NULL;

	if (pread(fd, head, sizeof(head), 0) < 64)
		return;
	if (!memcmp(head, "KDUMP   ", 8)) {
		head[KDUMP_STATUS + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 3 : 0)] |= KDUMP_INCOMPLETE;
		e = write_all(fd, head + KDUMP_STATUS, 4, KDUMP_STATUS);
	} else if (!memcmp(head, ELFMAG, SELFMAG) && head[EI_CLASS] == ELFCLASS64) {
		size_t at = offsetof(Elf64_Ehdr, e_flags);
		head[at + (head[EI_DATA] == ELFDATA2MSB ? 3 : 0)] |= ELF_INCOMPLETE;
		e = write_all(fd, head + at, 4, at);
	}
	kdf_error_free(e);
}

struct kdf_error *unflatten(int from, int to)
{
	uint8_t *buf KDF_AUTO_FREE = malloc(BUFFER);
	bool cut = false;

	if (!buf)
		return kdf_err(KDF_NOMEM, "no memory for a buffer");
	struct kdf_error *e = read_header(from, buf);
	if (e)
		return e;
	e = copy_records(from, to, buf, &cut);
	if (e || cut)
		mark_incomplete(to);
	if (fsync(to) && !e)
		e = kdf_err_sys(errno, "cannot sync the output");
	if (e || !cut)
		return e;
	return kdf_err(KDF_INCOMPLETE, "the stream ended before its end record: the dump is marked as incomplete");
}

struct kdf_error *job_unflatten(const struct settings *s)
{
	int from = s->nin ? open(s->in[0], O_RDONLY | O_CLOEXEC) : STDIN_FILENO, to = -1;
	const char *name = s->nin ? s->in[0] : "standard input";

	if (from < 0)
		return kdf_err_sys(errno, "cannot open '%s'", name);
	struct kdf_error *e = isatty(from) ? kdf_err(KDF_USAGE, "-R reads a flattened dump from standard input")
					   : output_open(s, s->out[0], &to);
	if (!e) {
		e = unflatten(from, to);
		if (e)
			e = kdf_err_wrap(e, "'%s'", name);
		struct kdf_error *e2 = output_close(s->out[0], to);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
		if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
			say(&s->report, SAY_COMMON, "The dumpfile is saved to %s.\n", s->out[0]);
	}
	if (s->nin)
		close(from);
	return e;
}
