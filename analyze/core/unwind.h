/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walking a kernel stack from a known pc and sp outwards. The machine (machine.h) knows one step; here are the
 * loop, the stacks a walk may be on, its limits, and what each frame knows of itself: how it was found and whether
 * its pc is exact. A walk never leaves the stacks it was given, never goes back on one, and ends with a reason.
 */
#ifndef KDX_CORE_UNWIND_H
#define KDX_CORE_UNWIND_H

#include "orc.h"
#include "session.h"

enum { KDX_REGS_MAX = 40, KDX_SEGMENTS_MAX = 16 };

/* Registers by the machine's own numbers. */
struct kdx_regs {
	uint64_t value[KDX_REGS_MAX];
	uint64_t known; /* bit i: value[i] is known */
};

/* Where the frame's pc comes from. */
enum kdx_origin {
	KDX_FROM_NOTE,   /* registers saved in the dump (NT_PRSTATUS) */
	KDX_FROM_SWITCH, /* what the scheduler saved when the task was switched away */
	KDX_FROM_REGS,   /* registers that an exception or interrupt saved on a stack */
	KDX_FROM_ORC,
	KDX_FROM_CALL, /* no ORC for this code: the nearest return address behind a call of just this function */
	KDX_FROM_STOP, /* the innermost frame of what stopped the CPU: checked steps lead from there to the CPU's
			* saved registers */
	KDX_FROM_FRAME_POINTER,
	KDX_FROM_SCAN, /* last resort: the nearest word behind some call instruction; may be left over */
};
const char *kdx_origin_name(enum kdx_origin); /* "note", "switch", "regs", "orc", "call", "stop", ... */

enum kdx_segment_kind { KDX_STACK_TASK, KDX_STACK_IRQ, KDX_STACK_EXCEPTION, KDX_STACK_ENTRY };

/* One stack: [low, high). */
struct kdx_segment {
	uint64_t low, high;
	const char *name; /* "NMI": static text; NULL: the task's own */
	enum kdx_segment_kind kind;
};

struct kdx_frame {
	uint64_t pc;
	/* Where pc lies on the stack; of an exact frame: the stack pointer itself. */
	uint64_t sp;
	enum kdx_origin origin;
	bool exact;       /* pc is where the CPU was, not where it would return to */
	int segment;      /* index into segments; -1: outside */
	bool has_regs;    /* registers of the interrupted code lie in this frame: in regs */
	bool partial;     /* only those that the processor pushed */
	bool user;        /* they belong to user mode: the kernel was entered here */
	uint64_t regs_at; /* kva of the saved registers */
	struct kdx_regs regs;
};

enum kdx_unwind_end {
	KDX_END_COMPLETE, /* the outermost frame: user mode, or marked as end of stack */
	KDX_END_PROBLEM,  /* see problem */
};

struct kdx_backtrace {
	struct kdx_segment segment[KDX_SEGMENTS_MAX];
	unsigned nsegments;
	struct kdx_frame *frame;
	size_t count, cap;
	struct kdx_regs start; /* the registers it began with */
	enum kdx_unwind_end end;
	struct kdf_error *problem; /* why it ended early; NULL when complete */
};
void kdx_backtrace_free(struct kdx_backtrace *);

/* What a walk asks of the outside; the session's way is kdx_unwind_env(), tests bring their own. */
struct kdx_unwind_env {
	struct kdf_error *(*word)(void *arg, uint64_t kva, uint64_t *out);
	bool (*orc)(void *arg, uint64_t pc, struct kdx_orc_entry *out);
	bool (*text)(void *arg, uint64_t pc);
	bool (*function)(void *arg, uint64_t pc, uint64_t *start); /* where the function around pc begins */
	struct kdf_error *(*code)(void *arg, uint64_t kva, void *buf, size_t len);
	void *arg;
};

struct kdx_machine;

struct kdx_unwind_start {
	struct kdx_regs regs; /* at least pc and sp */
	uint64_t slot;        /* where pc lies on the stack; 0: nowhere, it was in the register */
	enum kdx_origin origin;
	bool exact;
	bool checked_only; /* ORC and calls of the very function: no frame pointers, no scan */
};

/* Walks until the end or a problem; segments must be set in *out, frames are added. */
struct kdf_error *kdx_unwind(const struct kdx_unwind_env *, const struct kdx_machine *, const struct kdx_unwind_start *,
			     struct kdx_backtrace *out) KDF_MUST_CHECK;

/*
 * The session's memory, ORC tables (loaded on first use, kept) and symbols. A kernel without ORC (other unwinder,
 * or its tables left out of the dump) gets none, and *why (may be NULL) tells the reason; lent.
 */
struct kdf_error *kdx_unwind_session_env(struct kdx_session *, struct kdx_unwind_env *out,
					 const char **why) KDF_MUST_CHECK;
/* Entry version of the kernel's tables, for reports. */
enum kdx_orc_version kdx_unwind_orc_version(struct kdx_session *);

/* Index of the segment that holds sp (its upper end counts where nothing else begins there); -1: none. */
int kdx_segment_of(const struct kdx_backtrace *, uint64_t sp);

#endif
