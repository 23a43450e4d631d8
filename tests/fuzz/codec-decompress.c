// SPDX-License-Identifier: GPL-2.0-or-later
/* Stored pages of hostile dumps: the first byte picks the codec, the rest is the page. */
#include <stdlib.h>
#include <string.h>

#include "kdf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { PAGE = 4096 };

	if (size < 1)
		return 0;
	const struct kdf_codec *c = kdf_codec_at(data[0] % kdf_codec_count());
	/* Blocks of their own: one byte too far is seen. */
	uint8_t *in = malloc(size), *out = malloc(PAGE), *again = malloc(PAGE);
	memcpy(in, data + 1, size - 1);
	if (c->decompress(in, size - 1, out, PAGE)) {
		/* What came out once comes out again. */
		if (!c->decompress(in, size - 1, again, PAGE) || memcmp(out, again, PAGE))
			abort();
	}
	free(in);
	free(out);
	free(again);
	return 0;
}
