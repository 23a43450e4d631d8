// SPDX-License-Identifier: GPL-2.0-or-later
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool kdf_parse_u64(const char *text, int base, uint64_t *out)
{
	char *end;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	if (base == 0)
		base = hex ? 16 : 10;
	if (hex && base == 16)
		text += 2;
	if (!(base == 16 ? isxdigit((unsigned char)*text) : isdigit((unsigned char)*text)))
		return false;
	errno = 0;
	unsigned long long v = strtoull(text, &end, base);
	if (errno || *end)
		return false;
	*out = v;
	return true;
}

bool kdf_parse_i64(const char *text, int base, int64_t *out)
{
	bool minus = *text == '-';
	uint64_t v;

	if (!kdf_parse_u64(text + minus, base, &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	*out = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool kdf_parse_size(const char *text, uint64_t *out)
{
	static const char unit[] = "KMGT";
	char digits[24];
	size_t n = strspn(text, "0123456789");
	unsigned shift = 0;
	uint64_t v;

	if (!n || n >= sizeof(digits))
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	text += n;
	const char *u = *text ? strchr(unit, toupper((unsigned char)*text)) : NULL;
	if (u) {
		shift = 10 * (unsigned)(u - unit + 1);
		text++;
		text += *text == 'i';
	}
	text += *text == 'B' || *text == 'b';
	if (*text || !kdf_parse_u64(digits, 10, &v) || v > UINT64_MAX >> shift)
		return false;
	*out = v << shift;
	return true;
}

char *kdf_format_size(uint64_t bytes, char *buf, unsigned cap)
{
	static const char *const unit[] = { "bytes", "KB", "MB", "GB", "TB", "PB", "EB" };
	unsigned i = 0;
	double v = (double)bytes;

	for (; v >= 1024 && i < 6; i++)
		v /= 1024;
	if (i == 0 || v == (double)(uint64_t)v)
		snprintf(buf, cap, "%.0f %s", v, unit[i]);
	else
		snprintf(buf, cap, "%.1f %s", v, unit[i]);
	return buf;
}
