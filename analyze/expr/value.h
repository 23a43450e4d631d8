/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of expressions. A value knows its type and where its bytes are: in the dump's memory (read when they are
 * wanted), in an image lent by the expression state (string literals), or computed. One thread, as the session.
 */
#ifndef KDX_EXPR_VALUE_H
#define KDX_EXPR_VALUE_H

#include "derive.h"

/* An address space: the kernel's own, or a task's by the physical address of its top-level page table. */
struct kdx_space {
	struct kdx_session *session;
	uint64_t pgd_phys; /* KDF_KERNEL_PGD: the kernel's */
};

struct kdf_error *kdx_space_read(const struct kdx_space *, uint64_t address, void *buf, size_t len,
				 const char *what) KDF_MUST_CHECK;

enum kdx_value_place { KDX_IN_MEMORY, KDX_COMPUTED, KDX_IN_IMAGE };

struct kdx_value {
	const struct kdx_type *type; /* NULL: a symbol of unknown type; only & and a cast can use it */
	enum kdx_value_place place;
	uint64_t address;     /* KDX_IN_MEMORY */
	uint64_t bits;        /* KDX_COMPUTED: integer, pointer or enum, extended to 64 bits by its sign */
	double real;          /* KDX_COMPUTED, KDX_FLOAT */
	const uint8_t *image; /* KDX_IN_IMAGE, image_len bytes */
	size_t image_len;
	uint32_t bit_offset, bit_size; /* bit field: first bit within the bytes of its type; bit_size 0: none */
};

/* Bytes of a bit field or integer as a 64-bit number: size bytes at p, in the session's byte order. */
uint64_t kdx_field_bits(const struct kdx_session *, const uint8_t *p, size_t size, uint32_t bit_offset,
			uint32_t bit_size, bool is_signed);

/* Reads a scalar (integer, enum, pointer, real): the same value, computed. An array becomes a pointer to its first
 * element, a function its address. KDF_USAGE for structures and unions. */
struct kdf_error *kdx_value_scalar(const struct kdx_space *, const struct kdx_value *,
				   struct kdx_value *out) KDF_MUST_CHECK;
/* An address out of a value: integers and pointers their number; a structure, union, array or function in memory
 * where it lies. */
struct kdf_error *kdx_value_address(const struct kdx_space *, const struct kdx_value *, uint64_t *out) KDF_MUST_CHECK;

struct kdf_error *kdx_value_member(const struct kdx_space *, const struct kdx_value *aggregate, const char *path,
				   struct kdx_value *out) KDF_MUST_CHECK;
/* What a pointer points to; an array gives its first element. */
struct kdf_error *kdx_value_deref(const struct kdx_space *, const struct kdx_value *pointer,
				  struct kdx_value *out) KDF_MUST_CHECK;
struct kdf_error *kdx_value_index(const struct kdx_space *, const struct kdx_value *array, int64_t i,
				  struct kdx_value *out) KDF_MUST_CHECK;
/* Conversion as by a C cast. */
struct kdf_error *kdx_value_cast(const struct kdx_space *, const struct kdx_value *, const struct kdx_type *to,
				 struct kdx_value *out) KDF_MUST_CHECK;

/* An error when neither the first nor the last byte of a value in memory can be read; a value that is there in part
 * is shown in part. */
struct kdf_error *kdx_value_readable(const struct kdx_space *, const struct kdx_value *) KDF_MUST_CHECK;

struct kdx_value kdx_value_of(const struct kdx_type *type, uint64_t bits);
/* `bits` cut or extended to what an integer of `size` bytes holds. */
uint64_t kdx_fit_bits(uint64_t bits, uint64_t size, bool is_signed);

#endif
