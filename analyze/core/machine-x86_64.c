// SPDX-License-Identifier: GPL-2.0-or-later
/* x86_64: struct pt_regs, ORC, and the stacks of a CPU. */
#include "machine.h"

#include <string.h>

#include "base/bytes.h"
#include "layout.h"
#include "memory.h"
#include "symbols.h"

/* Order of struct pt_regs (arch/x86/include/asm/ptrace.h), the same in all versions; NT_PRSTATUS begins so too. */
enum { R15, R14, R13, R12, BP, BX, R11, R10, R9, R8, AX, CX, DX, SI, DI, ORIG_AX, IP, CS, FLAGS, SP, SS, NREGS };
enum { PT_REGS_SIZE = NREGS * 8, IRET_SIZE = 5 * 8 };

static const char *const reg_names[] = {"r15", "r14",      "r13", "r12", "rbp",    "rbx", "r11",
					"r10", "r9",       "r8",  "rax", "rcx",    "rdx", "rsi",
					"rdi", "orig_rax", "rip", "cs",  "rflags", "rsp", "ss"};

static const struct kdx_machine_print print_order[] = {
	{"RIP", IP, 16, false},  {"RSP", SP, 16, false},  {"RFLAGS", FLAGS, 8, true},       {"RAX", AX, 16, false},
	{"RBX", BX, 16, false},  {"RCX", CX, 16, true},   {"RDX", DX, 16, false},           {"RSI", SI, 16, false},
	{"RDI", DI, 16, true},   {"RBP", BP, 16, false},  {" R8", R8, 16, false},           {" R9", R9, 16, true},
	{"R10", R10, 16, false}, {"R11", R11, 16, false}, {"R12", R12, 16, true},           {"R13", R13, 16, false},
	{"R14", R14, 16, false}, {"R15", R15, 16, true},  {"ORIG_RAX", ORIG_AX, 16, false}, {"CS", CS, 4, false},
	{"SS", SS, 4, true},     {NULL, 0, 0, false},
};

/* The panicking CPU leaves through machine_kexec; the others are stopped by an NMI (crash_nmi_callback), by the
 * panic code when two of them panic at once, or by stop_this_cpu when no crash kernel is loaded. */
static const char *const stopped_in[] = {"machine_kexec",       "crash_nmi_callback", "nmi_panic_self_stop",
					 "panic_smp_self_stop", "stop_this_cpu",      NULL};

static bool user_mode(const struct kdx_regs *regs)
{
	return (regs->value[CS] & 3) == 3;
}

static void set(struct kdx_regs *regs, unsigned i, uint64_t value)
{
	regs->value[i] = value;
	regs->known |= 1ULL << i;
}

static bool knows(const struct kdx_regs *regs, unsigned i)
{
	return regs->known >> i & 1;
}

/* With FRED (6.9) the upper parts of the cs and ss words carry event data. */
static void set_saved(struct kdx_regs *regs, unsigned i, uint64_t value)
{
	set(regs, i, i == CS || i == SS ? value & 0xffff : value);
}

/* ---- one step ---- */

static struct kdf_error *read_saved_regs(const struct kdx_unwind_env *env, uint64_t at, unsigned first,
					 struct kdx_regs *out)
{
	for (unsigned i = first; i < NREGS; i++) {
		uint64_t value;
		struct kdf_error *e = env->word(env->arg, at + (i - first) * 8, &value);

		if (e)
			return kdf_err_wrap(e, "saved registers at %#llx", (unsigned long long)at);
		set_saved(out, i, value);
	}
	return NULL;
}

static bool on_a_stack(const struct kdx_backtrace *trace, uint64_t kva, uint64_t len)
{
	int i = kdx_segment_of(trace, kva);

	return i >= 0 && kva >= trace->segment[i].low && kva < trace->segment[i].high &&
	       trace->segment[i].high - kva >= len;
}

