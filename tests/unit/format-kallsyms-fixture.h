/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms tables made by hand, for the tests of their reader and of the symbol table that is filled from them. */
#ifndef FORMAT_KALLSYMS_FIXTURE_H
#define FORMAT_KALLSYMS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "kallsyms.h"

enum { N = 5 };
#define BASE 0xffffffff81000000u
#define OFFSETS_AT 0xffffffff82345678u

static char long_name[300]; /* filled by make() */

static const struct {
	char type;
	const char *name;
	uint64_t address;
} sample[N] = {
	{ 'A', "per_cpu_thing", 0x4000 },
	{ 'T', "_stext", BASE },
	{ 't', "schedule", BASE + 0x1230 },
	{ 'D', long_name, BASE + 0x400000 },
	{ 'b', "last", BASE + 0x7fffff },
};

struct tables {
	struct kdf_buf names, token_table;
	uint8_t token_index[512];
	uint8_t offsets[N * 4], addresses[N * 8];
};

/* Token i is the character i; two more stand for longer pieces. */
static void make_tokens(struct tables *t, bool be)
{
	for (unsigned i = 0; i < 256; i++) {
		kdf_store_uint(t->token_index + 2 * i, t->token_table.len, 2, be);
		if (i == 1)
			kdf_buf_puts(&t->token_table, "sched");
		else if (i == 2)
			kdf_buf_puts(&t->token_table, "ule");
		else if (i)
			kdf_buf_putc(&t->token_table, (char)i);
		kdf_buf_putc(&t->token_table, '\0');
	}
}

static void put_packed(struct kdf_buf *names, char type, const char *name)
{
	struct kdf_buf packed = { 0 };

	kdf_buf_putc(&packed, type);
	if (!strcmp(name, "schedule"))
		kdf_buf_add(&packed, "\1\2", 2);
	else
		kdf_buf_puts(&packed, name);
	if (packed.len > 127)
		kdf_buf_putc(names, (char)(0x80 | (packed.len & 0x7f)));
	kdf_buf_putc(names, (char)(packed.len > 127 ? packed.len >> 7 : packed.len));
	kdf_buf_add(names, packed.data, packed.len);
	kdf_buf_free(&packed);
}

static uint32_t encode(enum kdf_kallsyms_encoding encoding, uint64_t address, size_t i)
{
	switch (encoding) {
	case KDF_KALLSYMS_ABSOLUTE_PERCPU:
		return address < 0x10000 ? (uint32_t)address : (uint32_t)(BASE - 1 - address);
	case KDF_KALLSYMS_PLACE_RELATIVE:
		return (uint32_t)(address - OFFSETS_AT - 4 * i);
	default:
		return (uint32_t)(address - BASE);
	}
}

static struct kdf_kallsyms make(struct tables *t, enum kdf_kallsyms_encoding encoding, bool be)
{
	memset(t, 0, sizeof(*t));
	memset(long_name, 'n', sizeof(long_name) - 1);
	make_tokens(t, be);
	for (size_t i = 0; i < N; i++) {
		put_packed(&t->names, sample[i].type, sample[i].name);
		kdf_store_uint(t->offsets + 4 * i, encode(encoding, sample[i].address, i), 4, be);
		kdf_store_uint(t->addresses + 8 * i, sample[i].address, 8, be);
	}
	struct kdf_kallsyms k = {
		.count = N, .names = (const uint8_t *)t->names.data, .names_size = t->names.len,
		.token_table = (const uint8_t *)t->token_table.data, .token_table_size = t->token_table.len,
		.token_index = t->token_index, .offsets_address = OFFSETS_AT, .big_endian = be,
		.anchor = "_stext", .anchor_address = BASE,
	};
	if (encoding == KDF_KALLSYMS_ABSOLUTE)
		k.addresses = t->addresses;
	else
		k.offsets = t->offsets;
	k.has_base = encoding == KDF_KALLSYMS_RELATIVE || encoding == KDF_KALLSYMS_ABSOLUTE_PERCPU;
	k.base = BASE;
	return k;
}

static void drop(struct tables *t)
{
	kdf_buf_free(&t->names);
	kdf_buf_free(&t->token_table);
}

#endif
