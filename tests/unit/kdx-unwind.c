// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks over a made-up kernel: two stacks, a handful of functions with ORC entries, code that calls them. */
#include "analyze/core/machine.h"
#include "analyze/core/unwind.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "test.h"

/* x86_64 register numbers: struct pt_regs in words. */
enum { BP = 4, IP = 16, CS = 17, SP = 19, SS = 20 };

#define TASK 0xffffc90000000000ull
#define NMI 0xfffffe0000004000ull
#define TEXT 0xffffffff81000000ull
enum { STACK = 4096, CODE = 0x1000, FUNCTION = 0x100 };

static uint64_t task_stack[STACK / 8], nmi_stack[STACK / 8];
static uint8_t code[CODE];
/* Function f lies at TEXT + f * FUNCTION; each has one entry for all of it. */
static struct kdx_orc_entry orc[CODE / FUNCTION];
static bool has_orc[CODE / FUNCTION];

static struct kdf_error *word(void *arg, uint64_t kva, uint64_t *out)
{
	(void)arg;
	if (kva >= TASK && kva < TASK + STACK && !(kva & 7))
		*out = task_stack[(kva - TASK) / 8];
	else if (kva >= NMI && kva < NMI + STACK && !(kva & 7))
		*out = nmi_stack[(kva - NMI) / 8];
	else
		return kdf_err(KDF_FAULT, "not mapped");
	return NULL;
}

static bool text(void *arg, uint64_t pc)
{
	(void)arg;
	return pc >= TEXT && pc < TEXT + CODE;
}

static bool find_orc(void *arg, uint64_t pc, struct kdx_orc_entry *out)
{
	if (!text(arg, pc) || !has_orc[(pc - TEXT) / FUNCTION])
		return false;
	*out = orc[(pc - TEXT) / FUNCTION];
	return true;
}

static bool function(void *arg, uint64_t pc, uint64_t *start)
{
	*start = pc & ~(uint64_t)(FUNCTION - 1);
	return text(arg, pc);
}

static struct kdf_error *read_code(void *arg, uint64_t kva, void *buf, size_t len)
{
	(void)arg;
	if (kva < TEXT || kva + len > TEXT + CODE)
		return kdf_err(KDF_FAULT, "no code");
	memcpy(buf, code + (kva - TEXT), len);
	return NULL;
}

static const struct kdx_unwind_env env = {word, find_orc, text, function, read_code, NULL};

static uint64_t start_of(unsigned f)
{
	return TEXT + f * FUNCTION;
}

/* A return address in function f, right behind a call of function `to`. */
static uint64_t after_call(unsigned f, unsigned to)
{
	uint64_t pc = start_of(f) + 0x80;

	code[pc - 5 - TEXT] = 0xe8;
	kdf_store_uint(code + (pc - 4 - TEXT), start_of(to) - pc, 4, false);
	return pc;
}

static void set_orc(unsigned f, enum kdx_orc_type type, enum kdx_orc_register reg, int offset)
{
	orc[f] = (struct kdx_orc_entry){.sp_offset = (int16_t)offset,
					.sp_reg = reg,
					.type = type,
					.signal = type == KDX_ORC_REGS || type == KDX_ORC_REGS_PARTIAL};
	has_orc[f] = true;
}

static void put(uint64_t at, uint64_t value)
{
	if (at >= TASK && at < TASK + STACK)
		task_stack[(at - TASK) / 8] = value;
	else
		nmi_stack[(at - NMI) / 8] = value;
}

static void put_regs(uint64_t at, uint64_t ip, uint64_t cs, uint64_t sp, uint64_t bp)
{
	put(at + BP * 8, bp);
	put(at + IP * 8, ip);
	put(at + CS * 8, cs);
	put(at + SP * 8, sp);
	put(at + SS * 8, 0x18);
}

static void clear(void)
{
	memset(task_stack, 0, sizeof(task_stack));
	memset(nmi_stack, 0, sizeof(nmi_stack));
	memset(code, 0x90, sizeof(code));
	memset(has_orc, 0, sizeof(has_orc));
}

