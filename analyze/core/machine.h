/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What unwinding knows of a machine: one table a machine, machine-NAME.c, listed in machine.c.
 */
#ifndef KDX_CORE_MACHINE_H
#define KDX_CORE_MACHINE_H

#include "unwind.h"

/* A register as register blocks print it. */
struct kdx_machine_print {
	const char *label; /* "RIP", "ORIG_RAX": as wide as it is to be printed */
	unsigned reg;
	unsigned digits; /* hex digits, zero-filled */
	bool last;       /* of its line */
};

/* One step outwards. */
struct kdx_step {
	bool end; /* the frame now looked at is the outermost */
	struct kdx_regs next;
	bool exact;
	uint64_t slot; /* where the next pc was read from; 0: it is in saved registers */
	enum kdx_origin origin;
	bool has_regs, partial, user;
	uint64_t regs_at;
};

struct kdx_machine {
	const char *name; /* as kdf_info()->machine has it */
	unsigned nregs, pc, sp;
	unsigned pt_regs_size;
	uint64_t kernel_made; /* bits of "registers" that the kernel's entry code makes up: no hypervisor knows them */
	uint64_t stack_size;  /* of a task and of an IRQ stack when no type tells */
	const char *const *reg_name;           /* for JSON: "rip" */
	const struct kdx_machine_print *print; /* ends with label NULL */
	/* System calls without arguments have several names at one address; of these the second is the native entry. */
	const char *alias_prefix, *native_prefix;
	/* Functions in which a CPU ends up once the system crashes, in the order they are looked for. */
	const char *const *stopped_in; /* ends with NULL */

	/* Where the walk goes from here. checked_only: see kdx_unwind_start. */
	struct kdf_error *(*step)(const struct kdx_unwind_env *, const struct kdx_backtrace *,
				  const struct kdx_regs *now, bool exact, bool checked_only, struct kdx_step *out);
	/* The registers that the scheduler saved for a task that does not run. */
	struct kdf_error *(*sleeping)(struct kdx_session *, uint64_t task, struct kdx_unwind_start *out);
	/* The stacks of a CPU besides the task's; what this kernel lacks is left out. */
	void (*segments)(struct kdx_session *, unsigned cpu, struct kdx_backtrace *out);
	/* Registers and pid out of an NT_PRSTATUS descriptor; false: not one of this machine. */
	bool (*prstatus)(const void *desc, size_t size, bool big_endian, struct kdx_regs *regs, int32_t *pid);
	bool (*user_mode)(const struct kdx_regs *);
};

/* NULL: this build knows nothing of that machine. */
const struct kdx_machine *kdx_machine_by_name(const char *name);
/* The machine of the session's dump; KDF_UNSUPPORTED naming it and those that are known. */
struct kdf_error *kdx_machine(struct kdx_session *, const struct kdx_machine **out) KDF_MUST_CHECK;

/* Adds a stack; one too many, an empty or an absurdly large one (over 1 MiB) is left out. */
void kdx_segment_add(struct kdx_backtrace *, uint64_t low, uint64_t high, const char *name, enum kdx_segment_kind);

extern const struct kdx_machine kdx_machine_x86_64;

#endif
