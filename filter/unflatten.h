/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flattened stream into the file that it stands for. */
#ifndef FILTER_UNFLATTEN_H
#define FILTER_UNFLATTEN_H

#include "options.h"

struct kdf_error *job_unflatten(const struct settings *) KDF_MUST_CHECK;

/* From one descriptor, read once from its position to the end record, to another that can seek. KDF_INCOMPLETE for a
 * stream that was cut: what came is there, and marked as incomplete. */
struct kdf_error *unflatten(int from, int to) KDF_MUST_CHECK;

#endif
