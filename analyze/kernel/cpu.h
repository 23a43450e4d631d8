/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a CPU was doing: its current and idle task, its saved registers, and which CPU panicked. */
#ifndef KDX_KERNEL_CPU_H
#define KDX_KERNEL_CPU_H

#include "analyze/core/machine.h"

/* task_struct that runs on the CPU; KDF_NOT_FOUND when nothing in the dump tells. */
struct kdf_error *kdx_cpu_current(struct kdx_session *, unsigned cpu, uint64_t *task) KDF_MUST_CHECK;
/* The CPU's idle task (rq->idle); 0: none was ever made. */
struct kdf_error *kdx_cpu_idle(struct kdx_session *, unsigned cpu, uint64_t *task) KDF_MUST_CHECK;
/* The CPU's run queue clock, ns since boot. */
struct kdf_error *kdx_cpu_clock(struct kdx_session *, unsigned cpu, uint64_t *ns) KDF_MUST_CHECK;
/* The CPU that panicked: panic_cpu (4.5), else crashing_cpu. KDF_NOT_FOUND: the system did not panic. */
struct kdf_error *kdx_cpu_panicked(struct kdx_session *, unsigned *cpu) KDF_MUST_CHECK;

/*
 * The registers the CPU had when it was stopped: what it wrote itself into its crash note (per-CPU crash_notes),
 * else the dump's NT_PRSTATUS note that belongs to it. The notes of /proc/vmcore leave out CPUs that wrote none, so
 * their number is no CPU number: a note is the CPU's when its sp is on one of the CPU's stacks (in trace), or its
 * pid is that of the task there. A hypervisor's dump has one note a CPU, in order.
 * KDF_NOT_FOUND: none.
 */
struct kdf_error *kdx_cpu_registers(struct kdx_session *, const struct kdx_machine *, unsigned cpu, int32_t current_pid,
				    const struct kdx_backtrace *trace, struct kdx_regs *out) KDF_MUST_CHECK;

#endif
