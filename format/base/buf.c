// SPDX-License-Identifier: GPL-2.0-or-later
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kdf_grow(void *array, size_t *cap, size_t need, size_t size)
{
	void *old, *grown;
	size_t n = *cap ? *cap : 8, bytes;

	if (need <= *cap)
		return true;
	while (n < need)
		if (__builtin_mul_overflow(n, (size_t)2, &n))
			return false;
	if (__builtin_mul_overflow(n, size, &bytes))
		return false;
	memcpy(&old, array, sizeof(old));
	grown = realloc(old, bytes);
	if (!grown)
		return false;
	memcpy(array, &grown, sizeof(grown));
	*cap = n;
	return true;
}

/* Room for n more bytes and the NUL. */
static bool room(struct kdf_buf *b, size_t n)
{
	size_t need;

	if (b->failed || __builtin_add_overflow(b->len, n, &need) || __builtin_add_overflow(need, (size_t)1, &need) ||
	    !kdf_grow(&b->data, &b->cap, need, 1)) {
		b->failed = true;
		return false;
	}
	return true;
}

void kdf_buf_add(struct kdf_buf *b, const void *bytes, size_t n)
{
	if (!room(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void kdf_buf_puts(struct kdf_buf *b, const char *text)
{
	kdf_buf_add(b, text, strlen(text));
}

void kdf_buf_putc(struct kdf_buf *b, char c)
{
	kdf_buf_add(b, &c, 1);
}

void kdf_buf_vprintf(struct kdf_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char small[128];

	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0)
		b->failed = true;
	else if ((size_t)n < sizeof(small))
		kdf_buf_add(b, small, (size_t)n);
	else if (room(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void kdf_buf_printf(struct kdf_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kdf_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void kdf_buf_clear(struct kdf_buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void kdf_buf_free(struct kdf_buf *b)
{
	free(b->data);
	*b = (struct kdf_buf){ 0 };
}

const char *kdf_buf_text(const struct kdf_buf *b)
{
	return b->data ? b->data : "";
}

char *kdf_buf_take(struct kdf_buf *b)
{
	char *text = NULL;

	if (!b->failed && room(b, 0)) {
		b->data[b->len] = '\0';
		text = b->data;
		b->data = NULL;
	}
	kdf_buf_free(b);
	return text;
}

struct kdf_error *kdf_buf_error(const struct kdf_buf *b)
{
	return b->failed ? kdf_err(KDF_NOMEM, "out of memory") : NULL;
}
