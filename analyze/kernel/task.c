// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/num.h"
#include "cpu.h"
#include "list.h"
#include "task-memory.h"
#include "task-state.h"

enum {
	MAX_TASKS = 4 << 20,  /* PID_MAX_LIMIT */
	MAX_IMAGE = 64 << 10, /* struct task_struct has 4 to 14 KiB */
	PF_KTHREAD = 0x00200000,
	EXIT_ZOMBIE = 0x20,
	EXIT_DEAD = 0x10,
};

struct keeper {
	struct kdx_task_table table; /* first: kdx_task_by_address() finds the keeper by it */
	size_t cap;
	struct kdf_hash by_address; /* index + 1 */
	size_t lost;                /* found in the pid idr alone */
	uint8_t *image;
	uint64_t image_size;
};

static void destroy_keeper(void *value)
{
	struct keeper *keeper = value;

	kdf_hash_free(&keeper->by_address);
	kdf_error_free(keeper->table.problem);
	free(keeper->table.task);
	free(keeper->image);
	free(keeper);
}

static const struct kdx_keep table_keep = {destroy_keeper};

/* The first problem stays; later ones mostly follow from it. */
static void note_problem(struct keeper *keeper, struct kdf_error *problem)
{
	if (problem && !keeper->table.problem)
		keeper->table.problem = problem;
	else
		kdf_error_free(problem);
}

/* ---- one record ---- */

/* Members that every kernel has; the record is of no use without them. */
static struct kdf_error *fill_identity(struct kdx_session *session, const struct keeper *keeper, struct kdx_task *task)
{
	const struct kdx_field *comm;
	uint64_t pid, tgid, state, exit_state, flags;
	struct kdf_error *e = kdx_get_from(session, keeper->image, keeper->image_size, KDX_task_pid, &pid);

	if (!e)
		e = kdx_get_from(session, keeper->image, keeper->image_size, KDX_task_tgid, &tgid);
	if (!e)
		e = kdx_get_from(session, keeper->image, keeper->image_size, KDX_task_state, &state);
	if (!e)
		e = kdx_get_from(session, keeper->image, keeper->image_size, KDX_task_exit_state, &exit_state);
	if (!e)
		e = kdx_get_from(session, keeper->image, keeper->image_size, KDX_task_flags, &flags);
	if (!e)
		e = kdx_need(session, KDX_task_comm, &comm);
	if (!e && (comm->offset > keeper->image_size || keeper->image_size - comm->offset < KDX_COMM_LEN))
		e = kdf_err(KDF_CORRUPT, "task_struct.comm lies outside of task_struct");
	if (e)
		return e;
	task->pid = (int32_t)pid;
	task->tgid = (int32_t)tgid;
	task->state = (state & UINT32_MAX) | (exit_state & UINT32_MAX);
	task->letter = kdx_task_state_letter(task->state);
	task->state_name = kdx_task_state_name(task->state);
	task->flags = flags;
	task->kernel_thread = flags & PF_KTHREAD;
	task->zombie = exit_state & (EXIT_ZOMBIE | EXIT_DEAD);
	memcpy(task->comm, keeper->image + comm->offset, KDX_COMM_LEN);
	return NULL;
}

/* An optional member; `missing` where this kernel or type information lacks it. */
static uint64_t member(struct kdx_session *session, const struct keeper *keeper, enum kdx_row row, uint64_t missing)
{
	uint64_t value;
	struct kdf_error *e;

	if (!kdx_has(session, row))
		return missing;
	e = kdx_get_from(session, keeper->image, keeper->image_size, row, &value);
	if (!e)
		return value;
	kdf_error_free(e);
	return missing;
}

/* A number behind a pointer: 0 where it cannot be read. */
static uint64_t behind(struct kdx_session *session, uint64_t base, enum kdx_row row)
{
	uint64_t value = 0;

	if (base)
		kdf_error_free(kdx_get(session, base, row, &value));
	return value;
}

