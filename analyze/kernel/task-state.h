/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways to name a task's state. Pure. */
#ifndef KDX_KERNEL_TASK_STATE_H
#define KDX_KERNEL_TASK_STATE_H

#include <stdint.h>

/* The letter of /proc/PID/stat for task->__state | task->exit_state. */
char kdx_task_state_letter(uint64_t state);
/* crash's two letters; "??" for bits that mean nothing. Static text. */
const char *kdx_task_state_name(uint64_t state);

#endif