static void walk_from(uint64_t pc, uint64_t sp, bool exact, uint64_t bp, bool checked_only, struct kdx_backtrace *trace)
{
	struct kdx_unwind_start start = {.exact = exact, .origin = KDX_FROM_NOTE, .checked_only = checked_only};

	memset(trace, 0, sizeof(*trace));
	kdx_segment_add(trace, TASK, TASK + STACK, NULL, KDX_STACK_TASK);
	kdx_segment_add(trace, NMI, NMI + STACK, "NMI", KDX_STACK_EXCEPTION);
	start.regs.value[IP] = pc;
	start.regs.value[SP] = sp;
	start.regs.value[BP] = bp;
	start.regs.known = 1u << IP | 1u << SP | (bp ? 1u << BP : 0);
	CHECK_OK(kdx_unwind(&env, &kdx_machine_x86_64, &start, trace));
}

/* 1 called by 2 called by 3, which is marked as the end. */
static void test_calls(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(1, KDX_ORC_CALL, KDX_ORC_SP, 24);
	set_orc(2, KDX_ORC_CALL, KDX_ORC_SP, 48);
	set_orc(3, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	put(TASK + 16, after_call(2, 1));
	put(TASK + 64, after_call(3, 2));
	walk_from(start_of(1) + 4, TASK, true, 0, false, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 3);
	CHECK(t.frame[0].sp == TASK && t.frame[0].exact && t.frame[0].origin == KDX_FROM_NOTE);
	CHECK(t.frame[1].sp == TASK + 16 && t.frame[1].pc == after_call(2, 1) && !t.frame[1].exact);
	CHECK(t.frame[2].sp == TASK + 64 && t.frame[2].origin == KDX_FROM_ORC && t.frame[2].segment == 0);
	kdx_backtrace_free(&t);
}

/* A call that never returns is the last instruction of function 2: the return address is function 3's first. */
static void test_call_at_end(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(1, KDX_ORC_CALL, KDX_ORC_SP, 8);
	set_orc(2, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	set_orc(3, KDX_ORC_UNDEFINED, KDX_ORC_UNDEFINED_REG, 0);
	put(TASK, start_of(3));
	walk_from(start_of(1), TASK, true, 0, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2);
	kdx_backtrace_free(&t);
}

/* An NMI's registers on their own stack lead back to the task's stack, and from there to user mode. */
static void test_stacks(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(1, KDX_ORC_CALL, KDX_ORC_SP, 16);
	set_orc(2, KDX_ORC_REGS, KDX_ORC_SP, 0);
	set_orc(3, KDX_ORC_CALL, KDX_ORC_BP, 16);
	set_orc(4, KDX_ORC_REGS, KDX_ORC_SP, 8);
	put(NMI + 8, after_call(2, 1));
	put_regs(NMI + 16, start_of(3) + 9, 0x10, TASK + 32, TASK + 64);
	put(TASK + 64 + 8, after_call(4, 3));
	put_regs(TASK + 88, 0x401000, 0x33, 0x7ffe0000, 0);
	walk_from(start_of(1) + 1, NMI, true, 0, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 4);
	CHECK(t.frame[1].has_regs && !t.frame[1].user && t.frame[1].regs_at == NMI + 16 && t.frame[1].segment == 1);
	CHECK(t.frame[2].exact && t.frame[2].pc == start_of(3) + 9 && t.frame[2].sp == TASK + 32 &&
	      t.frame[2].segment == 0);
	CHECK(t.frame[2].origin == KDX_FROM_REGS);
	CHECK(t.frame[3].has_regs && t.frame[3].user && t.frame[3].regs.value[IP] == 0x401000);
	kdx_backtrace_free(&t);
}

static void test_loops(void)
{
	struct kdx_backtrace t;

	clear(); /* registers that point at themselves */
	set_orc(2, KDX_ORC_REGS, KDX_ORC_SP, 0);
	put_regs(TASK + 64, start_of(2), 0x10, TASK + 64, 0);
	walk_from(start_of(2), TASK + 64, true, 0, false, &t);
	CHECK(t.end == KDX_END_PROBLEM && kdf_error_code(t.problem) == KDF_LIMIT && t.count == 1);
	kdx_backtrace_free(&t);

	clear(); /* from the NMI stack to the task's and back */
	set_orc(2, KDX_ORC_REGS, KDX_ORC_SP, 0);
	put_regs(NMI + 64, start_of(2), 0x10, TASK + 64, 0);
	put_regs(TASK + 64, start_of(2), 0x10, NMI + 512, 0);
	walk_from(start_of(2), NMI + 64, true, 0, false, &t);
	CHECK(t.end == KDX_END_PROBLEM && kdf_error_code(t.problem) == KDF_LIMIT && t.count == 2);
	kdx_backtrace_free(&t);
}

static void test_bad_addresses(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(1, KDX_ORC_CALL, KDX_ORC_SP, 32767);
	walk_from(start_of(1), TASK, true, 0, true, &t);
	CHECK(t.end == KDX_END_PROBLEM && kdf_error_code(t.problem) == KDF_CORRUPT && t.count == 1);
	kdx_backtrace_free(&t);
	walk_from(start_of(1), 0x1234, true, 0, true, &t);
	CHECK(t.end == KDX_END_PROBLEM && !t.count);
	kdx_backtrace_free(&t);
	set_orc(1, KDX_ORC_REGS, KDX_ORC_SP, STACK - 160); /* registers that would run over the stack's end */
	walk_from(start_of(1), TASK, true, 0, true, &t);
	CHECK(t.end == KDX_END_PROBLEM && kdf_error_code(t.problem) == KDF_CORRUPT);
	kdx_backtrace_free(&t);
	set_orc(1, KDX_ORC_CALL, KDX_ORC_R10, 8); /* a register that nobody knows */
	walk_from(start_of(1), TASK, true, 0, true, &t);
	CHECK(t.end == KDX_END_PROBLEM && kdf_error_code(t.problem) == KDF_NOT_FOUND);
	kdx_backtrace_free(&t);
}

/* 5.12 and newer: the interrupted sp is kept in the last word of the IRQ stack. */
static void test_indirect(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(1, KDX_ORC_CALL, KDX_ORC_SP_INDIRECT, 8);
	set_orc(2, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	put(NMI + 64, TASK + 128);
	put(TASK + 128, after_call(2, 1));
	walk_from(start_of(1), NMI + 64, true, 0, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2 && t.frame[1].sp == TASK + 128 && t.frame[1].segment == 0);
	kdx_backtrace_free(&t);
	set_orc(1, KDX_ORC_CALL, KDX_ORC_BP_INDIRECT, -8);
	put(TASK + 56, TASK + 256);
	put(TASK + 248, after_call(2, 1));
	walk_from(start_of(1), TASK, true, TASK + 64, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2 && t.frame[1].sp == TASK + 248);
	kdx_backtrace_free(&t);
}

/* Function 1 has no ORC: the return address behind a call of 1 is taken, not one left over behind a call of 5. */
static void test_call_of_me(void)
{
	struct kdx_backtrace t;

	clear();
	code[1 * FUNCTION] = 0x53;     /* push %rbx */
	code[1 * FUNCTION + 1] = 0x55; /* push %rbp */
	set_orc(2, KDX_ORC_CALL, KDX_ORC_BP, 16);
	set_orc(3, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	put(TASK + 8, after_call(4, 5));
	put(TASK + 24, TASK + 128); /* pushed bp */
	put(TASK + 40, after_call(2, 1));
	put(TASK + 136, after_call(3, 2));
	walk_from(start_of(1) + 0x20, TASK, true, 0, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 3);
	CHECK(t.frame[1].origin == KDX_FROM_CALL && t.frame[1].sp == TASK + 40);
	CHECK(t.frame[2].origin == KDX_FROM_ORC && t.frame[2].sp == TASK + 136);
	kdx_backtrace_free(&t);
}

static void test_last_resorts(void)
{
	struct kdx_backtrace t;

	clear(); /* frame pointer: 7 calls through a pointer, 6 keeps frame pointers */
	set_orc(7, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	code[7 * FUNCTION + 0x3e] = 0xff; /* call *%rax */
	code[7 * FUNCTION + 0x3f] = 0xd0;
	put(TASK + 72, start_of(7) + 0x40);
	walk_from(start_of(6) + 8, TASK + 16, true, TASK + 64, false, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2 && t.frame[1].origin == KDX_FROM_FRAME_POINTER);
	kdx_backtrace_free(&t);
	/* no frame pointer either: the scan, which passes by words that are no return addresses */
	put(TASK + 24, start_of(7) + 0x20);
	put(TASK + 32, 0xdeadbeef);
	walk_from(start_of(6) + 8, TASK + 16, true, 0, false, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2 && t.frame[1].origin == KDX_FROM_SCAN &&
	      t.frame[1].sp == TASK + 72);
	kdx_backtrace_free(&t);
	/* and neither when only checked steps will do */
	walk_from(start_of(6) + 8, TASK + 16, true, TASK + 64, true, &t);
	CHECK(t.end == KDX_END_PROBLEM && t.count == 1);
	kdx_backtrace_free(&t);
}

/* A call through a NULL pointer: nothing was pushed but the return address. */
static void test_jump_to_null(void)
{
	struct kdx_backtrace t;

	clear();
	set_orc(2, KDX_ORC_END_OF_STACK, KDX_ORC_UNDEFINED_REG, 0);
	code[2 * FUNCTION + 0x3e] = 0xff;
	code[2 * FUNCTION + 0x3f] = 0xd0;
	put(TASK + 512, start_of(2) + 0x40);
	walk_from(0, TASK + 512, true, 0, true, &t);
	CHECK(t.end == KDX_END_COMPLETE && t.count == 2 && t.frame[1].pc == start_of(2) + 0x40);
	kdx_backtrace_free(&t);
}

static void test_prstatus(void)
{
	uint8_t desc[336] = {0};
	struct kdx_regs regs;
	int32_t pid;

	kdf_store_uint(desc + 32, 4242, 4, false);
	kdf_store_uint(desc + 112 + IP * 8, 0x401000, 8, false);
	kdf_store_uint(desc + 112 + CS * 8, 0xabcd00000033, 8, false); /* FRED's event data above the selector */
	CHECK(kdx_machine_x86_64.prstatus(desc, sizeof(desc), false, &regs, &pid));
	CHECK(pid == 4242 && regs.value[IP] == 0x401000 && regs.value[CS] == 0x33);
	CHECK(kdx_machine_x86_64.user_mode(&regs));
	CHECK(!kdx_machine_x86_64.prstatus(desc, 279, false, &regs, &pid));
	CHECK(kdx_machine_by_name("x86_64") == &kdx_machine_x86_64 && !kdx_machine_by_name("vax"));
}

static void test_segments(void)
{
	struct kdx_backtrace t = {0};

	kdx_segment_add(&t, 0x1000, 0x2000, "a", KDX_STACK_IRQ);
	kdx_segment_add(&t, 0x2000, 0x3000, "b", KDX_STACK_IRQ);
	kdx_segment_add(&t, 0x5000, 0x4000, "backwards", KDX_STACK_IRQ);
	kdx_segment_add(&t, 0, 1ull << 40, "huge", KDX_STACK_IRQ);
	CHECK(t.nsegments == 2);
	CHECK(kdx_segment_of(&t, 0x1fff) == 0 && kdx_segment_of(&t, 0x2000) == 1 && kdx_segment_of(&t, 0x3000) == 1);
	CHECK(kdx_segment_of(&t, 0xfff) == -1 && kdx_segment_of(&t, 0x3001) == -1);
	for (unsigned i = 0; i < 2 * KDX_SEGMENTS_MAX; i++)
		kdx_segment_add(&t, 0x10000 * (i + 1), 0x10000 * (i + 1) + 8, "many", KDX_STACK_IRQ);
	CHECK(t.nsegments == KDX_SEGMENTS_MAX);
}

int main(void)
{
	test_calls();
	test_call_at_end();
	test_stacks();
	test_loops();
	test_bad_addresses();
	test_indirect();
	test_call_of_me();
	test_last_resorts();
	test_jump_to_null();
	test_prstatus();
	test_segments();
	TEST_END();
}
