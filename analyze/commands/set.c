// SPDX-License-Identifier: GPL-2.0-or-later
/* set: the context task, and what changes how other commands print. */
#include <inttypes.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "base/num.h"
#include "context.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 'p', NULL, NULL, "Back to the panic task.", 0 },
	{ 'c', NULL, "CPU", "The task that ran on a CPU.", 0 },
	{ 'v', NULL, NULL, "Shows the variables.", 0 },
	{ 'a', NULL, NULL, "Makes the task the active one of its CPU.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "set", "the context task" },
	{ "set 1", "task 1 becomes the context" },
	{ "set -c 0", "the task that ran on CPU 0" },
	{ "set -p", "back to the panic task" },
	{ "set radix 10", "numbers are printed in decimal" },
	{ "set -v", "all variables" },
	{ NULL, NULL },
};

/* ---- variables ---- */

static void show_radix(struct kdx_out *out, const struct kdx_shell *shell)
{
	kdx_uint(out, "radix", shell->radix, "output radix: %u (%s)\n", shell->radix,
		 shell->radix == 16 ? "hex" : "decimal");
}

static struct kdf_error *set_radix(struct kdx_call *call, const char *value)
{
	if (value && !strcmp(value, "16"))
		call->shell->radix = 16;
	else if (value && !strcmp(value, "10"))
		call->shell->radix = 10;
	else if (value)
		return kdf_err(KDF_USAGE, "invalid output radix: %s (10 or 16)", value);
	show_radix(call->out, call->shell);
	return NULL;
}

static struct kdf_error *set_scroll(struct kdx_call *call, const char *value)
{
	if (value && (!strcmp(value, "on") || !strcmp(value, "1")))
		call->shell->scroll = true;
	else if (value && (!strcmp(value, "off") || !strcmp(value, "0")))
		call->shell->scroll = false;
	else if (value)
		return kdf_err(KDF_USAGE, "scroll is on or off, not: %s (the environment's KDX_PAGER names the pager)",
			       value);
	kdx_bool(call->out, "scroll", call->shell->scroll, "scroll: %s\n", call->shell->scroll ? "on" : "off");
	return NULL;
}

static struct kdf_error *set_hex(struct kdx_call *call, const char *value)
{
	(void)value;
	return set_radix(call, "16");
}

static struct kdf_error *set_dec(struct kdx_call *call, const char *value)
{
	(void)value;
	return set_radix(call, "10");
}

static const struct variable {
	const char *name;
	bool takes_value;
	struct kdf_error *(*set)(struct kdx_call *, const char *value); /* value NULL: only shows */
} variables[] = {
	{ "radix", true, set_radix },
	{ "scroll", true, set_scroll },
	{ "hex", false, set_hex },
	{ "dec", false, set_dec },
};

/* crash's variables that kdx does not have (yet). */
static bool known_elsewhere(const char *name)
{
	static const char *const other[] = { "refresh",  "print_max", "print_array",   "console",   "debug",
					     "core",     "hash",      "silent",        "edit",      "namelist",
					     "dumpfile", "unwind",    "zero_excluded", "null-stop", "gdb",
					     "scope",    "offline",   "redzone",       "error" };

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (!strcmp(other[i], name))
			return true;
	return false;
}

static void show_all(struct kdx_out *out, const struct kdx_shell *shell)
{
	const struct kdx_session *s = shell->session;

	kdx_record_kind(out, "variables");
	kdx_bool(out, "scroll", shell->scroll, "%14s: %s\n", "scroll", shell->scroll ? "on" : "off");
	kdx_uint(out, "radix", shell->radix, "%14s: %u (%s)\n", "radix", shell->radix,
		 shell->radix == 16 ? "hex" : "decimal");
	kdx_bool(out, "silent", shell->silent, "%14s: %s\n", "silent", shell->silent ? "on" : "off");
	kdx_str(out, "namelist", s->vmlinux_path, "%14s: %s\n", "namelist",
		s->vmlinux_path ? s->vmlinux_path : "(none)");
	kdx_str(out, "dumpfile", s->dump_path, "%14s: %s\n", "dumpfile", s->dump_path ? s->dump_path : "(none)");
	kdx_record_end(out);
}

