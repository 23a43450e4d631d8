// SPDX-License-Identifier: GPL-2.0-or-later
/* sys: which system this is, and why it stopped. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "analyze/kernel/module.h"
#include "base/num.h"
#include "clock.h"
#include "context.h"
#include "panic-text.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 't', NULL, NULL, "The taint mask and its letters.", 0 },
	{ 'c', NULL, NULL, "The system call table.", KDF_OPT_PLANNED },
	{ 'i', NULL, NULL, "The machine's DMI strings.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "sys", "the whole block" },
	{ "sys -t", "is the kernel tainted, and by what" },
	{ "sys --json", "the block as a record" },
	{ NULL, NULL },
};

enum { LABEL = 12, NODES_MAX = 4096 };

static bool tainted_mask(struct kdx_session *s, uint64_t *mask)
{
	return kdx_global_uint(s, "*(unsigned long *)&tainted_mask", mask);
}

/* ---- lines of the block ---- */

static void line_kernel(struct kdx_out *out, struct kdx_session *s)
{
	uint64_t mask = 0;
	bool tainted = tainted_mask(s, &mask) && mask;

	if (s->vmlinux_path)
		kdx_str(out, "kernel", s->vmlinux_path, "%*s: %s%s\n", LABEL, "KERNEL", s->vmlinux_path,
			tainted ? "  [TAINTED]" : "");
	else
		kdx_null(out, "kernel", "%*s: (no vmlinux; symbols: %s, types: %s)%s\n", LABEL, "KERNEL",
			 kdx_symtab_source(s), kdx_typedb_source(s), tainted ? "  [TAINTED]" : "");
	kdx_bool(out, "tainted", tainted, NULL);
}

static void line_dumpfile(struct kdx_out *out, struct kdx_session *s)
{
	const struct kdf_info *info = s->dump ? kdf_info(s->dump) : NULL;
	bool partial = info && (info->dump_level > 0 || info->dumped_pages < info->ram_pages);

	if (!info)
		return;
	kdx_str(out, "dumpfile", s->dump_path, "%*s: %s%s%s\n", LABEL, "DUMPFILE", s->dump_path ? s->dump_path : "",
		partial ? "  [PARTIAL DUMP]" : "", info->incomplete ? "  [INCOMPLETE]" : "");
	kdx_str(out, "format", info->format, NULL);
	kdx_bool(out, "partial", partial, NULL);
	kdx_bool(out, "incomplete", info->incomplete, NULL);
}

static unsigned count_cpus(struct kdx_session *s, unsigned *offline)
{
	unsigned online = 0, possible = 0, limit = kdx_cpu_limit(s);

	for (unsigned cpu = 0; cpu < limit; cpu++) {
		bool on = false, can = false;
		struct kdf_error *e = kdx_cpu_online(s, cpu, &on), *e2 = kdx_cpu_possible(s, cpu, &can);

		kdf_error_free(e);
		kdf_error_free(e2);
		online += on;
		possible += can;
	}
	*offline = possible > online ? possible - online : 0;
	return online;
}

static void line_cpus(struct kdx_out *out, struct kdx_session *s)
{
	unsigned offline = 0, n = kdx_symbol_count(s) ? count_cpus(s, &offline) : 0;

	/* Without symbols: as many as left their registers in the dump. */
	if (!n && s->dump)
		n = kdf_info(s->dump)->nr_cpus;
	kdx_uint(out, "cpus", n, "%*s: %u", LABEL, "CPUS", n);
	kdx_uint(out, "cpus_offline", offline, NULL);
	if (offline)
		kdx_text(out, "  [OFFLINE: %u]", offline);
	kdx_text(out, "\n");
}