/* The register an entry counts from; false: its value is not known here. */
static bool base_register(enum kdx_orc_register reg, unsigned *out)
{
	static const struct {
		enum kdx_orc_register orc;
		unsigned reg;
	} map[] = {
		{KDX_ORC_SP, SP},          {KDX_ORC_SP_INDIRECT, SP}, {KDX_ORC_BP, BP},
		{KDX_ORC_BP_INDIRECT, BP}, {KDX_ORC_AX, AX},          {KDX_ORC_DX, DX},
		{KDX_ORC_DI, DI},          {KDX_ORC_R10, R10},        {KDX_ORC_R13, R13},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (map[i].orc == reg) {
			*out = map[i].reg;
			return true;
		}
	}
	return false;
}

/* The frame's end (canonical frame address): sp before the call that made it. */
static struct kdf_error *frame_end(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
				   const struct kdx_orc_entry *orc, const struct kdx_regs *now, uint64_t *out)
{
	unsigned reg;
	uint64_t base, at;
	struct kdf_error *e;

	if (!base_register(orc->sp_reg, &reg) || !knows(now, reg))
		return kdf_err(KDF_NOT_FOUND, "pc %#llx: the frame counts from a register whose value is not saved",
			       (unsigned long long)now->value[IP]);
	base = now->value[reg];
	if (orc->sp_reg != KDX_ORC_SP_INDIRECT && orc->sp_reg != KDX_ORC_BP_INDIRECT) {
		*out = base + (uint64_t)(int64_t)orc->sp_offset;
		return NULL;
	}
	/* indirect: the offset belongs to the address with bp, to the value with sp (5.12's IRQ stack switch) */
	at = orc->sp_reg == KDX_ORC_BP_INDIRECT ? base + (uint64_t)(int64_t)orc->sp_offset : base;
	if (!on_a_stack(trace, at, 8))
		return kdf_err(KDF_CORRUPT, "pc %#llx: the saved stack pointer would lie at %#llx, on no stack",
			       (unsigned long long)now->value[IP], (unsigned long long)at);
	e = env->word(env->arg, at, out);
	if (!e && orc->sp_reg == KDX_ORC_SP_INDIRECT)
		*out += (uint64_t)(int64_t)orc->sp_offset;
	return e;
}

/* bp of the caller. One that cannot be had is unknown from then on, which is no error until it is needed. */
static void restore_bp(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
		       const struct kdx_orc_entry *orc, const struct kdx_regs *now, uint64_t end, struct kdx_regs *next)
{
	uint64_t at, value;
	struct kdf_error *e;

	if (orc->bp_reg == KDX_ORC_UNDEFINED_REG) {
		if (knows(now, BP))
			set(next, BP, now->value[BP]);
		return;
	}
	if (orc->bp_reg == KDX_ORC_PREV_SP)
		at = end + (uint64_t)(int64_t)orc->bp_offset;
	else if (orc->bp_reg == KDX_ORC_BP && knows(now, BP))
		at = now->value[BP] + (uint64_t)(int64_t)orc->bp_offset;
	else
		return;
	if (!on_a_stack(trace, at, 8))
		return;
	e = env->word(env->arg, at, &value);
	if (!e)
		set(next, BP, value);
	kdf_error_free(e);
}

static struct kdf_error *step_call(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
				   const struct kdx_orc_entry *orc, const struct kdx_regs *now, uint64_t end,
				   struct kdx_step *out)
{
	uint64_t pc;
	struct kdf_error *e;

	if (!on_a_stack(trace, end - 8, 8))
		return kdf_err(KDF_CORRUPT, "pc %#llx: its return address would lie at %#llx, on no stack",
			       (unsigned long long)now->value[IP], (unsigned long long)(end - 8));
	e = env->word(env->arg, end - 8, &pc);
	if (e)
		return e;
	out->slot = end - 8;
	out->exact = orc->signal;
	out->origin = KDX_FROM_ORC;
	set(&out->next, IP, pc);
	set(&out->next, SP, end);
	restore_bp(env, trace, orc, now, end, &out->next);
	return NULL;
}

