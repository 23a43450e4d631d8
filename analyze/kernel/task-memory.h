/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much memory tasks have: fills rss_kb, vsz_kb and mem_percent of records that know their mm. */
#ifndef KDX_KERNEL_TASK_MEMORY_H
#define KDX_KERNEL_TASK_MEMORY_H

#include "task.h"

/*
 * Until 6.1 a part of an mm's counts waits in the tasks that use it, so all tasks are needed at once. What cannot
 * be read counts as 0. KDF_NOMEM is the only error.
 */
struct kdf_error *kdx_task_memory(struct kdx_session *, struct kdx_task *task, size_t count) KDF_MUST_CHECK;

#endif
