/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running more than one line: `;` lists and command files. See command.h for one line. */
#ifndef KDX_SHELL_RUN_H
#define KDX_SHELL_RUN_H

#include "command.h"

/* Commands separated by `;` outside quotes and parentheses. False when one of them failed; all are run. */
bool kdx_shell_lines(struct kdx_shell *, const char *text);
/* The commands of a file, one a line; blank lines and `#` lines are skipped, a failing command does not stop the
 * file (*ok tells). An error only when the file cannot be read. */
struct kdf_error *kdx_run_file(struct kdx_shell *, const char *path, bool *ok) KDF_MUST_CHECK;

#endif
