// SPDX-License-Identifier: GPL-2.0-or-later
#include "landmarks.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/interrupt.h"

enum {
	MARKS_MAX = 65536,
	POINTER = 8,
	STACK_PAGES = 8,     /* 16 KiB of 4 KiB pages, twice that with KASAN; a guard page ends them earlier */
	TASKS_MAX = 1 << 17, /* steps along lists of tasks */
	WALKS_MAX = 8 << 20, /* page table walks in all */
	ROOTS_MAX = 1 << 20,
	IMAGE_MAX = 1 << 30, /* also of anything else that is one piece */
	MAX_NODES = 1024,
	MAX_NODE_SIZE = 4 << 20,
	ENTRY_AREA = 256 << 10, /* more than struct cpu_entry_area has ever had */
};

struct finder {
	const struct landmark_sources *from;
	struct kdf *dump;
	struct landmarks *out;
	uint64_t page;
	unsigned shift;
	uint64_t last_table[5]; /* frame of the table seen last, level by level: most walks share them */
	unsigned walks;
	struct kdf_error *e;
};

/* ---- Collecting ---- */

static void add_frames(struct finder *f, enum landmark_group group, const char *witness, uint64_t first, uint64_t end)
{
	struct landmarks *l = f->out;
	struct landmark *last = l->n ? &l->mark[l->n - 1] : NULL;

	if (f->e || first >= end)
		return;
	if (last && last->group == group && last->witness == witness && last->frames.end == first) {
		last->frames.end = end;
		return;
	}
	if (l->n == MARKS_MAX) {
		l->full = true;
		return;
	}
	if (!kdf_grow(&l->mark, &l->cap, l->n + 1, sizeof(*l->mark)))
		f->e = kdf_err(KDF_NOMEM, "no memory for the order of the pages");
	else
		l->mark[l->n++] = (struct landmark){ { first, end }, group, witness };
}

/* The frames behind [virt, virt + size), up to the first page that is not mapped. */
static void add_virt(struct finder *f, enum landmark_group group, const char *witness, uint64_t virt, uint64_t size)
{
	uint64_t at = virt & ~(f->page - 1), phys;

	if (!size || size > IMAGE_MAX || virt > UINT64_MAX - size)
		return;
	for (; at < virt + size && !f->e && !f->out->full; at += f->page) {
		struct kdf_error *fault = kdf_virt_to_phys(f->dump, at, &phys);
		kdf_error_free(fault);
		if (fault)
			return;
		add_frames(f, group, witness, phys >> f->shift, (phys >> f->shift) + 1);
	}
}

/* ---- Page tables ---- */

/* Bytes that one entry of a table covers, tables being one page of 8-byte entries (as on all 64-bit machines). */
static uint64_t entry_span(const struct finder *f, const char *level)
{
	static const char *const names[] = { "PTE", "PMD", "PUD", "P4D", "PGD" };
	uint64_t span = f->page;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++, span *= f->page / POINTER)
		if (!strcmp(level, names[i]))
			return span;
	return 0;
}

/*
 * All tables that translate [virt, end), and the frames they map when `mapped` is a group. Holes are skipped in one
 * step.
 */
