/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tasks ps is about. */
#ifndef KDX_COMMANDS_PS_SELECT_H
#define KDX_COMMANDS_PS_SELECT_H

#include "analyze/kernel/task.h"
#include "analyze/shell/command.h"

struct kdx_selection {
	const struct kdx_task **task;
	size_t count, cap;
};

/*
 * The tasks that the options (-k -u -G -A) let through and, where the call has words, one of them names: a pid, a
 * task address, a command name (exact; a backslash in front makes digits a name), or 'regular expression' in single
 * quotes. In the order of pids. A number that is no task is KDF_NOT_FOUND, a name that none has selects nothing.
 */
struct kdf_error *kdx_select(const struct kdx_call *, struct kdx_selection *out) KDF_MUST_CHECK;
void kdx_selection_free(struct kdx_selection *);

#endif
