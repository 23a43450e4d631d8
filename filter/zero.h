/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of zeros found before anything is written: for formats that must say at the beginning what they hold. */
#ifndef FILTER_ZERO_H
#define FILTER_ZERO_H

#include "plan.h"

/* Reads each frame that would stay and drops those of zeros; they are counted in the plan. KDF_INTERRUPTED. */
struct kdf_error *zero_pages_drop(struct kdf *, struct plan *, FILE *progress) KDF_MUST_CHECK;

#endif