static void add_tables(struct finder *f, uint64_t virt, uint64_t end, enum landmark_group mapped)
{
	for (; virt < end && f->walks < WALKS_MAX && !f->e && !f->out->full; f->walks++) {
		struct kdf_walk walk;
		struct kdf_error *fault = kdf_walk(f->dump, KDF_KERNEL_PGD, virt, &walk);
		bool present = !fault && walk.present;

		kdf_error_free(fault);
		if (kdf_interrupted())
			f->e = kdf_err(KDF_INTERRUPTED, "interrupted while looking for page tables");
		if (!walk.nsteps)
			return;
		for (unsigned i = 0; i < walk.nsteps && i < 5; i++) {
			uint64_t frame = walk.step[i].entry_phys >> f->shift;
			if (f->last_table[i] != frame)
				add_frames(f, GROUP_TABLES, "a kernel page table", frame, frame + 1);
			f->last_table[i] = frame;
		}
		uint64_t span = present ? walk.page_size : entry_span(f, walk.step[walk.nsteps - 1].level);
		if (span < f->page || span & (span - 1))
			return;
		uint64_t inside = virt & (span - 1), stop = end - virt < span - inside ? end - virt + inside : span;
		if (present && mapped != GROUP_COUNT)
			add_frames(f, mapped, NULL, walk.phys >> f->shift,
				   (walk.phys - inside + stop + f->page - 1) >> f->shift);
		if (virt > UINT64_MAX - (span - inside))
			return;
		virt += span - inside;
	}
}

/* The tables of the struct pages and these pages themselves, section by section. */
static void add_struct_pages(struct finder *f)
{
	struct memmap *m = f->from->map;
	uint64_t first, end, address, last;

	for (size_t i = 0; m && kdf_ram_range(f->dump, i, &first, &end); i++)
		for (uint64_t next; first < end && !f->e; first = next) {
			uint64_t section = m->section_shift ? UINT64_C(1) << m->section_shift : end - first;
			next = m->section_shift ? (first | (section - 1)) + 1 : end;
			next = next < end ? next : end;
			if (memmap_address(m, first, &address) && memmap_address(m, next - 1, &last) && last >= address)
				add_tables(f, address, last + m->struct_size, GROUP_STRUCTS);
		}
}

static void add_kernel_tables(struct finder *f)
{
	const struct kdf_layout *l = kdf_layout(f->dump);
	uint64_t first, end;

	if (l->start_kernel_map && l->kernel_image_size) {
		/* Modules lie between the image and the fixed mappings, which are the last 16 MiB (x86_64). */
		uint64_t modules = l->start_kernel_map + l->kernel_image_size;
		add_tables(f, l->start_kernel_map, modules, GROUP_COUNT);
		add_tables(f, modules, UINT64_MAX - (UINT64_C(16) << 20), GROUP_MODULES);
	}
	for (size_t i = 0; l->known & KDF_KNOWS_PAGE_OFFSET && kdf_ram_range(f->dump, i, &first, &end); i++)
		add_tables(f, l->page_offset + (first << f->shift), l->page_offset + (end << f->shift), GROUP_COUNT);
}

/* ---- Log and notes ---- */

static bool read_word(struct finder *f, uint64_t base, const char *member, unsigned size, uint64_t *out)
{
	uint64_t offset;

	return kdf_vmcoreinfo_offset(f->dump, member, &offset) && view_read_uint(f->dump, base + offset, size, out);
}

/* struct printk_ringbuffer (5.10) and its three arrays; older logs are one buffer. */
static void add_log(struct finder *f)
{
	uint64_t prb, rb, size, desc_size, info_size, ring, text, bits, at;

	if (kdf_vmcoreinfo_symbol(f->dump, "log_buf", &at) && view_read_uint(f->dump, at, POINTER, &text) &&
	    kdf_vmcoreinfo_symbol(f->dump, "log_buf_len", &at) && view_read_uint(f->dump, at, 4, &size))
		add_virt(f, GROUP_LOG, "the kernel log", text, size);
	if (!kdf_vmcoreinfo_symbol(f->dump, "prb", &prb) || !view_read_uint(f->dump, prb, POINTER, &rb) ||
	    !kdf_vmcoreinfo_size(f->dump, "printk_ringbuffer", &size) || size > f->page ||
	    !kdf_vmcoreinfo_offset(f->dump, "printk_ringbuffer.desc_ring", &ring) ||
	    !kdf_vmcoreinfo_offset(f->dump, "printk_ringbuffer.text_data_ring", &text))
		return;
	add_virt(f, GROUP_LOG, "the log's head (prb)", rb, size);
	if (read_word(f, rb + ring, "prb_desc_ring.count_bits", 4, &bits) && bits < 24) {
		if (kdf_vmcoreinfo_size(f->dump, "prb_desc", &desc_size) && desc_size <= 4096 &&
		    read_word(f, rb + ring, "prb_desc_ring.descs", POINTER, &at))
			add_virt(f, GROUP_LOG, "the log's descriptors", at, desc_size << bits);
		if (kdf_vmcoreinfo_size(f->dump, "printk_info", &info_size) && info_size <= 4096 &&
		    read_word(f, rb + ring, "prb_desc_ring.infos", POINTER, &at))
			add_virt(f, GROUP_LOG, "the log's records", at, info_size << bits);
	}
	if (read_word(f, rb + text, "prb_data_ring.size_bits", 4, &bits) && bits < 32 &&
	    read_word(f, rb + text, "prb_data_ring.data", POINTER, &at))
		add_virt(f, GROUP_LOG, "the log's text", at, UINT64_C(1) << bits);
}

