// SPDX-License-Identifier: GPL-2.0-or-later
/* struct, union, *: definitions of structures, and what they hold in the dump. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "analyze/expr/print.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "context.h"
#include "rd.h"
#include "show-type.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 'o', NULL, NULL, "Offsets of the members; with an address, the address of each.", 0 },
	{ 'l', NULL, "OFFSET", "The address is that of a member at this offset: a number, or struct.member.", 0 },
	{ 'r', NULL, NULL, "The raw bytes.", 0 },
	{ 'u', NULL, NULL, "A user address of the context task.", 0 },
	{ 'x', NULL, NULL, "Numbers in hex.", 0 },
	{ 'h', NULL, NULL, "The same as -x.", KDF_OPT_HIDDEN },
	{ 'd', NULL, NULL, "Numbers in decimal.", 0 },
	{ 'c', NULL, "COUNT", "That many structures, one behind the other; a negative count: those in front.", 0 },
	{ 'p', NULL, NULL, "With what pointers point to.", KDF_OPT_PLANNED },
	{ 'f', NULL, NULL, "An offset in the dump file.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "struct list_head", "a definition" },
	{ "struct -o page", "with offsets" },
	{ "struct task_struct.pid,comm", "where members are" },
	{ "struct task_struct.pid,comm init_task", "what members hold" },
	{ "struct list_head init_task.tasks", "a structure in a structure" },
	{ "struct rq.nr_running runqueues:a", "on every CPU" },
	{ "task_struct.comm -l task_struct.tasks init_task.tasks", "from the address of a member" },
	{ "struct -r list_head init_task.tasks", "the bytes" },
	{ "*list_head", "the short form" },
	{ NULL, NULL },
};

enum { COUNT_MAX = 1 << 20 };

struct request {
	struct kdx_call *call;
	struct kdx_expr x;
	const struct kdx_type *type;
	const char *members; /* "a,b.c"; "": the whole structure */
	bool offsets, raw;
	unsigned radix;
	uint64_t behind; /* -l: bytes from the structure's start to the address */
	uint64_t count;
	bool backwards;
};

static const char *tag(const struct kdx_type *t)
{
	return t->kind == KDX_UNION ? "union" : "struct";
}

/* ---- values ---- */

static struct kdf_error *show_members(const struct request *r, const struct kdx_print *p, const struct kdx_value *v)
{
	const char *list = r->members;
	struct kdf_error *e = NULL;

	while (!e && *list) {
		size_t n = strcspn(list, ",");
		KDF_AUTO_FREE char *path = strndup(list, n);
		struct kdx_value m;

		if (!path)
			return kdf_err(KDF_NOMEM, "out of memory");
		e = kdx_value_member(&r->x.space, v, path, &m);
		if (!e) {
			kdx_text(r->call->out, "  %s = ", path);
			e = kdx_print_member(p, path, &m, 2);
			kdx_text(r->call->out, ",\n");
		}
		list += n + (list[n] == ',');
	}
	return e;
}

static struct kdf_error *show_value(const struct request *r, uint64_t address, int cpu)
{
	struct kdx_out *out = r->call->out;
	struct kdx_print p = { .out = out, .space = r->x.space, .radix = r->radix };
	struct kdx_value v = { .type = r->type, .place = KDX_IN_MEMORY, .address = address };
	struct kdf_error *e = kdx_value_readable(&r->x.space, &v);

	if (e)
		return e;
	kdx_record_kind(out, tag(r->type));
	kdx_str(out, "type", r->type->name, NULL);
	kdx_hex(out, "address", address, NULL);
	if (cpu >= 0)
		kdx_int(out, "cpu", cpu, NULL);
	if (*r->members) {
		kdx_object(out, "value");
		e = show_members(r, &p, &v);
		kdx_object_end(out);
	} else {
		kdx_text(out, "%s %s ", tag(r->type), r->type->name ? r->type->name : "");
		e = kdx_print_value(&p, "value", &v, false);
		kdx_text(out, "\n");
	}
	kdx_record_end(out);
	return e;
}

static struct kdf_error *show_one(const struct request *r, uint64_t address, int cpu)
{
	struct kdx_type_view view = { r->call->out, r->call->session, r->offsets, true, address, r->radix };

	if (r->raw)
		return kdx_rd_lines(r->call, &r->x.space, address, r->type->size);
	if (!r->offsets)
		return show_value(r, address, cpu);
	return *r->members ? kdx_show_type_members(&view, r->type, r->members) : kdx_show_type(&view, r->type);
}

static struct kdf_error *show_array(const struct request *r, uint64_t address, int cpu)
{
	struct kdf_error *e = NULL;

	address -= r->behind;
	if (r->backwards)
		address -= (r->count - 1) * r->type->size;
	for (uint64_t i = 0; i < r->count && !e && !kdx_out_stopped(r->call->out); i++) {
		if (i && !*r->members)
			kdx_text(r->call->out, "\n");
		e = kdf_interrupted() ? kdf_err(KDF_INTERRUPTED, "interrupted") :
					show_one(r, address + i * r->type->size, cpu);
	}
	return e;
}

/* symbol:CPUS */
static struct kdf_error *show_per_cpu(struct request *r, const char *word, const char *cpus)
{
	KDF_AUTO_FREE bool *set = NULL;
	struct kdf_error *e = kdx_cpu_set(r->call->session, cpus, kdx_context_cpu(r->call->shell), &set);

