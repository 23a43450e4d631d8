/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands say of a task in the same words. */
#ifndef KDX_COMMANDS_TASK_LINE_H
#define KDX_COMMANDS_TASK_LINE_H

#include "analyze/kernel/task.h"
#include "analyze/shell/command.h"

enum { KDX_COMM_TEXT = KDX_COMM_LEN * 4 + 1 };

/* The command name for one line of text: a task may have new lines in its name. buf is returned. */
const char *kdx_comm_text(const struct kdx_task *, char buf[KDX_COMM_TEXT]);
/* "PID: 1        TASK: ffff...  CPU: 0    COMMAND: "systemd"", with the fields pid, task, cpu and comm. */
void kdx_task_line(struct kdx_out *, const struct kdx_task *);
/* The task that a command without words is about: the shell's context, else the panic task. */
struct kdf_error *kdx_context_task(const struct kdx_call *, const struct kdx_task **) KDF_MUST_CHECK;

#endif