/* The kernel's own copy of the VMCOREINFO note: one page. */
static void add_vmcoreinfo(struct finder *f)
{
	uint64_t at;

	if (f->from->view->symbol[SYM_VMCOREINFO_DATA] &&
	    view_read_uint(f->dump, f->from->view->symbol[SYM_VMCOREINFO_DATA], POINTER, &at) && at)
		add_virt(f, GROUP_LOG, "the VMCOREINFO page", at, 1);
}

/* Symbols that VMCOREINFO itself names. */
static void add_named(struct finder *f)
{
	static const struct {
		const char *name;
		enum landmark_group group;
	} variables[] = {
		{ "_stext", GROUP_DATA },      { "swapper_pg_dir", GROUP_TABLES }, { "init_uts_ns", GROUP_DATA },
		{ "node_data", GROUP_DATA },   { "prb", GROUP_LOG },		   { "log_buf", GROUP_LOG },
		{ "log_buf_len", GROUP_LOG },  { "clear_seq", GROUP_LOG },
	};
	uint64_t at, length, size;

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		if (kdf_vmcoreinfo_symbol(f->dump, variables[i].name, &at))
			add_virt(f, variables[i].group, variables[i].name, at, 1);
	struct memmap *m = f->from->map;
	if (!m || !m->sections || m->roots > ROOTS_MAX)
		return;
	length = m->roots * (m->sections_per_root > 1 ? POINTER : m->section_size);
	add_virt(f, GROUP_DATA, "mem_section", m->sections, length);
	size = m->sections_per_root * m->section_size;
	for (uint64_t i = 0; m->sections_per_root > 1 && i <= m->max_pfn >> m->section_shift; i += m->sections_per_root)
		if (view_read_uint(f->dump, m->sections + i / m->sections_per_root * POINTER, POINTER, &at) && at)
			add_virt(f, GROUP_DATA, "mem_section", at, size);
}

/* ---- CPUs and tasks ---- */

/* Every CPU has one, from boot on: a slab object and a stack whose frames have no mark of their own. */
static void add_idle_task(struct finder *f, uint64_t rq)
{
	const struct kernel_view *v = f->from->view;
	uint64_t task, stack;

	if (!v->member[MEM_RQ_IDLE].known || !v->size[SIZE_TASK] ||
	    !view_read_uint(f->dump, rq + v->member[MEM_RQ_IDLE].offset, POINTER, &task) || !task)
		return;
	add_virt(f, GROUP_CPUS, "an idle task", task, v->size[SIZE_TASK]);
	if (!v->member[MEM_TASK_STACK].known ||
	    !view_read_uint(f->dump, task + v->member[MEM_TASK_STACK].offset, POINTER, &stack) || !stack)
		return;
	add_virt(f, GROUP_CPUS, "the stack of an idle task", stack, 2 * f->page);
	if (stack < UINT64_MAX - 2 * f->page)
		add_tables(f, stack, stack + 2 * f->page, GROUP_COUNT);
}

