// SPDX-License-Identifier: GPL-2.0-or-later
/* The symbol table filled from kallsyms of a hostile dump: every symbol is found again by its name. */
#include "analyze/core/symbols-table.h"
#include "kallsyms-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(struct kdx_symtab *table)
{
	struct kdx_session s = { .symtab = table };
	uint64_t offset;

	for (size_t i = 0; i < kdx_symbol_count(&s); i++) {
		const struct kdx_symbol *symbol = kdx_symbol_at(&s, i);

		if (!kdx_symbol_by_name(&s, symbol->name))
			abort();
		(void)kdx_symbol_by_address(&s, symbol->address + 1, &offset);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdf_kallsyms k;
	struct kdx_symtab *table;

	if (make_kallsyms(data, size, &k) && !kdx_symtab_new(&table)) {
		struct kdf_error *e = kdx_symtab_add_kallsyms(table, &k);

		if (!e)
			e = kdx_symtab_finish(table);
		if (!e)
			look_up(table);
		kdf_error_free(e);
		kdx_symtab_free(table);
	}
	kdf_kallsyms_free(&k);
	return 0;
}
