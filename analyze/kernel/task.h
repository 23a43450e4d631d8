/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: every thread and idle task of the dump, as records. Sources: init_task.tasks with each
 * signal->thread_head, the pid idr for what a damaged list lost, and each CPU's rq->idle (kernel/sched, 5.10 to
 * 7.3). The table is built once per session, on first use; records are lent until the session closes.
 */
#ifndef KDX_KERNEL_TASK_H
#define KDX_KERNEL_TASK_H

#include "analyze/core/session.h"

enum { KDX_COMM_LEN = 16 };

struct kdx_task {
	uint64_t task;           /* kva of task_struct */
	int32_t pid, tgid, ppid; /* ppid: tgid of real_parent; 0 for idle tasks, which init made on behalf of CPU 0 */
	uint32_t uid;            /* cred->uid */
	char comm[KDX_COMM_LEN + 1];
	int cpu;                /* -1: unknown */
	uint64_t state;         /* __state | exit_state << 0 as the kernel's bits (exit_state bits do not collide) */
	char letter;            /* as /proc/PID/stat: R S D T t X Z P I */
	const char *state_name; /* crash's two letters: RU IN UN ST TR ZO DE PA WA ID NE SW */
	uint64_t flags;         /* PF_* */
	uint64_t mm;            /* 0: kernel thread (or exited) */
	uint64_t stack;         /* lowest address of the kernel stack; 0: freed */
	uint64_t start_time_ns; /* monotonic */
	uint64_t rss_kb, vsz_kb;
	double mem_percent;
	bool kernel_thread, active, panic, idle, zombie; /* active: current on its CPU */
	uint64_t last_run_ns;                            /* sched_info.last_arrival */
};

struct kdx_task_table {
	struct kdx_task *task; /* idle tasks by CPU first, then as the lists have them */
	size_t count;
	size_t panic;              /* index of the panic task; count when unknown */
	struct kdf_error *problem; /* what kept the table from being whole; NULL: nothing */
};

struct kdf_error *kdx_tasks(struct kdx_session *, const struct kdx_task_table **out) KDF_MUST_CHECK;
/* NULL: none. */
const struct kdx_task *kdx_task_by_address(const struct kdx_task_table *, uint64_t task);
const struct kdx_task *kdx_task_by_pid(const struct kdx_task_table *, int32_t pid); /* 0: idle of CPU 0 */
/* The task that runs on a CPU; NULL: unknown. */
const struct kdx_task *kdx_task_on_cpu(const struct kdx_task_table *, unsigned cpu);
/*
 * A word as crash's commands take it: decimal pid first, then hex task address. All matches by pid
 * (threads have their own pid). KDF_NOT_FOUND "invalid task or pid value: X".
 */
struct kdf_error *kdx_task_parse(struct kdx_session *, const char *word, const struct kdx_task **out) KDF_MUST_CHECK;
/* The context commands start from: the panic task, else idle of CPU 0. */
struct kdf_error *kdx_task_default(struct kdx_session *, const struct kdx_task **out) KDF_MUST_CHECK;

#endif