static void add_cpus(struct finder *f)
{
	const struct kernel_view *v = f->from->view;
	uint64_t start = v->symbol[SYM_PER_CPU_START], size = v->symbol[SYM_PER_CPU_END] - start, base, area;
	bool whole = v->found >> SYM_PER_CPU_START & 1 && v->found >> SYM_PER_CPU_END & 1 && size < 16 << 20;
	struct cpu_list cpus;
	unsigned cpu;

	if (!cpu_list_read(f->dump, v, &cpus))
		return;
	for (unsigned next = 0; cpu_list_next(&cpus, next, &cpu); next = cpu + 1) {
		if (!cpu_base(f->dump, v, cpu, &base))
			continue;
		if (v->found >> SYM_RUNQUEUES & 1) {
			add_virt(f, GROUP_CPUS, "runqueues", v->symbol[SYM_RUNQUEUES] + base,
				 v->size[SIZE_RQ] ? v->size[SIZE_RQ] : 1);
			add_idle_task(f, v->symbol[SYM_RUNQUEUES] + base);
		}
		if (whole)
			add_virt(f, GROUP_CPUS, NULL, start + base, size);
		/* x86_64: a CPU's entry area (stacks of exceptions, the IDT) has page tables that nothing else uses. */
		if (v->found >> SYM_CEA_EXCEPTION_STACKS & 1 &&
		    view_read_uint(f->dump, v->symbol[SYM_CEA_EXCEPTION_STACKS] + base, POINTER, &area) &&
		    area > ENTRY_AREA && area < UINT64_MAX - ENTRY_AREA)
			add_tables(f, area - ENTRY_AREA, area + ENTRY_AREA, GROUP_CPUS);
	}
}

/* Stacks may be vmalloc'ed: their page tables are wanted, too. */
static void add_pointed(struct finder *f, uint64_t task, enum view_member member, uint64_t size)
{
	const struct view_place *m = &f->from->view->member[member];
	uint64_t at;

	if (!m->known || !size || !view_read_uint(f->dump, task + m->offset, POINTER, &at) || !at ||
	    at > UINT64_MAX - size)
		return;
	add_virt(f, GROUP_TASKS, NULL, at, size);
	if (member == MEM_TASK_STACK)
		add_tables(f, at, at + size, GROUP_COUNT);
}

static void add_task(struct finder *f, uint64_t task)
{
	const struct kernel_view *v = f->from->view;

	add_virt(f, GROUP_TASKS, NULL, task, v->size[SIZE_TASK]);
	add_pointed(f, task, MEM_TASK_STACK, STACK_PAGES * f->page);
	add_pointed(f, task, MEM_TASK_SIGNAL, v->size[SIZE_SIGNAL]);
	add_pointed(f, task, MEM_TASK_MM, v->size[SIZE_MM]);
}

/* The other threads of a process. */
static void add_threads(struct finder *f, uint64_t leader, unsigned *steps)
{
	const struct view_place *m = f->from->view->member;
	uint64_t signal, at, head;

	if (!m[MEM_TASK_SIGNAL].known || !m[MEM_TASK_THREAD_NODE].known || !m[MEM_SIGNAL_THREAD_HEAD].known ||
	    !view_read_uint(f->dump, leader + m[MEM_TASK_SIGNAL].offset, POINTER, &signal) || !signal)
		return;
	head = signal + m[MEM_SIGNAL_THREAD_HEAD].offset;
	for (at = head; *steps < TASKS_MAX && view_read_uint(f->dump, at, POINTER, &at) && at && at != head; ++*steps)
		if (at - m[MEM_TASK_THREAD_NODE].offset != leader)
			add_task(f, at - m[MEM_TASK_THREAD_NODE].offset);
}

