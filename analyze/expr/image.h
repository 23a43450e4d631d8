/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of a value's bytes that remembers which of its pages could not be read, so that one excluded page does not
 * hide a whole structure. One thread.
 */
#ifndef KDX_EXPR_IMAGE_H
#define KDX_EXPR_IMAGE_H

#include "value.h"

enum { KDX_IMAGE_MAX = 64 << 20 };

struct kdx_image {
	uint8_t *data;
	size_t len;
	uint64_t address; /* of data[0]; meaningful when in_memory */
	bool in_memory;
	uint8_t *code; /* enum kdf_code of every 4 KiB piece of the address space touched; NULL: all was read */
};

/* Copies len bytes of a value in memory or in an image. Only no memory, an interrupt and a length over
 * KDX_IMAGE_MAX are errors. */
struct kdf_error *kdx_image_take(const struct kdx_space *, const struct kdx_value *, size_t len,
				 struct kdx_image *out) KDF_MUST_CHECK;
void kdx_image_free(struct kdx_image *);
/* KDF_OK when the bytes [offset, offset+len) are there, else why not. */
enum kdf_code kdx_image_check(const struct kdx_image *, uint64_t offset, uint64_t len);

#endif
