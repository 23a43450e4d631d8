// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpu.h"

#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/bytes.h"

enum { NT_PRSTATUS = 1, NOTE_HEAD = 12, NOTE_NAME = 8, PRSTATUS_MAX = 1024 };

/* A pointer at symbol + offset in the CPU's own data. */
static struct kdf_error *percpu_pointer(struct kdx_session *session, enum kdx_row symbol, uint64_t offset, unsigned cpu,
					const char *what, uint64_t *out)
{
	const struct kdx_field *field;
	uint64_t at;
	struct kdf_error *e = kdx_need(session, symbol, &field);

	if (!e)
		e = kdx_percpu_address(session, field->value, cpu, &at);
	if (!e)
		e = kdx_read_ptr(session, at + offset, out, what);
	return e;
}

static struct kdf_error *rq_address(struct kdx_session *session, unsigned cpu, uint64_t *out)
{
	const struct kdx_field *field;
	struct kdf_error *e = kdx_need(session, KDX_runqueues, &field);

	return e ? e : kdx_percpu_address(session, field->value, cpu, out);
}

struct kdf_error *kdx_cpu_idle(struct kdx_session *session, unsigned cpu, uint64_t *task)
{
	uint64_t rq;
	struct kdf_error *e = rq_address(session, cpu, &rq);

	return e ? e : kdx_get(session, rq, KDX_rq_idle, task);
}

struct kdf_error *kdx_cpu_clock(struct kdx_session *session, unsigned cpu, uint64_t *ns)
{
	uint64_t rq;
	struct kdf_error *e = rq_address(session, cpu, &rq);

	return e ? e : kdx_get(session, rq, KDX_rq_clock, ns);
}

struct kdf_error *kdx_cpu_current(struct kdx_session *session, unsigned cpu, uint64_t *task)
{
	const struct kdx_field *hot = kdx_field(session, KDX_pcpu_hot_current_task);
	struct kdf_error *e;
	uint64_t rq;

	/* current_task alone; in pcpu_hot from 6.2 to 6.14; machines without either keep it in rq->curr, which
	 * during a switch is already the next task. */
	if (hot && kdx_has(session, KDX_pcpu_hot))
		e = percpu_pointer(session, KDX_pcpu_hot, hot->offset, cpu, "current task", task);
	else
		e = percpu_pointer(session, KDX_current_task, 0, cpu, "current task", task);
	if (!e && *task)
		return NULL;
	kdf_error_free(e);
	e = rq_address(session, cpu, &rq);
	if (!e)
		e = kdx_get(session, rq, KDX_rq_curr, task);
	if (!e && !*task)
		e = kdf_err(KDF_NOT_FOUND, "CPU %u has no current task", cpu);
	return e;
}

static bool read_cpu_number(struct kdx_session *session, enum kdx_row row, unsigned *cpu)
{
	const struct kdx_field *field = kdx_field(session, row);
	uint32_t value;
	struct kdf_error *e;

	if (!field)
		return false;
	e = kdx_read_u32(session, field->value, &value, kdx_row_name(row));
	if (e) {
		kdf_error_free(e);
		return false;
	}
	*cpu = value; /* -1: nobody */
	return (int32_t)value >= 0 && value < kdx_cpu_limit(session);
}

struct kdf_error *kdx_cpu_panicked(struct kdx_session *session, unsigned *cpu)
{
	/* panic_cpu on all machines; crashing_cpu stays -1 on kernels for one CPU */
	if (read_cpu_number(session, KDX_panic_cpu, cpu) || read_cpu_number(session, KDX_crashing_cpu, cpu))
		return NULL;
	return kdf_err(KDF_NOT_FOUND, "no CPU panicked (panic_cpu and crashing_cpu are unset)");
}

/* ---- saved registers ---- */

/* What crash_save_cpu() wrote: one ELF note in the CPU's own buffer. */
static bool own_note(struct kdx_session *session, const struct kdx_machine *machine, unsigned cpu, struct kdx_regs *out)
{
	const struct kdx_field *field = kdx_field(session, KDX_crash_notes);
	uint8_t note[NOTE_HEAD + NOTE_NAME + PRSTATUS_MAX];
	uint64_t percpu, at, size;
	int32_t pid;
	struct kdf_error *e;

	if (!field)
		return false;
	e = kdx_read_ptr(session, field->value, &percpu, "crash_notes");
	if (!e)
		e = kdx_percpu_address(session, percpu, cpu, &at);
	if (!e)
		e = kdx_read(session, at, note, NOTE_HEAD + NOTE_NAME, "crash note");
	if (e)
		goto none;
	size = kdf_load_uint(note + 4, 4, session->big_endian);
	if (kdf_load_uint(note, 4, session->big_endian) != sizeof("CORE") || size > PRSTATUS_MAX ||
	    kdf_load_uint(note + 8, 4, session->big_endian) != NT_PRSTATUS || memcmp(note + NOTE_HEAD, "CORE", 5))
		return false;
	e = kdx_read(session, at + NOTE_HEAD + NOTE_NAME, note, size, "crash note");
	if (e)
		goto none;
	return machine->prstatus(note, size, session->big_endian, out, &pid);
none:
	kdf_error_free(e);
	return false;
}

static bool by_hypervisor(const struct kdf *dump)
{
	for (size_t i = 0; i < kdf_note_count(dump); i++) {
		const struct kdf_note *note = kdf_note(dump, i);

		if (note && note->name && !strcmp(note->name, "QEMU"))
			return true;
	}
	return false;
}

struct wanted {
	const struct kdx_backtrace *trace;
	unsigned cpu;
	int32_t pid;
	bool ordered; /* the cpu-th note is the CPU's */
};

static bool note_fits(const struct kdx_machine *machine, const struct wanted *want, size_t nth,
		      const struct kdx_regs *regs, int32_t pid)
{
	if (want->ordered)
		return nth == want->cpu;
	if (!machine->user_mode(regs) && kdx_segment_of(want->trace, regs->value[machine->sp]) >= 0)
		return true;
	return want->pid > 0 && pid == want->pid;
}

struct kdf_error *kdx_cpu_registers(struct kdx_session *session, const struct kdx_machine *machine, unsigned cpu,
				    int32_t current_pid, const struct kdx_backtrace *trace, struct kdx_regs *out)
{
	struct wanted want = {trace, cpu, current_pid, by_hypervisor(session->dump)};
	size_t nth = 0;

	if (own_note(session, machine, cpu, out))
		return NULL;
	for (size_t i = 0; i < kdf_note_count(session->dump); i++) {
		const struct kdf_note *note = kdf_note(session->dump, i);
		int32_t pid;

		if (!note || !note->name || strcmp(note->name, "CORE") || note->type != NT_PRSTATUS ||
		    !machine->prstatus(note->desc, note->size, session->big_endian, out, &pid))
			continue;
		if (!note_fits(machine, &want, nth++, out, pid))
			continue;
		if (want.ordered)
			out->known &= ~machine->kernel_made;
		return NULL;
	}
	return kdf_err(KDF_NOT_FOUND, "the dump has no registers of CPU %u (bt -t lists what its stack holds)", cpu);
}
