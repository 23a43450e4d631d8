// SPDX-License-Identifier: GPL-2.0-or-later
/* bt: stacks. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/machine.h"
#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "analyze/kernel/stack.h"
#include "analyze/kernel/task.h"
#include "analyze/shell/command.h"
#include "base/buf.h"
#include "base/interrupt.h"
#include "base/num.h"
#include "bt-show.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{'a', NULL, NULL, "What each CPU runs.", 0},
	{'c', NULL, "CPUS", "What these CPUs run: 0,2-3 or a.", 0},
	{'n', NULL, "idle", "With -a or -c: leave out idle CPUs.", 0},
	{'p', NULL, NULL, "The task that panicked.", 0},
	{'g', NULL, NULL, "All threads of the group, the leader first.", 0},
	{'s', NULL, NULL, "Functions with offsets.", 0},
	{'x', NULL, NULL, "Offsets in hexadecimal.", 0},
	{'d', NULL, NULL, "Offsets in decimal.", 0},
	{'f', NULL, NULL, "All words of each frame.", 0},
	{'r', NULL, NULL, "All words of the whole stack.", 0},
	{'t', NULL, NULL, "All addresses of code from the stack pointer on, meant or left over.", 0},
	{'T', NULL, NULL, "The same from the far end of the stack.", 0},
	{'R', NULL, "REF", "Only stacks that a function (name or address) is on.", 0},
	{'l', NULL, NULL, "File and line of each frame.", KDF_OPT_PLANNED},
	{'e', NULL, NULL, "Look for exception frames.", KDF_OPT_PLANNED},
	{'E', NULL, NULL, "The same on the stacks of all CPUs.", KDF_OPT_PLANNED},
	{'F', NULL, NULL, "As -f with symbols.", KDF_OPT_PLANNED},
	{'o', NULL, NULL, "By return addresses.", KDF_OPT_PLANNED},
	{'O', NULL, NULL, "That as the usual way.", KDF_OPT_PLANNED},
	{'v', NULL, NULL, "Look for overrun stacks.", KDF_OPT_PLANNED},
	{'I', NULL, "ADDRESS", "Begin at this instruction.", KDF_OPT_PLANNED},
	{'S', NULL, "ADDRESS", "Begin at this stack address.", KDF_OPT_PLANNED},
	{0, NULL, NULL, NULL, 0},
};

static const struct kdx_example examples[] = {
	{"bt", "the task in context: the one that panicked"},
	{"bt -a", "what every CPU was doing"},
	{"bt 1", "a task by its pid"},
	{"bt -s 1 2", "two tasks, functions with offsets"},
	{"bt -f 1", "with the words of each frame"},
	{"bt -g 1", "all threads of a process"},
	{"bt -t 1", "every address of code on the stack"},
	{"bt --json", "for programs, with how each frame was found"},
	{NULL, NULL},
};

/* ---- which tasks ---- */

struct targets {
	const struct kdx_task **task;
	size_t count, cap;
};

static struct kdf_error *add_target(struct targets *targets, const struct kdx_task *task)
{
	if (!kdf_grow(&targets->task, &targets->cap, targets->count + 1, sizeof(*targets->task)))
		return kdf_err(KDF_NOMEM, "no memory for the tasks");
	targets->task[targets->count++] = task;
	return NULL;
}

static struct kdf_error *bad_cpus(const char *spec)
{
	return kdf_err(KDF_USAGE, "invalid cpu specification: %s", spec);
}

/* One part of a list: "3" or "1-4". */
static bool parse_range(const char *text, size_t len, unsigned limit, bool *wanted)
{
	char part[32], *dash;
	uint64_t first, last;

	if (!len || len >= sizeof(part))
		return false;
	memcpy(part, text, len);
	part[len] = '\0';
	dash = strchr(part, '-');
	if (dash)
		*dash = '\0';
	if (!kdf_parse_u64(part, 10, &first) || !kdf_parse_u64(dash ? dash + 1 : part, 10, &last) || first > last ||
	    last >= limit)
		return false;
	for (uint64_t cpu = first; cpu <= last; cpu++)
		wanted[cpu] = true;
	return true;
}

static struct kdf_error *parse_cpus(const char *spec, unsigned limit, bool *wanted)
{
	if (!strcmp(spec, "a") || !strcmp(spec, "all")) {
		memset(wanted, true, limit);
		return NULL;
	}
	for (const char *p = spec;; p++) {
		size_t len = strcspn(p, ",");

		if (!parse_range(p, len, limit, wanted))
			return bad_cpus(spec);
		p += len;
		if (!*p)
			return NULL;
	}
}

