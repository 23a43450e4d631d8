// SPDX-License-Identifier: GPL-2.0-or-later
/* ps: tasks and their state. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/symbols.h"
#include "analyze/kernel/cpu.h"
#include "analyze/kernel/task.h"
#include "analyze/shell/command.h"
#include "ps-select.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{'k', NULL, NULL, "Only kernel threads.", 0},
	{'u', NULL, NULL, "Only user tasks.", 0},
	{'G', NULL, NULL, "Only thread group leaders.", 0},
	{'A', NULL, NULL, "Only tasks that run on a CPU.", 0},
	{'s', NULL, NULL, "The kernel stack pointer in place of the task's address.", 0},
	{'S', NULL, NULL, "How many tasks are in which state.", 0},
	{'H', NULL, NULL, "No heading.", 0},
	{'l', NULL, NULL, "When each task last got a CPU, in nanoseconds; the latest first.", 0},
	{'m', NULL, NULL, "How long ago that was, in days, hours, minutes and seconds.", 0},
	{'p', NULL, NULL, "Each task with its ancestors.", 0},
	{'c', NULL, NULL, "Each task with its children.", 0},
	{'t', NULL, NULL, "Run time, start time, and times in user and kernel mode.", 0},
	{'a', NULL, NULL, "Arguments and environment.", KDF_OPT_PLANNED},
	{'g', NULL, NULL, "Threads of each group.", KDF_OPT_PLANNED},
	{'r', NULL, NULL, "Resource limits.", KDF_OPT_PLANNED},
	{'C', NULL, "CPUS", "With -l and -m: by CPU.", KDF_OPT_PLANNED},
	{'y', NULL, "POLICY", "Only tasks of a scheduling policy.", KDF_OPT_PLANNED},
	{'I', NULL, NULL, "Without idle tasks.", KDF_OPT_PLANNED},
	{'Y', NULL, NULL, "Scheduling policy and priority.", KDF_OPT_PLANNED},
	{0, NULL, NULL, NULL, 0},
};

static const struct kdx_example examples[] = {
	{"ps", "all tasks"},
	{"ps -A", "what the CPUs run"},
	{"ps -S", "how many tasks are in which state"},
	{"ps 1", "one task by its pid"},
	{"ps 'kworker.*'", "tasks by a regular expression"},
	{"ps -k", "kernel threads"},
	{"ps -m", "how long ago each task last ran"},
	{"ps -p 2", "a task and its ancestors"},
	{NULL, NULL},
};

/* ---- one line a task ---- */

static void heading(struct kdx_call *call)
{
	if (!kdf_args_count(&call->args, 'H'))
		kdx_text(call->out, "      PID    PPID  CPU%sST  %%MEM      VSZ      RSS  COMM\n",
			 kdf_args_count(&call->args, 's') ? "      KSTACKP      " : "       TASK        ");
}

/* The task's own address, or with -s where its stack was left. */
static void show_address(struct kdx_call *call, const struct kdx_task *task)
{
	uint64_t sp;
	struct kdf_error *e;

	if (!kdf_args_count(&call->args, 's')) {
		kdx_hex(call->out, "task", task->task, "  %016" PRIx64, task->task);
		return;
	}
	kdx_hex(call->out, "task", task->task, NULL);
	e = task->active ? kdf_err(KDF_NOT_FOUND, "running")
			 : kdx_get(call->session, task->task, KDX_task_thread_sp, &sp);
	if (!e)
		kdx_hex(call->out, "stack_pointer", sp, "  %016" PRIx64, sp);
	else
		kdx_null(call->out, "stack_pointer", "  %-16s", "       --");
	kdf_error_free(e);
}