static void line_date(struct kdx_out *out, const struct kdx_clock *c, bool known)
{
	time_t at = (time_t)(known ? c->real_ns / 1000000000 : 0);
	char text[80] = "(unknown)";
	struct tm tm;

	if (known && localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%a %b %e %H:%M:%S %Z %Y", &tm);
	if (known)
		kdx_int(out, "date", (int64_t)at, "%*s: %s\n", LABEL, "DATE", text);
	else
		kdx_null(out, "date", "%*s: %s\n", LABEL, "DATE", text);
}

static void line_uptime(struct kdx_out *out, const struct kdx_clock *c, bool known)
{
	uint64_t sec = known ? (uint64_t)c->boot_ns / 1000000000 : 0, days = sec / 86400;
	char text[64] = "(unknown)";
	size_t n = 0;

	if (known && days)
		n = (size_t)snprintf(text, sizeof(text), "%" PRIu64 " days, ", days);
	if (known)
		snprintf(text + n, sizeof(text) - n, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, sec / 3600 % 24,
			 sec / 60 % 60, sec % 60);
	if (known)
		kdx_double(out, "uptime_sec", (double)c->boot_ns / 1e9, "%*s: %s\n", LABEL, "UPTIME", text);
	else
		kdx_null(out, "uptime_sec", "%*s: %s\n", LABEL, "UPTIME", text);
}

/* avenrun: three averages with 11 bits behind the point (FSHIFT); shown rounded to 1/100, as /proc/loadavg does. */
static void line_load(struct kdx_out *out, struct kdx_session *s)
{
	uint64_t v[3];
	char text[80];
	size_t n = 0;

	for (unsigned i = 0; i < 3; i++) {
		char expression[48];

		snprintf(expression, sizeof(expression), "((unsigned long *)&avenrun)[%u]", i);
		if (!kdx_global_uint(s, expression, &v[i]))
			return;
		v[i] += 2048 / 200;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%" PRIu64 ".%02" PRIu64, i ? ", " : "", v[i] >> 11,
				      (v[i] & 2047) * 100 >> 11);
		if (n >= sizeof(text))
			return;
	}
	kdx_array(out, "load_average");
	for (unsigned i = 0; i < 3; i++)
		kdx_double(out, NULL, (double)(v[i] >> 11) + (double)((v[i] & 2047) * 100 >> 11) / 100, NULL);
	kdx_array_end(out);
	kdx_text(out, "%*s: %s\n", LABEL, "LOAD AVERAGE", text);
}

static void line_tasks(struct kdx_out *out, struct kdx_session *s)
{
	const struct kdx_task_table *table;
	struct kdf_error *e = kdx_tasks(s, &table);

	if (e) {
		kdx_null(out, "tasks", "%*s: (unknown: %s)\n", LABEL, "TASKS", kdf_error_text(e));
		kdf_error_free(e);
		return;
	}
	kdx_uint(out, "tasks", table->count, "%*s: %zu", LABEL, "TASKS", table->count);
	kdx_bool(out, "tasks_whole", !table->problem, NULL);
	kdx_text(out, "%s\n", table->problem ? "  [the task list is damaged]" : "");
}

static void line_uts(struct kdx_out *out, struct kdx_session *s)
{
	const struct kdf_info *info = s->dump ? kdf_info(s->dump) : NULL;

	if (!info)
		return;
	kdx_str(out, "nodename", info->nodename, "%*s: %s\n", LABEL, "NODENAME", info->nodename);
	kdx_str(out, "release", info->release, "%*s: %s\n", LABEL, "RELEASE", info->release);
	kdx_str(out, "version", info->version, "%*s: %s\n", LABEL, "VERSION", info->version);
}

static void line_machine(struct kdx_out *out, struct kdx_session *s)
{
	const char *machine = s->dump ? kdf_info(s->dump)->machine : "";
	uint64_t khz = 0;

	if (!*machine && s->dump)
		machine = kdf_info(s->dump)->uts_machine;
	kdx_str(out, "machine", machine, "%*s: %s", LABEL, "MACHINE", machine);
	/* x86 keeps both; what the CPU runs at comes first. */
	if ((kdx_global_uint(s, "*(unsigned int *)&cpu_khz", &khz) && khz) ||
	    (kdx_global_uint(s, "*(unsigned int *)&tsc_khz", &khz) && khz))
		kdx_uint(out, "mhz", khz / 1000, "  (%" PRIu64 " Mhz)", khz / 1000);
	kdx_text(out, "\n");
}

/* The RAM the kernel found, in bytes: present pages of all nodes. What the crash kernel holds is in it, and not in
 * a dump's list of frames. */
