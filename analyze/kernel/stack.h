/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stack of a task: where to begin, on which stacks the walk may be, and the frames.
 *
 * A task that does not run begins where the scheduler left it. One that runs begins at the registers of its CPU;
 * when the CPU was stopped by the crash itself, the frames of what stopped it (crash_nmi_callback, machine_kexec)
 * lie further in. They are looked for on the CPU's stacks and believed only when ORC leads from them, frame by
 * frame, to just these registers. There is no other guess: a running task without registers is an error.
 */
#ifndef KDX_KERNEL_STACK_H
#define KDX_KERNEL_STACK_H

#include "analyze/core/unwind.h"
#include "task.h"

/* Bytes of a task's stack. */
uint64_t kdx_stack_size(struct kdx_session *);

/*
 * Walks the task's stack. Errors: a freed stack (KDF_NOT_FOUND), no registers of the CPU it ran on
 * (KDF_NOT_FOUND), a machine that is not known. What cuts a walk short is in out->problem, with the frames up to
 * there. A task interrupted in user mode with nothing on its kernel stack gives one frame of segment -1 that holds
 * its registers. Free with kdx_backtrace_free.
 */
struct kdf_error *kdx_task_backtrace(struct kdx_session *, const struct kdx_task *,
				     struct kdx_backtrace *out) KDF_MUST_CHECK;

#endif