static void add_tasks(struct finder *f)
{
	const struct kernel_view *v = f->from->view;
	uint64_t init = v->symbol[SYM_INIT_TASK], head = init + v->member[MEM_TASK_TASKS].offset, at = head;
	unsigned steps = 0;

	if (!init || !v->size[SIZE_TASK])
		return;
	add_virt(f, GROUP_TASKS, "init_task", init, v->size[SIZE_TASK]);
	add_task(f, init);
	if (!v->member[MEM_TASK_TASKS].known)
		return;
	for (; steps < TASKS_MAX && view_read_uint(f->dump, at, POINTER, &at) && at && at != head; steps++) {
		add_task(f, at - v->member[MEM_TASK_TASKS].offset);
		add_threads(f, at - v->member[MEM_TASK_TASKS].offset, &steps);
	}
}

/* ---- The whole ---- */

/* The struct pages of the image's frames: a filter that would drop these reads the wrong map. */
static void add_image(struct finder *f)
{
	const struct landmark_sources *s = f->from;
	uint64_t address;

	for (size_t i = 0; i < s->nimage; i++) {
		add_frames(f, GROUP_IMAGE, NULL, s->image[i].first, s->image[i].end);
		if (s->map && memmap_address(s->map, s->image[i].first, &address))
			add_virt(f, GROUP_STRUCTS, "the struct pages of the kernel image", address,
				 s->map->struct_size);
	}
	if (s->view->symbol[SYM_IDT_TABLE])
		add_virt(f, GROUP_DATA, "idt_table", s->view->symbol[SYM_IDT_TABLE], f->page);
}

/* struct pglist_data of each node, with its zones. */
static void add_nodes(struct finder *f)
{
	uint64_t nodes, size, node;

	if (!kdf_vmcoreinfo_length(f->dump, "node_data", &nodes) || nodes > MAX_NODES ||
	    !kdf_vmcoreinfo_size(f->dump, "pglist_data", &size) || size > MAX_NODE_SIZE)
		return;
	for (uint64_t i = 0; i < nodes; i++)
		if (view_read_uint(f->dump, f->from->view->symbol[SYM_NODE_DATA] + i * POINTER, POINTER, &node) && node)
			add_virt(f, GROUP_DATA, "a node's pglist_data", node, size);
}

static void add_data(struct finder *f)
{
	static const enum view_symbol part[][2] = {
		{ SYM_START_DATA, SYM_END_DATA },
		{ SYM_START_RO_AFTER_INIT, SYM_END_RO_AFTER_INIT },
		{ SYM_START_BSS, SYM_END_BSS },
	};
	const uint64_t *symbol = f->from->view->symbol;

	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++) {
		uint64_t start = symbol[part[i][0]], end = symbol[part[i][1]];
		if (start && end > start && end - start < IMAGE_MAX)
			add_virt(f, GROUP_DATA, NULL, start, end - start);
	}
	/* What crash compares first. */
	if (symbol[SYM_LINUX_BANNER])
		add_virt(f, GROUP_DATA, "linux_banner", symbol[SYM_LINUX_BANNER], 256);
	if (symbol[SYM_NODE_DATA])
		add_nodes(f);
}

struct kdf_error *landmarks_find(const struct landmark_sources *s, struct landmarks *out)
{
	struct finder f = {
		.from = s, .dump = s->dump, .out = out,
		.page = kdf_info(s->dump)->page_size, .shift = kdf_info(s->dump)->page_shift,
	};

	*out = (struct landmarks){ 0 };
	memset(f.last_table, 0xff, sizeof(f.last_table));
	add_image(&f);
	add_data(&f);
	add_named(&f);
	add_log(&f);
	add_vmcoreinfo(&f);
	add_cpus(&f);
	add_kernel_tables(&f);
	add_tasks(&f);
	add_struct_pages(&f);
	if (f.e)
		landmarks_free(out);
	return f.e;
}

void landmarks_free(struct landmarks *l)
{
	free(l->mark);
	*l = (struct landmarks){ 0 };
}
