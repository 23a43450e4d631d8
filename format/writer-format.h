/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a file format of written dumps is to the writer: writer.c checks the calls and counts the pages, the format
 * places their bytes, the output takes them.
 */
#ifndef KDF_WRITER_FORMAT_H
#define KDF_WRITER_FORMAT_H

#include "kdf.h"
#include "writer-output.h"

enum { KDF_WRITE_BUFFER = 2 << 20 }; /* bytes gathered for one write */

struct kdf_writer {
	const struct kdf_writer_calls *calls;
	void *state; /* of the format */
	struct kdf_output out;
	struct kdf_writer_how how;
	bool broken; /* a write failed: nothing more goes out but descriptors of what is there */
	uint32_t page_size;
	uint64_t max_pfn;
	const uint8_t *dumped;
	uint64_t start_pfn, end_pfn;	/* frames of this file: a part of a split set has some, others all */
	uint64_t given, given_sum;	/* how many pages came, and which: see mix() in writer.c */
};

struct kdf_writer_calls {
	/* Headers, marked as incomplete. state is NULL before and freed by close, also after a failure. */
	struct kdf_error *(*open)(struct kdf_writer *, const struct kdf_writer_head *);
	struct kdf_error *(*page)(struct kdf_writer *, uint64_t pfn, const void *, size_t size, uint32_t flags);
	struct kdf_error *(*zero_page)(struct kdf_writer *, uint64_t pfn);
	/* All that is buffered, as far as it goes. */
	struct kdf_error *(*flush)(struct kdf_writer *);
	/* Everything else is on the disk: the mark goes. */
	struct kdf_error *(*clear_mark)(struct kdf_writer *);
	uint64_t (*bytes)(const struct kdf_writer *);
	void (*close)(struct kdf_writer *);
};

extern const struct kdf_writer_calls kdf_writer_kdump, kdf_writer_elf;

static inline bool kdf_bit(const uint8_t *map, uint64_t pfn)
{
	return map[pfn / 8] >> pfn % 8 & 1;
}

/* Set bits in [from, to). */
uint64_t kdf_count_bits(const uint8_t *map, uint64_t from, uint64_t to);

#endif
