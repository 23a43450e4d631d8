// SPDX-License-Identifier: GPL-2.0-or-later
#include "status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

const char *capture_result_name(enum capture_result r)
{
	static const char *const name[] = {
		[CAPTURE_FAILED] = "failed",
		[CAPTURE_SAVED] = "saved",
		[CAPTURE_SKIPPED] = "skipped",
		[CAPTURE_LOG_ONLY] = "log-only",
	};

	return name[r];
}

void status_error(struct status *s, const char *step, const char *text)
{
	if (s->nerrors < STATUS_ERRORS_MAX) {
		s->error[s->nerrors].step = step;
		snprintf(s->error[s->nerrors].text, sizeof(s->error[0].text), "%s", text);
	}
	s->nerrors++;
}

int collector_level(char *const words[])
{
	for (; *words; words++) {
		const char *w = *words;

		if (w[0] != '-' || w[1] == '-')
			continue;
		const char *d = strchr(w + 1, 'd');
		if (!d)
			continue;
		const char *value = d[1] ? d + 1 : words[1];
		if (!value || *value < '0' || *value > '9')
			continue;
		return (int)strtoul(value, NULL, 10);
	}
	return -1;
}

static void text_member(struct kdf_buf *b, const char *name, const char *value)
{
	kdf_buf_printf(b, "\"%s\": ", name);
	if (*value)
		json_text(b, value);
	else
		kdf_buf_puts(b, "null");
}

static void number_or_null(struct kdf_buf *b, const char *name, int64_t value, bool known)
{
	if (known)
		kdf_buf_printf(b, "\"%s\": %" PRId64, name, value);
	else
		kdf_buf_printf(b, "\"%s\": null", name);
}

static void put_errors(const struct status *s, struct kdf_buf *b)
{
	unsigned shown = s->nerrors < STATUS_ERRORS_MAX ? s->nerrors : STATUS_ERRORS_MAX;

	kdf_buf_puts(b, "  \"errors\": [");
	for (unsigned i = 0; i < shown; i++) {
		kdf_buf_puts(b, i ? ",\n    { " : "\n    { ");
		text_member(b, "step", s->error[i].step);
		kdf_buf_puts(b, ", ");
		text_member(b, "text", s->error[i].text);
		kdf_buf_puts(b, " }");
	}
	kdf_buf_printf(b, "%s],\n  \"errors_total\": %u\n", shown ? "\n  " : "", s->nerrors);
}

struct kdf_error *status_json(const struct status *s, struct kdf_buf *b)
{
	kdf_buf_puts(b, "{\n  \"kdx_status\": 1,\n  ");
	text_member(b, "result", capture_result_name(s->result));
	kdf_buf_puts(b, ",\n  ");
	text_member(b, "host", s->host);
	kdf_buf_puts(b, ",\n  ");
	text_member(b, "kernel", s->crash.release);
	kdf_buf_puts(b, ",\n  ");
	text_member(b, "crash_kernel", s->crash_kernel);
	kdf_buf_puts(b, ",\n  ");
	number_or_null(b, "crash_time", s->crash.crash_time, s->crash.crash_time != 0);
	kdf_buf_printf(b, ",\n  \"started\": %lld,\n  \"target\": { ", (long long)s->started);
	text_member(b, "type", s->target_type);
	kdf_buf_puts(b, ", ");
	text_member(b, "device", s->device);
	kdf_buf_puts(b, ", ");
	text_member(b, "folder", s->folder);
	kdf_buf_printf(b, ", \"free_bytes_before\": %" PRIu64 " },\n  \"vmcore\": { ", s->free_before);
	text_member(b, "collector", s->collector);
	kdf_buf_puts(b, ", ");
	number_or_null(b, "level", s->level, s->level >= 0);
	kdf_buf_puts(b, ", ");
	number_or_null(b, "exit", s->collector_exit, s->collector_exit >= 0);
	kdf_buf_printf(b, ", \"bytes\": %" PRIu64 ", \"memory_bytes\": %" PRIu64 ", \"seconds\": %.3f },\n",
		       s->core_bytes, s->crash.vmcore_bytes, s->core_seconds);
	kdf_buf_printf(b,
		       "  \"dmesg\": { \"bytes\": %" PRIu64 ", \"records\": %" PRIu64 ", \"lost\": %" PRIu64
		       ", \"seconds\": %.3f },\n",
		       s->crash.log_bytes, s->crash.log_records, s->crash.log_lost, s->log_seconds);
	kdf_buf_printf(b, "  \"seconds\": { \"boot\": %.3f, \"capture\": %.3f },\n", s->uptime_at_start, s->seconds);
	kdf_buf_printf(b,
		       "  \"memory\": { \"total_bytes\": %" PRIu64 ", \"least_available_bytes\": %" PRIu64
		       ", \"peak_used_bytes\": %" PRIu64 ", \"collector_peak_bytes\": %" PRIu64 " },\n",
		       s->memory.total, s->memory.least_available, s->memory.total - s->memory.least_available,
		       s->collector_peak);
	put_errors(s, b);
	kdf_buf_puts(b, "}\n");
	return kdf_buf_error(b);
}
