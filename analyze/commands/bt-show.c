// SPDX-License-Identifier: GPL-2.0-or-later
#include "bt-show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/bytes.h"

/* __ia32_sys_pause and __x64_sys_pause are one function. */
static const struct kdx_symbol *native_alias(struct kdx_session *session, const struct kdx_symbol *symbol)
{
	const struct kdx_machine *machine;
	const struct kdx_symbol *native;
	struct kdf_error *e = kdx_machine(session, &machine);
	char name[128];

	if (e || !machine->alias_prefix ||
	    strncmp(symbol->name, machine->alias_prefix, strlen(machine->alias_prefix))) {
		kdf_error_free(e);
		return symbol;
	}
	snprintf(name, sizeof(name), "%s%s", machine->native_prefix, symbol->name + strlen(machine->alias_prefix));
	native = kdx_symbol_by_name(session, name);
	return native && native->address == symbol->address ? native : symbol;
}

/* The symbol of a pc: behind a call that never returns, a return address is already the next function's. */
static const struct kdx_symbol *symbol_of(struct kdx_session *session, uint64_t pc, bool exact, uint64_t *offset)
{
	const struct kdx_symbol *symbol = kdx_symbol_by_address(session, exact ? pc : pc - 1, NULL);

	*offset = symbol ? pc - symbol->address : 0;
	return symbol ? native_alias(session, symbol) : NULL;
}

static void show_name(struct kdx_out *out, const struct kdx_symbol *symbol, uint64_t offset, bool with_offset, bool hex)
{
	if (!symbol) {
		kdx_null(out, "name", "(unknown)");
		kdx_null(out, "offset", NULL);
		return;
	}
	kdx_str(out, "name", symbol->name, "%s", symbol->name);
	if (!with_offset || !offset)
		kdx_uint(out, "offset", offset, NULL);
	else if (hex)
		kdx_uint(out, "offset", offset, "+0x%" PRIx64, offset);
	else
		kdx_uint(out, "offset", offset, "+%" PRIu64, offset);
}

static void show_module(struct kdx_session *session, struct kdx_out *out, const struct kdx_symbol *symbol)
{
	const char *module = symbol ? kdx_symbol_module(session, symbol) : NULL;

	if (module)
		kdx_str(out, "module", module, " [%s]", module);
	else
		kdx_null(out, "module", NULL);
}

void kdx_bt_place(struct kdx_session *session, struct kdx_out *out, uint64_t pc, bool exact, const char *label,
		  const struct kdx_bt_style *style)
{
	uint64_t offset;
	const struct kdx_symbol *symbol = symbol_of(session, pc, exact, &offset);

	kdx_text(out, "%s", label);
	show_name(out, symbol, offset, style->offsets, style->hex);
	kdx_hex(out, "pc", pc, " at %" PRIx64, pc);
	show_module(session, out, symbol);
	kdx_text(out, "\n");
}

/* ---- registers ---- */

static void show_interrupted(struct kdx_session *session, struct kdx_out *out, uint64_t pc,
			     const struct kdx_bt_style *style)
{
	uint64_t offset;
	const struct kdx_symbol *symbol = symbol_of(session, pc, true, &offset);

	if (!symbol) {
		kdx_text(out, "    [exception RIP: unknown or invalid address]\n");
		return;
	}
	kdx_text(out, "    [exception RIP: ");
	if (!offset)
		kdx_text(out, "%s]", symbol->name);
	else
		kdx_text(out, style->hex ? "%s+0x%" PRIx64 "]" : "%s+%" PRIu64 "]", symbol->name, offset);
	kdx_text(out, "\n");
}

void kdx_bt_registers(struct kdx_out *out, const struct kdx_machine *machine, const struct kdx_regs *regs)
{
	bool begun = false;

	kdx_object(out, "regs");
	for (const struct kdx_machine_print *p = machine->print; p->label; p++) {
		uint64_t value = regs->value[p->reg];

		if (regs->known >> p->reg & 1) {
			kdx_text(out, begun ? "  " : "    ");
			kdx_hex(out, machine->reg_name[p->reg], value, "%s: %0*" PRIx64, p->label, (int)p->digits,
				value);
			begun = true;
		}
		if (p->last && begun) {
			kdx_text(out, "\n");
			begun = false;
		}
	}
	kdx_object_end(out);
}