static struct kdf_error *targets_by_cpu(struct kdx_call *call, const struct kdx_task_table *table, struct targets *out)
{
	unsigned limit = kdx_cpu_limit(call->session);
	bool skip_idle = kdf_args_count(&call->args, 'n');
	bool *wanted = calloc(limit, sizeof(*wanted));
	const char *spec = kdf_args_value(&call->args, 'c');
	struct kdf_error *e =
		wanted ? parse_cpus(spec ? spec : "a", limit, wanted) : kdf_err(KDF_NOMEM, "no memory for CPUs");

	for (unsigned cpu = 0; !e && cpu < limit; cpu++) {
		const struct kdx_task *task = wanted[cpu] ? kdx_task_on_cpu(table, cpu) : NULL;

		if (task && !(skip_idle && task->idle))
			e = add_target(out, task);
	}
	free(wanted);
	return e;
}

static struct kdf_error *add_group(const struct kdx_task_table *table, const struct kdx_task *of, struct targets *out)
{
	struct kdf_error *e = NULL;

	for (size_t i = 0; i < table->count && !e; i++)
		if (table->task[i].pid == of->tgid && table->task[i].tgid == of->tgid && !table->task[i].idle)
			e = add_target(out, &table->task[i]);
	for (size_t i = 0; i < table->count && !e; i++)
		if (table->task[i].tgid == of->tgid && table->task[i].pid != of->tgid)
			e = add_target(out, &table->task[i]);
	return e;
}

static struct kdf_error *add_named(struct kdx_call *call, const struct kdx_task_table *table,
				   const struct kdx_task *task, struct targets *out)
{
	if (kdf_args_count(&call->args, 'g') && !task->idle)
		return add_group(table, task, out);
	return add_target(out, task);
}

static struct kdf_error *panic_task(const struct kdx_task_table *table, const struct kdx_task **out)
{
	if (table->panic >= table->count)
		return kdf_err(KDF_NOT_FOUND, "no task panicked, or nothing in the dump tells which");
	*out = &table->task[table->panic];
	return NULL;
}

static struct kdf_error *choose(struct kdx_call *call, struct targets *out)
{
	const struct kdx_task_table *table;
	const struct kdx_task *task;
	struct kdf_error *e = kdx_tasks(call->session, &table);

	if (e)
		return e;
	if (kdf_args_count(&call->args, 'a') || kdf_args_count(&call->args, 'c'))
		return targets_by_cpu(call, table, out);
	if (kdf_args_count(&call->args, 'p')) {
		e = panic_task(table, &task);
		return e ? e : add_named(call, table, task, out);
	}
	for (size_t i = 0; i < call->args.nword && !e; i++) {
		e = kdx_task_parse(call->session, call->args.word[i], &task);
		if (!e)
			e = add_named(call, table, task, out);
	}
	if (e || call->args.nword)
		return e;
	e = kdx_context_task(call, &task);
	return e ? e : add_named(call, table, task, out);
}

/* ---- -R ---- */

struct reference {
	const char *text; /* NULL: all stacks */
	uint64_t address; /* 0: a name */
};

static bool refers(struct kdx_session *session, const struct kdx_backtrace *trace, const struct reference *ref)
{
	for (size_t i = 0; i < trace->count; i++) {
		const struct kdx_frame *frame = &trace->frame[i];
		const struct kdx_symbol *symbol =
			kdx_symbol_by_address(session, frame->exact ? frame->pc : frame->pc - 1, NULL);

		if (ref->address ? ref->address == frame->pc || (symbol && symbol->address == ref->address)
				 : symbol && !strcmp(symbol->name, ref->text))
			return true;
	}
	return false;
}

/* ---- one task ---- */

/* Where the stack pointer was: of a running task the innermost frame's. */
static uint64_t stack_pointer(const struct kdx_task *task, const struct kdx_backtrace *trace, uint64_t size)
{
	if (trace->count && trace->frame[0].sp >= task->stack && trace->frame[0].sp < task->stack + size)
		return trace->frame[0].sp;
	return task->stack;
}

static void show_text(struct kdx_call *call, const struct kdx_machine *machine, const struct kdx_task *task,
		      const struct kdx_backtrace *trace, const struct kdx_bt_style *style)
{
	uint64_t size = kdx_stack_size(call->session);
	const struct kdx_frame *first = trace->count ? &trace->frame[0] : NULL;
	bool whole = kdf_args_count(&call->args, 'T');

	if (!whole && first && first->segment >= 0) {
		kdx_object(call->out, "start");
		kdx_bt_place(call->session, call->out, first->pc, first->exact, "              START: ", style);
		kdx_object_end(call->out);
	}
	/* the word at the very end is the kernel's mark for overruns */
	kdx_bt_text(call->session, call->out, whole ? task->stack + 8 : stack_pointer(task, trace, size),
		    task->stack + size, style);
	if (trace->count && trace->frame[trace->count - 1].user)
		kdx_bt_registers(call->out, machine, &trace->frame[trace->count - 1].regs);
}

