// SPDX-License-Identifier: GPL-2.0-or-later
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kdf_error {
	enum kdf_code code;
	int errnum;
	char *text;
};

/* Handed out when even the error cannot be allocated; never freed, never changed. */
static char no_memory_text[] = "out of memory";
static struct kdf_error no_memory = { KDF_NOMEM, ENOMEM, no_memory_text };

static struct kdf_error *make(enum kdf_code code, int errnum, char *text)
{
	struct kdf_error *e = text ? malloc(sizeof(*e)) : NULL;

	if (!e) {
		free(text);
		return &no_memory;
	}
	e->code = code;
	e->errnum = errnum;
	e->text = text;
	return e;
}

static KDF_PRINTF(1, 0) char *vformat(const char *fmt, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

/* "front: back", frees nothing. */
static char *join(const char *front, const char *back)
{
	char *text = NULL;

	if (!front)
		return NULL;
	return asprintf(&text, "%s: %s", front, back) < 0 ? NULL : text;
}

struct kdf_error *kdf_err(enum kdf_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = vformat(fmt, ap);
	va_end(ap);
	return make(code, 0, text);
}

static enum kdf_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return KDF_NO_SPACE;
	case ENOMEM:
		return KDF_NOMEM;
	case ENOENT:
		return KDF_NOT_FOUND;
	case EINTR:
		return KDF_INTERRUPTED;
	default:
		return KDF_IO;
	}
}

struct kdf_error *kdf_err_sys(int errnum, const char *fmt, ...)
{
	char reason[128];
	va_list ap;

	va_start(ap, fmt);
	char *front = vformat(fmt, ap);
	va_end(ap);
	char *text = join(front, strerror_r(errnum, reason, sizeof(reason)));
	free(front);
	return make(code_of_errno(errnum), errnum, text);
}

struct kdf_error *kdf_err_wrap(struct kdf_error *cause, const char *fmt, ...)
{
	va_list ap;

	if (!cause || cause == &no_memory)
		return cause;
	va_start(ap, fmt);
	char *front = vformat(fmt, ap);
	va_end(ap);
	char *text = join(front, cause->text);
	free(front);
	if (text) {
		free(cause->text);
		cause->text = text;
	}
	return cause;
}

enum kdf_code kdf_error_code(const struct kdf_error *e)
{
	return e ? e->code : KDF_OK;
}

int kdf_error_errno(const struct kdf_error *e)
{
	return e ? e->errnum : 0;
}

const char *kdf_error_text(const struct kdf_error *e)
{
	return e ? e->text : "no error";
}

const char *kdf_code_name(enum kdf_code code)
{
	static const char *const name[KDF_CODE_MAX] = {
		[KDF_OK] = "ok",		[KDF_EXCLUDED] = "excluded",
		[KDF_HOLE] = "hole",		[KDF_FAULT] = "fault",
		[KDF_INCOMPLETE] = "incomplete", [KDF_CORRUPT] = "corrupt",
		[KDF_UNSUPPORTED] = "unsupported", [KDF_MISMATCH] = "mismatch",
		[KDF_NOMEM] = "no-memory",	[KDF_IO] = "io",
		[KDF_NOT_FOUND] = "not-found",	[KDF_NO_DEBUG] = "no-debug-info",
		[KDF_USAGE] = "usage",		[KDF_INTERRUPTED] = "interrupted",
		[KDF_NO_SPACE] = "no-space",	[KDF_LIMIT] = "limit",
	};

	return (unsigned)code < KDF_CODE_MAX && name[code] ? name[code] : "unknown";
}

void kdf_error_free(struct kdf_error *e)
{
	if (!e || e == &no_memory)
		return;
	free(e->text);
	free(e);
}
