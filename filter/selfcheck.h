/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Before data is written: frames of which it is certain that the kernel uses them must be in the dump. A filter that
 * would drop one has misread this kernel, and what else it drops is not to be trusted either.
 */
#ifndef FILTER_SELFCHECK_H
#define FILTER_SELFCHECK_H

#include "landmarks.h"

struct selfcheck {
	uint64_t checked;     /* frames looked at */
	const char *lost;     /* what would be missing: the first one; NULL: nothing */
	uint64_t lost_frame;
	uint64_t lost_frames; /* how many */
};

/* dumped: the bitmap of frames that would stay. Frames that the input does not have prove nothing. */
void selfcheck_run(struct kdf *, const struct landmarks *, const uint8_t *dumped, uint64_t max_pfn,
		   struct selfcheck *out);

#endif
