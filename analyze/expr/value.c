// SPDX-License-Identifier: GPL-2.0-or-later
#include "value.h"

#include <inttypes.h>
#include <string.h>

#include "analyze/core/memory.h"
#include "base/bytes.h"
#include "base/cleanup.h"

struct kdf_error *kdx_space_read(const struct kdx_space *sp, uint64_t address, void *buf, size_t len, const char *what)
{
	struct kdf_error *e;

	if (sp->pgd_phys == KDF_KERNEL_PGD)
		return kdx_read(sp->session, address, buf, len, what);
	if (!sp->session->dump)
		return kdf_err(KDF_NOT_FOUND, "needs a dump, and none was given");
	e = kdf_read_virt_pgd(sp->session->dump, sp->pgd_phys, address, buf, len);
	return e ? kdf_err_wrap(e, "cannot read %s at user address %" PRIx64, what ? what : "memory", address) : NULL;
}

struct kdx_value kdx_value_of(const struct kdx_type *type, uint64_t bits)
{
	return (struct kdx_value){ .type = type, .place = KDX_COMPUTED, .bits = bits };
}

uint64_t kdx_fit_bits(uint64_t bits, uint64_t size, bool is_signed)
{
	unsigned drop;

	if (!size || size >= 8)
		return bits;
	drop = (unsigned)(64 - 8 * size);
	return is_signed ? (uint64_t)((int64_t)(bits << drop) >> drop) : bits << drop >> drop;
}

uint64_t kdx_field_bits(const struct kdx_session *s, const uint8_t *p, size_t size, uint32_t bit_offset,
			uint32_t bit_size, bool is_signed)
{
	uint64_t v;

	if (!bit_size)
		return kdx_fit_bits(kdf_load_uint(p, size > 8 ? 8 : size, s->big_endian), size, is_signed);
	if (bit_size > 64)
		bit_size = 64;
	/* A packed bit field may lie across nine bytes; bit by bit is right in every case. */
	v = 0;
	for (uint32_t i = 0; i < bit_size; i++) {
		uint32_t bit = bit_offset + i;
		unsigned set;

		if (bit / 8 >= size)
			break;
		set = s->big_endian ? p[bit / 8] >> (7 - bit % 8) & 1 : p[bit / 8] >> (bit % 8) & 1;
		if (s->big_endian)
			v = v << 1 | set;
		else
			v |= (uint64_t)set << i;
	}
	if (is_signed && bit_size < 64 && v >> (bit_size - 1) & 1)
		v |= UINT64_MAX << bit_size;
	return v;
}

static bool is_aggregate(enum kdx_kind k)
{
	return k == KDX_STRUCT || k == KDX_UNION;
}

static struct kdf_error *no_type(void)
{
	return kdf_err(KDF_NO_DEBUG, "the type of this symbol is unknown: cast it, as in *(unsigned long *)&symbol");
}

/* Up to 16 bytes of a scalar, from wherever the value is. */
static struct kdf_error *bytes_of(const struct kdx_space *sp, const struct kdx_value *v, uint8_t *buf, size_t size)
{
	if (v->place == KDX_IN_MEMORY)
		return kdx_space_read(sp, v->address, buf, size, v->type->name);
	if (size > v->image_len)
		return kdf_err(KDF_CORRUPT, "value runs over its image");
	memcpy(buf, v->image, size);
	return NULL;
}

static double real_of(const struct kdx_session *s, const uint8_t *buf, uint64_t size)
{
	uint64_t bits = kdf_load_uint(buf, size > 8 ? 8 : size, s->big_endian);
	uint32_t low = (uint32_t)bits;
	double d = 0;
	float f;

	if (size == 4) {
		memcpy(&f, &low, sizeof(f));
		d = (double)f;
	} else if (size == 8) {
		memcpy(&d, &bits, sizeof(d));
	}
	return d;
}

static struct kdf_error *decayed(const struct kdx_space *sp, const struct kdx_value *v, const struct kdx_type *plain,
				 struct kdx_value *out)
{
	const struct kdx_type *target = v->type, *pointer;
	struct kdf_error *e = NULL;

	if (plain->kind == KDX_ARRAY)
		e = kdx_derived_target(sp->session, plain, &target);
	if (!e && v->place != KDX_IN_MEMORY)
		e = kdf_err(KDF_USAGE, "a computed value has no address");
	if (!e)
		e = kdx_derive_pointer(sp->session, target, &pointer);
	if (!e)
		*out = kdx_value_of(pointer, v->address);
	return e;
}

struct kdf_error *kdx_value_scalar(const struct kdx_space *sp, const struct kdx_value *v, struct kdx_value *out)
{
	const struct kdx_type *plain;
	uint8_t buf[24] = { 0 };
	uint64_t size, whole;
	struct kdf_error *e;

