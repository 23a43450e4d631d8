/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the crashed kernel says about itself beyond VMCOREINFO: addresses out of its kallsyms, struct layouts out of
 * its BTF. Everything is looked up at once and the tables are given back: what stays is some numbers.
 *
 * Memory while it is made: the packed kallsyms (3 MiB), then BTF (4 to 9 MiB with its index).
 */
#ifndef FILTER_KERNEL_VIEW_H
#define FILTER_KERNEL_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "kdf.h"

enum view_symbol {
	SYM_PER_CPU_OFFSET,
	SYM_NODE_DATA,
	SYM_NR_CPU_IDS,
	SYM_CPU_POSSIBLE_MASK,
	SYM_IDT_TABLE,
	SYM_INIT_TASK,
	SYM_RUNQUEUES,
	SYM_PER_CPU_START,
	SYM_PER_CPU_END,
	SYM_CEA_EXCEPTION_STACKS,
	SYM_LINUX_BANNER,
	SYM_START_DATA,
	SYM_END_DATA,
	SYM_START_BSS,
	SYM_END_BSS,
	SYM_START_RO_AFTER_INIT,
	SYM_END_RO_AFTER_INIT,
	SYM_START_BTF,
	SYM_STOP_BTF,
	SYM_VMCOREINFO_DATA,
	SYM_COUNT
};

enum view_member {
	MEM_ZONE_PAGESET,	 /* until 5.13: percpu struct per_cpu_pageset, whose first part is the lists */
	MEM_PAGESET_PCP,
	MEM_ZONE_PER_CPU_PAGESET, /* since 5.14: percpu struct per_cpu_pages */
	MEM_PCP_COUNT,
	MEM_PCP_LISTS,
	MEM_NODE_ZONES,
	MEM_NR_ZONES,
	MEM_RQ_IDLE,
	MEM_TASK_TASKS,
	MEM_TASK_STACK,
	MEM_TASK_SIGNAL,
	MEM_TASK_MM,
	MEM_TASK_THREAD_NODE,
	MEM_SIGNAL_THREAD_HEAD,
	MEM_COUNT
};

enum view_size { SIZE_PCP, SIZE_TASK, SIZE_RQ, SIZE_SIGNAL, SIZE_MM, SIZE_COUNT };

struct view_place {
	bool known;
	uint32_t offset, element_size, elements;
};

struct kernel_view {
	uint64_t symbol[SYM_COUNT]; /* 0: unknown */
	unsigned found;		    /* bit n: symbol n was there (per-CPU ones may well be 0: x86_64 until 6.14) */
	struct view_place member[MEM_COUNT];
	uint32_t size[SIZE_COUNT]; /* 0: unknown */
	int64_t pcp_types;	   /* MIGRATE_PCPTYPES; 0: unknown */
	char lacks[256];	   /* why symbols or types are missing; "" */
};

/* Never fails: what cannot be found is unknown, and `lacks` says why. */
void kernel_view_read(struct kdf *, struct kernel_view *out);

/* CPUs that the kernel could have: bits of __cpu_possible_mask, below nr_cpu_ids. */
struct cpu_list {
	uint8_t mask[1024];
	unsigned n; /* bits that count */
};
bool cpu_list_read(struct kdf *, const struct kernel_view *, struct cpu_list *out);
/* The next one >= from; false: no more. */
bool cpu_list_next(const struct cpu_list *, unsigned from, unsigned *cpu);
/* Base of a CPU's copy of per-CPU data. */
bool cpu_base(struct kdf *, const struct kernel_view *, unsigned cpu, uint64_t *base);

/* Small reads of dumped memory in its byte order; false: not readable. */
bool view_read_uint(struct kdf *, uint64_t address, unsigned size, uint64_t *out);

#endif
