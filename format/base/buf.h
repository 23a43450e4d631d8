/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing memory: a byte/text buffer and the one helper under every growing array.
 *
 * struct kdf_buf: zero-initialised is empty (`struct kdf_buf b = { 0 };`); data is NUL-terminated after the
 * first append, len does not count that NUL. Running out of memory is remembered in `failed`, later appends do
 * nothing, so a chain of appends is checked once, at the end. Not shared between threads.
 */
#ifndef KDF_BASE_BUF_H
#define KDF_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct kdf_buf {
	char *data;
	size_t len, cap;
	bool failed;
};

void kdf_buf_add(struct kdf_buf *, const void *bytes, size_t n);
void kdf_buf_puts(struct kdf_buf *, const char *text);
void kdf_buf_putc(struct kdf_buf *, char c);
void kdf_buf_printf(struct kdf_buf *, const char *fmt, ...) KDF_PRINTF(2, 3);
void kdf_buf_vprintf(struct kdf_buf *, const char *fmt, va_list) KDF_PRINTF(2, 0);
void kdf_buf_clear(struct kdf_buf *); /* len = 0, memory stays */
void kdf_buf_free(struct kdf_buf *);  /* memory goes, zeroed again */
/* Text of the buffer, never NULL ("" when empty); lent. */
const char *kdf_buf_text(const struct kdf_buf *);
/* Gives the malloc'ed text to the caller and empties the buffer; NULL when an append had failed. */
char *kdf_buf_take(struct kdf_buf *);
/* KDF_NOMEM when an append had failed, else NULL. */
struct kdf_error *kdf_buf_error(const struct kdf_buf *) KDF_MUST_CHECK;

/*
 * Makes room for `need` elements of `size` bytes in *array (capacity *cap, both updated; doubling growth,
 * multiplication checked). false: no memory, the array is as it was.
 */
bool kdf_grow(void *array, size_t *cap, size_t need, size_t size);

#endif