/* ---- frames ---- */

/* Words between this frame's pc and the next one's. */
static void show_words(struct kdx_session *session, struct kdx_out *out, uint64_t from, uint64_t to)
{
	unsigned column = 0;

	kdx_array(out, "words");
	for (uint64_t at = from; at <= to && at >= from; at += 8) {
		uint64_t word;
		struct kdf_error *e = kdx_read_u64(session, at, &word, "stack");

		if (e) {
			kdx_problem(out, NULL, e);
			break;
		}
		if (!column)
			kdx_text(out, "    %" PRIx64 ": ", at);
		kdx_hex(out, NULL, word, "%016" PRIx64 " ", word);
		if (++column == 2) {
			kdx_text(out, "\n");
			column = 0;
		}
	}
	if (column)
		kdx_text(out, "\n");
	kdx_array_end(out);
}

struct showing {
	struct kdx_session *session;
	struct kdx_out *out;
	const struct kdx_machine *machine;
	const struct kdx_backtrace *trace;
	const struct kdx_bt_style *style;
	unsigned number; /* of the next frame */
};

/* Interrupted code on the stack that its registers were saved on is told by "[exception RIP: ...]" alone. */
static bool has_line(const struct kdx_backtrace *trace, size_t i)
{
	const struct kdx_frame *frame = &trace->frame[i];

	if (frame->origin == KDX_FROM_NOTE)
		return false;
	return !(i && frame->exact && trace->frame[i - 1].has_regs && frame->segment == trace->frame[i - 1].segment);
}

/* The line between two stacks names the one that was left. */
static void show_switch(const struct showing *show, size_t i)
{
	const struct kdx_frame *frame = &show->trace->frame[i];
	const struct kdx_segment *left;

	if (!i || frame->segment == show->trace->frame[i - 1].segment || show->trace->frame[i - 1].segment < 0)
		return;
	left = &show->trace->segment[show->trace->frame[i - 1].segment];
	if (left->kind == KDX_STACK_EXCEPTION)
		kdx_text(show->out, "--- <%s exception stack> ---\n", left->name);
	else if (left->name)
		kdx_text(show->out, "--- <%s stack> ---\n",
			 left->kind == KDX_STACK_ENTRY ? "entry trampoline" : left->name);
}

static void show_stack_name(const struct showing *show, const struct kdx_frame *frame)
{
	const char *name = frame->segment < 0 ? NULL : show->trace->segment[frame->segment].name;

	kdx_str(show->out, "origin", kdx_origin_name(frame->origin), NULL);
	kdx_bool(show->out, "exact", frame->exact, NULL);
	if (frame->segment >= 0)
		kdx_str(show->out, "stack", name ? name : "task", NULL);
}

static void show_line(struct showing *show, size_t i)
{
	const struct kdx_frame *frame = &show->trace->frame[i];
	static const struct kdx_bt_style plain;
	uint64_t offset;
	const struct kdx_symbol *symbol = symbol_of(show->session, frame->pc, frame->exact, &offset);

	if (!has_line(show->trace, i)) { /* for programs it is a frame like others, without a number */
		kdx_null(show->out, "n", NULL);
		kdx_hex(show->out, "sp", frame->sp, NULL);
		if (kdx_out_json(show->out))
			kdx_bt_place(show->session, show->out, frame->pc, frame->exact, "", &plain);
		return;
	}
	kdx_uint(show->out, "n", show->number, "%s#%u", show->number < 10 ? " " : "", show->number);
	show->number++;
	kdx_hex(show->out, "sp", frame->sp, " [%" PRIx64 "] ", frame->sp);
	show_name(show->out, symbol, offset, show->style->offsets, show->style->hex);
	kdx_hex(show->out, "pc", frame->pc, " at %" PRIx64, frame->pc);
	show_module(show->session, show->out, symbol);
	/* a frame that nothing but its look speaks for is marked for people too */
	if (frame->origin == KDX_FROM_SCAN && i)
		kdx_text(show->out, "  (found by looking for return addresses)");
	if (frame->origin == KDX_FROM_FRAME_POINTER)
		kdx_text(show->out, "  (by frame pointer)");
	kdx_text(show->out, "\n");
}

