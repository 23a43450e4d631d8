/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From chosen frames to stored pages: worker threads take batches of frames, in order, read and compress them; the
 * calling thread writes the batches in the same order. The file does not depend on the number of threads.
 *
 * Memory: each thread has two batches and one over all, each of about 1 MiB; the threads' codecs 20 to 300 KiB.
 */
#ifndef FILTER_COMPRESS_H
#define FILTER_COMPRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kdf.h"
#include "landmarks.h"

struct copy_job {
	struct kdf *dump;
	struct kdf_writer *writer;
	const struct kdf_codec *codec; /* NULL: pages are stored as they are */
	const uint8_t *dumped;	       /* which frames */
	uint64_t max_pfn, total;
	/*
	 * Frames that go first, in this order: disjoint ranges below max_pfn (order.h). NULL: pure pfn order, which makes
	 * the file that makedumpfile would make.
	 */
	const struct frame_range *first;
	size_t nfirst;
	bool find_zero; /* pages of zeros become the shared one */
	unsigned threads;
	FILE *progress; /* NULL: silent */
	/* Results */
	uint64_t zero_pages, unreadable;
	uint64_t first_unreadable; /* a frame, for the message */
};

/*
 * Copies all pages. A page of the input that cannot be read is counted and left out: the output is then incomplete.
 * Errors are those of the output (KDF_NO_SPACE, KDF_IO), KDF_NOMEM, KDF_INTERRUPTED.
 */
struct kdf_error *copy_pages(struct copy_job *) KDF_MUST_CHECK;

/* Bytes that one thread needs, to bound their number. */
uint64_t copy_memory_per_thread(uint32_t page_size);


#endif
