// SPDX-License-Identifier: GPL-2.0-or-later
/* The symbol table filled from kallsyms; what the tables themselves may hold: format-kallsyms.c. */
#include "test.h"

#include "analyze/core/symbols-table.h"
#include "format-kallsyms-fixture.h"

static void encodings(bool be)
{
	for (int c = 0; c < KDF_KALLSYMS_ENCODINGS; c++) {
		struct tables t;
		struct kdf_kallsyms k = make(&t, (enum kdf_kallsyms_encoding)c, be);
		struct kdx_symtab *table;

		CHECK_OK(kdx_symtab_new(&table));
		CHECK_OK(kdx_symtab_add_kallsyms(table, &k));
		/* Names must not be lent from what was read. */
		drop(&t);
		memset(&t, 0xff, sizeof(t));
		if (CHECK(table->nsymbols == N)) {
			/* A small per-CPU value has no place in base + unsigned offset. */
			for (size_t i = c == KDF_KALLSYMS_RELATIVE; i < N; i++) {
				CHECK_TEXT(table->symbol[i].name, sample[i].name);
				CHECK(table->symbol[i].address == sample[i].address);
				CHECK(table->symbol[i].type == sample[i].type);
			}
		}
		kdx_symtab_free(table);
	}
}

/* More text than one piece of memory holds: the first name is as good at the end as the last. */
static void many(void)
{
	enum { MANY = 5000 };
	struct tables t;
	struct kdf_kallsyms k = make(&t, KDF_KALLSYMS_RELATIVE, false);
	uint8_t *offsets = calloc(MANY, 4);
	struct kdx_symtab *table;
	size_t right = 0;

	for (uint32_t i = N; i < MANY; i++) {
		char name[200];

		snprintf(name, sizeof(name), "%0190u", i);
		put_packed(&t.names, 't', name);
		kdf_store_uint(offsets + 4 * (size_t)i, i, 4, false);
	}
	memcpy(offsets, t.offsets, sizeof(t.offsets));
	k.names = (const uint8_t *)t.names.data;
	k.names_size = t.names.len;
	k.offsets = offsets;
	k.count = MANY;
	CHECK_OK(kdx_symtab_new(&table));
	CHECK_OK(kdx_symtab_add_kallsyms(table, &k));
	CHECK(table->nsymbols == MANY && table->nowned > 1);
	for (size_t i = 0; i < table->nsymbols; i++) {
		const struct kdx_symbol *s = &table->symbol[i];

		right += i < N ? !strcmp(s->name, sample[i].name)
			       : strlen(s->name) == 190 && strtoul(s->name, NULL, 10) == i && s->address == BASE + i;
	}
	CHECK(right == MANY);
	kdx_symtab_free(table);
	free(offsets);
	drop(&t);
}

/* Filling breaks off; what is in the table by then must still be fit to be freed. */
static void fails(const struct kdf_kallsyms *k, size_t added)
{
	struct kdx_symtab *table;

	CHECK_OK(kdx_symtab_new(&table));
	CHECK_CODE(kdx_symtab_add_kallsyms(table, k), KDF_CORRUPT);
	CHECK(table->nsymbols == added);
	for (size_t i = 0; i < table->nsymbols; i++)
		CHECK_TEXT(table->symbol[i].name, sample[i].name);
	kdx_symtab_free(table);
}

static void damaged(void)
{
	struct tables t;
	struct kdf_kallsyms good = make(&t, KDF_KALLSYMS_ABSOLUTE_PERCPU, false), k = good;

	k.anchor_address++;
	fails(&k, 0);
	k = good;
	k.names_size--;
	fails(&k, N - 1);
	k = good;
	k.count = 0;
	fails(&k, 0);
	drop(&t);
}

int main(void)
{
	encodings(false);
	encodings(true);
	many();
	damaged();
	TEST_END();
}