static struct kdf_error *step_regs(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
				   const struct kdx_orc_entry *orc, const struct kdx_regs *now, uint64_t end,
				   struct kdx_step *out)
{
	bool partial = orc->type == KDX_ORC_REGS_PARTIAL;
	struct kdf_error *e;

	if (!on_a_stack(trace, end, partial ? IRET_SIZE : PT_REGS_SIZE))
		return kdf_err(KDF_CORRUPT, "pc %#llx: its saved registers would lie at %#llx, on no stack",
			       (unsigned long long)now->value[IP], (unsigned long long)end);
	if (partial) {
		/* Nothing but what the processor pushed was touched yet: the rest still is in the registers. */
		out->next = *now;
		e = read_saved_regs(env, end, IP, &out->next);
	} else {
		e = read_saved_regs(env, end, R15, &out->next);
	}
	if (e)
		return e;
	out->has_regs = true;
	out->partial = partial;
	out->regs_at = end;
	out->exact = true;
	out->origin = KDX_FROM_REGS;
	out->user = user_mode(&out->next);
	return NULL;
}

static struct kdf_error *step_orc(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
				  const struct kdx_orc_entry *orc, const struct kdx_regs *now, struct kdx_step *out)
{
	uint64_t end;
	struct kdf_error *e;

	if (orc->type == KDX_ORC_END_OF_STACK) {
		out->end = true;
		return NULL;
	}
	if (orc->type == KDX_ORC_UNDEFINED)
		return kdf_err(KDF_NOT_FOUND, "pc %#llx: the kernel's ORC table does not say how to go on",
			       (unsigned long long)now->value[IP]);
	e = frame_end(env, trace, orc, now, &end);
	if (e)
		return e;
	if (orc->type == KDX_ORC_CALL)
		return step_call(env, trace, orc, now, end, out);
	return step_regs(env, trace, orc, now, end, out);
}

/* ---- code without ORC ---- */

/*
 * Whether the instruction that ends at pc can be a call: e8 rel32, or ff /2 with a register, a base, a base and a
 * displacement, rip-relative, or a scaled index. What stands before it (prefixes) does not matter. *target is set for
 * e8 alone, else 0.
 */
static bool call_before(const struct kdx_unwind_env *env, uint64_t pc, uint64_t *target)
{
	uint8_t p[8]; /* p[7] is the last byte before pc */
	struct kdf_error *e;

	*target = 0;
	if (pc < sizeof(p))
		return false;
	e = env->code(env->arg, pc - sizeof(p), p, sizeof(p));
	if (e) {
		kdf_error_free(e);
		return false;
	}
	if (p[3] == 0xe8) {
		*target = pc + (uint64_t)(int64_t)(int32_t)kdf_load_uint(p + 4, 4, false);
		return true;
	}
	if (p[6] == 0xff && ((p[7] & 0xf8) == 0xd0 || ((p[7] & 0xf8) == 0x10 && p[7] != 0x14 && p[7] != 0x15)))
		return true;
	if (p[5] == 0xff && (((p[6] & 0xf8) == 0x50 && p[6] != 0x54) || p[6] == 0x14))
		return true;
	if (p[4] == 0xff && p[5] == 0x54)
		return true;
	if (p[2] == 0xff && (p[3] == 0x15 || ((p[3] & 0xf8) == 0x90 && p[3] != 0x94)))
		return true;
	return p[1] == 0xff && (p[2] == 0x14 || p[2] == 0x94);
}

static bool after_call(const struct kdx_unwind_env *env, uint64_t pc)
{
	uint64_t target;

	return call_before(env, pc, &target);
}

