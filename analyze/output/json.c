// SPDX-License-Identifier: GPL-2.0-or-later
#include "json.h"

#include <stdint.h>
#include <string.h>

/* Length of the UTF-8 character at p (n bytes left) and its code point; 0 when the bytes are none. */
static size_t utf8(const unsigned char *p, size_t n, uint32_t *point)
{
	size_t len = p[0] < 0x80           ? 1 :
		     (p[0] & 0xe0) == 0xc0 ? 2 :
		     (p[0] & 0xf0) == 0xe0 ? 3 :
		     (p[0] & 0xf8) == 0xf0 ? 4 :
					     0;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c;

	if (!len || len > n)
		return 0;
	c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*point = c;
	return len;
}

static void quote_one(struct kdf_buf *b, const char *p, size_t len, uint32_t point)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *short_form = point && point < 0x80 ? strchr(from, (int)point) : NULL;

	if (short_form)
		kdf_buf_printf(b, "\\%c", to[short_form - from]);
	else if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029)
		kdf_buf_printf(b, "\\u%04x", point);
	else
		kdf_buf_add(b, p, len);
}

void kdx_json_quote(struct kdf_buf *b, const char *bytes, size_t len)
{
	kdf_buf_putc(b, '"');
	while (len) {
		uint32_t point = 0;
		size_t n = utf8((const unsigned char *)bytes, len, &point);

		if (n)
			quote_one(b, bytes, n, point);
		else
			kdf_buf_puts(b, "\\ufffd");
		n = n ? n : 1;
		bytes += n;
		len -= n;
	}
	kdf_buf_putc(b, '"');
}

/* Longest beginning that needs no look: printable ASCII, new lines, tabs. */
static size_t plain(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len && ((p[i] >= ' ' && p[i] < 0x7f) || p[i] == '\n' || p[i] == '\t'))
		i++;
	return i;
}

void kdx_visible_text(struct kdf_buf *b, const char *bytes, size_t len)
{
	while (len) {
		size_t n = plain(bytes, len);
		uint32_t point = 0;

		kdf_buf_add(b, bytes, n);
		bytes += n;
		len -= n;
		if (!len)
			return;
		n = utf8((const unsigned char *)bytes, len, &point);
		if (n > 1 && point >= 0xa0) {
			kdf_buf_add(b, bytes, n);
		} else {
			n = 1;
			kdf_buf_printf(b, "\\x%02x", (unsigned char)*bytes);
		}
		bytes += n;
		len -= n;
	}
}
