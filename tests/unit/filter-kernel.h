/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of filter-machine.h with a kernel that explains itself: kallsyms, BTF, two CPUs (numbers 0 and 2), one
 * node with two zones, and per-CPU lists of free pages, of the era wanted.
 */
#ifndef FILTER_KERNEL_H
#define FILTER_KERNEL_H

#include "base/bytes.h"
#include "filter-machine.h"
#include "format-btf-fixture.h"

/* Where things lie in the image, from its start. */
enum {
	K_NAMES = 0x20000, K_TOKENS = 0x28000, K_INDEX = 0x29000, K_NUM = 0x29400, K_BASE = 0x29408,
	K_OFFSETS = 0x2a000, K_BTF = 0x30000, K_DATA = 0x40000, K_CPU_OFFSETS = 0x40000, K_NODES = 0x40100,
	K_POSSIBLE = 0x40200, K_NR_CPUS = 0x40208, K_IDT = 0x41000, K_TASK = 0x42000, K_INFO = 0x43000,
	K_DATA_END = 0x44000,
	/* Elsewhere in memory */
	NODE = 0x900000, CPU_AREA = 0x910000, CPU_AREA_SIZE = 0x10000, LOG_PAGE = 0x930000,
	INFO_PAGE = 0x931000, IDLE = 0x932000, IDLE_STACK = 0x934000,
	/* Layouts */
	ZONE_SIZE = 256, ZONE_PCP = 64, NODE_NR_ZONES = 1024, PCP_COUNT = 4, PCP_LISTS = 16,
	PERCPU_PCP = 0x2000,	 /* the lists of zone 0 in a CPU's area; zone 1 behind */
	PERCPU_PCP_STEP = 0x800,
	PERCPU_RQ = 0x1000,
	CPUS = 2,
};
#define TEXT(at) (START_MAP + 0x1000000 + (at))

static const unsigned cpu_number[CPUS] = { 0, 2 };

struct kernel_recipe {
	unsigned lists;	  /* NR_PCP_LISTS: 3 (single pages), 12, 13, 14, 15 */
	bool old_pageset; /* until 5.13: inside struct per_cpu_pageset */
	bool no_btf, no_kallsyms;
};

#define KALLSYMS_INFO \
	"SYMBOL(kallsyms_names)=ffffffff81020000\nSYMBOL(kallsyms_num_syms)=ffffffff81029400\n" \
	"SYMBOL(kallsyms_token_table)=ffffffff81028000\nSYMBOL(kallsyms_token_index)=ffffffff81029000\n" \
	"SYMBOL(kallsyms_offsets)=ffffffff8102a000\nSYMBOL(kallsyms_relative_base)=ffffffff81029408\n" \
	"SYMBOL(node_data)=ffffffff81040100\nLENGTH(node_data)=4\nSIZE(zone)=256\nSIZE(pglist_data)=4096\n" \
	"OFFSET(pglist_data.node_zones)=0\nOFFSET(pglist_data.nr_zones)=1024\n"

static inline void kernel_poke(struct machine *m, uint64_t phys, uint64_t v, size_t size)
{
	kdf_store_uint(m->ram + phys, v, size, false);
}

static inline uint64_t kernel_cpu_area(unsigned i)
{
	return CPU_AREA + i * (uint64_t)CPU_AREA_SIZE;
}

/* Physical address of the lists of CPU number cpu_number[i] in a zone. */
static inline uint64_t kernel_pcp(unsigned i, unsigned zone)
{
	return kernel_cpu_area(i) + PERCPU_PCP + zone * (uint64_t)PERCPU_PCP_STEP;
}

