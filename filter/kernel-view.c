// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel-view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "btf.h"
#include "kallsyms.h"

enum {
	POINTER = 8,
	MAX_BTF = 32 << 20, /* kernels have 4 to 8 MiB */
};

static const char *const symbol_names[SYM_COUNT] = {
	[SYM_PER_CPU_OFFSET] = "__per_cpu_offset",
	[SYM_NODE_DATA] = "node_data",
	[SYM_NR_CPU_IDS] = "nr_cpu_ids",
	[SYM_CPU_POSSIBLE_MASK] = "__cpu_possible_mask",
	[SYM_IDT_TABLE] = "idt_table",
	[SYM_INIT_TASK] = "init_task",
	[SYM_RUNQUEUES] = "runqueues",
	[SYM_PER_CPU_START] = "__per_cpu_start",
	[SYM_PER_CPU_END] = "__per_cpu_end",
	[SYM_CEA_EXCEPTION_STACKS] = "cea_exception_stacks",
	[SYM_LINUX_BANNER] = "linux_banner",
	[SYM_START_DATA] = "_sdata",
	[SYM_END_DATA] = "_edata",
	[SYM_START_BSS] = "__bss_start",
	[SYM_END_BSS] = "__bss_stop",
	[SYM_START_RO_AFTER_INIT] = "__start_ro_after_init",
	[SYM_END_RO_AFTER_INIT] = "__end_ro_after_init",
	[SYM_START_BTF] = "__start_BTF",
	[SYM_STOP_BTF] = "__stop_BTF",
	[SYM_VMCOREINFO_DATA] = "vmcoreinfo_data",
};

static const struct {
	const char *record, *path;
} member_names[MEM_COUNT] = {
	[MEM_ZONE_PAGESET] = { "zone", "pageset" },
	[MEM_PAGESET_PCP] = { "per_cpu_pageset", "pcp" },
	[MEM_ZONE_PER_CPU_PAGESET] = { "zone", "per_cpu_pageset" },
	[MEM_PCP_COUNT] = { "per_cpu_pages", "count" },
	[MEM_PCP_LISTS] = { "per_cpu_pages", "lists" },
	[MEM_NODE_ZONES] = { "pglist_data", "node_zones" },
	[MEM_NR_ZONES] = { "pglist_data", "nr_zones" },
	[MEM_RQ_IDLE] = { "rq", "idle" },
	[MEM_TASK_TASKS] = { "task_struct", "tasks" },
	[MEM_TASK_STACK] = { "task_struct", "stack" },
	[MEM_TASK_SIGNAL] = { "task_struct", "signal" },
	[MEM_TASK_MM] = { "task_struct", "mm" },
	[MEM_TASK_THREAD_NODE] = { "task_struct", "thread_node" },
	[MEM_SIGNAL_THREAD_HEAD] = { "signal_struct", "thread_head" },
};

static const char *const size_names[SIZE_COUNT] = {
	[SIZE_PCP] = "per_cpu_pages",
	[SIZE_TASK] = "task_struct",
	[SIZE_RQ] = "rq",
	[SIZE_SIGNAL] = "signal_struct",
	[SIZE_MM] = "mm_struct",
};

bool view_read_uint(struct kdf *dump, uint64_t address, unsigned size, uint64_t *out)
{
	uint8_t b[8];
	struct kdf_error *e = kdf_read_virt(dump, address, b, size);

	*out = e ? 0 : kdf_load_uint(b, size, kdf_info(dump)->big_endian);
	kdf_error_free(e);
	return !e;
}

/* ---- Symbols ---- */

static struct kdf_error *read_symbols(struct kdf *dump, struct kernel_view *v)
{
	struct kdf_named_address name[SYM_COUNT];
	struct kdf_kallsyms k;
	struct kdf_error *e = kdf_kallsyms_read(dump, &k);

	if (e)
		return e;
	for (size_t i = 0; i < SYM_COUNT; i++)
		name[i] = (struct kdf_named_address){ .name = symbol_names[i] };
	e = kdf_kallsyms_addresses(&k, name, SYM_COUNT);
	for (size_t i = 0; !e && i < SYM_COUNT; i++)
		if (name[i].found) {
			v->symbol[i] = name[i].address;
			v->found |= 1u << i;
		}
	kdf_kallsyms_free(&k);
	return e;
}

/* ---- Types ---- */

