/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flattened form of a dump (makedumpfile -F, QEMU's kdump-* formats): a header of 4096 bytes, then records
 * {offset, size, bytes} in the order of writing, big endian. A later record overrides what earlier ones wrote to
 * the same place. Index of a whole stream, made in one pass over the record headers.
 */
#ifndef KDF_FLATTENED_H
#define KDF_FLATTENED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kdf_source;

/* Content [start, end) lies at `position` of the file. */
struct kdf_flat_extent {
	uint64_t start, end, position;
};

struct kdf_flat {
	struct kdf_flat_extent *extent; /* sorted, without overlap */
	size_t count;
	uint64_t size;	/* end of the content */
	bool cut;	/* no end record */
};

struct kdf_error *kdf_flat_probe(const struct kdf_source *, bool *flattened) KDF_MUST_CHECK;
struct kdf_error *kdf_flat_build(const struct kdf_source *, struct kdf_flat **out) KDF_MUST_CHECK;
void kdf_flat_free(struct kdf_flat *); /* NULL is fine */
/* Index of the first extent that ends behind offset; count when there is none. */
size_t kdf_flat_find(const struct kdf_flat *, uint64_t offset);

#endif
