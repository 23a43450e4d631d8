// SPDX-License-Identifier: GPL-2.0-or-later
#include "stack.h"

#include <inttypes.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/machine.h"
#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/buf.h"
#include "cpu.h"

enum { GUARD = 4096 };

uint64_t kdx_stack_size(struct kdx_session *session)
{
	const struct kdx_field *type = kdx_field(session, KDX_thread_union);
	const struct kdx_machine *machine = NULL;

	if (type && type->size >= 4096 && type->size <= 1 << 20)
		return type->size;
	kdf_error_free(kdx_machine(session, &machine));
	return machine ? machine->stack_size : 16384;
}

static void task_segments(struct kdx_session *session, const struct kdx_machine *machine, const struct kdx_task *task,
			  struct kdx_backtrace *out)
{
	/* with the guard page below it, where an overrun stack's pointer is caught */
	kdx_segment_add(out, task->stack - GUARD, task->stack + kdx_stack_size(session), NULL, KDX_STACK_TASK);
	if (task->active && task->cpu >= 0)
		machine->segments(session, (unsigned)task->cpu, out);
}

/* ---- the frames of what stopped a CPU ---- */

struct stopped {
	struct kdx_session *session;
	const struct kdx_machine *machine;
	const struct kdx_unwind_env *env;
	const struct kdx_regs *regs; /* the CPU's, as saved */
	struct kdx_frame resume;     /* the first frame that is not inside of them */
};

/* How many frames of the walk lie inside of the registers: it came past them as registers on a stack (an NMI), or
 * by the same stack pointer in the same function (the panicking CPU, which saved its own). 0: it did not. */
static size_t frames_inside(const struct stopped *stop, const struct kdx_backtrace *walk)
{
	uint64_t pc = stop->regs->value[stop->machine->pc], sp = stop->regs->value[stop->machine->sp];
	const struct kdx_symbol *function = kdx_symbol_by_address(stop->session, pc, NULL);

	for (size_t i = 0; i < walk->count; i++) {
		const struct kdx_frame *frame = &walk->frame[i];

		if (frame->has_regs && frame->regs.value[stop->machine->pc] == pc &&
		    frame->regs.value[stop->machine->sp] == sp)
			return i + 1;
		if (i && !frame->exact && frame->sp + 8 == sp && function &&
		    kdx_symbol_by_address(stop->session, frame->pc - 1, NULL) == function)
			return i;
	}
	return 0;
}

/* Walks from a return address found at slot; true: checked steps lead to the registers, and the frames inside of
 * them are in *walk. */
static bool try_slot(struct stopped *stop, uint64_t slot, uint64_t pc, struct kdx_backtrace *walk)
{
	struct kdx_unwind_start start = {.slot = slot, .origin = KDX_FROM_STOP, .checked_only = true};
	size_t inside;
	struct kdf_error *e;

	start.regs.value[stop->machine->pc] = pc;
	start.regs.value[stop->machine->sp] = slot + 8;
	start.regs.known = 1ULL << stop->machine->pc | 1ULL << stop->machine->sp;
	e = kdx_unwind(stop->env, stop->machine, &start, walk);
	kdf_error_free(walk->problem);
	walk->problem = NULL;
	if (e) {
		kdf_error_free(e);
		walk->count = 0;
		return false;
	}
	/* what came behind the registers is walked again, with all of them known */
	inside = frames_inside(stop, walk);
	if (inside < walk->count)
		stop->resume = walk->frame[inside];
	walk->count = inside;
	return inside != 0;
}

/* From the outer end inwards: of several left-over calls out of the same function the outermost is the frame's own. */
static bool find_in_segment(struct stopped *stop, const struct kdx_symbol *function, uint64_t end,
			    const struct kdx_segment *segment, struct kdx_backtrace *walk)
{
	uint64_t pc;

	for (uint64_t slot = segment->high - 8; slot >= segment->low; slot -= 8) {
		struct kdf_error *e = stop->env->word(stop->env->arg, slot, &pc);

		if (e) { /* the guard page, or a stack that is not in the dump */
			kdf_error_free(e);
			return false;
		}
		if (pc > function->address && pc <= end && try_slot(stop, slot, pc, walk))
			return true;
	}
	return false;
}

static uint64_t function_end(struct kdx_session *session, const struct kdx_symbol *function)
{
	uint64_t end = function->address, offset;

	if (function->size)
		return function->address + function->size;
	/* kallsyms has no sizes: as far as the symbol covers, at most 4 KiB */
	while (end - function->address < 4096 && kdx_symbol_by_address(session, end, &offset) == function)
		end++;
	return end;
}

