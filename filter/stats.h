/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a dump file consists of: pages by state, compressor and stored size. */
#ifndef FILTER_STATS_H
#define FILTER_STATS_H

#include "options.h"

struct kdf_error *job_stats(const struct settings *, struct kdf *) KDF_MUST_CHECK;

#endif