/* How far below the return address the function pushes bp, by its first instructions; 0: it does not. */
static unsigned bp_pushed_at(const struct kdx_unwind_env *env, uint64_t start)
{
	uint8_t code[32];
	unsigned i = 0, pushed = 0;
	struct kdf_error *e = env->code(env->arg, start, code, sizeof(code));

	if (e) {
		kdf_error_free(e);
		return 0;
	}
	while (i + 5 < sizeof(code)) {
		if (code[i] == 0xf3 && code[i + 1] == 0x0f && code[i + 2] == 0x1e)
			i += 4; /* endbr64 */
		else if (code[i] == 0xe8 || (code[i] == 0x0f && code[i + 1] == 0x1f && code[i + 2] == 0x44))
			i += 5; /* call __fentry__, or the nop it is patched to */
		else if (code[i] == 0x55)
			return (pushed + 1) * 8;
		else if ((code[i] & 0xf8) == 0x50)
			i++, pushed++;
		else if (code[i] == 0x41 && (code[i + 1] & 0xf8) == 0x50)
			i += 2, pushed++;
		else
			break;
	}
	return 0;
}

/*
 * objtool leaves out functions that play with the stack (STACK_FRAME_NON_STANDARD: __crash_kexec). Their frames are
 * small, and of all return addresses nearby just the one behind a direct call of this very function will do.
 */
static bool step_call_of_me(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
			    const struct kdx_regs *now, bool exact, struct kdx_step *out)
{
	enum { FARTHEST = 1024, ENDBR = 4 };
	uint64_t start, pc, target, sp = (now->value[SP] + 7) & ~7ULL;

	if (!env->function(env->arg, exact ? now->value[IP] : now->value[IP] - 1, &start))
		return false;
	for (uint64_t at = sp; at < sp + FARTHEST && on_a_stack(trace, at, 8); at += 8) {
		struct kdf_error *e = env->word(env->arg, at, &pc);
		unsigned bp_at;

		if (e) {
			kdf_error_free(e);
			return false;
		}
		if (!env->text(env->arg, pc) || !call_before(env, pc, &target) ||
		    (target != start && target != start + ENDBR))
			continue;
		bp_at = bp_pushed_at(env, start);
		set(&out->next, IP, pc);
		set(&out->next, SP, at + 8);
		out->slot = at;
		out->origin = KDX_FROM_CALL;
		if (!bp_at && knows(now, BP))
			set(&out->next, BP, now->value[BP]);
		else if (bp_at && at >= sp + bp_at && !(e = env->word(env->arg, at - bp_at, &target)))
			set(&out->next, BP, target);
		else if (bp_at)
			kdf_error_free(e);
		return true;
	}
	return false;
}

/* Code without ORC that keeps frame pointers: JIT-compiled BPF programs, kernels with CONFIG_UNWINDER_FRAME_POINTER. */
static bool step_frame_pointer(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
			       const struct kdx_regs *now, struct kdx_step *out)
{
	uint64_t bp = now->value[BP], saved, pc;
	struct kdf_error *e;

	if (!knows(now, BP) || bp < now->value[SP] || bp & 7 || !on_a_stack(trace, bp, 16) ||
	    kdx_segment_of(trace, bp) != kdx_segment_of(trace, now->value[SP]))
		return false;
	e = env->word(env->arg, bp, &saved);
	if (!e)
		e = env->word(env->arg, bp + 8, &pc);
	if (e) {
		kdf_error_free(e);
		return false;
	}
	if (!env->text(env->arg, pc) || !after_call(env, pc))
		return false;
	set(&out->next, BP, saved);
	set(&out->next, IP, pc);
	set(&out->next, SP, bp + 16);
	out->slot = bp + 8;
	out->origin = KDX_FROM_FRAME_POINTER;
	return true;
}

/* The next word on the stack that is an address right behind a call. */
static bool step_scan(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace, const struct kdx_regs *now,
		      struct kdx_step *out)
{
	int i = kdx_segment_of(trace, now->value[SP]);
	uint64_t pc;

	if (i < 0)
		return false;
	for (uint64_t at = (now->value[SP] + 7) & ~7ULL; at < trace->segment[i].high; at += 8) {
		struct kdf_error *e = env->word(env->arg, at, &pc);

		if (e) {
			kdf_error_free(e);
			return false;
		}
		if (!env->text(env->arg, pc) || !after_call(env, pc))
			continue;
		set(&out->next, IP, pc);
		set(&out->next, SP, at + 8);
		out->slot = at;
		out->origin = KDX_FROM_SCAN;
		return true;
	}
	return false;
}