static inline size_t kernel_types(struct machine *m, const struct kernel_recipe *r)
{
	struct btf_maker b = { 0 };
	struct kdf_buf blob = { 0 };
	uint32_t int_ = btf_int(&b, "int", 4, 1), ptr = btf_ref(&b, "", KDF_BTF_PTR, 0);
	uint32_t list = btf_begin(&b, "list_head", KDF_BTF_STRUCT, false, 2, 16);

	btf_member(&b, "next", ptr, 0, 0);
	btf_member(&b, "prev", ptr, 64, 0);
	uint32_t lists = btf_array(&b, list, int_, r->lists);
	uint32_t pcp = btf_begin(&b, "per_cpu_pages", KDF_BTF_STRUCT, false, 2, PCP_LISTS + 16 * r->lists);
	btf_member(&b, "count", int_, PCP_COUNT * 8, 0);
	btf_member(&b, "lists", lists, PCP_LISTS * 8, 0);
	if (r->old_pageset) {
		btf_begin(&b, "per_cpu_pageset", KDF_BTF_STRUCT, false, 1, 1024);
		btf_member(&b, "pcp", pcp, 0, 0);
	}
	btf_begin(&b, "zone", KDF_BTF_STRUCT, false, 1, ZONE_SIZE);
	btf_member(&b, r->old_pageset ? "pageset" : "per_cpu_pageset", ptr, ZONE_PCP * 8, 0);
	btf_begin(&b, "migratetype", KDF_BTF_ENUM, false, 1, 4);
	btf_pair(&b, "MIGRATE_PCPTYPES", 3);
	btf_begin(&b, "task_struct", KDF_BTF_STRUCT, false, 2, 512);
	btf_member(&b, "tasks", list, 64 * 8, 0);
	btf_member(&b, "stack", ptr, 32 * 8, 0);
	btf_begin(&b, "rq", KDF_BTF_STRUCT, false, 1, 256);
	btf_member(&b, "idle", ptr, 8 * 8, 0);
	btf_blob(&b, 24, NULL, 0, &blob);
	memcpy(m->ram + IMAGE + K_BTF, blob.data, blob.len);
	size_t size = blob.len;
	kdf_buf_free(&blob);
	return size;
}

/* Each token is one character. Addresses as on x86_64 until 6.14: below 0 from the base, else the value itself. */
static inline void kernel_names(struct machine *m, size_t btf_size)
{
	const struct {
		const char *name;
		uint64_t address;
	} symbol[] = {
		{ "Drunqueues", PERCPU_RQ },
		{ "D__per_cpu_start", 0 },
		{ "D__per_cpu_end", 0x4000 },
		{ "T_stext", TEXT(0) },
		{ "D__per_cpu_offset", TEXT(K_CPU_OFFSETS) },
		{ "Dnode_data", TEXT(K_NODES) },
		{ "D__cpu_possible_mask", TEXT(K_POSSIBLE) },
		{ "Dnr_cpu_ids", TEXT(K_NR_CPUS) },
		{ "bidt_table", TEXT(K_IDT) },
		{ "Dinit_task", TEXT(K_TASK) },
		{ "Dvmcoreinfo_data", TEXT(K_INFO) },
		{ "D_sdata", TEXT(K_DATA) },
		{ "D_edata", TEXT(K_DATA_END) },
		{ "R__start_BTF", TEXT(K_BTF) },
		{ "R__stop_BTF", TEXT(K_BTF) + btf_size },
	};
	uint32_t n = sizeof(symbol) / sizeof(*symbol);
	uint64_t names = IMAGE + K_NAMES, tokens = IMAGE + K_TOKENS;

	for (unsigned i = 0; i < 256; i++) {
		kernel_poke(m, IMAGE + K_INDEX + 2 * i, tokens - IMAGE - K_TOKENS, 2);
		if (i)
			m->ram[tokens++] = (uint8_t)i;
		m->ram[tokens++] = 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(symbol[i].name);
		uint64_t a = symbol[i].address;
		m->ram[names++] = (uint8_t)len;
		memcpy(m->ram + names, symbol[i].name, len);
		names += len;
		kernel_poke(m, IMAGE + K_OFFSETS + 4 * i, a < START_MAP ? a : TEXT(0) - 1 - a, 4);
	}
	kernel_poke(m, IMAGE + K_NUM, n, 4);
	kernel_poke(m, IMAGE + K_BASE, TEXT(0), 8);
}

