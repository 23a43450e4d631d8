/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file (or standard output) that a job makes: made for its owner alone, never over something by accident. */
#ifndef FILTER_OUTPUT_FILE_H
#define FILTER_OUTPUT_FILE_H

#include "options.h"

/* What output_open would refuse later, for all OUT names, before the work begins. */
struct kdf_error *output_check(const struct settings *) KDF_MUST_CHECK;
/* Empty, readable by its owner alone. The inputs of the settings are not taken as output. */
struct kdf_error *output_open(const struct settings *, const char *path, int *fd) KDF_MUST_CHECK;
/* Write errors may come as late as here. */
struct kdf_error *output_close(const char *path, int fd) KDF_MUST_CHECK;
/* For a dump on standard output; refuses terminals. */
struct kdf_error *output_stdout(int *fd) KDF_MUST_CHECK;

#endif
