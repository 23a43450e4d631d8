// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json.h"

enum { DEPTH_MAX = 200 };

struct kdx_out {
	FILE *to;
	bool json, stopped;
	int errnum;       /* why writing stopped; 0 or EPIPE is no error to tell */
	unsigned depth;   /* JSON: open objects and arrays */
	unsigned ignored; /* openings beyond DEPTH_MAX: their contents are left out */
	bool array[DEPTH_MAX], filled[DEPTH_MAX];
	struct kdf_buf text; /* of the call at hand */
};

struct kdf_error *kdx_out_new(FILE *to, bool json, struct kdx_out **out)
{
	struct kdx_out *o = calloc(1, sizeof(*o));

	if (!o)
		return kdf_err(KDF_NOMEM, "out of memory");
	o->to = to;
	o->json = json;
	*out = o;
	return NULL;
}

bool kdx_out_json(const struct kdx_out *o)
{
	return o->json;
}

bool kdx_out_stopped(const struct kdx_out *o)
{
	return o->stopped;
}

FILE *kdx_out_stream(struct kdx_out *o)
{
	return o->to;
}

static void stop(struct kdx_out *o, int errnum)
{
	if (!o->stopped)
		o->errnum = errnum;
	o->stopped = true;
}

/* Writes and empties o->text. */
static void put(struct kdx_out *o)
{
	if (o->text.failed)
		stop(o, ENOMEM);
	errno = 0;
	if (!o->stopped && o->text.len && fwrite(o->text.data, 1, o->text.len, o->to) != o->text.len)
		stop(o, errno ? errno : EIO);
	kdf_buf_clear(&o->text);
}

/* ---- text mode ---- */

/* The formatted text may hold bytes of the dump: nothing of it reaches the terminal unchecked. */
static KDF_PRINTF(2, 0) void text_mode(struct kdx_out *o, const char *fmt, va_list ap)
{
	struct kdf_buf raw = { 0 };

	if (o->json || !fmt || o->stopped)
		return;
	kdf_buf_vprintf(&raw, fmt, ap);
	o->text.failed = o->text.failed || raw.failed;
	kdx_visible_text(&o->text, kdf_buf_text(&raw), raw.len);
	kdf_buf_free(&raw);
	put(o);
}

/* ---- JSON mode ---- */

static void quote(struct kdx_out *o, const char *text)
{
	kdx_json_quote(&o->text, text, strlen(text));
}

/* Comma and name in front of a value; false: not JSON, or nested too deep. */
static bool json_value(struct kdx_out *o, const char *name)
{
	if (!o->json || o->ignored)
		return false;
	if (!o->depth)
		kdx_record(o);
	if (o->filled[o->depth - 1])
		kdf_buf_putc(&o->text, ',');
	o->filled[o->depth - 1] = true;
	if (!o->array[o->depth - 1]) {
		quote(o, name ? name : "value");
		kdf_buf_putc(&o->text, ':');
	}
	return true;
}

static void json_open(struct kdx_out *o, bool array)
{
	kdf_buf_putc(&o->text, array ? '[' : '{');
	o->array[o->depth] = array;
	o->filled[o->depth] = false;
	o->depth++;
	put(o);
}

static void json_close(struct kdx_out *o)
{
	if (o->ignored) {
		o->ignored--;
		return;
	}
	if (!o->depth)
		return;
	o->depth--;
	kdf_buf_putc(&o->text, o->array[o->depth] ? ']' : '}');
	if (!o->depth)
		kdf_buf_putc(&o->text, '\n');
	put(o);
}

static void json_close_all(struct kdx_out *o)
{
	o->ignored = 0;
	while (o->depth)
		json_close(o);
}

static void nest(struct kdx_out *o, const char *name, bool array)
{
	if (!o->json)
		return;
	if (o->ignored || o->depth >= DEPTH_MAX) {
		o->ignored++;
		return;
	}
	json_value(o, name);
	json_open(o, array);
}

void kdx_record(struct kdx_out *o)
{
	if (!o->json)
		return;
	json_close_all(o); /* a record that its writer left open */
	json_open(o, false);
}

void kdx_record_kind(struct kdx_out *o, const char *kind)
{
	kdx_record(o);
	if (kind)
		kdx_str(o, "record", kind, NULL);
}

void kdx_record_end(struct kdx_out *o)
{
	if (o->json)
		json_close_all(o);
}