static bool find_stopped(struct stopped *stop, struct kdx_backtrace *walk)
{
	for (const char *const *name = stop->machine->stopped_in; *name; name++) {
		const struct kdx_symbol *function = kdx_symbol_by_name(stop->session, *name);
		uint64_t end;

		if (!function)
			continue;
		end = function_end(stop->session, function);
		for (unsigned i = 0; i < walk->nsegments; i++)
			if (find_in_segment(stop, function, end, &walk->segment[i], walk))
				return true;
	}
	return false;
}

/* ---- running tasks ---- */

static struct kdf_error *user_mode_only(struct kdx_backtrace *out, const struct kdx_machine *machine,
					const struct kdx_regs *regs)
{
	struct kdx_frame frame = {
		.pc = regs->value[machine->pc],
		.sp = regs->value[machine->sp],
		.origin = KDX_FROM_NOTE,
		.exact = true,
		.segment = -1,
		.has_regs = true,
		.user = true,
		.regs = *regs,
	};

	if (!kdf_grow(&out->frame, &out->cap, 1, sizeof(frame)))
		return kdf_err(KDF_NOMEM, "no memory for a frame");
	out->frame[0] = frame;
	out->count = 1;
	out->end = KDX_END_COMPLETE;
	return NULL;
}

/* From the frames of what stopped the CPU on to what it had been doing. */
static struct kdf_error *continue_outwards(const struct stopped *stop, struct kdx_unwind_start *start,
					   struct kdx_backtrace *out)
{
	const struct kdx_frame *last = &out->frame[out->count - 1];

	if (last->has_regs && last->user)
		return NULL;
	if (last->has_regs) {
		start->origin = KDX_FROM_REGS;
		return kdx_unwind(stop->env, stop->machine, start, out);
	}
	/* The CPU saved its own registers in a function that then called on: the next frame is that function, at the
	 * return address of this call. */
	start->regs.value[stop->machine->pc] = stop->resume.pc;
	start->slot = stop->resume.sp;
	start->origin = stop->resume.origin;
	start->exact = false;
	return kdx_unwind(stop->env, stop->machine, start, out);
}

static struct kdf_error *unwind_running(struct kdx_session *session, const struct kdx_machine *machine,
					const struct kdx_unwind_env *env, const struct kdx_task *task,
					struct kdx_backtrace *out)
{
	struct kdx_unwind_start start = {.origin = KDX_FROM_NOTE, .exact = true};
	struct stopped stop = {session, machine, env, &start.regs, {0}};
	struct kdf_error *e;

	e = kdx_cpu_registers(session, machine, (unsigned)task->cpu, task->pid, out, &start.regs);
	if (e)
		return kdf_err_wrap(e, "task %#" PRIx64 " ran on CPU %d", task->task, task->cpu);
	/* Registers of a hypervisor's dump are of this very moment: what was stopped lies further out, if anything. */
	if ((start.regs.known & machine->kernel_made) == machine->kernel_made && find_stopped(&stop, out))
		return continue_outwards(&stop, &start, out);
	if (machine->user_mode(&start.regs))
		return user_mode_only(out, machine, &start.regs);
	return kdx_unwind(env, machine, &start, out);
}

struct kdf_error *kdx_task_backtrace(struct kdx_session *session, const struct kdx_task *task,
				     struct kdx_backtrace *out)
{
	const struct kdx_machine *machine;
	struct kdx_unwind_env env;
	struct kdx_unwind_start start = {.origin = KDX_FROM_SWITCH};
	struct kdf_error *e;

	memset(out, 0, sizeof(*out));
	e = kdx_machine(session, &machine);
	if (!e)
		e = kdx_unwind_session_env(session, &env, NULL);
	if (e)
		return e;
	if (!task->stack)
		return kdf_err(KDF_NOT_FOUND, "task %#" PRIx64 " has no stack any more%s", task->task,
			       task->zombie ? " (it has exited)" : "");
	task_segments(session, machine, task, out);
	if (task->active && task->cpu >= 0)
		e = unwind_running(session, machine, &env, task, out);
	else
		e = machine->sleeping(session, task->task, &start);
	if (!e && !task->active)
		e = kdx_unwind(&env, machine, &start, out);
	if (e)
		kdx_backtrace_free(out);
	return e;
}
