// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF notes as a dump carries them. */
#include "format-fuzz.h"
#include "notes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void split(const void *bytes, size_t n, bool big_endian)
{
	struct kdf d = { .info.big_endian = big_endian };

	d.notes_raw = malloc(n + !n); /* exact, for the sanitizer */
	d.notes_size = n;
	memcpy(d.notes_raw, bytes, n);
	kdf_error_free(kdf_notes_split(&d));
	use_notes(&d);
	(void)kdf_notes_cpus(&d);
	(void)kdf_notes_find(&d, "VMCOREINFO");
	kdf_notes_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint64_t choice = take(&in, 1);
	bool be = choice & 1;

	if (choice & 2) {
		split(in.p, in.n, be);
		return 0;
	}
	struct kdf_buf b = { 0 };
	uint8_t state[336] = { 0 };
	for (int i = 0; i < 4; i++)
		put_note(&b, "CORE", 1, state, sizeof(state), be);
	put_note(&b, "VMCOREINFO", 0, "OSRELEASE=1\n", 12, be);
	put_note(&b, "QEMU", 0, state, 20, be);
	patch(&in, b.data, b.len);
	split(b.data, b.len, be);
	kdf_buf_free(&b);
	return 0;
}