static void show_row(struct kdx_call *call, const struct kdx_task *task)
{
	struct kdx_out *out = call->out;
	char comm[KDX_COMM_TEXT];

	kdx_record(out);
	kdx_bool(out, "active", task->active, "%c", task->active ? '>' : ' ');
	kdx_int(out, "pid", task->pid, " %7d", task->pid);
	kdx_int(out, "ppid", task->ppid, " %7d", task->ppid);
	kdx_int(out, "tgid", task->tgid, NULL);
	if (task->cpu < 0)
		kdx_null(out, "cpu", "    -");
	else
		kdx_int(out, "cpu", task->cpu, " %3d", task->cpu);
	show_address(call, task);
	kdx_str(out, "state", task->state_name, "  %s", task->state_name);
	kdx_str(out, "state_letter", (char[]){task->letter, '\0'}, NULL);
	kdx_double(out, "mem_percent", task->mem_percent, " %5.1f", task->mem_percent);
	kdx_uint(out, "vsz", task->vsz_kb, " %8" PRIu64, task->vsz_kb);
	kdx_uint(out, "rss", task->rss_kb, " %8" PRIu64, task->rss_kb);
	kdx_uint(out, "uid", task->uid, NULL);
	kdx_bool(out, "kernel_thread", task->kernel_thread, NULL);
	kdx_bool(out, "panic", task->panic, NULL);
	kdx_comm_text(task, comm);
	kdx_str(out, "comm", task->comm, task->kernel_thread ? "  [%s]" : "  %s", comm);
	kdx_text(out, "\n");
	kdx_record_end(out);
}

static void show_table(struct kdx_call *call, const struct kdx_selection *tasks)
{
	heading(call);
	for (size_t i = 0; i < tasks->count && !kdx_out_stopped(call->out); i++)
		show_row(call, tasks->task[i]);
}

/* ---- -S ---- */

static void show_states(struct kdx_call *call, const struct kdx_selection *tasks)
{
	struct {
		const char *name;
		unsigned count;
	} state[32];
	size_t n = 0;

	for (size_t i = 0; i < tasks->count; i++) {
		size_t k = 0;

		while (k < n && strcmp(state[k].name, tasks->task[i]->state_name) != 0)
			k++;
		if (k == n) {
			if (n == sizeof(state) / sizeof(state[0]))
				continue;
			state[n].name = tasks->task[i]->state_name;
			state[n++].count = 0;
		}
		state[k].count++;
	}
	for (size_t k = 0; k < n; k++) {
		kdx_record(call->out);
		kdx_str(call->out, "state", state[k].name, "  %s: ", state[k].name);
		kdx_uint(call->out, "count", state[k].count, "%u\n", state[k].count);
		kdx_record_end(call->out);
	}
}

/* ---- -l and -m ---- */

