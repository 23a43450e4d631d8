/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a command's output goes: standard output, a file, or a shell line that reads it. One thread. */
#ifndef KDX_SHELL_REDIRECT_H
#define KDX_SHELL_REDIRECT_H

#include <stdio.h>
#include <sys/types.h>

#include "words.h"

struct kdx_sink {
	FILE *to;
	pid_t pid; /* of /bin/sh when to is a pipe; else 0 */
};

/* target: the shell line or the file's name as it stands in the line (quotes allowed). */
struct kdf_error *kdx_sink_open(enum kdx_redirect how, const char *target, struct kdx_sink *out) KDF_MUST_CHECK;
/* Closes, waits for the reader. A reader that could not be started, or a file that could not be written, is an
 * error; a reader that says "no" (grep without a match) is not. */
struct kdf_error *kdx_sink_close(struct kdx_sink *) KDF_MUST_CHECK;

/* Runs a line by /bin/sh on the program's own terminal; an empty line is an interactive shell. */
struct kdf_error *kdx_shell_out(const char *line) KDF_MUST_CHECK;

/* A pager command for long output, NULL when none is installed; lent. */
const char *kdx_pager(void);

#endif
