/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which pages two dumps have, and whether they have the same bytes. */
#ifndef FILTER_DIFF_H
#define FILTER_DIFF_H

#include "options.h"

/* KDF_MISMATCH when they differ in a page. Headers and the form of storage are not compared. */
struct kdf_error *job_diff(const struct settings *) KDF_MUST_CHECK;

#endif
