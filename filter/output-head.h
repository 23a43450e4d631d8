/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the header of a new dump takes over from the one it is made of. */
#ifndef FILTER_OUTPUT_HEAD_H
#define FILTER_OUTPUT_HEAD_H

#include "options.h"
#include "plan.h"

struct output_head {
	char uts[6][KDF_UTS_LEN];
	struct kdf_writer_head head;
	struct kdf_writer_how how;
	struct kdf_segment *segment; /* of ELF files */
};

/*
 * codec NULL: pages as they are. The dump and the plan's bitmaps are lent, and the result must not be moved.
 * KDF_UNSUPPORTED for machines whose headers are not written.
 */
struct kdf_error *output_head_make(struct kdf *, const struct plan *, const struct kdf_writer_format *,
				   const struct kdf_codec *codec, struct output_head *out) KDF_MUST_CHECK;
void output_head_free(struct output_head *);

#endif
