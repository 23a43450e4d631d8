/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How bt shows a stack. */
#ifndef KDX_COMMANDS_BT_SHOW_H
#define KDX_COMMANDS_BT_SHOW_H

#include "analyze/core/machine.h"
#include "analyze/kernel/stack.h"
#include "analyze/output/output.h"

struct kdx_bt_style {
	bool offsets; /* -s: function+offset */
	bool hex;     /* -x: offsets in hex */
	bool words;   /* -f: every word of each frame */
};

/* The frames as the array "frames", and what ended the walk too early. Consumes trace->problem. */
void kdx_bt_frames(struct kdx_session *, struct kdx_out *, const struct kdx_machine *, struct kdx_backtrace *trace,
		   const struct kdx_bt_style *);
/* -t: every word from `from` to the end of the task's stack that is an address in code. */
void kdx_bt_text(struct kdx_session *, struct kdx_out *, uint64_t from, uint64_t end, const struct kdx_bt_style *);
/* A block of registers, those that are known. */
void kdx_bt_registers(struct kdx_out *, const struct kdx_machine *, const struct kdx_regs *);
/* -r: every word, those that point at something known by its name. */
void kdx_bt_raw(struct kdx_session *, struct kdx_out *, uint64_t from, uint64_t end);
/* "function [module]" of a return address (exact: of the instruction itself) as fields name, offset, module. */
void kdx_bt_place(struct kdx_session *, struct kdx_out *, uint64_t pc, bool exact, const char *label,
		  const struct kdx_bt_style *);

#endif