static int compare_last_run(const void *a, const void *b)
{
	const struct kdx_task *x = *(const struct kdx_task *const *)a, *y = *(const struct kdx_task *const *)b;

	if (x->last_run_ns != y->last_run_ns)
		return x->last_run_ns > y->last_run_ns ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void show_ago(struct kdx_out *out, uint64_t ns)
{
	uint64_t ms = ns / 1000000, seconds = ms / 1000;

	kdx_uint(out, "ago_ns", ns, "[%" PRIu64 " %02u:%02u:%02u.%03u] ", seconds / 86400,
		 (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
		 (unsigned)(ms % 1000));
}

/* The clock of each task's own CPU is what its last run was stamped with. */
static uint64_t clock_of(struct kdx_call *call, const struct kdx_task *task)
{
	uint64_t ns = 0;

	if (task->cpu >= 0)
		kdf_error_free(kdx_cpu_clock(call->session, (unsigned)task->cpu, &ns));
	return ns;
}

static void show_last_run(struct kdx_call *call, struct kdx_selection *tasks)
{
	bool ago = kdf_args_count(&call->args, 'm');
	char widest[32] = "0";
	int width;

	if (tasks->count)
		qsort(tasks->task, tasks->count, sizeof(*tasks->task), compare_last_run);
	width = snprintf(widest, sizeof(widest), "%" PRIu64, tasks->count ? tasks->task[0]->last_run_ns : 0);
	for (size_t i = 0; i < tasks->count && !kdx_out_stopped(call->out); i++) {
		const struct kdx_task *task = tasks->task[i];
		uint64_t clock = ago ? clock_of(call, task) : 0;

		kdx_record(call->out);
		if (ago)
			show_ago(call->out, clock > task->last_run_ns ? clock - task->last_run_ns : 0);
		kdx_uint(call->out, "last_run_ns", task->last_run_ns, ago ? NULL : "[%*" PRIu64 "] ", width,
			 task->last_run_ns);
		kdx_str(call->out, "state", task->state_name, "[%s]  ", task->state_name);
		kdx_task_line(call->out, task);
		kdx_text(call->out, "\n");
		kdx_record_end(call->out);
	}
}

/* ---- -p and -c ---- */

static const struct kdx_task *parent_of(struct kdx_call *call, const struct kdx_task_table *table,
					const struct kdx_task *task)
{
	uint64_t parent;
	struct kdf_error *e;

	if (task->idle) /* in memory it is init, which started the CPU */
		return task == table->task ? NULL : table->task;
	e = kdx_get(call->session, task->task, KDX_task_real_parent, &parent);

	if (e) {
		kdf_error_free(e);
		return NULL;
	}
	return parent == task->task ? NULL : kdx_task_by_address(table, parent);
}

static void show_ancestors(struct kdx_call *call, const struct kdx_task_table *table, const struct kdx_task *task)
{
	const struct kdx_task *line[64];
	size_t n = 0;

	/* a damaged parent pointer may lead in a circle: the array's size ends it */
	for (const struct kdx_task *t = task; t && n < sizeof(line) / sizeof(line[0]); t = parent_of(call, table, t))
		line[n++] = t;
	kdx_record(call->out);
	kdx_int(call->out, "pid", task->pid, NULL);
	kdx_hex(call->out, "task", task->task, NULL);
	kdx_array(call->out, "ancestors");
	for (size_t i = n; i--;) {
		kdx_object(call->out, NULL);
		kdx_text(call->out, "%*s", (int)(n - 1 - i), "");
		kdx_task_line(call->out, line[i]);
		kdx_text(call->out, "\n");
		kdx_object_end(call->out);
	}
	kdx_array_end(call->out);
	kdx_record_end(call->out);
}

/* Every task with its parent, by pid: read once for all that -c shows. */
struct child {
	const struct kdx_task *task, *parent;
};

static int compare_child(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->task->pid != y->task->pid)
		return x->task->pid < y->task->pid ? -1 : 1;
	return (x->task > y->task) - (x->task < y->task);
}

static struct child *read_children(struct kdx_call *call, const struct kdx_task_table *table)
{
	struct child *all = calloc(table->count, sizeof(*all));

	for (size_t i = 0; all && i < table->count; i++)
		all[i] = (struct child){&table->task[i], parent_of(call, table, &table->task[i])};
	if (all)
		qsort(all, table->count, sizeof(*all), compare_child);
	return all;
}

static void show_children(struct kdx_call *call, const struct child *all, size_t count, const struct kdx_task *task)
{
	bool any = false;

	kdx_record(call->out);
	kdx_task_line(call->out, task);
	kdx_text(call->out, "\n");
	kdx_array(call->out, "children");
	for (size_t i = 0; i < count; i++) {
		if (all[i].parent != task)
			continue;
		kdx_object(call->out, NULL);
		kdx_text(call->out, "  ");
		kdx_task_line(call->out, all[i].task);
		kdx_text(call->out, "\n");
		kdx_object_end(call->out);
		any = true;
	}
	if (!any)
		kdx_text(call->out, "  (no children)\n");
	kdx_array_end(call->out);
	kdx_record_end(call->out);
}

/* ---- -t ---- */

/* Now, by the clock that start times are taken from: the latest of the run queue clocks. */
static uint64_t latest_clock(struct kdx_call *call)
{
	uint64_t latest = 0, ns;

	for (unsigned cpu = 0; cpu < kdx_cpu_limit(call->session); cpu++) {
		struct kdf_error *e = kdx_cpu_clock(call->session, cpu, &ns);

		if (!e && ns > latest)
			latest = ns;
		kdf_error_free(e);
	}
	return latest;
}

static void show_member(struct kdx_call *call, const struct kdx_task *task, enum kdx_row row, const char *name,
			const char *label)
{
	uint64_t value;
	struct kdf_error *e = kdx_get(call->session, task->task, row, &value);

	if (e) {
		kdx_text(call->out, "%12s: ", label);
		kdx_problem(call->out, name, e);
		return;
	}
	kdx_uint(call->out, name, value, "%12s: %" PRIu64 "\n", label, value);
}

static void show_times(struct kdx_call *call, const struct kdx_task *task, uint64_t now)
{
	uint64_t run = now > task->start_time_ns ? (now - task->start_time_ns) / 1000000000 : 0;

	kdx_record(call->out);
	kdx_task_line(call->out, task);
	kdx_uint(call->out, "run_seconds", run, "\n%12s: %02" PRIu64 ":%02u:%02u\n", "RUN TIME", run / 3600,
		 (unsigned)(run / 60 % 60), (unsigned)(run % 60));
	kdx_uint(call->out, "start_time_ns", task->start_time_ns, "%12s: %" PRIu64 "\n", "START TIME",
		 task->start_time_ns);
	show_member(call, task, KDX_task_utime, "utime_ns", "UTIME");
	show_member(call, task, KDX_task_stime, "stime_ns", "STIME");
	kdx_record_end(call->out);
}

/* ---- the command ---- */

static struct kdf_error *show_each(struct kdx_call *call, const struct kdx_task_table *table,
				   const struct kdx_selection *tasks)
{
	bool children = kdf_args_count(&call->args, 'c');
	uint64_t now = kdf_args_count(&call->args, 't') ? latest_clock(call) : 0;
	struct child *all = children ? read_children(call, table) : NULL;

	if (children && !all)
		return kdf_err(KDF_NOMEM, "no memory for the parents of %zu tasks", table->count);
	for (size_t i = 0; i < tasks->count && !kdx_out_stopped(call->out); i++) {
		if (kdf_args_count(&call->args, 'p'))
			show_ancestors(call, table, tasks->task[i]);
		else if (children)
			show_children(call, all, table->count, tasks->task[i]);
		else
			show_times(call, tasks->task[i], now);
		kdx_text(call->out, "\n");
	}
	free(all);
	return NULL;
}

static void show_problem(struct kdx_call *call, const struct kdx_task_table *table)
{
	if (!table->problem)
		return;
	/* the table keeps its own: each call may show it */
	kdx_record_kind(call->out, "problem");
	kdx_problem(call->out, "problem",
		    kdf_err(kdf_error_code(table->problem), "%s", kdf_error_text(table->problem)));
	kdx_record_end(call->out);
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdx_task_table *table;
	struct kdx_selection tasks;
	struct kdf_error *e = kdx_tasks(call->session, &table);

	if (!e)
		e = kdx_select(call, &tasks);
	if (e)
		return e;
	if (kdf_args_count(&call->args, 'S'))
		show_states(call, &tasks);
	else if (kdf_args_count(&call->args, 'l') || kdf_args_count(&call->args, 'm'))
		show_last_run(call, &tasks);
	else if (kdf_args_count(&call->args, 'p') || kdf_args_count(&call->args, 'c') ||
		 kdf_args_count(&call->args, 't'))
		e = show_each(call, table, &tasks);
	else
		show_table(call, &tasks);
	show_problem(call, table);
	kdx_selection_free(&tasks);
	return e;
}

const struct kdx_command kdx_command_ps = {
	.name = "ps",
	.summary = "tasks and their state",
	.words = "[PID | TASK | COMMAND]...",
	.about = "Lists tasks: > marks those that run on a CPU, [] kernel threads; sizes are in KB.\n"
		 "Words select by pid, task address or command name; a name of digits is written \\123, a regular "
		 "expression stands in single quotes.\n"
		 "When the task list of a damaged kernel is cut short, the pids of the kernel's idr are used as well, "
		 "and a "
		 "last line says what was wrong.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP | KDX_NEEDS_SYMBOLS | KDX_NEEDS_TYPES,
	.run = run,
};
