// SPDX-License-Identifier: GPL-2.0-or-later
#include "logs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "files.h"
#include "kdf.h"

enum {
	LOG_CHUNK = 64 << 10,
	DUMP_CACHE = 1 << 20, /* memory is scarce here, and the log is read once */
	SYSLOG_READ_ALL = 3, SYSLOG_BUFFER_SIZE = 10, /* syslog(2) */
};

struct log_out {
	int fd; /* -1: only text */
	struct kdf_buf text;
	struct crash_facts *facts;
};

static struct kdf_error *flush(struct log_out *o)
{
	struct kdf_error *e = kdf_buf_error(&o->text);

	if (!e && o->text.len)
		e = write_all(o->fd, o->text.data, o->text.len, "the kernel log");
	if (!e)
		o->facts->log_bytes += o->text.len;
	kdf_buf_clear(&o->text);
	return e;
}

/* One record: every line of its text with the time in front. */
static struct kdf_error *put_record(void *arg, const struct kdf_log_record *r)
{
	struct log_out *o = arg;
	const char *p = r->text, *end = r->text + r->text_len;
	char head[64];

	/* Without the caller: a kernel shows it only with CONFIG_PRINTK_CALLER, which nothing in a dump tells. */
	snprintf(head, sizeof(head), "[%5llu.%06llu]", (unsigned long long)(r->ts_nsec / 1000000000),
		 (unsigned long long)(r->ts_nsec % 1000000000 / 1000));
	do {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		kdf_buf_printf(&o->text, "%s ", head);
		kdf_buf_add(&o->text, p, (size_t)(stop - p));
		kdf_buf_putc(&o->text, '\n');
		p = newline ? newline + 1 : end;
	} while (p < end);
	o->facts->log_records++;
	return o->fd < 0 || o->text.len < LOG_CHUNK ? kdf_buf_error(&o->text) : flush(o);
}

struct kdf_error *save_crash_log(const char *vmcore, int fd, struct crash_facts *facts)
{
	const struct kdf_options options = { .cache_bytes = DUMP_CACHE };
	struct log_out o = { .fd = fd, .facts = facts };
	struct kdf *dump;

	*facts = (struct crash_facts){ 0 };
	struct kdf_error *e = kdf_open(&vmcore, 1, &options, &dump);
	if (e)
		return e;
	const struct kdf_info *info = kdf_info(dump);
	facts->crash_time = info->crash_time;
	facts->vmcore_bytes = info->file_size;
	snprintf(facts->release, sizeof(facts->release), "%s", info->release);
	e = kdf_log_walk(dump, false, put_record, &o, &facts->log_lost);
	/* What came before a damaged place is worth having. */
	struct kdf_error *late = flush(&o);
	if (e)
		kdf_error_free(late);
	else
		e = late;
	kdf_buf_free(&o.text);
	kdf_close(dump);
	return e;
}

/* The start of the last `lines` lines of text. */
static const char *last_lines(const char *text, size_t len, unsigned lines)
{
	const char *p = text + len;

	while (p > text && lines) {
		p--;
		if (p > text && p[-1] == '\n')
			lines--;
	}
	return p;
}

/* Keeps the text short while records come in: the older half is dropped at a line's start. */
static struct kdf_error *keep_record(void *arg, const struct kdf_log_record *r)
{
	struct log_out *o = arg;
	struct kdf_error *e = put_record(arg, r);

	if (e || o->text.len < LOG_CHUNK / 2)
		return e;
	const char *half = memchr(o->text.data + o->text.len / 2, '\n', o->text.len - o->text.len / 2);
	size_t drop = half ? (size_t)(half + 1 - o->text.data) : o->text.len;
	o->text.len -= drop;
	memmove(o->text.data, o->text.data + drop, o->text.len);
	o->text.data[o->text.len] = '\0';
	return NULL;
}

struct kdf_error *show_crash_log_end(const char *vmcore, unsigned lines, log_line_fn *fn, void *arg)
{
	const struct kdf_options options = { .cache_bytes = DUMP_CACHE };
	struct crash_facts facts = { 0 };
	struct log_out o = { .fd = -1, .facts = &facts };
	struct kdf *dump;

	struct kdf_error *e = kdf_open(&vmcore, 1, &options, &dump);
	if (e)
		return e;
	e = kdf_log_walk(dump, false, keep_record, &o, &facts.log_lost);
	if (!e)
		e = kdf_buf_error(&o.text);
	if (!e && o.text.len) {
		char *rest = o.text.data + (last_lines(o.text.data, o.text.len, lines) - o.text.data);

		for (char *line; (line = strsep(&rest, "\n")) && (rest || *line);)
			fn(arg, line);
	}
	kdf_buf_free(&o.text);
	kdf_close(dump);
	return e;
}

/* syslog(2) gives "<6>[    0.000000] text" lines; the level is cut off as dmesg does. */
static void cut_levels(const char *raw, struct kdf_buf *out)
{
	while (*raw) {
		size_t len = strcspn(raw, "\n");
		size_t skip = 0;

		if (*raw == '<') {
			skip = strspn(raw + 1, "0123456789") + 1;
			skip = raw[skip] == '>' ? skip + 1 : 0;
		}
		kdf_buf_add(out, raw + skip, len - skip);
		kdf_buf_putc(out, '\n');
		raw += len + (raw[len] == '\n');
	}
}

struct kdf_error *save_own_log(int fd)
{
	struct kdf_buf text = { 0 };
	int size = klogctl(SYSLOG_BUFFER_SIZE, NULL, 0);
	KDF_AUTO_FREE char *raw = size > 0 ? calloc(1, (size_t)size + 1) : NULL;

	if (size > 0 && !raw)
		return kdf_err(KDF_NOMEM, "out of memory");
	int n = raw ? klogctl(SYSLOG_READ_ALL, raw, size) : -1;
	if (n < 0)
		return kdf_err_sys(errno, "cannot read this kernel's log");
	raw[n] = '\0';
	cut_levels(raw, &text);
	struct kdf_error *e = kdf_buf_error(&text);
	if (!e)
		e = write_all(fd, text.data ? text.data : "", text.len, "this kernel's log");
	kdf_buf_free(&text);
	return e;
}