void kdx_object(struct kdx_out *o, const char *name)
{
	nest(o, name, false);
}

void kdx_object_end(struct kdx_out *o)
{
	if (o->json)
		json_close(o);
}

void kdx_array(struct kdx_out *o, const char *name)
{
	nest(o, name, true);
}

void kdx_array_end(struct kdx_out *o)
{
	if (o->json)
		json_close(o);
}

/* ---- values: the JSON half, then the text half ---- */

#define TEXT_HALF(o, fmt)                                                                                              \
	do {                                                                                                           \
		va_list ap;                                                                                            \
		va_start(ap, fmt);                                                                                     \
		text_mode((o), fmt, ap);                                                                               \
		va_end(ap);                                                                                            \
	} while (0)

void kdx_int(struct kdx_out *o, const char *name, int64_t v, const char *fmt, ...)
{
	if (json_value(o, name)) {
		kdf_buf_printf(&o->text, "%" PRId64, v);
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_uint(struct kdx_out *o, const char *name, uint64_t v, const char *fmt, ...)
{
	if (json_value(o, name)) {
		kdf_buf_printf(&o->text, "%" PRIu64, v);
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_hex(struct kdx_out *o, const char *name, uint64_t v, const char *fmt, ...)
{
	if (json_value(o, name)) {
		kdf_buf_printf(&o->text, "\"0x%" PRIx64 "\"", v);
		put(o);
	}
	TEXT_HALF(o, fmt);
}

/* 3.2, not 3.2000000000000002: the fewest digits that read back as the same number. */
static const char *shortest(double v, char digits[32])
{
	for (int n = 6; n <= 17; n++) {
		snprintf(digits, 32, "%.*g", n, v);
		if (strtod(digits, NULL) == v)
			break;
	}
	return digits;
}

void kdx_double(struct kdx_out *o, const char *name, double v, const char *fmt, ...)
{
	char digits[32];

	if (json_value(o, name)) {
		if (isfinite(v))
			kdf_buf_puts(&o->text, shortest(v, digits));
		else
			kdf_buf_puts(&o->text, "null"); /* JSON knows no infinity */
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_bool(struct kdx_out *o, const char *name, bool v, const char *fmt, ...)
{
	if (json_value(o, name)) {
		kdf_buf_puts(&o->text, v ? "true" : "false");
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_str(struct kdx_out *o, const char *name, const char *v, const char *fmt, ...)
{
	if (json_value(o, name)) {
		if (v)
			quote(o, v);
		else
			kdf_buf_puts(&o->text, "null");
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_null(struct kdx_out *o, const char *name, const char *fmt, ...)
{
	if (json_value(o, name)) {
		kdf_buf_puts(&o->text, "null");
		put(o);
	}
	TEXT_HALF(o, fmt);
}

void kdx_text(struct kdx_out *o, const char *fmt, ...)
{
	TEXT_HALF(o, fmt);
}

void kdx_raw_text(struct kdx_out *o, const char *name, const char *bytes, size_t len)
{
	if (json_value(o, name))
		kdx_json_quote(&o->text, bytes, len);
	else if (!o->json)
		kdx_visible_text(&o->text, bytes, len);
	put(o);
}

void kdx_problem(struct kdx_out *o, const char *what, struct kdf_error *e)
{
	bool alone = o->json && !o->depth;

	if (alone)
		kdx_record_kind(o, "problem");
	else
		kdx_object(o, what ? what : "problem");
	if (alone && what)
		kdx_str(o, "what", what, NULL);
	kdx_str(o, "error", kdf_code_name(kdf_error_code(e)), NULL);
	kdx_str(o, "text", kdf_error_text(e), NULL);
	if (alone)
		kdx_record_end(o);
	else
		kdx_object_end(o);
	kdx_text(o, "(%s%s%s)\n", what ? what : "", what ? ": " : "", kdf_error_text(e));
	kdf_error_free(e);
}

struct kdf_error *kdx_out_close(struct kdx_out *o)
{
	int errnum;

	if (o->json)
		json_close_all(o);
	errno = 0;
	if (!o->stopped && fflush(o->to))
		stop(o, errno ? errno : EIO);
	errnum = o->errnum;
	kdf_buf_free(&o->text);
	free(o);
	if (!errnum || errnum == EPIPE)
		return NULL;
	return kdf_err_sys(errnum, "cannot write output");
}
