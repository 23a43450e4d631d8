// SPDX-License-Identifier: GPL-2.0-or-later
/* The printk ring buffer in a crashed kernel's memory: pointers, descriptors, infos, text, all patched. */
#include "format-fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct guest *g = guest_with_log(4);
	struct kdf_buf b = { 0 };
	uint64_t sum[2] = { 0 }, lost;
	struct kdf *d;

	/* The ring's head, descriptors, infos and text lie in four pages. */
	patch(&in, g->memory + LOG_PRB, 4 * PAGE);
	guest_elf(g, NULL, true, &b);
	struct kdf_error *e = open_buf(&b, NULL, &d);
	if (!e) {
		kdf_error_free(kdf_log_walk(d, size & 1, count_record, sum, &lost));
		if (sum[1] > 8)
			abort(); /* more records than descriptors */
	}
	kdf_error_free(e);
	kdf_close(d);
	kdf_buf_free(&b);
	guest_free(g);
	return 0;
}
