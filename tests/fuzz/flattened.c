// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flattened files: the index against a plain replay of the records, and a kdump file below patched records.
 */
#include "format-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPACE = 1 << 12 };

/* Records of random place and size: what the index says must be what writing them in order gives. */
static void replay(struct input *in)
{
	static uint8_t want[2 * SPACE], got[2 * SPACE], fill[256];
	struct kdf_buf b = { 0 };
	struct kdf_source *s;
	size_t end = 0;

	memset(want, 0, sizeof(want));
	begin_flattened(&b);
	for (unsigned i = 1; in->n >= 3 && i < 200; i++) {
		size_t at = take(in, 2) % SPACE, n = take(in, 1);

		memset(fill, (int)(i % 255 + 1), sizeof(fill));
		memcpy(want + at, fill, n);
		put_record(&b, at, fill, n);
		if (n && at + n > end)
			end = at + n;
	}
	end_flattened(&b);
	struct kdf_error *e = kdf_source_from_fd(memory_file(b.data, b.len), "fuzz", &s);
	if (!e) {
		if (s->size != end)
			abort();
		e = kdf_source_read(s, 0, got, end);
		if (e || memcmp(got, want, end))
			abort();
		kdf_source_close(s);
	} else if (end) {
		abort();
	}
	kdf_error_free(e);
	kdf_buf_free(&b);
}

static void patched(struct input *in)
{
	struct kdump_recipe r = { .version = 6, .machine = "x86_64", .max_pfn = 16 };
	struct kdf_buf plain = { 0 }, b = { 0 };
	size_t step = 100 + take(in, 2) % 5000;

	memset(r.ram, 0xff, 2);
	memset(r.dumped, 0xff, 2);
	make_kdump(&r, &plain);
	begin_flattened(&b);
	for (size_t at = 0; at < plain.len; at += step)
		put_record(&b, at, plain.data + at, plain.len - at < step ? plain.len - at : step);
	end_flattened(&b);
	patch(in, b.data, b.len);
	use_file(b.data, b.len);
	kdf_buf_free(&plain);
	kdf_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	switch (take(&in, 1) % 3) {
	case 0:
		replay(&in);
		break;
	case 1:
		patched(&in);
		break;
	default: {
		struct kdf_buf b = { 0 };

		begin_flattened(&b);
		put_at(&b, b.len, in.p, in.n);
		use_file(b.data, b.len);
		kdf_buf_free(&b);
	}
	}
	return 0;
}
