// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kallsyms tables from a hostile dump. Input: a byte of flags, count, sizes of the parts (16 bits each), then the
 * parts one behind the other; what is missing is cut short.
 */
#include <stdlib.h>

#include "analyze/core/kallsyms.h"
#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Exactly n bytes in memory of their own, so that a step beyond is seen. */
static uint8_t *take(struct kdf_bytes *b, size_t n, size_t *got)
{
	*got = n < b->len - b->pos ? n : b->len - b->pos;
	uint8_t *copy = malloc(*got ? *got : 1);

	memcpy(copy, b->p + b->pos, *got);
	b->pos += *got;
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdf_bytes b = kdf_bytes(data, size, false);
	struct kdx_symtab *table;
	size_t index_size, offsets_size, got;
	uint8_t flags = kdf_get_u8(&b);
	uint16_t count = kdf_get_u16(&b), names = kdf_get_u16(&b), tokens = kdf_get_u16(&b);
	struct kdx_kallsyms k = { .count = count % 512, .has_base = flags & 1, .big_endian = flags & 2,
				  .base = 0xffffffff81000000u, .offsets_address = 0xffffffff82000000u,
				  .anchor = "_stext", .anchor_address = 0xffffffff81000000u };

	if (b.bad)
		return 0;
	uint8_t *index = take(&b, 512, &index_size), *names_bytes = take(&b, names, &k.names_size);
	uint8_t *token_bytes = take(&b, tokens, &k.token_table_size);
	uint8_t *offsets = take(&b, (flags & 4 ? 8 : 4) * (size_t)k.count, &offsets_size);
	got = offsets_size / (flags & 4 ? 8 : 4);
	k.count = (uint32_t)got;
	k.names = names_bytes;
	k.token_table = token_bytes;
	k.token_index = index;
	*(flags & 4 ? &k.addresses : &k.offsets) = offsets;
	if (index_size == 512 && !kdx_symtab_new(&table)) {
		struct kdf_error *e = kdx_kallsyms_decode(&k, table);

		if (!e)
			e = kdx_symtab_finish(table);
		if (!e) {
			struct kdx_session s = { .symtab = table };
			uint64_t offset;

			for (size_t i = 0; i < kdx_symbol_count(&s); i++) {
				const struct kdx_symbol *symbol = kdx_symbol_at(&s, i);

				if (!kdx_symbol_by_name(&s, symbol->name))
					abort();
				(void)kdx_symbol_by_address(&s, symbol->address + 1, &offset);
			}
		}
		kdf_error_free(e);
		kdx_symtab_free(table);
	}
	free(index);
	free(names_bytes);
	free(token_bytes);
	free(offsets);
	return 0;
}