static void look_up_types(const struct kdf_btf *btf, struct kernel_view *v)
{
	struct kdf_btf_member m;

	for (size_t i = 0; i < MEM_COUNT; i++)
		if (kdf_btf_member(btf, member_names[i].record, member_names[i].path, POINTER, &m) &&
		    m.offset < UINT32_MAX)
			v->member[i] = (struct view_place){ true, (uint32_t)m.offset, m.element_size, m.elements };
	for (size_t i = 0; i < SIZE_COUNT; i++)
		if (!kdf_btf_size(btf, size_names[i], &v->size[i]))
			v->size[i] = 0;
	if (!kdf_btf_enumerator(btf, "MIGRATE_PCPTYPES", &v->pcp_types))
		v->pcp_types = 0;
}

/* .BTF lies in the kernel's read-only data, which is in every dump. */
static struct kdf_error *read_types(struct kdf *dump, struct kernel_view *v)
{
	uint64_t start = v->symbol[SYM_START_BTF], stop = v->symbol[SYM_STOP_BTF];
	struct kdf_btf *btf;

	if (!start || stop <= start)
		return kdf_err(KDF_NO_DEBUG, "the kernel has no BTF");
	if (stop - start > MAX_BTF)
		return kdf_err(KDF_CORRUPT, "BTF of %llu bytes", (unsigned long long)(stop - start));
	uint8_t *blob = malloc(stop - start);
	if (!blob)
		return kdf_err(KDF_NOMEM, "no memory for %llu bytes of BTF", (unsigned long long)(stop - start));
	struct kdf_error *e = kdf_read_virt(dump, start, blob, stop - start);
	if (!e)
		e = kdf_btf_open(blob, stop - start, &btf);
	if (!e) {
		look_up_types(btf, v);
		kdf_btf_close(btf);
	}
	free(blob);
	return e;
}

/* What VMCOREINFO knows as well, it knows better. */
static void read_vmcoreinfo(struct kdf *dump, struct kernel_view *v)
{
	static const enum view_member member[] = { MEM_NODE_ZONES, MEM_NR_ZONES };
	uint64_t value;
	char key[96];

	if (kdf_vmcoreinfo_symbol(dump, "node_data", &value))
		v->symbol[SYM_NODE_DATA] = value;
	for (size_t i = 0; i < sizeof(member) / sizeof(*member); i++) {
		snprintf(key, sizeof(key), "%s.%s", member_names[member[i]].record, member_names[member[i]].path);
		if (kdf_vmcoreinfo_offset(dump, key, &value) && value < UINT32_MAX) {
			v->member[member[i]].known = true;
			v->member[member[i]].offset = (uint32_t)value;
		}
	}
}

void kernel_view_read(struct kdf *dump, struct kernel_view *v)
{
	*v = (struct kernel_view){ 0 };
	struct kdf_error *e = read_symbols(dump, v);
	if (!e)
		e = read_types(dump, v);
	if (e)
		snprintf(v->lacks, sizeof(v->lacks), "%s", kdf_error_text(e));
	kdf_error_free(e);
	read_vmcoreinfo(dump, v);
}

/* ---- CPUs ---- */

/* A kernel with a fixed number of CPUs has no variable nr_cpu_ids: then the mask's words up to 64 CPUs are read. */
bool cpu_list_read(struct kdf *dump, const struct kernel_view *v, struct cpu_list *out)
{
	uint64_t n = 64;

	*out = (struct cpu_list){ 0 };
	if (!v->symbol[SYM_CPU_POSSIBLE_MASK])
		return false;
	if (v->symbol[SYM_NR_CPU_IDS] && !view_read_uint(dump, v->symbol[SYM_NR_CPU_IDS], 4, &n))
		return false;
	if (!n || n > 8 * sizeof(out->mask))
		return false;
	for (uint64_t word = 0; word < (n + 63) / 64; word++) {
		uint64_t bits;
		if (!view_read_uint(dump, v->symbol[SYM_CPU_POSSIBLE_MASK] + 8 * word, 8, &bits))
			return false;
		kdf_store_uint(out->mask + 8 * word, bits, 8, false);
	}
	out->n = (unsigned)n;
	return true;
}

bool cpu_list_next(const struct cpu_list *list, unsigned from, unsigned *cpu)
{
	for (*cpu = from; *cpu < list->n; ++*cpu)
		if (list->mask[*cpu / 8] >> *cpu % 8 & 1)
			return true;
	return false;
}

bool cpu_base(struct kdf *dump, const struct kernel_view *v, unsigned cpu, uint64_t *base)
{
	return v->symbol[SYM_PER_CPU_OFFSET] &&
	       view_read_uint(dump, v->symbol[SYM_PER_CPU_OFFSET] + POINTER * (uint64_t)cpu, POINTER, base);
}
