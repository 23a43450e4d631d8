// SPDX-License-Identifier: GPL-2.0-or-later
#include "context.h"

#include <inttypes.h>
#include <string.h>

#include "analyze/core/memory.h"

struct kdf_error *kdx_context_default(struct kdx_session *s, uint64_t *task)
{
	const struct kdx_task *t;
	struct kdf_error *e;

	*task = 0;
	if (!s->dump)
		return NULL;
	e = kdx_task_default(s, &t);
	if (!e)
		*task = t->task;
	return e;
}

/* TASK_... as the kernel names the bits of __state and exit_state (include/linux/sched.h, 5.10 to 7.3). */
static void state_words(const struct kdx_task *t, char *buf, size_t cap)
{
	static const struct {
		const char *two, *word;
	} table[] = {
		{ "RU", "TASK_RUNNING" }, { "IN", "TASK_INTERRUPTIBLE" }, { "UN", "TASK_UNINTERRUPTIBLE" },
		{ "ST", "TASK_STOPPED" }, { "TR", "TASK_TRACED" },        { "ZO", "EXIT_ZOMBIE" },
		{ "DE", "EXIT_DEAD" },    { "PA", "TASK_PARKED" },        { "WA", "TASK_WAKING" },
		{ "ID", "TASK_IDLE" },    { "NE", "TASK_NEW" },
	};
	const char *word = "(unknown)";

	for (size_t i = 0; t->state_name && i < sizeof(table) / sizeof(table[0]); i++)
		if (!strcmp(table[i].two, t->state_name))
			word = table[i].word;
	snprintf(buf, cap, "%s", word);
}

/* Several idle tasks share pid 0. */
static unsigned same_pid(const struct kdx_task_table *table, const struct kdx_task *t, unsigned *nth)
{
	unsigned n = 0;

	for (size_t i = 0; i < table->count; i++) {
		if (table->task[i].pid != t->pid)
			continue;
		n++;
		if (&table->task[i] == t)
			*nth = n;
	}
	return n;
}

/* thread_info begins the task_struct where CONFIG_THREAD_INFO_IN_TASK is set: x86_64 since 4.9, all kernels here. */
static void show(struct kdx_out *out, const struct kdx_task_table *table, const struct kdx_task *t, unsigned width)
{
	unsigned nth = 1, of = same_pid(table, t, &nth);
	int w = (int)width;
	char state[64];

	state_words(t, state, sizeof(state));
	kdx_record_kind(out, "context");
	kdx_int(out, "pid", t->pid, "%*s: %d\n", w, "PID", t->pid);
	kdx_str(out, "comm", t->comm, "%*s: \"%s\"\n", w, "COMMAND", t->comm);
	kdx_hex(out, "task", t->task, "%*s: %016" PRIx64, w, "TASK", t->task);
	if (of > 1)
		kdx_text(out, "  (%u of %u)", nth, of);
	kdx_text(out, "  [THREAD_INFO: %016" PRIx64 "]\n", t->task);
	if (t->cpu >= 0)
		kdx_int(out, "cpu", t->cpu, "%*s: %d\n", w, "CPU", t->cpu);
	else
		kdx_null(out, "cpu", "%*s: -\n", w, "CPU");
	kdx_str(out, "state", state, "%*s: %s %s\n", w, "STATE", state,
		t->panic  ? "(PANIC)" :
		t->active ? "(ACTIVE)" :
			    "");
	kdx_bool(out, "panic", t->panic, NULL);
	kdx_bool(out, "active", t->active, NULL);
	kdx_record_end(out);
}

struct kdf_error *kdx_context_show(struct kdx_out *out, struct kdx_session *s, uint64_t task, unsigned width)
{
	const struct kdx_task_table *table;
	const struct kdx_task *t;
	struct kdf_error *e = kdx_tasks(s, &table);

	if (e)
		return e;
	t = kdx_task_by_address(table, task);
	if (!t)
		return kdf_err(KDF_NOT_FOUND, "no context task: the task table could not be read");
	show(out, table, t, width);
	return NULL;
}

unsigned kdx_context_cpu(struct kdx_shell *shell)
{
	const struct kdx_task_table *table;
	const struct kdx_task *t;
	struct kdf_error *e = kdx_tasks(shell->session, &table);

	if (e) {
		kdf_error_free(e);
		return 0;
	}
	t = kdx_task_by_address(table, shell->task);
	return t && t->cpu >= 0 ? (unsigned)t->cpu : 0;
}

/* mm_struct.pgd at mm, as a physical address. */
static struct kdf_error *pgd_of(struct kdx_session *s, uint64_t mm, uint64_t *phys)
{
	const struct kdx_type *type;
	struct kdx_member m;
	uint64_t pgd;
	struct kdf_error *e = kdx_type_find(s, "struct mm_struct", &type);

	if (!e)
		e = kdx_type_member(s, type, "pgd", &m);
	if (!e)
		e = kdx_read_ptr(s, mm + m.bit_offset / 8, &pgd, "mm_struct.pgd");
	if (!e)
		e = kdf_virt_to_phys(s->dump, pgd, phys);
	return e ? kdf_err_wrap(e, "page tables of the task") : NULL;
}

struct kdf_error *kdx_task_space(struct kdx_session *s, uint64_t task, struct kdx_space *out)
{
	const struct kdx_task_table *table;
	const struct kdx_task *t;
	struct kdf_error *e = kdx_tasks(s, &table);

	if (e)
		return e;
	t = kdx_task_by_address(table, task);
	if (!t)
		return kdf_err(KDF_NOT_FOUND, "there is no context task: choose one with set");
	if (!t->mm)
		return kdf_err(KDF_NOT_FOUND, "task %d (\"%s\") has no user address space: choose another with set",
			       t->pid, t->comm);
	out->session = s;
	return pgd_of(s, t->mm, &out->pgd_phys);
}

struct kdf_error *kdx_call_expr(struct kdx_call *call, bool user, struct kdx_expr *out)
{
	*out = (struct kdx_expr){ .space = { call->session, KDF_KERNEL_PGD }, .shell = call->shell, .cpu = -1 };
	return user ? kdx_task_space(call->session, call->shell->task, &out->space) : NULL;
}

bool kdx_global_uint(struct kdx_session *s, const char *expression, uint64_t *out)
{
	struct kdx_expr x = { .space = { s, KDF_KERNEL_PGD }, .cpu = -1 };
	struct kdx_value v, n;
	struct kdf_error *e = kdx_expr_eval(&x, expression, &v);

	if (!e)
		e = kdx_value_scalar(&x.space, &v, &n);
	if (!e)
		*out = n.bits;
	kdf_error_free(e);
	return !e;
}
