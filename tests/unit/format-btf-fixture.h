/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF written by hand, for the tests of its reader and of everything above that needs types. */
#ifndef FORMAT_BTF_FIXTURE_H
#define FORMAT_BTF_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "btf.h"

#define BTF_UNUSED __attribute__((unused))

struct btf_maker {
	struct kdf_buf types, strings;
	uint32_t n;
	bool big_endian;
};

static BTF_UNUSED void btf_word(struct btf_maker *m, uint32_t v)
{
	uint8_t raw[4];

	kdf_store_uint(raw, v, 4, m->big_endian);
	kdf_buf_add(&m->types, raw, 4);
}

static BTF_UNUSED uint32_t btf_text(struct btf_maker *m, const char *text)
{
	if (!m->strings.len)
		kdf_buf_putc(&m->strings, '\0');
	if (!*text)
		return 0;
	uint32_t at = (uint32_t)m->strings.len;
	kdf_buf_add(&m->strings, text, strlen(text) + 1);
	return at;
}

/* Starts a type; what follows its fixed part is written by the caller. Returns its id. */
static BTF_UNUSED uint32_t btf_begin(struct btf_maker *m, const char *name, unsigned kind, bool kflag, uint32_t vlen,
				     uint32_t size_or_type)
{
	btf_word(m, btf_text(m, name));
	btf_word(m, vlen | kind << 24 | (uint32_t)kflag << 31);
	btf_word(m, size_or_type);
	return ++m->n;
}

static BTF_UNUSED uint32_t btf_int(struct btf_maker *m, const char *name, uint32_t size, unsigned encoding)
{
	uint32_t id = btf_begin(m, name, KDF_BTF_INT, false, 0, size);

	btf_word(m, encoding << 24 | size * 8);
	return id;
}

static BTF_UNUSED uint32_t btf_ref(struct btf_maker *m, const char *name, unsigned kind, uint32_t type)
{
	return btf_begin(m, name, kind, false, 0, type);
}

static BTF_UNUSED uint32_t btf_array(struct btf_maker *m, uint32_t element, uint32_t index, uint32_t n)
{
	uint32_t id = btf_begin(m, "", KDF_BTF_ARRAY, false, 0, 0);

	btf_word(m, element);
	btf_word(m, index);
	btf_word(m, n);
	return id;
}

/* bits: 0, or the size of a bit field (then the structure was begun with its kind flag). */
static BTF_UNUSED void btf_member(struct btf_maker *m, const char *name, uint32_t type, uint32_t bit_offset,
				  uint32_t bits)
{
	btf_word(m, btf_text(m, name));
	btf_word(m, type);
	btf_word(m, bits << 24 | bit_offset);
}

static BTF_UNUSED void btf_pair(struct btf_maker *m, const char *name, uint32_t value)
{
	btf_word(m, btf_text(m, name));
	btf_word(m, value);
}

/* The blob: header of header_size bytes (24, or 32 with the layout table that is given), types, strings. */
static BTF_UNUSED void btf_blob(struct btf_maker *m, uint32_t header_size, const void *layout, uint32_t layout_size,
				struct kdf_buf *out)
{
	uint8_t header[64] = { 0 };
	bool be = m->big_endian;

	btf_text(m, "");
	kdf_store_uint(header, 0xeb9f, 2, be);
	header[2] = 1;
	kdf_store_uint(header + 4, header_size, 4, be);
	kdf_store_uint(header + 12, m->types.len, 4, be);
	kdf_store_uint(header + 16, m->types.len, 4, be);
	kdf_store_uint(header + 20, m->strings.len, 4, be);
	if (header_size >= 32) {
		kdf_store_uint(header + 24, m->types.len + m->strings.len, 4, be);
		kdf_store_uint(header + 28, layout_size, 4, be);
	}
	kdf_buf_add(out, header, header_size);
	kdf_buf_add(out, m->types.data, m->types.len);
	kdf_buf_add(out, m->strings.data, m->strings.len);
	kdf_buf_add(out, layout, layout_size);
	kdf_buf_free(&m->types);
	kdf_buf_free(&m->strings);
}

#endif