static void fill_rest(struct kdx_session *session, const struct keeper *keeper, struct kdx_task *task)
{
	uint64_t cpu = member(session, keeper, KDX_task_cpu, UINT32_MAX);

	task->cpu = cpu < kdx_cpu_limit(session) ? (int)cpu : -1;
	task->ppid = (int32_t)behind(session, member(session, keeper, KDX_task_real_parent, 0), KDX_task_tgid);
	task->uid = (uint32_t)behind(session, member(session, keeper, KDX_task_cred, 0), KDX_cred_uid);
	task->mm = member(session, keeper, KDX_task_mm, 0);
	task->stack = member(session, keeper, KDX_task_stack, 0);
	task->start_time_ns = member(session, keeper, KDX_task_start_time, 0);
	task->last_run_ns = member(session, keeper, KDX_task_last_arrival, 0);
}

static struct kdf_error *fill_task(struct kdx_session *session, struct keeper *keeper, struct kdx_task *task)
{
	struct kdf_error *e = kdx_read(session, task->task, keeper->image, keeper->image_size, "task_struct");

	if (!e)
		e = fill_identity(session, keeper, task);
	if (e)
		return kdf_err_wrap(e, "task %#" PRIx64, task->task);
	fill_rest(session, keeper, task);
	return NULL;
}

/* Adds the task unless it is there; one that cannot be read is a problem of the table, not an error. */
static struct kdf_error *add_task(struct kdx_session *session, struct keeper *keeper, uint64_t kva, bool idle,
				  bool *added)
{
	struct kdx_task task = {.task = kva, .idle = idle};
	struct kdf_error *e;

	*added = false;
	if (kdf_hash_get_u64(&keeper->by_address, kva))
		return NULL;
	if (keeper->table.count >= MAX_TASKS)
		return kdf_err(KDF_LIMIT, "more than %d tasks", MAX_TASKS);
	e = fill_task(session, keeper, &task);
	if (e) {
		note_problem(keeper, e);
		return NULL;
	}
	if (!kdf_grow(&keeper->table.task, &keeper->cap, keeper->table.count + 1, sizeof(task)))
		return kdf_err(KDF_NOMEM, "no memory for %zu tasks", keeper->table.count);
	if (!kdf_hash_put_u64(&keeper->by_address, kva, (void *)(uintptr_t)(keeper->table.count + 1)))
		return kdf_err(KDF_NOMEM, "no memory for %zu tasks", keeper->table.count);
	keeper->table.task[keeper->table.count++] = task;
	*added = true;
	return NULL;
}

/* ---- the sources ---- */

static struct kdf_error *add_idle_tasks(struct kdx_session *session, struct keeper *keeper)
{
	for (unsigned cpu = 0; cpu < kdx_cpu_limit(session); cpu++) {
		uint64_t task;
		bool possible = false, added;
		struct kdf_error *e = kdx_cpu_possible(session, cpu, &possible);

		if (!e && !possible)
			continue;
		if (!e)
			e = kdx_cpu_idle(session, cpu, &task);
		if (e) {
			note_problem(keeper, kdf_err_wrap(e, "idle task of CPU %u", cpu));
			continue;
		}
		if (!task) /* a CPU that never came up */
			continue;
		e = add_task(session, keeper, task, true, &added);
		if (e)
			return e;
		if (added) {
			keeper->table.task[keeper->table.count - 1].cpu = (int)cpu;
			keeper->table.task[keeper->table.count - 1].ppid = 0;
		}
	}
	return NULL;
}

/* The threads of one group, by the list that all of them share. */
static struct kdf_error *add_threads(struct kdx_session *session, struct keeper *keeper, uint64_t leader)
{
	const struct kdx_field *node_field, *head_field;
	struct kdx_list list;
	uint64_t signal, node;
	bool added;
	struct kdf_error *e = add_task(session, keeper, leader, false, &added);