	if (!v->type)
		return no_type();
	if (v->place == KDX_COMPUTED) {
		*out = *v;
		return NULL;
	}
	if ((e = kdx_derived_strip(sp->session, v->type, &plain)))
		return e;
	if (plain->kind == KDX_ARRAY || plain->kind == KDX_FUNCTION)
		return decayed(sp, v, plain, out);
	if (is_aggregate(plain->kind))
		return kdf_err(KDF_USAGE, "a structure where a number is needed: name a member");
	if (plain->kind == KDX_VOID)
		return kdf_err(KDF_USAGE, "a void value where a number is needed: cast the pointer first");
	size = kdx_derived_size(sp->session, plain);
	if (!size || size > 16)
		return kdf_err(KDF_UNSUPPORTED, "a number of %" PRIu64 " bytes", size);
	whole = v->bit_size ? ((uint64_t)v->bit_offset + v->bit_size + 7) / 8 : size;
	if (whole > sizeof(buf))
		return kdf_err(KDF_CORRUPT, "a bit field outside its type");
	if ((e = bytes_of(sp, v, buf, whole)))
		return e;
	*out = kdx_value_of(v->type, 0);
	if (plain->kind == KDX_FLOAT)
		out->real = real_of(sp->session, buf, size);
	else
		out->bits = kdx_field_bits(sp->session, buf, whole, v->bit_offset, v->bit_size, plain->is_signed);
	return NULL;
}

struct kdf_error *kdx_value_address(const struct kdx_space *sp, const struct kdx_value *v, uint64_t *out)
{
	const struct kdx_type *plain;
	struct kdx_value number;
	struct kdf_error *e;

	if (!v->type) {
		*out = v->address;
		return NULL;
	}
	if ((e = kdx_derived_strip(sp->session, v->type, &plain)))
		return e;
	if (v->place == KDX_IN_MEMORY &&
	    (is_aggregate(plain->kind) || plain->kind == KDX_ARRAY || plain->kind == KDX_FUNCTION)) {
		*out = v->address;
		return NULL;
	}
	if ((e = kdx_value_scalar(sp, v, &number)))
		return e;
	*out = plain->kind == KDX_FLOAT ? (uint64_t)number.real : number.bits;
	return NULL;
}

/* A part of a value in memory or in an image: `bit_offset` bits behind its start. */
static struct kdf_error *part(const struct kdx_value *whole, const struct kdx_type *type, uint64_t bit_offset,
			      uint32_t bit_size, struct kdx_value *out)
{
	uint64_t bytes = bit_offset / 8;
	struct kdx_value v = *whole;

	v.type = type;
	v.bit_size = bit_size;
	v.bit_offset = (uint32_t)(bit_offset % 8);
	if (whole->place == KDX_IN_MEMORY) {
		v.address += bytes;
	} else if (whole->place == KDX_IN_IMAGE && bytes <= whole->image_len) {
		v.image += bytes;
		v.image_len -= bytes;
	} else {
		return kdf_err(KDF_USAGE, "no part of a computed value");
	}
	*out = v;
	return NULL;
}

struct kdf_error *kdx_value_member(const struct kdx_space *sp, const struct kdx_value *aggregate, const char *path,
				   struct kdx_value *out)
{
	const struct kdx_type *plain;
	struct kdx_member m;
	struct kdf_error *e;

	if (!aggregate->type)
		return no_type();
	if ((e = kdx_derived_strip(sp->session, aggregate->type, &plain)))
		return e;
	if (!is_aggregate(plain->kind))
		return kdf_err(KDF_USAGE, "member '%s' of something that is no structure or union", path);
	if ((e = kdx_type_member(sp->session, plain, path, &m)))
		return e;
	return part(aggregate, m.type, m.bit_offset, m.bit_size, out);
}

struct kdf_error *kdx_value_deref(const struct kdx_space *sp, const struct kdx_value *pointer, struct kdx_value *out)
{
	const struct kdx_type *plain, *target;
	struct kdx_value p;
	struct kdf_error *e;

	if (!pointer->type)
		return no_type();
	if ((e = kdx_derived_strip(sp->session, pointer->type, &plain)))
		return e;
	if (plain->kind == KDX_FUNCTION) {
		*out = *pointer;
		return NULL;
	}
	if (plain->kind == KDX_ARRAY)
		return kdx_value_index(sp, pointer, 0, out);
	/* gdb reads *NUMBER as a long at that address; so does crash's p. */
	if (plain->kind == KDX_INT)
		target = kdx_basic_type(sp->session, KDX_T_LONG);
	else if (plain->kind != KDX_POINTER)
		return kdf_err(KDF_USAGE, "'*' of something that is no pointer");
	else if ((e = kdx_derived_target(sp->session, plain, &target)))
		return e;
	if ((e = kdx_value_scalar(sp, pointer, &p)))
		return e;
	if (target->kind == KDX_VOID)
		return kdf_err(KDF_USAGE, "'*' of a void pointer: cast it first, as in *(unsigned long *)pointer");
	*out = (struct kdx_value){ .type = target, .place = KDX_IN_MEMORY, .address = p.bits };
	return NULL;
}

