/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of one dump file, random access. A regular file is mapped whole, /proc/vmcore in moving windows; what
 * cannot be mapped (/proc/kcore, block devices) is read with pread. A flattened file is seen as the content that it
 * stands for. Once open, reading is fine from any thread.
 */
#ifndef KDF_SOURCE_H
#define KDF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kdf_flat;
struct kdf_windows;

struct kdf_source {
	int fd;
	char *name;		/* for messages */
	uint64_t file_size;	/* bytes of the file itself */
	uint64_t size;		/* bytes of the content: the same, unless flattened */
	const uint8_t *map;	/* the file, or NULL */
	struct kdf_windows *windows; /* /proc/vmcore: mapped piece by piece; else NULL */
	bool live;		/* /proc/kcore: content changes while it is read */
	struct kdf_flat *flat;	/* not NULL: a flattened file */
};

struct kdf_error *kdf_source_open(const char *path, struct kdf_source **out) KDF_MUST_CHECK;
/* Takes fd over, also when it fails. */
struct kdf_error *kdf_source_from_fd(int fd, const char *name, struct kdf_source **out) KDF_MUST_CHECK;
void kdf_source_close(struct kdf_source *); /* NULL is fine */

/* Exactly n bytes of the content; KDF_INCOMPLETE when it ends before. */
struct kdf_error *kdf_source_read(const struct kdf_source *, uint64_t offset, void *buf, size_t n) KDF_MUST_CHECK;
/* The same bytes in place; NULL when they are not mapped in one piece. Lent until close. */
const uint8_t *kdf_source_map(const struct kdf_source *, uint64_t offset, uint64_t n);
/* A malloc'ed copy, with a zero byte behind it. The caller has compared n with a limit of its own. */
struct kdf_error *kdf_source_copy(const struct kdf_source *, uint64_t offset, size_t n, void **out) KDF_MUST_CHECK;
/* Whether [offset, offset + n) lies inside the content. */
bool kdf_source_has(const struct kdf_source *, uint64_t offset, uint64_t n);
/* Whether the file is a flattened stream that ended before its end record. */
bool kdf_source_cut(const struct kdf_source *);

/* The file below the flattened view: for the layer that makes this view. */
struct kdf_error *kdf_source_read_raw(const struct kdf_source *, uint64_t offset, void *buf, size_t n) KDF_MUST_CHECK;

#endif