/* A jump to nowhere (a function pointer that was NULL or garbage): the caller's return address is still on top. */
static bool jumped_away(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace, const struct kdx_regs *now,
			bool exact)
{
	uint64_t pc;
	struct kdf_error *e;

	if (!exact || env->text(env->arg, now->value[IP]) || !on_a_stack(trace, now->value[SP], 8))
		return false;
	e = env->word(env->arg, now->value[SP], &pc);
	if (e) {
		kdf_error_free(e);
		return false;
	}
	return env->text(env->arg, pc) && after_call(env, pc);
}

static struct kdf_error *step(const struct kdx_unwind_env *env, const struct kdx_backtrace *trace,
			      const struct kdx_regs *now, bool exact, bool checked_only, struct kdx_step *out)
{
	static const struct kdx_orc_entry pushed_nothing = {.sp_offset = 8, .sp_reg = KDX_ORC_SP, .type = KDX_ORC_CALL};
	uint64_t pc = now->value[IP];
	struct kdx_orc_entry orc;
	struct kdf_error *e;

	if (jumped_away(env, trace, now, exact))
		return step_orc(env, trace, &pushed_nothing, now, out);
	/* A return address may be the first byte of the next function when the call never returns. */
	if (env->orc && env->orc(env->arg, exact ? pc : pc - 1, &orc))
		e = step_orc(env, trace, &orc, now, out);
	else
		e = kdf_err(KDF_NOT_FOUND, "pc %#llx: no ORC entry covers it", (unsigned long long)pc);
	if (!e)
		return NULL;
	memset(out, 0, sizeof(*out));
	if (step_call_of_me(env, trace, now, exact, out)) {
		kdf_error_free(e);
		return NULL;
	}
	if (checked_only)
		return e;
	if (step_frame_pointer(env, trace, now, out) || step_scan(env, trace, now, out)) {
		kdf_error_free(e);
		return NULL;
	}
	return e;
}

/* ---- starting points ---- */

static struct kdf_error *sleeping(struct kdx_session *session, uint64_t task, struct kdx_unwind_start *out)
{
	/* struct inactive_task_frame: r15 r14 r13 r12 bx bp ret_addr */
	static const unsigned order[] = {R15, R14, R13, R12, BX, BP, IP};
	uint64_t sp, word[sizeof(order) / sizeof(order[0])];
	struct kdf_error *e = kdx_get(session, task, KDX_task_thread_sp, &sp);

	if (e)
		return e;
	if (sp & 7)
		return kdf_err(KDF_CORRUPT, "task %#llx: its saved stack pointer %#llx is not aligned",
			       (unsigned long long)task, (unsigned long long)sp);
	e = kdx_read(session, sp, word, sizeof(word), "what the scheduler saved on the stack");
	if (e)
		return e;
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		set(&out->regs, order[i], kdf_load_uint(&word[i], 8, session->big_endian));
	set(&out->regs, SP, sp + sizeof(word));
	out->slot = sp + sizeof(word) - 8;
	out->origin = KDX_FROM_SWITCH;
	out->exact = false;
	return NULL;
}

static bool prstatus(const void *desc, size_t size, bool big_endian, struct kdx_regs *regs, int32_t *pid)
{
	enum { PID_AT = 32, REGS_AT = 112 }; /* struct elf_prstatus */
	const uint8_t *p = desc;

	if (size < REGS_AT + PT_REGS_SIZE)
		return false;
	*pid = (int32_t)kdf_load_uint(p + PID_AT, 4, big_endian);
	memset(regs, 0, sizeof(*regs));
	for (unsigned i = 0; i < NREGS; i++)
		set_saved(regs, i, kdf_load_uint(p + REGS_AT + i * 8, 8, big_endian));
	return true;
}

