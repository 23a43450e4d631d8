/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers from text, whole text or error: no leading blanks, no trailing rest, no silent overflow. */
#ifndef KDF_BASE_NUM_H
#define KDF_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* base 10 or 16 (an 0x in front of hex is fine); base 0: hex after 0x, else decimal (no octal). */
bool kdf_parse_u64(const char *text, int base, uint64_t *out);
bool kdf_parse_i64(const char *text, int base, int64_t *out);

/* A size in bytes with an optional binary suffix K, M, G, T (either case; a following B or iB is fine): "512k". */
bool kdf_parse_size(const char *text, uint64_t *out);

/* 1536 -> "1.5 KB"; buf of at least 32 bytes, returned for use in a printf call. Binary units, as crash prints them. */
char *kdf_format_size(uint64_t bytes, char *buf, unsigned cap);

#endif