	if (e)
		return e;
	e = kdx_get(session, leader, KDX_task_signal, &signal);
	if (!e)
		e = kdx_need(session, KDX_task_thread_node, &node_field);
	if (!e)
		e = kdx_need(session, KDX_signal_thread_head, &head_field);
	if (e) {
		note_problem(keeper, kdf_err_wrap(e, "threads of task %#" PRIx64, leader));
		return NULL;
	}
	if (!signal) /* released already */
		return NULL;
	kdx_list_begin(&list, session, signal + head_field->offset, MAX_TASKS, "thread");
	while (kdx_list_next(&list, &node)) {
		e = add_task(session, keeper, node - node_field->offset, false, &added);
		if (e) {
			kdf_error_free(kdx_list_end(&list));
			return e;
		}
	}
	e = kdx_list_end(&list);
	if (e)
		note_problem(keeper, kdf_err_wrap(e, "threads of task %#" PRIx64, leader));
	return NULL;
}

static struct kdf_error *add_listed_tasks(struct kdx_session *session, struct keeper *keeper)
{
	const struct kdx_field *init, *tasks;
	struct kdx_list list;
	uint64_t node;
	struct kdf_error *e = kdx_need(session, KDX_init_task, &init);

	if (!e)
		e = kdx_need(session, KDX_task_tasks, &tasks);
	if (e)
		return e;
	kdx_list_begin(&list, session, init->value + tasks->offset, MAX_TASKS, "task");
	while (kdx_list_next(&list, &node)) {
		e = add_threads(session, keeper, node - tasks->offset);
		if (e) {
			kdf_error_free(kdx_list_end(&list));
			return e;
		}
	}
	note_problem(keeper, kdx_list_end(&list));
	return NULL;
}

struct by_pid {
	struct kdx_session *session;
	struct keeper *keeper;
	uint64_t tasks_offset, links_offset;
};

static struct kdf_error *add_pid(void *arg, uint64_t index, uint64_t pid)
{
	struct by_pid *by = arg;
	uint64_t first;
	bool added;
	struct kdf_error *e;

	(void)index;
	if (pid & 3) /* no pointer */
		return NULL;
	/* pid.tasks[PIDTYPE_PID], an hlist of at most one task, linked by task_struct.pid_links[PIDTYPE_PID] */
	e = kdx_read_ptr(by->session, pid + by->tasks_offset, &first, "struct pid");
	if (e) {
		note_problem(by->keeper, e);
		return NULL;
	}
	if (!first)
		return NULL;
	e = add_task(by->session, by->keeper, first - by->links_offset, false, &added);
	by->keeper->lost += added;
	return e;
}

/* Every pid of the initial namespace, whatever happened to the task list. */
static struct kdf_error *add_tasks_by_pid(struct kdx_session *session, struct keeper *keeper)
{
	const struct kdx_field *ns = kdx_field(session, KDX_init_pid_ns), *idr = kdx_field(session, KDX_pid_ns_idr);
	const struct kdx_field *root = kdx_field(session, KDX_idr_root), *tasks = kdx_field(session, KDX_pid_tasks);
	const struct kdx_field *links = kdx_field(session, KDX_task_pid_links);
	struct by_pid by = {session, keeper, 0, 0};
	uint64_t head;
	struct kdf_error *e;

	if (!ns || !idr || !root || !tasks || !links)
		return NULL;
	by.tasks_offset = tasks->offset;
	by.links_offset = links->offset;
	e = kdx_read_ptr(session, ns->value + idr->offset + root->offset, &head, "pid idr");
	if (!e)
		e = kdx_xarray_walk(session, head, MAX_TASKS, add_pid, &by, "pid idr");
	if (kdf_error_code(e) == KDF_NOMEM)
		return e;
	note_problem(keeper, e);
	if (keeper->lost && !keeper->table.problem)
		keeper->table.problem =
			kdf_err(KDF_CORRUPT, "the task list lacks %zu tasks that have a pid", keeper->lost);
	return NULL;
}