/* ---- the stacks of a CPU ---- */

static bool percpu_value(struct kdx_session *session, enum kdx_row symbol, uint64_t offset, unsigned cpu, uint64_t *out)
{
	const struct kdx_field *field = kdx_field(session, symbol);
	uint64_t at;
	struct kdf_error *e;

	if (!field)
		return false;
	e = kdx_percpu_address(session, field->value, cpu, &at);
	if (!e)
		e = kdx_read_ptr(session, at + offset, out, "per-CPU pointer to a stack");
	if (e) {
		kdf_error_free(e);
		return false;
	}
	return *out != 0;
}

static void add_irq_stack(struct kdx_session *session, unsigned cpu, struct kdx_backtrace *out)
{
	const struct kdx_field *hot = kdx_field(session, KDX_pcpu_hot_hardirq_stack_ptr);
	const struct kdx_field *type = kdx_field(session, KDX_irq_stack);
	uint64_t top, size = type ? type->size : kdx_machine_x86_64.stack_size;

	/* A variable of its own, but from 6.2 to 6.14 a member of pcpu_hot. Until 5.11 it holds the upper end,
	 * since then the last word below it, where the interrupted sp is kept. */
	if (!percpu_value(session, KDX_hardirq_stack_ptr, 0, cpu, &top) &&
	    (!hot || !percpu_value(session, KDX_pcpu_hot, hot->offset, cpu, &top)))
		return;
	top = (top + 4095) & ~4095ULL;
	if (top > size)
		kdx_segment_add(out, top - size, top, "IRQ", KDX_STACK_IRQ);
}

static void add_exception_stacks(struct kdx_session *session, unsigned cpu, struct kdx_backtrace *out)
{
	static const struct {
		enum kdx_row row;
		const char *name;
	} stacks[] = {
		{KDX_estacks_df, "DOUBLEFAULT"}, {KDX_estacks_nmi, "NMI"}, {KDX_estacks_db, "DEBUG"},
		{KDX_estacks_mce, "MCE"},        {KDX_estacks_vc, "VC"},   {KDX_estacks_vc2, "VC2"},
	};
	const struct kdx_field *in_area = kdx_field(session, KDX_cpu_entry_area_estacks);
	const struct kdx_field *entry = kdx_field(session, KDX_cpu_entry_area_entry_stack);
	uint64_t base;

	if (!percpu_value(session, KDX_cea_exception_stacks, 0, cpu, &base))
		return;
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++) {
		const struct kdx_field *field = kdx_field(session, stacks[i].row);

		if (field)
			kdx_segment_add(out, base + field->offset, base + field->offset + field->size, stacks[i].name,
					KDX_STACK_EXCEPTION);
	}
	/* struct cpu_entry_area holds both the exception stacks and the page that user mode enters on. Its place
	 * per CPU is random since 6.2, so it is counted back from the exception stacks. */
	if (in_area && entry && base > in_area->offset) {
		uint64_t low = base - in_area->offset + entry->offset;

		kdx_segment_add(out, low, low + entry->size, "entry trampoline", KDX_STACK_ENTRY);
	}
}

static void segments(struct kdx_session *session, unsigned cpu, struct kdx_backtrace *out)
{
	add_irq_stack(session, cpu, out);
	add_exception_stacks(session, cpu, out);
}

const struct kdx_machine kdx_machine_x86_64 = {
	.name = "x86_64",
	.nregs = NREGS,
	.pc = IP,
	.sp = SP,
	.pt_regs_size = PT_REGS_SIZE,
	.kernel_made = 1ULL << ORIG_AX,
	.stack_size = 16384,
	.reg_name = reg_names,
	.print = print_order,
	.alias_prefix = "__ia32_",
	.native_prefix = "__x64_",
	.stopped_in = stopped_in,
	.step = step,
	.sleeping = sleeping,
	.segments = segments,
	.prstatus = prstatus,
	.user_mode = user_mode,
};
