// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 4096 };

static size_t piece_of(const struct kdx_image *im, uint64_t offset)
{
	return (size_t)((im->address % PIECE + offset) / PIECE);
}

/* Piece by piece: what cannot be read is marked and stays zero. */
static struct kdf_error *read_pieces(const struct kdx_space *sp, struct kdx_image *im)
{
	im->code = calloc(piece_of(im, im->len ? im->len - 1 : 0) + 1, 1);
	if (!im->code)
		return kdf_err(KDF_NOMEM, "out of memory");
	for (size_t at = 0; at < im->len;) {
		size_t n = PIECE - (size_t)((im->address + at) % PIECE);
		struct kdf_error *e;

		n = n > im->len - at ? im->len - at : n;
		e = kdx_space_read(sp, im->address + at, im->data + at, n, "value");
		im->code[piece_of(im, at)] = (uint8_t)kdf_error_code(e);
		if (kdf_error_code(e) == KDF_INTERRUPTED)
			return e;
		kdf_error_free(e);
		at += n;
	}
	return NULL;
}

struct kdf_error *kdx_image_take(const struct kdx_space *sp, const struct kdx_value *v, size_t len,
				 struct kdx_image *out)
{
	struct kdx_image im = { .len = len, .address = v->address, .in_memory = v->place == KDX_IN_MEMORY };
	struct kdf_error *e = NULL;

	if (len > KDX_IMAGE_MAX)
		return kdf_err(KDF_LIMIT, "a value of %zu bytes is too large to show: name a part of it", len);
	im.data = calloc(len ? len : 1, 1);
	if (!im.data)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (im.in_memory) {
		e = kdx_space_read(sp, v->address, im.data, len, "value");
		if (e) {
			kdf_error_free(e);
			e = read_pieces(sp, &im);
		}
	} else if (len > v->image_len) {
		e = kdf_err(KDF_CORRUPT, "value runs over its image");
	} else {
		memcpy(im.data, v->image, len);
	}
	if (e) {
		kdx_image_free(&im);
		return e;
	}
	*out = im;
	return NULL;
}

void kdx_image_free(struct kdx_image *im)
{
	free(im->data);
	free(im->code);
	*im = (struct kdx_image){ 0 };
}

enum kdf_code kdx_image_check(const struct kdx_image *im, uint64_t offset, uint64_t len)
{
	uint64_t end;

	if (__builtin_add_overflow(offset, len, &end) || end > im->len)
		return KDF_CORRUPT;
	if (!im->code || !len)
		return KDF_OK;
	for (size_t i = piece_of(im, offset); i <= piece_of(im, end - 1); i++)
		if (im->code[i] != KDF_OK)
			return (enum kdf_code)im->code[i];
	return KDF_OK;
}
