// SPDX-License-Identifier: GPL-2.0-or-later
/* log: the kernel's message buffer. Needs VMCOREINFO alone. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "analyze/shell/command.h"
#include "base/interrupt.h"
#include "clock.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 't', NULL, NULL, "Without time stamps.", 0 },
	{ 'T', NULL, NULL, "Time stamps as date and time of day.", 0 },
	{ 'm', NULL, NULL, "Facility and level in front of each message, as <6>.", 0 },
	{ 'd', NULL, NULL, "With the device that a message is about.", 0 },
	{ 'c', NULL, NULL, "With the task or CPU that wrote each message.", 0 },
	{ 'a', NULL, NULL, "The audit queue.", KDF_OPT_PLANNED },
	{ 's', NULL, NULL, "The buffers of printk from NMI (they are gone since 5.15).", KDF_OPT_PLANNED },
	{ 'R', NULL, NULL, "Names of Rust functions in readable form.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "log", "all messages" },
	{ "log | tail -5", "the last lines" },
	{ "log -T", "with date and time of day" },
	{ "log -t", "the text alone" },
	{ "log -m", "with level" },
	{ "log -d", "with devices" },
	{ "log -c", "with callers" },
	{ NULL, NULL },
};

struct show {
	struct kdx_out *out;
	bool no_time, date, level, device, caller;
	int64_t boot_ns; /* wall clock at time stamp 0, ns since 1970 */
};

static const char *level_name(unsigned level)
{
	static const char *const name[8] = { "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug" };

	return name[level & 7];
}

/* "[   25.025259] <6>[    T585] " as this call wants it. */
static size_t prefix(const struct show *sh, const struct kdf_log_record *r, char *buf, size_t cap)
{
	size_t n = 0;

	buf[0] = '\0';
	if (sh->date) {
		int64_t at_ns;
		time_t at;
		struct tm tm;

		/* A time stamp of a damaged record may be any number. */
		if (__builtin_add_overflow(sh->boot_ns, r->ts_nsec, &at_ns))
			at_ns = INT64_MAX;
		at = (time_t)(at_ns / 1000000000);
		if (localtime_r(&at, &tm))
			n += strftime(buf, cap, "[%a %b %e %H:%M:%S %Z %Y] ", &tm);
	} else if (!sh->no_time) {
		n += (size_t)snprintf(buf, cap, "[%5" PRIu64 ".%06" PRIu64 "] ", r->ts_nsec / 1000000000,
				      r->ts_nsec % 1000000000 / 1000);
	}
	return n;
}

static void caller_text(const struct kdf_log_record *r, char *buf, size_t cap)
{
	/* printk_caller_id: bit 31 set with a CPU number outside of task context (kernel/printk, 5.1). */
	bool cpu = r->caller_id & 0x80000000u;

	snprintf(buf, cap, "%c%u", cpu ? 'C' : 'T', r->caller_id & 0x7fffffffu);
}

/* A message of several lines keeps its column. */
static void text_lines(struct kdx_out *out, const char *text, size_t len, size_t indent)
{
	for (;;) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		kdx_raw_text(out, NULL, text, n);
		kdx_text(out, "\n");
		if (!end)
			return;
		text += n + 1;
		len -= n + 1;
		kdx_text(out, "%*s", (int)indent, "");
	}
}

static void as_text(const struct show *sh, const struct kdf_log_record *r)
{
	char time[96], caller[32];
	size_t indent = prefix(sh, r, time, sizeof(time));

	kdx_text(sh->out, "%s", time);
	if (sh->level)
		kdx_text(sh->out, "<%u>", r->facility * 8u + r->level);
	if (sh->caller && r->has_caller) {
		caller_text(r, caller, sizeof(caller));
		kdx_text(sh->out, "[%8s] ", caller);
	}
	text_lines(sh->out, r->text, r->text_len, indent);
	if (!sh->device)
		return;
	if (*r->subsystem)
		kdx_text(sh->out, "%*sSUBSYSTEM=%s\n", (int)indent, "", r->subsystem);
	if (*r->device)
		kdx_text(sh->out, "%*sDEVICE=%s\n", (int)indent, "", r->device);
}

static void as_record(const struct show *sh, const struct kdf_log_record *r)
{
	char caller[32];

	kdx_record(sh->out);
	kdx_uint(sh->out, "seq", r->seq, NULL);
	kdx_uint(sh->out, "ts_nsec", r->ts_nsec, NULL);
	kdx_uint(sh->out, "level", r->level, NULL);
	kdx_str(sh->out, "level_name", level_name(r->level), NULL);
	kdx_uint(sh->out, "facility", r->facility, NULL);
	if (r->has_caller) {
		caller_text(r, caller, sizeof(caller));
		kdx_str(sh->out, "caller", caller, NULL);
	}
	kdx_raw_text(sh->out, "text", r->text, r->text_len);
	if (*r->subsystem)
		kdx_str(sh->out, "subsystem", r->subsystem, NULL);
	if (*r->device)
		kdx_str(sh->out, "device", r->device, NULL);
	kdx_record_end(sh->out);
}

static struct kdf_error *one(void *arg, const struct kdf_log_record *r)
{
	const struct show *sh = arg;

	if (kdf_interrupted())
		return kdf_err(KDF_INTERRUPTED, "interrupted");
	if (kdx_out_json(sh->out))
		as_record(sh, r);
	else
		as_text(sh, r);
	/* Nobody reads any more: KDF_INTERRUPTED ends the walk and is taken back below. */
	return kdx_out_stopped(sh->out) ? kdf_err(KDF_INTERRUPTED, "output ended") : NULL;
}

/* Time of day when the time stamps were zero. */
static struct kdf_error *boot_time(struct kdx_session *s, int64_t *ns)
{
	struct kdx_clock clock;
	struct kdf_error *e = kdx_clock_read(s, &clock);

	if (!e && (!clock.real_ns || !clock.boot_ns))
		e = kdf_err(KDF_NOT_FOUND, "nothing in the dump tells the time of day of its boot");
	if (!e)
		*ns = clock.real_ns - clock.boot_ns;
	return e;
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdf_args *a = &call->args;
	struct show sh = {
		.out = call->out,
		.no_time = kdf_args_count(a, 't'),
		.date = kdf_args_count(a, 'T'),
		.level = kdf_args_count(a, 'm'),
		.device = kdf_args_count(a, 'd'),
		.caller = kdf_args_count(a, 'c'),
	};
	uint64_t lost = 0;
	struct kdf_error *e = NULL;

	if (a->nword)
		e = kdf_err(KDF_USAGE, "unexpected word: %s", a->word[0]);
	if (!e && sh.date)
		e = boot_time(call->session, &sh.boot_ns);
	if (e)
		return e;
	e = kdf_log_walk(call->session->dump, false, one, &sh, &lost);
	if (e && kdx_out_stopped(call->out)) {
		kdf_error_free(e);
		e = NULL;
	}
	if (!e && lost)
		e = kdf_err(KDF_CORRUPT, "%" PRIu64 " record%s could not be read", lost, lost == 1 ? "" : "s");
	return e;
}

const struct kdx_command kdx_command_log = {
	.name = "log",
	.alias = "dmesg",
	.summary = "the kernel's message buffer",
	.about = "Prints the messages of printk's ring buffer, oldest first. Needs neither symbols nor debug info.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP,
	.run = run,
};