/* ---- who runs, who panicked ---- */

static struct kdx_task *find_task(struct keeper *keeper, uint64_t kva)
{
	uintptr_t index = (uintptr_t)kdf_hash_get_u64(&keeper->by_address, kva);

	return index ? &keeper->table.task[index - 1] : NULL;
}

static struct kdf_error *mark_active(struct kdx_session *session, struct keeper *keeper)
{
	for (unsigned cpu = 0; cpu < kdx_cpu_limit(session); cpu++) {
		struct kdx_task *task;
		uint64_t kva;
		bool online = false, added;
		struct kdf_error *e = kdx_cpu_online(session, cpu, &online);

		if (!e && !online)
			continue;
		if (!e)
			e = kdx_cpu_current(session, cpu, &kva);
		if (e) {
			note_problem(keeper, e);
			continue;
		}
		e = add_task(session, keeper, kva, false, &added); /* a lost one */
		if (e)
			return e;
		task = find_task(keeper, kva);
		if (task) {
			task->active = true;
			task->cpu = (int)cpu;
		}
	}
	return NULL;
}

struct log_search {
	int pid; /* of the last "CPU: 3 PID: 220 Comm: labrun ..." */
	bool panicked;
};

/* Each warning, oops and panic names its task; the last one counts, when it came to a panic. */
static struct kdf_error *find_pid_in_log(void *arg, const struct kdf_log_record *record)
{
	struct log_search *search = arg;
	char line[128];
	int cpu, pid;
	size_t len = record->text_len < sizeof(line) - 1 ? record->text_len : sizeof(line) - 1;

	memcpy(line, record->text, len);
	line[len] = '\0';
	if (!strncmp(line, "Kernel panic", 12))
		search->panicked = true;
	else if (sscanf(line, "CPU: %d PID: %d Comm:", &cpu, &pid) == 2 ||
		 sscanf(line, "CPU: %d UID: %*d PID: %d Comm:", &cpu, &pid) == 2) /* since 6.12 */
		search->pid = pid;
	return NULL;
}

static void mark_panic(struct kdx_session *session, struct keeper *keeper)
{
	struct kdx_task_table *table = &keeper->table;
	unsigned cpu = UINT32_MAX;
	struct log_search search = {-1, false};
	int pid;

	table->panic = table->count;
	kdf_error_free(kdx_cpu_panicked(session, &cpu));
	if (cpu == UINT32_MAX)
		kdf_error_free(kdf_log_walk(session->dump, false, find_pid_in_log, &search, NULL));
	pid = search.panicked ? search.pid : -1;
	for (size_t i = 0; i < table->count; i++) {
		struct kdx_task *task = &table->task[i];

		if (!task->active || (cpu != UINT32_MAX ? task->cpu != (int)cpu : task->pid != pid || pid < 0))
			continue;
		task->panic = true;
		table->panic = i;
		return;
	}
}

/* ---- the table ---- */

/*
 * How much of task_struct is to be read: to the last member that is wanted. Not its whole size: it ends in the FPU
 * state, of which the kernel allocates only what the CPU needs (arch_task_struct_size), so the rest belongs to others
 * and may be missing from the dump.
 */
static uint64_t wanted_size(struct kdx_session *session)
{
	static const enum kdx_row rows[] = {
		KDX_task_pid,        KDX_task_tgid,         KDX_task_state,       KDX_task_exit_state, KDX_task_flags,
		KDX_task_comm,       KDX_task_cpu,          KDX_task_cred,        KDX_task_mm,         KDX_task_stack,
		KDX_task_start_time, KDX_task_last_arrival, KDX_task_real_parent,
	};
	uint64_t size = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct kdx_field *field = kdx_field(session, rows[i]);

		if (field && field->offset + field->size > size)
			size = field->offset + field->size;
	}
	return size;
}