	for (unsigned cpu = 0; !e && cpu < kdx_cpu_limit(r->call->session); cpu++) {
		uint64_t address;

		if (!set[cpu])
			continue;
		r->x.cpu = (int)cpu;
		if ((e = kdx_expr_address(&r->x, word, &address)))
			break;
		kdx_text(r->call->out, "[%u]: %" PRIx64 "\n", cpu, address);
		e = show_array(r, address, (int)cpu);
	}
	return e;
}

/* ---- the words ---- */

/* "task_struct.tasks" or a number of bytes. */
static struct kdf_error *embedded(struct request *r, const char *word)
{
	const char *dot = strchr(word, '.');
	KDF_AUTO_FREE char *name = dot ? strndup(word, (size_t)(dot - word)) : NULL;
	const struct kdx_type *t;
	struct kdx_member m;
	struct kdf_error *e;

	if (!dot)
		return kdx_expr_number(&r->x, word, &r->behind);
	if (!name)
		return kdf_err(KDF_NOMEM, "out of memory");
	e = kdx_aggregate_find(r->call->session, name, KDX_VOID, &t);
	if (!e)
		e = kdx_type_member(r->call->session, t, dot + 1, &m);
	if (!e)
		r->behind = m.bit_offset / 8;
	return e;
}

static struct kdf_error *set_count(struct request *r, const char *word)
{
	struct kdf_error *e = kdx_expr_number(&r->x, word, &r->count);

	if (e)
		return e;
	r->backwards = (int64_t)r->count < 0;
	if (r->backwards)
		r->count = 0 - r->count;
	if (!r->count || r->count > COUNT_MAX)
		return kdf_err(KDF_USAGE, "invalid count: %s (at most %d)", word, COUNT_MAX);
	return NULL;
}

static struct kdf_error *read_options(struct request *r)
{
	const struct kdf_args *a = &r->call->args;
	struct kdf_error *e = kdx_call_expr(r->call, kdf_args_count(a, 'u'), &r->x);
	if (!e && !a->nword)
		e = kdf_err(KDF_USAGE, "which structure?");
	if (!e && a->nword > 3)
		e = kdf_err(KDF_USAGE, "unexpected word: %s", a->word[3]);
	r->offsets = kdf_args_count(a, 'o');
	r->raw = kdf_args_count(a, 'r');
	r->radix = kdf_args_count(a, 'x') || kdf_args_count(a, 'h') ? 16 :
		   kdf_args_count(a, 'd')                           ? 10 :
								      r->call->shell->radix;
	if (!e && kdf_args_count(a, 'l'))
		e = embedded(r, kdf_args_value(a, 'l'));
	if (!e && kdf_args_count(a, 'c'))
		e = set_count(r, kdf_args_value(a, 'c'));
	else if (!e && a->nword > 2)
		e = set_count(r, a->word[2]);
	return e;
}

/* Before the first line is printed. */
static struct kdf_error *check_members(const struct request *r)
{
	const char *list = r->members;
	struct kdf_error *e = NULL;

	while (!e && *list) {
		size_t n = strcspn(list, ",");
		KDF_AUTO_FREE char *path = strndup(list, n);
		struct kdx_member m;

		e = path ? kdx_type_member(r->call->session, r->type, path, &m) : kdf_err(KDF_NOMEM, "out of memory");
		list += n + (list[n] == ',');
	}
	return e;
}

static struct kdf_error *find_type(struct request *r, char *spec)
{
	char *dot = strchr(spec, '.');
	bool is_union = !strcmp(r->call->name, "union");
	struct kdf_error *e;

	r->members = "";
	if (dot) {
		*dot = '\0';
		r->members = dot + 1;
		if (!*r->members)
			return kdf_err(KDF_USAGE, "a member's name is missing behind '%s.'", spec);
	}
	e = kdx_aggregate_find(r->call->session, spec, is_union ? KDX_UNION : KDX_VOID, &r->type);
	return e ? e : check_members(r);
}

static struct kdf_error *show_at(struct request *r, const char *word)
{
	const char *cpus;
	size_t n;
	uint64_t address;
	struct kdf_error *e;

	if (r->call->session->dump == NULL)
		return kdf_err(KDF_NOT_FOUND, "needs a dump, and none was given");
	kdx_cpu_part(word, &n, &cpus);
	KDF_AUTO_FREE char *base = strndup(word, n);
	if (!base)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (cpus)
		return show_per_cpu(r, base, cpus);
	e = kdx_expr_address(&r->x, base, &address);
	return e ? e : show_array(r, address, -1);
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdf_args *a = &call->args;
	struct request r = { .call = call, .count = 1 };
	struct kdf_error *e = read_options(&r);
	KDF_AUTO_FREE char *spec = e ? NULL : strdup(a->word[0]);

	if (e)
		return e;
	if (!spec)
		return kdf_err(KDF_NOMEM, "out of memory");
	if ((e = find_type(&r, spec)))
		return e;
	if (a->nword > 1)
		return show_at(&r, a->word[1]);
	struct kdx_type_view view = { call->out, call->session, r.offsets, false, 0, r.radix };
	return *r.members ? kdx_show_type_members(&view, r.type, r.members) : kdx_show_type(&view, r.type);
}

const struct kdx_command kdx_command_struct = {
	.name = "struct",
	.alias = "union *",
	.summary = "structures: their definition, and what they hold",
	.words = "name[.member[,member]...] [address | symbol][:cpus] [count]",
	.about = "Without an address, shows the definition of a structure or union, or the offsets of the members "
		 "named. With an "
		 "address, shows what is there. Members may be nested and indexed: task_struct.thread.sp, "
		 "task_struct.comm[0]. The name of a structure is a command by itself; *name does the same.\n"
		 "A part of a structure that the dump does not hold is shown as <excluded> or by another reason.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_TYPES,
	.run = run,
};