static const struct variable *variable_of(const char *name)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		if (!strcmp(variables[i].name, name))
			return &variables[i];
	return NULL;
}

static struct kdf_error *set_variables(struct kdx_call *call)
{
	const char *const *word = call->args.word;

	for (size_t i = 0; i < call->args.nword; i++) {
		const struct variable *v = variable_of(word[i]);
		bool value = v && v->takes_value && i + 1 < call->args.nword;
		struct kdf_error *e;

		if (!v)
			return kdf_err(KDF_UNSUPPORTED, "set %s is not supported yet", word[i]);
		kdx_record_kind(call->out, "variables");
		e = v->set(call, value ? word[i + 1] : NULL);
		kdx_record_end(call->out);
		if (e)
			return e;
		i += value;
	}
	return NULL;
}

/* ---- the context ---- */

static struct kdf_error *task_of_cpu(struct kdx_session *s, const char *text, uint64_t *task)
{
	const struct kdx_task_table *table;
	const struct kdx_task *t;
	uint64_t cpu;
	bool possible = false;
	struct kdf_error *e = kdx_tasks(s, &table);

	if (e)
		return e;
	if (!kdf_parse_u64(text, 10, &cpu))
		return kdf_err(KDF_USAGE, "invalid cpu number: %s", text);
	if (cpu < kdx_cpu_limit(s) && (e = kdx_cpu_possible(s, (unsigned)cpu, &possible)))
		return e;
	if (!possible)
		return kdf_err(KDF_NOT_FOUND, "invalid cpu number: %s (this system has CPUs 0 to %u)", text,
			       kdx_cpu_limit(s) - 1);
	t = kdx_task_on_cpu(table, (unsigned)cpu);
	if (!t)
		return kdf_err(KDF_NOT_FOUND, "nothing in the dump tells which task ran on CPU %s", text);
	*task = t->task;
	return NULL;
}

static struct kdf_error *choose(struct kdx_call *call, uint64_t *task)
{
	const struct kdx_task *t;
	struct kdf_error *e;

	if (kdf_args_count(&call->args, 'p'))
		return kdx_context_default(call->session, task);
	if (kdf_args_count(&call->args, 'c'))
		return task_of_cpu(call->session, kdf_args_value(&call->args, 'c'), task);
	if (!call->args.nword)
		return NULL;
	if (call->args.nword > 1)
		return kdf_err(KDF_USAGE, "one task at a time");
	e = kdx_task_parse(call->session, call->args.word[0], &t);
	if (!e)
		*task = t->task;
	return e;
}

static struct kdf_error *run(struct kdx_call *call)
{
	uint64_t task = call->shell->task;
	struct kdf_error *e;

	if (kdf_args_count(&call->args, 'v')) {
		show_all(call->out, call->shell);
		return NULL;
	}
	if (call->args.nword && (variable_of(call->args.word[0]) || known_elsewhere(call->args.word[0])))
		return set_variables(call);
	if ((e = choose(call, &task)))
		return e;
	call->shell->task = task;
	return kdx_context_show(call->out, call->session, task, 7);
}

const struct kdx_command kdx_command_set = {
	.name = "set",
	.summary = "the context task, and variables",
	.words = "[pid | task] | [variable [value]]...",
	.about = "Without words, shows the context: the task that bt, vtop -u, p name: and others start from. It is "
		 "the panic "
		 "task at first. With a pid or the address of a task_struct, makes that task the context.\n"
		 "Variables: radix 10 or 16 (also: hex, dec), scroll on or off.",
	.options = options,
	.examples = examples,
	.run = run,
};
