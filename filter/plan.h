/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which frames stay in the dump: one pass over the struct pages of the crashed kernel.
 * A frame that cannot be judged stays. Frames of the kernel image stay whatever their struct page says.
 *
 * Memory: two bitmaps of max_pfn bits (64 MiB for each TiB of physical address space with pages of 4 KiB) and one
 * window of struct pages.
 */
#ifndef FILTER_PLAN_H
#define FILTER_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kdf.h"
#include "order.h"
#include "pageclass.h"

struct plan {
	uint64_t max_pfn;
	unsigned level;
	uint8_t *ram;	 /* bit pfn: was RAM */
	uint8_t *dumped; /* bit pfn: goes into the dump */

	/* What became of the frames that the input has. */
	uint64_t input_pages;
	uint64_t dropped[CLASS_COUNT]; /* CLASS_ZERO: filled in while copying */
	uint64_t kept_image;	       /* would have gone, but belong to the kernel image */
	uint64_t kept_unreadable;      /* no readable struct page */
	uint64_t kept_order;	       /* free blocks whose order makes no sense */
	uint64_t kept_lists;	       /* per-CPU lists of free pages that were not trusted */
	uint64_t dumped_pages;

	struct frame_range *image; /* frames of the kernel image; none when unknown */
	size_t nimage, cap_image;
	unsigned usable;   /* classes (1 << id) that were asked for and can be tested */
	struct copy_order order; /* what is copied first; empty when nothing is known */
	bool fell_back;		 /* the self-check failed: no page was left out by its kind, `level` says so */
	uint64_t checked;	 /* frames that the self-check looked at */
	const char *model; /* of the memory map; NULL: no struct page was read */
};

/*
 * warn is called with a sentence for each thing that makes the dump bigger than asked for: a missing test, no
 * struct pages. progress may be NULL.
 */
struct plan_options {
	unsigned level;
	void (*warn)(void *arg, const char *text);
	void *arg;
	FILE *progress;
};

/* KDF_INTERRUPTED after Ctrl-C, KDF_NOMEM, KDF_UNSUPPORTED (too many frames); what cannot be read is kept. */
struct kdf_error *plan_make(struct kdf *, const struct plan_options *, struct plan *out) KDF_MUST_CHECK;
void plan_free(struct plan *);

#endif