static void show_frame(struct showing *show, size_t i)
{
	const struct kdx_frame *frame = &show->trace->frame[i];
	const struct kdx_backtrace *trace = show->trace;

	show_switch(show, i);
	kdx_object(show->out, NULL);
	show_line(show, i);
	show_stack_name(show, frame);
	if (!i && frame->origin == KDX_FROM_NOTE && !frame->has_regs) {
		show_interrupted(show->session, show->out, frame->pc, show->style);
		kdx_bt_registers(show->out, show->machine, &trace->start);
	}
	if (frame->has_regs) {
		kdx_bool(show->out, "user", frame->user, NULL);
		if (!frame->user)
			show_interrupted(show->session, show->out, frame->regs.value[show->machine->pc], show->style);
		kdx_bt_registers(show->out, show->machine, &frame->regs);
	}
	if (show->style->words && i + 1 < trace->count && trace->frame[i + 1].segment == frame->segment &&
	    frame->segment >= 0) {
		const struct kdx_frame *next = &trace->frame[i + 1];

		show_words(show->session, show->out, frame->exact ? frame->sp : frame->sp + 8,
			   next->exact ? next->sp - 8 : next->sp);
	}
	kdx_object_end(show->out);
}

void kdx_bt_frames(struct kdx_session *session, struct kdx_out *out, const struct kdx_machine *machine,
		   struct kdx_backtrace *trace, const struct kdx_bt_style *style)
{
	struct showing show = {session, out, machine, trace, style, 0};

	kdx_array(out, "frames");
	for (size_t i = 0; i < trace->count && !kdx_out_stopped(out); i++)
		show_frame(&show, i);
	kdx_array_end(out);
	kdx_bool(out, "complete", trace->end == KDX_END_COMPLETE, NULL);
	if (trace->problem)
		kdx_problem(out, "problem", trace->problem);
	trace->problem = NULL;
}

/* ---- whole stacks ---- */

void kdx_bt_text(struct kdx_session *session, struct kdx_out *out, uint64_t from, uint64_t end,
		 const struct kdx_bt_style *style)
{
	char label[32];

	kdx_array(out, "text");
	for (uint64_t at = from; at < end && !kdx_out_stopped(out); at += 8) {
		uint64_t word;
		struct kdf_error *e = kdx_read_u64(session, at, &word, "stack");

		if (e) {
			kdx_problem(out, NULL, e);
			break;
		}
		if (!kdx_is_text(session, word))
			continue;
		kdx_object(out, NULL);
		kdx_hex(out, "at", at, NULL);
		snprintf(label, sizeof(label), "  [%" PRIx64 "] ", at);
		kdx_bt_place(session, out, word, true, label, style); /* may be a pointer to a function */
		kdx_object_end(out);
	}
	kdx_array_end(out);
}

/* A word, or the symbol it points into: a stack is full of return addresses. */
static void show_raw_word(struct kdx_session *session, struct kdx_out *out, uint64_t word)
{
	uint64_t offset;
	const struct kdx_symbol *symbol = kdx_symbol_by_address(session, word, &offset);
	char text[160];

	/* kallsyms has no sizes: beyond code, only what certainly lies in a variable is named */
	if (!symbol || (!kdx_is_text(session, word) && offset >= symbol->size))
		snprintf(text, sizeof(text), "%016" PRIx64, word);
	else if (offset)
		snprintf(text, sizeof(text), "%.128s+%" PRIu64, symbol->name, offset);
	else
		snprintf(text, sizeof(text), "%.128s", symbol->name);
	kdx_hex(out, NULL, word, "%-16s ", text);
}

void kdx_bt_raw(struct kdx_session *session, struct kdx_out *out, uint64_t from, uint64_t end)
{
	kdx_array(out, "words");
	for (uint64_t at = from; at < end && !kdx_out_stopped(out); at += 16) {
		uint64_t word[2];
		struct kdf_error *e = kdx_read(session, at, word, sizeof(word), "stack");

		if (e) {
			kdx_problem(out, NULL, e);
			break;
		}
		kdx_text(out, "%" PRIx64 ":  ", at);
		for (unsigned i = 0; i < 2; i++)
			show_raw_word(session, out, kdf_load_uint(&word[i], 8, session->big_endian));
		kdx_text(out, "\n");
	}
	kdx_array_end(out);
}
