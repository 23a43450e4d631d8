// SPDX-License-Identifier: GPL-2.0-or-later
/* VMCOREINFO text: parsed on its own, and as the description of a guest whose lines are patched. */
#include "format-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const void *text, size_t n)
{
	struct kdf d = { 0 };
	uint64_t u;
	int64_t i;

	kdf_error_free(kdf_vmcoreinfo_parse(&d.vmcoreinfo, text, n));
	(void)kdf_vmcoreinfo_symbol(&d, "prb", &u);
	(void)kdf_vmcoreinfo_number(&d, "phys_base", &i);
	(void)kdf_vmcoreinfo_size(&d, "page", &u);
	(void)kdf_vmcoreinfo_offset(&d, "page.flags", &u);
	(void)kdf_vmcoreinfo_length(&d, "x", &u);
	for (size_t k = 0; k < d.vmcoreinfo.value.cap; k++) {
		const struct kdf_hash_slot *s = &d.vmcoreinfo.value.slot[k];

		if (s->hash && !kdf_vmcoreinfo_value(&d, (const char *)(uintptr_t)s->key))
			abort();
	}
	kdf_vmcoreinfo_free(&d.vmcoreinfo);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint64_t choice = take(&in, 1);

	if (choice & 1) {
		parse(in.p, in.n);
		return 0;
	}
	struct guest *g = guest_with_log(4 + (choice >> 1 & 1));
	struct kdf_buf b = { 0 };
	patch(&in, g->info.data, g->info.len);
	guest_elf(g, NULL, true, &b);
	use_file(b.data, b.len);
	kdf_buf_free(&b);
	guest_free(g);
	return 0;
}
