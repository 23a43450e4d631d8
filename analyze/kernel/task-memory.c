// SPDX-License-Identifier: GPL-2.0-or-later
#include "task-memory.h"

#include <stdlib.h>

#include "analyze/core/layout.h"
#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/hash.h"

/* Which counts make up the resident set; their numbers moved once (SHMEMPAGES, 4.5), so they are asked for. */
static const enum kdx_row resident[] = {KDX_MM_FILEPAGES, KDX_MM_ANONPAGES, KDX_MM_SHMEMPAGES};
enum { NRESIDENT = sizeof(resident) / sizeof(resident[0]) };

struct memory {
	struct kdx_session *session;
	unsigned index[NRESIDENT]; /* into the arrays of counts */
	uint64_t page_size, total_pages;
	struct kdf_hash pages_by_mm; /* mm -> pages + 1 */
	uint64_t *percpu;            /* what each possible CPU adds to a per-CPU address */
	unsigned ncpus;
};

static int64_t read_signed(struct kdx_session *session, uint64_t kva, unsigned size)
{
	uint64_t value = 0;
	struct kdf_error *e = kdx_read_uint(session, kva, size, &value, "memory count");

	if (e) {
		kdf_error_free(e);
		return 0;
	}
	return size == 4 ? (int32_t)value : (int64_t)value;
}

static bool read_percpu_offsets(struct memory *memory)
{
	unsigned limit = kdx_cpu_limit(memory->session);

	memory->percpu = calloc(limit, sizeof(*memory->percpu));
	for (unsigned cpu = 0; memory->percpu && cpu < limit; cpu++) {
		uint64_t offset;
		bool possible = false;
		struct kdf_error *e = kdx_cpu_possible(memory->session, cpu, &possible);

		if (!e && possible)
			e = kdx_percpu_address(memory->session, 0, cpu, &offset);
		if (!e && possible)
			memory->percpu[memory->ncpus++] = offset;
		kdf_error_free(e);
	}
	return memory->percpu;
}

/* percpu_counter: the sum so far, and what each CPU has not added yet. */
static int64_t percpu_counter_sum(const struct memory *memory, uint64_t counter)
{
	struct kdx_session *session = memory->session;
	const struct kdx_field *count = kdx_field(session, KDX_percpu_counter_count);
	const struct kdx_field *counters = kdx_field(session, KDX_percpu_counter_counters);
	uint64_t at = 0, sum;

	if (!count || !counters)
		return 0;
	sum = (uint64_t)read_signed(session, counter + count->offset, 8);
	kdf_error_free(kdx_read_ptr(session, counter + counters->offset, &at, "percpu_counter"));
	for (unsigned i = 0; at && i < memory->ncpus; i++)
		sum += (uint64_t)read_signed(session, at + memory->percpu[i], 4);
	return (int64_t)sum;
}

/* The mm's own counts: atomics until 6.1, one percpu_counter each since 6.2. */
static int64_t mm_pages(const struct memory *memory, uint64_t mm)
{
	struct kdx_session *session = memory->session;
	const struct kdx_field *old = kdx_field(session, KDX_mm_rss_count), *now = kdx_field(session, KDX_mm_rss_stat);
	const struct kdx_field *counter = kdx_field(session, KDX_percpu_counter);
	int64_t sum = 0;

	for (unsigned i = 0; i < NRESIDENT; i++) {
		int64_t pages = 0;

		if (old)
			pages = read_signed(session, mm + old->offset + memory->index[i] * 8, 8);
		else if (now && counter)
			pages = percpu_counter_sum(memory, mm + now->offset + memory->index[i] * counter->size);
		/* a counter may be a little below zero for a moment; 2^40 pages are beyond any machine: damaged */
		if (pages > 0 && pages < 1LL << 40)
			sum += pages;
	}
	return sum;
}

