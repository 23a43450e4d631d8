// SPDX-License-Identifier: GPL-2.0-or-later
#include "writer-output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	STREAM_HEADER = 4096,
	RECORD_HEADER = 16,	 /* i64 offset, i64 size */
	RECORD_MAX = 64 << 20,	 /* readers keep a record in memory */
	STREAM_RESERVE = 64,	 /* below the limit: the record that clears the mark, and the end record */
};

static struct kdf_error *failed(int why, size_t left, uint64_t offset)
{
	return kdf_err_sys(why, "cannot write %zu bytes at offset %llu of the output", left,
			   (unsigned long long)offset);
}

static struct kdf_error *beyond_limit(const struct kdf_output *o)
{
	return kdf_err(KDF_NO_SPACE, "the output has reached its limit of %llu bytes", (unsigned long long)o->limit);
}

static void grow(struct kdf_output *o, uint64_t end)
{
	if (end > o->size)
		o->size = end;
}

/* ---- A file ---- */

static struct kdf_error *write_file(struct kdf_output *o, const uint8_t *p, size_t len, uint64_t offset, size_t *done)
{
	size_t left = len, over = 0;

	if (o->limit && (offset > o->limit || len > o->limit - offset)) {
		over = offset > o->limit ? len : len - (size_t)(o->limit - offset);
		left -= over;
	}
	while (left) {
		ssize_t n = pwrite(o->fd, p, left, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*done = len - over - left;
			return failed(n < 0 ? errno : ENOSPC, left, offset);
		}
		p += n;
		left -= (size_t)n;
		offset += (uint64_t)n;
		grow(o, offset);
	}
	*done = len - over;
	return over ? beyond_limit(o) : NULL;
}

/* ---- A stream ---- */

/* Pipes take what they can: all parts, in order. */
static struct kdf_error *write_parts(struct kdf_output *o, const void *head, size_t head_len, const void *body,
				     size_t body_len)
{
	struct iovec part[2] = { { (void *)(uintptr_t)head, head_len }, { (void *)(uintptr_t)body, body_len } };
	size_t at = 0;

	while (at < 2) {
		if (!part[at].iov_len) {
			at++;
			continue;
		}
		ssize_t n = writev(o->fd, part + at, (int)(2 - at));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			o->cut = true;
			return failed(n < 0 ? errno : ENOSPC, part[at].iov_len, o->streamed);
		}
		o->streamed += (uint64_t)n;
		for (size_t left = (size_t)n; left;) {
			size_t k = left < part[at].iov_len ? left : part[at].iov_len;
			part[at].iov_base = (uint8_t *)part[at].iov_base + k;
			part[at].iov_len -= k;
			left -= k;
			at += left != 0;
		}
	}
	return NULL;
}

static struct kdf_error *write_record(struct kdf_output *o, const void *p, size_t len, uint64_t offset)
{
	uint8_t head[RECORD_HEADER];

	if (o->cut)
		return kdf_err(KDF_IO, "an earlier write to the stream failed");
	kdf_store_uint(head, offset, 8, true);
	kdf_store_uint(head + 8, len, 8, true);
	return write_parts(o, head, sizeof(head), p, len);
}

static struct kdf_error *write_stream(struct kdf_output *o, const uint8_t *p, size_t len, uint64_t offset, size_t *done)
{
	*done = 0;
	/* Small ones are what ends a dump: there is room for them. */
	if (o->limit && len > STREAM_RESERVE / 4 &&
	    (o->streamed + RECORD_HEADER + STREAM_RESERVE > o->limit ||
	     len > o->limit - o->streamed - RECORD_HEADER - STREAM_RESERVE))
		return beyond_limit(o);
	while (len) {
		size_t n = len < RECORD_MAX ? len : RECORD_MAX;
		struct kdf_error *e = write_record(o, p, n, offset);
		if (e)
			return e;
		p += n;
		len -= n;
		offset += n;
		*done += n;
		grow(o, offset);
	}
	return NULL;
}

/* ---- The calls ---- */

struct kdf_error *kdf_output_begin(struct kdf_output *o)
{
	static const char signature[16] = "makedumpfile";
	uint8_t head[STREAM_HEADER] = { 0 };

	if (o->kind != KDF_OUTPUT_STREAM)
		return NULL;
	memcpy(head, signature, sizeof(signature));
	kdf_store_uint(head + 16, 1, 8, true); /* type, version: there is only this one */
	kdf_store_uint(head + 24, 1, 8, true);
	return write_parts(o, head, sizeof(head), NULL, 0);
}

struct kdf_error *kdf_output_write(struct kdf_output *o, const void *p, size_t len, uint64_t offset, size_t *done)
{
	size_t dummy;

	if (!done)
		done = &dummy;
	switch (o->kind) {
	case KDF_OUTPUT_FILE:
		return write_file(o, p, len, offset, done);
	case KDF_OUTPUT_STREAM:
		return write_stream(o, p, len, offset, done);
	case KDF_OUTPUT_NOTHING:
		break;
	}
	if (o->limit && (offset > o->limit || len > o->limit - offset)) {
		*done = 0;
		return beyond_limit(o);
	}
	grow(o, offset + len);
	*done = len;
	return NULL;
}

struct kdf_error *kdf_output_reserve(struct kdf_output *o, uint64_t offset, uint64_t size)
{
	if (!size)
		return NULL;
	if (o->limit && o->kind != KDF_OUTPUT_STREAM && (offset > o->limit || size > o->limit - offset))
		return beyond_limit(o);
	if (o->kind != KDF_OUTPUT_FILE)
		return NULL;
	if (!fallocate(o->fd, 0, (off_t)offset, (off_t)size))
		return NULL;
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return kdf_err_sys(errno, "no room for %llu bytes of page descriptors", (unsigned long long)size);
	if (ftruncate(o->fd, (off_t)(offset + size)))
		return kdf_err_sys(errno, "cannot extend the output to %llu bytes",
				   (unsigned long long)(offset + size));
	return NULL;
}

struct kdf_error *kdf_output_extend(struct kdf_output *o, uint64_t size)
{
	if (o->size >= size)
		return NULL;
	if (o->kind == KDF_OUTPUT_STREAM)
		return kdf_output_write(o, "", 1, size - 1, NULL);
	if (o->limit && size > o->limit)
		return beyond_limit(o);
	if (o->kind == KDF_OUTPUT_FILE && ftruncate(o->fd, (off_t)size))
		return kdf_err_sys(errno, "cannot extend the output to %llu bytes", (unsigned long long)size);
	grow(o, size);
	return NULL;
}

struct kdf_error *kdf_output_sync(struct kdf_output *o)
{
	/* EINVAL, EROFS: a pipe, a socket, a terminal. */
	if (o->kind == KDF_OUTPUT_NOTHING || !fsync(o->fd))
		return NULL;
	if (o->kind == KDF_OUTPUT_STREAM && (errno == EINVAL || errno == EROFS || errno == ENOTSUP))
		return NULL;
	return kdf_err_sys(errno, "cannot sync the output");
}

struct kdf_error *kdf_output_end(struct kdf_output *o)
{
	uint8_t end[RECORD_HEADER];

	if (o->kind != KDF_OUTPUT_STREAM || o->cut)
		return NULL;
	memset(end, 0xff, sizeof(end));
	return write_parts(o, end, sizeof(end), NULL, 0);
}
