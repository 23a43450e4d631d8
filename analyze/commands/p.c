// SPDX-License-Identifier: GPL-2.0-or-later
/* p: values of C expressions. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "analyze/expr/print.h"
#include "base/cleanup.h"
#include "context.h"

/* The line is not parsed by this table (raw_line): an expression may hold anything. It is what help shows. */
static const struct kdf_option options[] = {
	{ 'x', NULL, NULL, "Numbers in hex.", 0 },
	{ 'd', NULL, NULL, "Numbers in decimal.", 0 },
	{ 'u', NULL, NULL, "Pointers point into the memory of the context task.", 0 },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "p jiffies", "a variable" },
	{ "p init_task.comm", "a member" },
	{ "p *init_task.sched_class", "what a pointer points to" },
	{ "p &init_task.tasks", "where something is" },
	{ "p sizeof(struct page)", "a size" },
	{ "p/x 1 << 20", "a format behind a slash: x d u o t c a z s" },
	{ "p init_task.comm[0]@4", "some elements of an array" },
	{ "p runqueues", "where a per-CPU variable is" },
	{ "p runqueues.nr_running:a", "on every CPU" },
	{ "p ((struct task_struct *)&init_task)->pid", "a cast" },
	{ "p container_of(&init_task.tasks, struct task_struct, tasks)", "the structure around a member" },
	{ NULL, NULL },
};

struct request {
	struct kdx_call *call;
	struct kdx_expr x;
	unsigned radix;
	char format;
	bool user;
	char *text;                      /* the expression without its CPU part */
	const struct kdx_symbol *symbol; /* the text is this symbol's name */
};

static struct kdf_error *show(struct request *r, const struct kdx_value *v, const char *label, int cpu)
{
	struct kdx_out *out = r->call->out;
	struct kdx_print p = { .out = out, .space = r->x.space, .radix = r->radix, .format = r->format };
	KDF_AUTO_FREE char *type = NULL;
	const struct kdx_type *plain;
	unsigned n;
	struct kdf_error *e;

	if (!v->type)
		return kdf_err(KDF_NO_DEBUG,
			       "the type of '%s' is unknown (types from: %s): cast it, as in p *(unsigned long *)&%s",
			       r->text, kdx_typedb_source(r->call->session), r->text);
	if ((e = kdx_derived_declare(r->call->session, v->type, "", &type)) ||
	    (e = kdx_derived_strip(r->call->session, v->type, &plain)))
		return e;
	for (size_t len = strlen(type); len && type[len - 1] == ' ';)
		type[--len] = '\0';
	if ((e = kdx_value_readable(&r->x.space, v)))
		return e;
	if ((e = kdx_history_add(r->call->shell, v, &n)))
		return e;
	kdx_record_kind(out, "value");
	kdx_str(out, "expression", r->text, NULL);
	if (cpu >= 0)
		kdx_int(out, "cpu", cpu, NULL);
	kdx_uint(out, "history", n, NULL);
	kdx_str(out, "type", type, NULL);
	if (v->place == KDX_IN_MEMORY)
		kdx_hex(out, "address", v->address, NULL);
	kdx_text(out, "%s$%u = ", label, n);
	/* As crash lays it out: a named array begins on its own line. */
	if (*label && cpu < 0 && ((plain->kind == KDX_ARRAY && plain->elements) || plain->kind == KDX_FUNCTION))
		kdx_text(out, "\n ");
	e = kdx_print_value(&p, "value", v, true);
	kdx_text(out, "\n");
	kdx_record_end(out);
	return e;
}

/* ---- per-CPU ---- */

static struct kdf_error *list_instances(struct request *r)
{
	struct kdx_session *s = r->call->session;
	const struct kdx_type *type;
	KDF_AUTO_FREE char *declared = NULL;
	struct kdf_error *e = kdx_variable_type(s, r->symbol->name, &type);

	if (e)
		kdf_error_free(e);
	else if ((e = kdx_derived_declare(s, type, r->symbol->name, &declared)))
		return e;
	kdx_record_kind(r->call->out, "per-cpu");
	kdx_str(r->call->out, "declaration", declared, "PER-CPU DATA TYPE:\n  %s;\n",
		declared ? declared : r->symbol->name);
	kdx_text(r->call->out, "PER-CPU ADDRESSES:\n");
	kdx_array(r->call->out, "addresses");
	for (unsigned cpu = 0; cpu < kdx_cpu_limit(s); cpu++) {
		bool possible = false, online = false;
		uint64_t address;

		if ((e = kdx_cpu_possible(s, cpu, &possible)))
			return e;
		if (!possible)
			continue;
		if ((e = kdx_cpu_online(s, cpu, &online)) ||
		    (e = kdx_percpu_address(s, r->symbol->address, cpu, &address)))
			return e;
		kdx_object(r->call->out, NULL);
		kdx_uint(r->call->out, "cpu", cpu, "  [%u]: ", cpu);
		kdx_hex(r->call->out, "address", address, "%" PRIx64 "%s\n", address, online ? "" : "  [OFFLINE]");
		kdx_bool(r->call->out, "online", online, NULL);
		kdx_object_end(r->call->out);
	}
	kdx_array_end(r->call->out);
	kdx_record_end(r->call->out);
	return NULL;
}