/* Until 6.1: what the task counted and did not yet add to its mm. */
static int64_t cached_pages(const struct memory *memory, uint64_t task)
{
	const struct kdx_field *cached = kdx_field(memory->session, KDX_task_rss_count);
	int64_t sum = 0;

	for (unsigned i = 0; cached && i < NRESIDENT; i++)
		sum += read_signed(memory->session, task + cached->offset + memory->index[i] * 4, 4);
	return sum;
}

/* Physical memory of all nodes, with what the kernel took for itself before it counted: as crash counts it. */
static uint64_t present_pages(struct kdx_session *session)
{
	enum { MAX_NODES = 1024 };
	const struct kdx_field *array = kdx_field(session, KDX_node_data),
			       *only = kdx_field(session, KDX_contig_page_data);
	uint64_t nodes = 0, node, pages, sum = 0;
	bool known = kdf_vmcoreinfo_length(session->dump, "node_data", &nodes) && nodes <= MAX_NODES;

	if (!kdx_has(session, KDX_node_present_pages))
		return 0;
	for (uint64_t i = 0; array && i < (known ? nodes : 1); i++) {
		struct kdf_error *e =
			kdx_read_ptr(session, array->value + i * session->pointer_size, &node, "node_data");

		if (!e && node)
			e = kdx_get(session, node, KDX_node_present_pages, &pages);
		if (!e && node)
			sum += pages;
		kdf_error_free(e);
	}
	if (!array && only)
		kdf_error_free(kdx_get(session, only->value, KDX_node_present_pages, &sum));
	return sum;
}

static bool count_task(struct memory *memory, const struct kdx_task *task)
{
	uintptr_t known = (uintptr_t)kdf_hash_get_u64(&memory->pages_by_mm, task->mm);
	int64_t pages = known ? (int64_t)(known >> 1) : mm_pages(memory, task->mm);

	pages += cached_pages(memory, task->task);
	if (pages < 0)
		pages = 0;
	return kdf_hash_put_u64(&memory->pages_by_mm, task->mm, (void *)((uintptr_t)pages << 1 | 1));
}

static void fill(struct memory *memory, struct kdx_task *task)
{
	uint64_t pages = (uintptr_t)kdf_hash_get_u64(&memory->pages_by_mm, task->mm) >> 1, total = 0;

	if (kdx_has(memory->session, KDX_mm_total_vm))
		kdf_error_free(kdx_get(memory->session, task->mm, KDX_mm_total_vm, &total));
	task->rss_kb = pages * (memory->page_size / 1024);
	task->vsz_kb = total * (memory->page_size / 1024);
	if (memory->total_pages)
		task->mem_percent = 100.0 * (double)pages / (double)memory->total_pages;
}

struct kdf_error *kdx_task_memory(struct kdx_session *session, struct kdx_task *task, size_t count)
{
	static const unsigned usual[NRESIDENT] = {0, 1, 3};
	struct memory memory = {.session = session, .page_size = kdf_info(session->dump)->page_size};
	const struct kdx_field *total = kdx_field(session, KDX_totalram_pages);
	bool room = read_percpu_offsets(&memory);

	for (unsigned i = 0; i < NRESIDENT; i++) {
		const struct kdx_field *row = kdx_field(session, resident[i]);

		memory.index[i] = row && row->value < 64 ? (unsigned)row->value : usual[i];
	}
	memory.total_pages = present_pages(session);
	if (!memory.total_pages && total)
		kdf_error_free(kdx_read_u64(session, total->value, &memory.total_pages, "totalram_pages"));
	for (size_t i = 0; i < count && room; i++)
		room = !task[i].mm || count_task(&memory, &task[i]);
	for (size_t i = 0; i < count && room; i++)
		if (task[i].mm)
			fill(&memory, &task[i]);
	kdf_hash_free(&memory.pages_by_mm);
	free(memory.percpu);
	return room ? NULL : kdf_err(KDF_NOMEM, "no memory for the tasks' memory counts");
}
