/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main job: choose pages, copy them into a dump, or into the parts of one; the next level when space is short. */
#ifndef FILTER_DUMP_H
#define FILTER_DUMP_H

#include "memory.h"
#include "options.h"
#include "plan.h"

struct kdf_error *job_dump(const struct settings *, struct kdf *) KDF_MUST_CHECK;

/* plan_make with warnings told the usual way. */
struct kdf_error *make_plan(const struct settings *, struct kdf *, unsigned level, struct plan *) KDF_MUST_CHECK;
/* What the run may take: one thread for each CPU, fewer when memory is short. */
void make_memory_plan(const struct settings *, const struct kdf_info *, struct memory_plan *);
/*
 * The plan's pages, compressed with the settings' codec, into OUT (all of them; none: standard output). *bytes: what
 * was written, *complete: nothing is missing.
 */
struct kdf_error *write_outputs(const struct settings *, struct kdf *, struct plan *, unsigned threads, uint64_t *bytes,
				bool *complete) KDF_MUST_CHECK;

#endif
