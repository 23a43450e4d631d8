/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands share: the context task, address spaces, CPU of the context. One thread. */
#ifndef KDX_COMMANDS_CONTEXT_H
#define KDX_COMMANDS_CONTEXT_H

#include "analyze/expr/expr.h"
#include "analyze/kernel/task.h"

/* The task a session starts from: the panic task, else CPU 0's idle task; 0 where there is none. */
struct kdf_error *kdx_context_default(struct kdx_session *, uint64_t *task) KDF_MUST_CHECK;
/* The block of `set`: PID, COMMAND, TASK, CPU, STATE, labels right-aligned to `width` columns. */
struct kdf_error *kdx_context_show(struct kdx_out *, struct kdx_session *, uint64_t task,
				   unsigned width) KDF_MUST_CHECK;

/* CPU of the shell's context task; 0 where it is unknown. */
unsigned kdx_context_cpu(struct kdx_shell *);

/* Address space of a task: its mm->pgd as a physical address. KDF_NOT_FOUND for kernel threads. */
struct kdf_error *kdx_task_space(struct kdx_session *, uint64_t task, struct kdx_space *out) KDF_MUST_CHECK;

/* The expression surroundings of a command: kernel memory, or with user the context task's. */
struct kdf_error *kdx_call_expr(struct kdx_call *, bool user, struct kdx_expr *out) KDF_MUST_CHECK;
/* What a global variable holds, by name and type known to the debug info: unsigned integers of 1 to 8 bytes. */
bool kdx_global_uint(struct kdx_session *, const char *expression, uint64_t *out);

#endif
