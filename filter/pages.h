/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pages of a dump as they are, as a plan that leaves nothing out; and frames told in ranges. */
#ifndef FILTER_PAGES_H
#define FILTER_PAGES_H

#include "plan.h"

#define PAGES_MAX_FRAMES (UINT64_C(1) << 36) /* 256 TiB of addresses with pages of 4 KiB, as plan.c */

/* KDF_UNSUPPORTED: more frames than that. */
struct kdf_error *pages_check_count(const struct kdf *) KDF_MUST_CHECK;
/* The next frame >= *pfn that is in the dump, or would be if that were complete; false: none left, or Ctrl-C. */
bool pages_next_kept(const struct kdf *, uint64_t *pfn);
/* Frames that the dump lost (incomplete) keep their place: what is made of them says that it is incomplete. */
struct kdf_error *pages_as_they_are(struct kdf *, struct plan *out) KDF_MUST_CHECK;
/* Sets the plan's order of copying to that of a fresh dump, when the kernel can be made out. */
void pages_order(struct kdf *, struct plan *);
/* The next frame >= *pfn that is in the plan; false: none. */
bool pages_next(const struct plan *, uint64_t *pfn);

/* Told frame by frame in ascending order, prints runs: "0x100-0x1ff (256 pages): text". */
struct frame_runs {
	FILE *to;
	const char *text;
	uint64_t first, end, frames, lines;
};

void frame_runs_add(struct frame_runs *, uint64_t pfn);
void frame_runs_end(struct frame_runs *);

#endif