static uint64_t memory_of_nodes(struct kdx_session *s)
{
	uint64_t nodes = 1, sum = 0, page_size = kdf_info(s->dump)->page_size;

	if (!kdf_vmcoreinfo_length(s->dump, "node_data", &nodes) || nodes > NODES_MAX)
		nodes = 64;
	for (uint64_t i = 0; i < nodes; i++) {
		char expression[160];
		uint64_t node, pages;

		snprintf(expression, sizeof(expression), "((struct pglist_data **)&node_data)[%" PRIu64 "]", i);
		if (!kdx_global_uint(s, expression, &node))
			break;
		snprintf(expression, sizeof(expression), "((struct pglist_data *)0x%" PRIx64 ")->node_present_pages",
			 node);
		if (node && kdx_global_uint(s, expression, &pages))
			sum += pages;
	}
	/* Without NUMA there is one node, no array. */
	if (!sum)
		kdx_global_uint(s, "((struct pglist_data *)&contig_page_data)->node_present_pages", &sum);
	return sum * page_size;
}

static void line_memory(struct kdx_out *out, struct kdx_session *s)
{
	uint64_t bytes;
	char text[32], *dot;

	if (!s->dump)
		return;
	bytes = memory_of_nodes(s);
	if (!bytes)
		bytes = kdf_info(s->dump)->ram_pages * kdf_info(s->dump)->page_size;
	kdf_format_size(bytes, text, sizeof(text));
	dot = strstr(text, ".0 ");
	if (dot)
		memmove(dot, dot + 2, strlen(dot + 2) + 1);
	kdx_uint(out, "memory", bytes, "%*s: %s\n", LABEL, "MEMORY", text);
}

static void line_panic(struct kdx_out *out, struct kdx_session *s)
{
	char text[KDX_PANIC_TEXT], cause[KDX_PANIC_TEXT];
	struct kdf_error *e;

	if (!s->dump)
		return;
	e = kdx_panic_text(s, text, cause);
	if (*text)
		kdx_str(out, "panic", text, "%*s: \"%s\"%s\n", LABEL, "PANIC", text,
			*cause ? " (check log for details)" : "");
	else
		kdx_null(out, "panic", "%*s: %s%s\n", LABEL, "PANIC", e ? "(the log cannot be read) " : "\"\"",
			 e ? kdf_error_text(e) : "");
	if (*cause)
		kdx_str(out, "cause", cause, NULL);
	kdf_error_free(e);
}

static void block(struct kdx_out *out, struct kdx_session *s)
{
	struct kdx_clock clock;
	struct kdf_error *e = kdx_clock_read(s, &clock);
	bool known = !e;

	kdf_error_free(e);
	kdx_record_kind(out, "sys");
	line_kernel(out, s);
	line_dumpfile(out, s);
	if (s->dump) {
		line_cpus(out, s);
		line_date(out, &clock, known && clock.real_ns);
		line_uptime(out, &clock, known && clock.boot_ns);
		line_load(out, s);
		line_tasks(out, s);
	}
	line_uts(out, s);
	line_machine(out, s);
	line_memory(out, s);
	line_panic(out, s);
	kdx_record_end(out);
}

static struct kdf_error *taint(struct kdx_call *call)
{
	char letters[65];
	uint64_t mask;

	if (!tainted_mask(call->session, &mask))
		return kdf_err(KDF_NOT_FOUND, "tainted_mask cannot be read (symbols: %s)",
			       kdx_symtab_source(call->session));
	kdx_taint_letters(mask, letters);
	kdx_record_kind(call->out, "taint");
	kdx_hex(call->out, "mask", mask, "TAINTED_MASK: %" PRIx64 "  ", mask);
	kdx_str(call->out, "letters", letters, "%s\n", letters);
	kdx_record_end(call->out);
	return NULL;
}

static struct kdf_error *run(struct kdx_call *call)
{
	if (call->args.nword && !strcmp(call->args.word[0], "config"))
		return kdf_err(KDF_UNSUPPORTED, "sys config is not supported yet");
	if (call->args.nword)
		return kdf_err(KDF_USAGE, "unexpected word: %s", call->args.word[0]);
	if (kdf_args_count(&call->args, 't'))
		return taint(call);
	block(call->out, call->session);
	return NULL;
}

const struct kdx_command kdx_command_sys = {
	.name = "sys",
	.summary = "which system this is, and why it stopped",
	.about = "Shows the block that a session starts with: kernel, dump, CPUs, date, uptime, load, tasks, names, "
		 "memory, and "
		 "the line of the log that tells the reason. What this dump or its debug info cannot tell is left out "
		 "or "
		 "marked unknown.",
	.options = options,
	.examples = examples,
	.run = run,
};