struct kdf_error *kdx_value_index(const struct kdx_space *sp, const struct kdx_value *array, int64_t i,
				  struct kdx_value *out)
{
	const struct kdx_type *plain, *element;
	struct kdx_value first;
	int64_t bytes, bits;
	struct kdf_error *e;

	if (!array->type)
		return no_type();
	if ((e = kdx_derived_strip(sp->session, array->type, &plain)))
		return e;
	if (plain->kind != KDX_ARRAY && plain->kind != KDX_POINTER)
		return kdf_err(KDF_USAGE, "an index of something that is no array or pointer");
	if ((e = kdx_derived_target(sp->session, plain, &element)))
		return e;
	if (__builtin_mul_overflow((int64_t)kdx_derived_size(sp->session, element), i, &bytes) ||
	    __builtin_mul_overflow(bytes, (int64_t)8, &bits))
		return kdf_err(KDF_USAGE, "index %" PRId64 " is out of all bounds", i);
	if (plain->kind == KDX_ARRAY && array->place == KDX_IN_IMAGE)
		return i < 0 ? kdf_err(KDF_USAGE, "index %" PRId64 " of a string", i) :
			       part(array, element, (uint64_t)bits, 0, out);
	if ((e = kdx_value_scalar(sp, array, &first)))
		return e;
	if (element->kind == KDX_VOID)
		return kdf_err(KDF_USAGE, "an index of a void pointer: cast it first");
	*out = (struct kdx_value){ .type = element, .place = KDX_IN_MEMORY, .address = first.bits + (uint64_t)bytes };
	return NULL;
}

static struct kdf_error *cast_number(const struct kdx_space *sp, const struct kdx_value *v, const struct kdx_type *to,
				     const struct kdx_type *plain, struct kdx_value *out)
{
	const struct kdx_type *from;
	struct kdx_value n;
	struct kdf_error *e = kdx_value_scalar(sp, v, &n);

	if (!e)
		e = kdx_derived_strip(sp->session, n.type, &from);
	if (e)
		return e;
	*out = kdx_value_of(to, 0);
	if (plain->kind == KDX_FLOAT) {
		out->real = from->kind == KDX_FLOAT ? n.real :
			    from->is_signed         ? (double)(int64_t)n.bits :
						      (double)n.bits;
		return NULL;
	}
	if (from->kind == KDX_FLOAT) {
		if (!(n.real > -9.2e18 && n.real < 1.8e19))
			return kdf_err(KDF_USAGE, "a number too large for an integer");
		n.bits = n.real < 0 ? (uint64_t)(int64_t)n.real : (uint64_t)n.real;
		out->bits = plain->is_bool ? n.real != 0 : n.bits;
	} else {
		out->bits = plain->is_bool ? n.bits != 0 : n.bits;
	}
	out->bits = kdx_fit_bits(out->bits, kdx_derived_size(sp->session, plain), plain->is_signed);
	return NULL;
}

struct kdf_error *kdx_value_cast(const struct kdx_space *sp, const struct kdx_value *v, const struct kdx_type *to,
				 struct kdx_value *out)
{
	const struct kdx_type *plain;
	struct kdf_error *e = kdx_derived_strip(sp->session, to, &plain);

	if (e)
		return e;
	/* A symbol of unknown type, or an aggregate that is looked at as another: the same bytes, another type. */
	if (!v->type || is_aggregate(plain->kind) || plain->kind == KDX_ARRAY) {
		if (v->place == KDX_COMPUTED)
			return kdf_err(KDF_USAGE, "a computed number cannot be cast to a structure or array");
		*out = *v;
		out->type = to;
		out->bit_size = 0;
		return NULL;
	}
	if (plain->kind == KDX_VOID) {
		*out = kdx_value_of(to, 0);
		return NULL;
	}
	return cast_number(sp, v, to, plain, out);
}

struct kdf_error *kdx_value_readable(const struct kdx_space *sp, const struct kdx_value *v)
{
	uint64_t size = v->type ? kdx_derived_size(sp->session, v->type) : 0;
	uint8_t byte;
	struct kdf_error *e, *other;

	if (v->place != KDX_IN_MEMORY || !size)
		return NULL;
	e = kdx_space_read(sp, v->address, &byte, 1, v->type->name);
	if (!e)
		return NULL;
	other = size > 1 ? kdx_space_read(sp, v->address + size - 1, &byte, 1, v->type->name) : NULL;
	if (size == 1 || other) {
		kdf_error_free(other);
		return e;
	}
	kdf_error_free(e);
	return NULL;
}
