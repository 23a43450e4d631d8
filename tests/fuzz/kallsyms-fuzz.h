/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms tables of a hostile dump out of a fuzzer's input: a byte of flags, count, sizes of the parts (16 bits
 * each), then the parts one behind the other; what is missing is cut short. With flag 8 the tokens are not the
 * input's, but good ones, one for each character, so that names come through.
 */
#ifndef KALLSYMS_FUZZ_H
#define KALLSYMS_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "kallsyms.h"

/* Exactly n bytes in memory of their own, so that a step beyond is seen. */
static uint8_t *take(struct kdf_bytes *b, size_t n, size_t *got)
{
	*got = n < b->len - b->pos ? n : b->len - b->pos;
	uint8_t *copy = malloc(*got ? *got : 1);

	memcpy(copy, b->p + b->pos, *got);
	b->pos += *got;
	return copy;
}

static void good_tokens(struct kdf_kallsyms *k)
{
	uint8_t *index = malloc(512), *table = malloc(512);

	for (unsigned i = 0; i < 256; i++) {
		kdf_store_uint(index + 2 * (size_t)i, 2 * i, 2, k->big_endian);
		table[2 * i] = (uint8_t)i;
		table[2 * i + 1] = 0;
	}
	k->memory[0] = index;
	k->memory[1] = table;
	k->token_table_size = 512;
}

/* false: too short for tables. To be freed with kdf_kallsyms_free in any case. */
static bool make_kallsyms(const uint8_t *data, size_t size, struct kdf_kallsyms *k)
{
	struct kdf_bytes b = kdf_bytes(data, size, false);
	size_t index_size = 512, offsets_size;
	uint8_t flags = kdf_get_u8(&b);
	uint16_t count = kdf_get_u16(&b) % 512, names = kdf_get_u16(&b), tokens = kdf_get_u16(&b);
	unsigned each = flags & 4 ? 8 : 4;

	*k = (struct kdf_kallsyms){ .has_base = flags & 1, .big_endian = flags & 2, .base = 0xffffffff81000000u,
				    .offsets_address = 0xffffffff82000000u, .anchor = "_stext",
				    .anchor_address = 0xffffffff81000000u };
	if (b.bad)
		return false;
	if (flags & 8) {
		good_tokens(k);
	} else {
		k->memory[0] = take(&b, 512, &index_size);
		k->memory[1] = take(&b, tokens, &k->token_table_size);
	}
	k->names = k->memory[2] = take(&b, names, &k->names_size);
	k->memory[3] = take(&b, each * (size_t)count, &offsets_size);
	k->token_index = k->memory[0];
	k->token_table = k->memory[1];
	k->count = (uint32_t)(offsets_size / each);
	*(flags & 4 ? &k->addresses : &k->offsets) = k->memory[3];
	return index_size == 512;
}

#endif
