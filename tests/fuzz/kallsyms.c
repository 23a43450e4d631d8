// SPDX-License-Identifier: GPL-2.0-or-later
/* kallsyms tables from a hostile dump: names one by one, and a few of them by name. */
#include "kallsyms-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t n;
	char last[4096];
	uint64_t first_anchor;
	bool anchor;
};

static struct kdf_error *see(void *arg, uint64_t address, char type, const char *name, size_t len)
{
	struct seen *s = arg;

	(void)type;
	if (!len || strlen(name) != len || len >= sizeof(s->last))
		abort();
	memcpy(s->last, name, len + 1);
	if (!s->anchor && !strcmp(name, "_stext") && len == 6) {
		s->anchor = true;
		s->first_anchor = address;
	}
	s->n++;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0 };
	struct kdf_kallsyms k;

	if (make_kallsyms(data, size, &k)) {
		struct kdf_error *e = kdf_kallsyms_walk(&k, see, &seen);

		if (!e) {
			struct kdf_named_address name[] = { { "_stext", 0, false }, { seen.last, 0, false } };

			if (seen.n != k.count || kdf_kallsyms_addresses(&k, name, 2))
				abort();
			if (name[0].found != seen.anchor || (seen.anchor && name[0].address != seen.first_anchor))
				abort();
		}
		kdf_error_free(e);
	}
	kdf_kallsyms_free(&k);
	return 0;
}
