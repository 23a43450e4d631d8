/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads every page of a dump back and checks how the file is put together. Changes nothing. */
#ifndef FILTER_VERIFY_H
#define FILTER_VERIFY_H

#include "options.h"

/* All files, one after the other; KDF_CORRUPT (something is damaged) goes before KDF_INCOMPLETE. */
struct kdf_error *job_verify(const struct settings *) KDF_MUST_CHECK;

struct verify_result {
	uint64_t pages, missing, damaged;
	bool marked; /* incomplete, by its writer or because the file ends early */
};

/* One dump; what is found goes to `to` in ranges of frames. An error: the check itself could not be done. */
struct kdf_error *verify_dump(struct kdf *, FILE *to, FILE *progress, struct verify_result *) KDF_MUST_CHECK;

#endif
