/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel log of a dump as text, in the form of makedumpfile --dump-dmesg. */
#ifndef FILTER_DMESG_H
#define FILTER_DMESG_H

#include <stdbool.h>
#include <stdio.h>

#include "kdf.h"
#include "options.h"

/* partial: what came after the last `dmesg -c`. lost: records that could not be read. */
struct kdf_error *dmesg_write(struct kdf *, bool partial, FILE *to, uint64_t *lost) KDF_MUST_CHECK;

/* The log into OUT, or to standard output. */
struct kdf_error *job_dmesg(const struct settings *, struct kdf *) KDF_MUST_CHECK;

#endif
