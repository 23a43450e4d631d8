/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the bytes of a written dump go: a file that can seek, a flattened stream (see flattened.h) that need not, or
 * nowhere, for who only wants to know how many there would be. A format says "these bytes at that place" and does
 * not know which of them it is.
 */
#ifndef KDF_WRITER_OUTPUT_H
#define KDF_WRITER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum kdf_output_kind { KDF_OUTPUT_FILE, KDF_OUTPUT_STREAM, KDF_OUTPUT_NOTHING };

struct kdf_output {
	int fd;
	enum kdf_output_kind kind;
	uint64_t limit; /* bytes that may be written; 0: no limit */
	uint64_t size;	/* end of the content so far */
	uint64_t streamed; /* bytes of the stream itself */
	bool cut;	/* a record of the stream is only there in part: nothing can follow */
};

/* Begins the stream; a file needs nothing. */
struct kdf_error *kdf_output_begin(struct kdf_output *) KDF_MUST_CHECK;
/* All of it, or an error; *done (may be NULL) tells how much of it a reader will find. */
struct kdf_error *kdf_output_write(struct kdf_output *, const void *, size_t len, uint64_t offset, size_t *done)
	KDF_MUST_CHECK;
/*
 * Blocks for [offset, offset + size) where the file system can, a hole where it cannot: a full disk shall not take
 * away the index of data that is already there. A stream has nothing to reserve.
 */
struct kdf_error *kdf_output_reserve(struct kdf_output *, uint64_t offset, uint64_t size) KDF_MUST_CHECK;
/* The content shall reach up to `size`, with zeros where nothing was written. */
struct kdf_error *kdf_output_extend(struct kdf_output *, uint64_t size) KDF_MUST_CHECK;
/* On the disk; what cannot be synced (a pipe) is not. */
struct kdf_error *kdf_output_sync(struct kdf_output *) KDF_MUST_CHECK;
/* The last record of a stream. */
struct kdf_error *kdf_output_end(struct kdf_output *) KDF_MUST_CHECK;

#endif
