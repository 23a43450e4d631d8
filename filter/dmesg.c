// SPDX-License-Identifier: GPL-2.0-or-later
#include "dmesg.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "output-file.h"

/* printk_info.caller_id: a CPU when this bit is set, else a thread id. */
#define CALLER_IS_CPU UINT32_C(0x80000000)

/* Control characters and bytes above ASCII go out as \xNN, as syslog's readers do; a tab stays. */
static void put_text(FILE *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c >= ' ' && c < 127) || c == '\t')
			putc(c, to);
		else
			fprintf(to, "\\x%02x", c);
	}
}

static int put_stamp(FILE *to, const struct kdf_log_record *r)
{
	char caller[16];
	int n = fprintf(to, "[%5llu.%06llu] ", (unsigned long long)(r->ts_nsec / 1000000000),
			(unsigned long long)(r->ts_nsec % 1000000000 / 1000));

	if (!r->has_caller)
		return n;
	snprintf(caller, sizeof(caller), "%c%u", r->caller_id & CALLER_IS_CPU ? 'C' : 'T',
		 r->caller_id & ~CALLER_IS_CPU);
	return n + fprintf(to, "[%8s] ", caller);
}

/* Later lines of a record are indented to where its first line's text begins. */
static struct kdf_error *put_record(void *arg, const struct kdf_log_record *r)
{
	FILE *to = arg;
	const char *p = r->text;
	size_t left = r->text_len;
	int indent = put_stamp(to, r);

	for (;;) {
		const char *newline = memchr(p, '\n', left);
		size_t n = newline ? (size_t)(newline - p) : left;
		put_text(to, p, n);
		putc('\n', to);
		if (!newline || n + 1 == left)
			break;
		fprintf(to, "%*s", indent, "");
		p += n + 1;
		left -= n + 1;
	}
	return ferror(to) ? kdf_err_sys(errno, "cannot write the kernel log") : NULL;
}

struct kdf_error *dmesg_write(struct kdf *dump, bool partial, FILE *to, uint64_t *lost)
{
	struct kdf_error *e = kdf_log_walk(dump, partial, put_record, to, lost);

	if (fflush(to) && !e)
		e = kdf_err_sys(errno, "cannot write the kernel log");
	return e;
}

struct kdf_error *job_dmesg(const struct settings *s, struct kdf *dump)
{
	const char *out = s->nout ? s->out[0] : NULL;
	uint64_t lost = 0;
	int fd = -1;
	struct kdf_error *e = out ? output_open(s, out, &fd) : NULL;

	if (e)
		return e;
	FILE *to = out ? fdopen(fd, "w") : stdout;
	if (!to) {
		e = kdf_err_sys(errno, "cannot write to '%s'", out);
		close(fd);
		return e;
	}
	e = dmesg_write(dump, s->partial, to, &lost);
	if (out && fclose(to) && !e)
		e = kdf_err_sys(errno, "closing '%s'", out);
	if (lost)
		say(&s->report, SAY_ERROR, "%llu log records could not be read\n", (unsigned long long)lost);
	if (!e && out)
		say(&s->report, SAY_COMMON, "The dmesg log is saved to %s.\n", out);
	return e;
}
