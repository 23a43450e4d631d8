// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF dumps: headers, segments, page tables and log behind them. */
#include "format-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void structured(struct input *in)
{
	uint64_t choice = take(in, 2);
	struct guest *g = guest_with_log(4 + (choice & 1));
	struct kdf_buf notes = { 0 }, b = { 0 };
	struct elf_recipe r = {
		.load = { { TEXT_MAP + 4 * PAGE, 4 * PAGE, 3 * PAGE, 3 * PAGE, 0 },
			  { DIRECT_MAP, 0, GUEST_PAGES * PAGE, GUEST_PAGES * PAGE, 0 } },
		.nloads = 2,
		.notes = &notes,
		.memory = g->memory,
		.xnum = choice & 2,
		.headers_last = choice & 4,
		.big_endian = choice & 8,
	};
	uint8_t state[440] = { 1 };

	kdf_store_uint(state + 392 + 24, g->pgd, 8, false);
	put_note(&notes, "QEMU", 0, state, sizeof(state), r.big_endian);
	if (choice & 16)
		put_note(&notes, "VMCOREINFO", 0, g->info.data, g->info.len, r.big_endian);
	struct elf_places p = make_elf(&r, &b);
	struct input near = { in->p, in->n / 2 };
	if (choice & 4)
		patch(&near, b.data + p.phoff, b.len - p.phoff);
	else
		patch(&near, b.data, 3 * PAGE);
	in->p += in->n / 2;
	in->n -= in->n / 2;
	patch(in, b.data, b.len);
	use_file(b.data, choice & 32 ? b.len : b.len - (choice >> 8) * 1000);
	kdf_buf_free(&b);
	kdf_buf_free(&notes);
	guest_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return structured_or_signed(data, size, structured, "\177ELF");
}