static struct kdf_error *each_cpu(struct request *r, const char *cpus)
{
	KDF_AUTO_FREE bool *set = NULL;
	struct kdf_error *e;

	if (r->symbol && !kdx_is_percpu(r->call->session, r->symbol))
		return kdf_err(KDF_USAGE, "'%s' is not a per-CPU symbol", r->text);
	e = kdx_cpu_set(r->call->session, cpus, kdx_context_cpu(r->call->shell), &set);
	for (unsigned cpu = 0; !e && cpu < kdx_cpu_limit(r->call->session); cpu++) {
		KDF_AUTO_FREE char *label = NULL;
		struct kdx_value v;

		if (!set[cpu])
			continue;
		r->x.cpu = (int)cpu;
		if (asprintf(&label, "per_cpu(%s, %u) = ", r->text, cpu) < 0) {
			label = NULL;
			return kdf_err(KDF_NOMEM, "out of memory");
		}
		e = kdx_expr_eval(&r->x, r->text, &v);
		if (!e)
			e = show(r, &v, label, (int)cpu);
	}
	return e;
}

/* ---- the line ---- */

/* "/x", "-x -u": what stands in front of the expression. -5 and -x+1 are expressions. */
static struct kdf_error *take_options(struct request *r, const char **line)
{
	const char *p = *line;

	if (*p == '/') {
		if (!p[1] || !strchr("xduotcazs", p[1]) || !isspace((unsigned char)p[2]))
			return kdf_err(KDF_USAGE, "unknown format '%.2s' (one of: x d u o t c a z s)", p);
		r->format = p[1];
		p += 2 + strspn(p + 2, " \t");
	}
	while (p[0] == '-' && p[1] && strspn(p + 1, "xdu") == strcspn(p + 1, " \t")) {
		for (p++; *p && *p != ' ' && *p != '\t'; p++) {
			r->radix = *p == 'x' ? 16 : *p == 'd' ? 10 : r->radix;
			r->user = r->user || *p == 'u';
		}
		p += strspn(p, " \t");
	}
	*line = p;
	return NULL;
}

static struct kdf_error *evaluate(struct request *r, const char *cpus)
{
	KDF_AUTO_FREE char *label = NULL;
	struct kdx_value v;
	struct kdf_error *e;

	r->symbol = kdx_symbol_by_name(r->call->session, r->text);
	if (cpus)
		return each_cpu(r, cpus);
	if (r->symbol && kdx_is_percpu(r->call->session, r->symbol))
		return list_instances(r);
	if ((e = kdx_expr_eval(&r->x, r->text, &v)))
		return e;
	if (asprintf(&label, "%s = ", r->text) < 0) {
		label = NULL;
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	/* p/x is gdb's own form and names nothing. */
	return show(r, &v, r->symbol && !r->format ? label : "", -1);
}

static struct kdf_error *run(struct kdx_call *call)
{
	struct request r = { .call = call, .radix = call->shell->radix };
	const char *line = call->line, *cpus;
	size_t n;
	struct kdf_error *e = take_options(&r, &line);

	if (e)
		return e;
	if (!*line)
		return kdf_err(KDF_USAGE, "which expression?");
	kdx_cpu_part(line, &n, &cpus);
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if ((e = kdx_call_expr(call, r.user, &r.x)))
		return e;
	r.text = strndup(line, n);
	if (!r.text)
		return kdf_err(KDF_NOMEM, "out of memory");
	e = evaluate(&r, cpus);
	free(r.text);
	return e;
}

const struct kdx_command kdx_command_p = {
	.name = "p",
	.alias = "print",
	.summary = "values of C expressions",
	.words = "expression[:cpus]",
	.about =
		"Evaluates a C expression over the dump: variables by name, members, indexes, casts, arithmetic, "
		"comparison, "
		"sizeof, offsetof, container_of. first@count shows that many elements. Each value gets a number: $1 is "
		"the first, $ the last, $$ the one before.\n"
		"A per-CPU variable needs its CPU behind a colon: runqueues:0, runqueues:1-3, runqueues:a for all, and "
		"a bare "
		"colon for the CPU of the context task. Without one the addresses are listed.\n"
		"Types of variables come from DWARF. BTF knows those of per-CPU variables and functions alone; others "
		"are cast: "
		"p *(unsigned long *)&jiffies.\n"
		"The signs | and > go into parentheses when they are meant as operators: p (a > b).",
	.options = options,
	.examples = examples,
	.raw_line = true,
	.run = run,
};
