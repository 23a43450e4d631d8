// SPDX-License-Identifier: GPL-2.0-or-later
#include "unwind.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "machine.h"

/* A walk goes up a stack word by word at the least, so this many frames is more than all stacks together hold. */
enum { MAX_FRAMES = 16384 };

const char *kdx_origin_name(enum kdx_origin origin)
{
	switch (origin) {
	case KDX_FROM_NOTE:
		return "note";
	case KDX_FROM_SWITCH:
		return "switch";
	case KDX_FROM_REGS:
		return "regs";
	case KDX_FROM_ORC:
		return "orc";
	case KDX_FROM_CALL:
		return "call";
	case KDX_FROM_STOP:
		return "stop";
	case KDX_FROM_FRAME_POINTER:
		return "frame pointer";
	case KDX_FROM_SCAN:
		return "scan";
	}
	return "unknown";
}

int kdx_segment_of(const struct kdx_backtrace *trace, uint64_t sp)
{
	int ends_here = -1;

	for (unsigned i = 0; i < trace->nsegments; i++) {
		if (sp >= trace->segment[i].low && sp < trace->segment[i].high)
			return (int)i;
		if (sp == trace->segment[i].high)
			ends_here = (int)i;
	}
	return ends_here;
}

void kdx_backtrace_free(struct kdx_backtrace *trace)
{
	free(trace->frame);
	kdf_error_free(trace->problem);
	memset(trace, 0, sizeof(*trace));
}

static struct kdf_error *add_frame(struct kdx_backtrace *trace, const struct kdx_frame *frame)
{
	if (trace->count >= MAX_FRAMES)
		return kdf_err(KDF_LIMIT, "more than %d frames", MAX_FRAMES);
	if (!kdf_grow(&trace->frame, &trace->cap, trace->count + 1, sizeof(*trace->frame)))
		return kdf_err(KDF_NOMEM, "no memory for frame %zu", trace->count);
	trace->frame[trace->count++] = *frame;
	return NULL;
}

/* The next sp must lie further out on this stack, or on one that was not left yet. */
static struct kdf_error *check_progress(const struct kdx_backtrace *trace, uint64_t left, int segment, uint64_t sp,
					uint64_t next_sp, int *next_segment)
{
	*next_segment = kdx_segment_of(trace, next_sp);
	if (*next_segment < 0)
		return kdf_err(KDF_CORRUPT, "the walk leads to %#llx, which is on no stack of this task or CPU",
			       (unsigned long long)next_sp);
	if (*next_segment == segment ? next_sp <= sp : (left >> *next_segment & 1) != 0)
		return kdf_err(KDF_LIMIT, "the stack leads back from %#llx to %#llx: a loop", (unsigned long long)sp,
			       (unsigned long long)next_sp);
	return NULL;
}

/* One walk's position. */
struct position {
	struct kdx_regs regs;
	bool exact;
	uint64_t slot;
	enum kdx_origin origin;
	int segment;
	uint64_t left; /* bit i: segment i was left */
};

static void frame_at(const struct position *at, const struct kdx_machine *machine, struct kdx_frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->pc = at->regs.value[machine->pc];
	frame->sp = at->slot ? at->slot : at->regs.value[machine->sp];
	frame->exact = at->exact;
	frame->origin = at->origin;
	frame->segment = at->segment;
}

/* Adds the frame at the position and moves on; *done when it was the last. */
static struct kdf_error *walk_one(const struct kdx_unwind_env *env, const struct kdx_machine *machine,
				  bool checked_only, struct position *at, struct kdx_backtrace *trace, bool *done)
{
	struct kdx_frame frame;
	struct kdx_step step;
	struct kdf_error *e, *walk;
	int next_segment = -1;

	memset(&step, 0, sizeof(step));
	frame_at(at, machine, &frame);
	walk = machine->step(env, trace, &at->regs, at->exact, checked_only, &step);
	if (!walk && step.has_regs) {
		frame.has_regs = true;
		frame.partial = step.partial;
		frame.user = step.user;
		frame.regs_at = step.regs_at;
		frame.regs = step.next;
	}
	e = add_frame(trace, &frame);
	if (e) {
		kdf_error_free(walk);
		return e;
	}
	if (walk)
		return walk;
	*done = step.end || step.user;
	if (*done)
		return NULL;
	e = check_progress(trace, at->left, at->segment, at->regs.value[machine->sp], step.next.value[machine->sp],
			   &next_segment);
	if (e)
		return e;
	if (next_segment != at->segment)
		at->left |= 1ULL << at->segment;
	at->regs = step.next;
	at->exact = step.exact;
	at->slot = step.slot;
	at->origin = step.origin;
	at->segment = next_segment;
	return NULL;
}

struct kdf_error *kdx_unwind(const struct kdx_unwind_env *env, const struct kdx_machine *machine,
			     const struct kdx_unwind_start *start, struct kdx_backtrace *out)
{
	struct position at = {start->regs, start->exact, start->slot, start->origin, -1, 0};
	bool done = false;

	out->start = start->regs;
	at.segment = kdx_segment_of(out, start->regs.value[machine->sp]);
	if (at.segment < 0) {
		out->end = KDX_END_PROBLEM;
		out->problem = kdf_err(KDF_CORRUPT, "the stack pointer %#llx is on no stack of this task or CPU",
				       (unsigned long long)start->regs.value[machine->sp]);
		return NULL;
	}
	out->end = KDX_END_COMPLETE;
	while (!done) {
		struct kdf_error *e = walk_one(env, machine, start->checked_only, &at, out, &done);

		if (!e)
			continue;
		if (kdf_error_code(e) == KDF_NOMEM)
			return e;
		out->end = KDX_END_PROBLEM;
		out->problem = e;
		return NULL;
	}
	return NULL;
}