static void show_stack(struct kdx_call *call, const struct kdx_machine *machine, const struct kdx_task *task,
		       struct kdx_backtrace *trace, const struct kdx_bt_style *style)
{
	uint64_t size = kdx_stack_size(call->session);

	if (kdf_args_count(&call->args, 'r')) {
		kdx_bt_raw(call->session, call->out, task->stack, task->stack + size);
	} else if (kdf_args_count(&call->args, 't') || kdf_args_count(&call->args, 'T')) {
		show_text(call, machine, task, trace, style);
	} else {
		kdx_bt_frames(call->session, call->out, machine, trace, style);
	}
}

/* Consumes the error. */
static void show_no_trace(struct kdx_out *out, const struct kdx_task *task, struct kdf_error *e)
{
	if (task->stack || kdx_out_json(out)) {
		kdx_problem(out, "problem", e);
		return;
	}
	kdx_text(out, "(no stack)\n"); /* freed as the task exited: nothing is wrong */
	kdf_error_free(e);
}

/* -r, -t and -T need no frames: they show what there is. */
static bool whole_stack(const struct kdx_call *call)
{
	return kdf_args_count(&call->args, 'r') || kdf_args_count(&call->args, 't') || kdf_args_count(&call->args, 'T');
}

/* true: something was printed. What keeps one task from being shown does not keep the others. */
static bool show_task(struct kdx_call *call, const struct kdx_machine *machine, const struct kdx_task *task,
		      const struct kdx_bt_style *style, const struct reference *ref, bool blank_line)
{
	struct kdx_backtrace trace;
	struct kdf_error *e = kdx_task_backtrace(call->session, task, &trace);

	if (ref->text && (e || !refers(call->session, &trace, ref))) {
		kdf_error_free(e);
		if (!e)
			kdx_backtrace_free(&trace);
		return false;
	}
	if (blank_line)
		kdx_text(call->out, "\n");
	kdx_record(call->out);
	kdx_task_line(call->out, task);
	kdx_text(call->out, "\n");
	if (!e || (task->stack && whole_stack(call))) {
		show_stack(call, machine, task, &trace, style);
		kdx_backtrace_free(&trace);
	} else {
		kdx_array(call->out, "frames");
		kdx_array_end(call->out);
		kdx_bool(call->out, "complete", false, NULL);
	}
	if (e)
		show_no_trace(call->out, task, e);
	kdx_record_end(call->out);
	return true;
}

static struct kdf_error *check_options(const struct kdx_call *call)
{
	const char *skip = kdf_args_value(&call->args, 'n');

	if (skip && strcmp(skip, "idle") != 0)
		return kdf_err(KDF_USAGE, "-n takes the word idle, not %s", skip);
	return NULL;
}

static struct kdf_error *show_all(struct kdx_call *call, const struct targets *targets)
{
	const char *reference = kdf_args_value(&call->args, 'R');
	struct reference ref = {reference, 0};
	struct kdx_bt_style style = {
		.offsets = kdf_args_count(&call->args, 's'),
		.hex = kdf_args_count(&call->args, 'x') ||
		       (call->shell && call->shell->radix == 16 && !kdf_args_count(&call->args, 'd')),
		.words = kdf_args_count(&call->args, 'f'),
	};
	const struct kdx_machine *machine;
	struct kdf_error *e = kdx_machine(call->session, &machine);
	bool shown = false;

	if (reference && !kdx_symbol_by_name(call->session, reference) && !kdf_parse_u64(reference, 16, &ref.address))
		return kdf_err(KDF_NOT_FOUND, "-R: no symbol and no address: %s", reference);
	for (size_t i = 0; !e && i < targets->count && !kdx_out_stopped(call->out); i++) {
		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted");
		shown |= show_task(call, machine, targets->task[i], &style, &ref, shown);
	}
	return e;
}

static struct kdf_error *run(struct kdx_call *call)
{
	struct targets targets = {0};
	struct kdf_error *e = check_options(call);

	if (!e)
		e = choose(call, &targets);
	if (!e)
		e = show_all(call, &targets);
	free(targets.task);
	return e;
}

const struct kdx_command kdx_command_bt = {
	.name = "bt",
	.summary = "stack of a task",
	.words = "[PID | TASK]...",
	.about = "Shows who called whom: each line has a number, where on the stack the address was found, the "
		 "function, and "
		 "the address. Registers are shown where an exception, an interrupt or a system call saved them; "
		 "[exception RIP: ...] is the code that was interrupted.\n"
		 "Frames are found by the kernel's own ORC tables, which are in the dump. A frame that was found in "
		 "another "
		 "way says so, in JSON each frame does (\"origin\").\n"
		 "The stack of a running task begins with what stopped its CPU, when that can be proven from the "
		 "registers "
		 "in the dump, else with those registers.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP | KDX_NEEDS_SYMBOLS | KDX_NEEDS_TYPES,
	.run = run,
};
