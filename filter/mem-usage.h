/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many pages of a running system (/proc/kcore) or a dump each level would leave out. */
#ifndef FILTER_MEM_USAGE_H
#define FILTER_MEM_USAGE_H

#include "options.h"

struct kdf_error *job_mem_usage(const struct settings *, struct kdf *) KDF_MUST_CHECK;

#endif