static struct kdf_error *build(struct kdx_session *session, struct keeper *keeper)
{
	const struct kdx_field *pid;
	struct kdf_error *e = kdx_need(session, KDX_task_pid, &pid);

	if (e)
		return e;
	keeper->image_size = wanted_size(session);
	if (keeper->image_size > MAX_IMAGE)
		return kdf_err(KDF_CORRUPT,
			       "struct task_struct has members up to byte %" PRIu64 " in the type information",
			       keeper->image_size);
	keeper->image = malloc(keeper->image_size);
	if (!keeper->image)
		return kdf_err(KDF_NOMEM, "no memory for a task_struct");
	e = add_idle_tasks(session, keeper);
	if (!e)
		e = add_listed_tasks(session, keeper);
	if (!e)
		e = add_tasks_by_pid(session, keeper);
	if (!e)
		e = mark_active(session, keeper);
	if (!e)
		e = kdx_task_memory(session, keeper->table.task, keeper->table.count);
	if (!e && !keeper->table.count) {
		e = keeper->table.problem ? keeper->table.problem : kdf_err(KDF_NOT_FOUND, "the dump has no tasks");
		keeper->table.problem = NULL;
	}
	free(keeper->image);
	keeper->image = NULL;
	if (!e)
		mark_panic(session, keeper);
	return e;
}

struct kdf_error *kdx_tasks(struct kdx_session *session, const struct kdx_task_table **out)
{
	struct keeper *keeper = kdx_kept(session, &table_keep);
	struct kdf_error *e;

	*out = NULL;
	if (keeper) {
		*out = &keeper->table;
		return NULL;
	}
	if (!session->dump)
		return kdf_err(KDF_USAGE, "there is no dump: tasks are in its memory");
	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return kdf_err(KDF_NOMEM, "no memory for the task table");
	e = build(session, keeper);
	if (!e)
		e = kdx_keep(session, &table_keep, keeper);
	if (e) {
		destroy_keeper(keeper);
		return kdf_err_wrap(e, "cannot read the tasks");
	}
	*out = &keeper->table;
	return NULL;
}

const struct kdx_task *kdx_task_by_address(const struct kdx_task_table *table, uint64_t task)
{
	/* every table there is lies at the start of its keeper */
	const struct keeper *keeper = (const struct keeper *)table;
	uintptr_t index = (uintptr_t)kdf_hash_get_u64(&keeper->by_address, task);

	return index ? &table->task[index - 1] : NULL;
}

const struct kdx_task *kdx_task_by_pid(const struct kdx_task_table *table, int32_t pid)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->task[i].pid == pid)
			return &table->task[i];
	return NULL;
}

const struct kdx_task *kdx_task_on_cpu(const struct kdx_task_table *table, unsigned cpu)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->task[i].active && table->task[i].cpu == (int)cpu)
			return &table->task[i];
	return NULL;
}

struct kdf_error *kdx_task_parse(struct kdx_session *session, const char *word, const struct kdx_task **out)
{
	const struct kdx_task_table *table;
	uint64_t number;
	struct kdf_error *e = kdx_tasks(session, &table);

	*out = NULL;
	if (e)
		return e;
	if (kdf_parse_u64(word, 10, &number) && number <= INT32_MAX)
		*out = kdx_task_by_pid(table, (int32_t)number);
	if (!*out && kdf_parse_u64(word, 16, &number)) {
		*out = kdx_task_by_address(table, number);
		if (!*out && number <= INT32_MAX)
			*out = kdx_task_by_pid(table, (int32_t)number);
	}
	return *out ? NULL : kdf_err(KDF_NOT_FOUND, "invalid task or pid value: %s", word);
}

struct kdf_error *kdx_task_default(struct kdx_session *session, const struct kdx_task **out)
{
	const struct kdx_task_table *table;
	struct kdf_error *e = kdx_tasks(session, &table);

	*out = NULL;
	if (e)
		return e;
	*out = &table->task[table->panic < table->count ? table->panic : 0];
	return NULL;
}
