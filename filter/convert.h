/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The same pages in another file: convert, --reassemble, salvage. No page is judged. */
#ifndef FILTER_CONVERT_H
#define FILTER_CONVERT_H

#include "options.h"

/* Another format or compressor. Pages that keep their compressor are copied as they are stored. */
struct kdf_error *job_convert(const struct settings *, struct kdf *) KDF_MUST_CHECK;
/* The parts of a split dump, opened as one, into a whole one: the file that would have been without --split. */
struct kdf_error *job_reassemble(const struct settings *, struct kdf *) KDF_MUST_CHECK;
/*
 * What can be read of a dump into a new one. Its mark of incompleteness goes when nothing is missing; else the result
 * is KDF_OK all the same, and the user is told. KDF_CORRUPT when there is nothing at all.
 */
struct kdf_error *job_salvage(const struct settings *, struct kdf *) KDF_MUST_CHECK;

#endif
