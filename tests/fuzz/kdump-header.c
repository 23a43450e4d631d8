// SPDX-License-Identifier: GPL-2.0-or-later
/* kdump-compressed files: headers, bitmaps, descriptors, compressed pages. */
#include "format-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes choose version, class, codec, memory; the rest patches the file. */
static void structured(struct input *in)
{
	uint64_t choice = take(in, 2);
	struct guest *g = guest_with_log(4 + (choice >> 8 & 1));
	struct kdf_buf notes = { 0 }, b = { 0 };
	struct kdump_recipe r = {
		.version = (int)(choice % 7),
		.machine = choice & 0x800 ? "i686" : "x86_64",
		.big_endian = choice & 0x1000,
		.bits32 = choice & 0x2000,
		.split = choice & 0x4000,
		.max_pfn = GUEST_PAGES,
		.end_pfn = GUEST_PAGES,
		.memory = g->memory,
	};

	if (kdf_codec_count() && choice & 0x8000)
		r.flag = kdf_codec_at((choice >> 9 & 3) % kdf_codec_count())->flag;
	memset(r.ram, 0xff, sizeof(r.ram));
	memset(r.dumped, 0xff, sizeof(r.dumped));
	put_note(&notes, "CORE", 1, "1234", 4, r.big_endian);
	r.vmcoreinfo_at = notes.len + 24;
	r.vmcoreinfo_size = g->info.len;
	put_note(&notes, "VMCOREINFO", 0, g->info.data, g->info.len, r.big_endian);
	r.notes = &notes;
	make_kdump(&r, &b);
	/* Most patches into headers and tables, the last ones anywhere. */
	struct input near = { in->p, in->n / 2 };
	patch(&near, b.data, 16 * PAGE < b.len ? 16 * PAGE : b.len);
	in->p += in->n / 2;
	in->n -= in->n / 2;
	patch(in, b.data, b.len);
	use_file(b.data, b.len);
	kdf_buf_free(&b);
	kdf_buf_free(&notes);
	guest_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return structured_or_signed(data, size, structured, "KDUMP   ");
}