static inline void kernel_empty_lists(struct machine *m, const struct kernel_recipe *r)
{
	for (unsigned i = 0; i < CPUS; i++)
		for (unsigned zone = 0; zone < 2; zone++)
			for (unsigned k = 0; k < r->lists; k++) {
				uint64_t at = kernel_pcp(i, zone) + PCP_LISTS + 16 * k;
				kernel_poke(m, at, DIRECT + at, 8);
				kernel_poke(m, at + 8, DIRECT + at, 8);
			}
}

/* Puts a block of 2^order frames into list k of a CPU in a zone, as the kernel does: at the front. */
static inline void kernel_free_listed(struct machine *m, unsigned i, unsigned zone, unsigned k, uint64_t pfn,
				      unsigned order)
{
	uint64_t pcp = kernel_pcp(i, zone), head = pcp + PCP_LISTS + 16 * k, entry = machine_struct_address(pfn) + 8;
	uint64_t next = kdf_load_uint(m->ram + head, 8, false);

	for (uint64_t p = pfn; p < pfn + (UINT64_C(1) << order); p++) {
		machine_page(m, p, 0, 0, UINT32_MAX);
		kernel_poke(m, MAP + p * STRUCT + OFF_REFCOUNT, 0, 4);
	}
	kernel_poke(m, entry - DIRECT, next, 8);
	kernel_poke(m, entry - DIRECT + 8, DIRECT + head, 8);
	kernel_poke(m, next - DIRECT + 8, entry, 8);
	kernel_poke(m, head, entry, 8);
	kernel_poke(m, pcp + PCP_COUNT, kdf_load_uint(m->ram + pcp + PCP_COUNT, 4, false) + (1u << order), 4);
}

/* machine_init and all of the above; every page has a reference, as pages in use do. */
static inline void kernel_init(struct machine *m, const struct kernel_recipe *r)
{
	machine_init(m);
	for (uint64_t pfn = 0; pfn < FRAMES; pfn++)
		kernel_poke(m, MAP + pfn * STRUCT + OFF_REFCOUNT, 1, 4);
	if (!r->no_kallsyms)
		kernel_names(m, r->no_btf ? 0 : kernel_types(m, r));
	for (unsigned i = 0; i < CPUS; i++) {
		kernel_poke(m, IMAGE + K_CPU_OFFSETS + 8 * cpu_number[i], DIRECT + kernel_cpu_area(i), 8);
		kernel_poke(m, kernel_cpu_area(i) + PERCPU_RQ + 8, DIRECT + IDLE + i * 1024, 8);
		kernel_poke(m, IDLE + i * 1024 + 32, DIRECT + IDLE_STACK + i * 0x4000, 8);
	}
	kernel_poke(m, IMAGE + K_NODES + 8, DIRECT + NODE, 8); /* node 1; there is no node 0 */
	kernel_poke(m, IMAGE + K_POSSIBLE, 1u << cpu_number[0] | 1u << cpu_number[1] | 1u << 9, 8);
	kernel_poke(m, IMAGE + K_NR_CPUS, 4, 4); /* bit 9 is none */
	kernel_poke(m, IMAGE + K_INFO, DIRECT + INFO_PAGE, 8);
	kernel_poke(m, IMAGE + K_TASK + 64, TEXT(K_TASK) + 64, 8);
	kernel_poke(m, NODE + NODE_NR_ZONES, 3, 4); /* the third has no lists */
	for (unsigned zone = 0; zone < 2; zone++)
		kernel_poke(m, NODE + zone * ZONE_SIZE + ZONE_PCP, PERCPU_PCP + zone * PERCPU_PCP_STEP, 8);
	kernel_empty_lists(m, r);
}

#endif
