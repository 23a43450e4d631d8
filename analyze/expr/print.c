// SPDX-License-Identifier: GPL-2.0-or-later
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/memory.h"
#include "analyze/core/symbols.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "image.h"

enum {
	ELEMENTS_MAX = 256, /* of one array or string, as crash's print_max */
	DEPTH_MAX = 48,
	SCALARS_MAX = 1 << 20, /* of one value */
};

/* One print call. */
struct walk {
	const struct kdx_print *p;
	struct kdx_session *s;
	struct kdx_out *out;
	const struct kdx_image *im;
	unsigned depth, base; /* base: spaces in front of everything */
	unsigned scalars;
	bool top;
};

/* A place in the image: a type at an offset, maybe a bit field. */
struct place {
	const char *name; /* JSON */
	const struct kdx_type *type;
	uint64_t offset;
	uint32_t bit_offset, bit_size;
	bool anonymous; /* its members belong to the object around it */
};

static struct kdf_error *print_place(struct walk *w, const struct place *at);

/* ---- characters ---- */

static void escaped(struct kdf_buf *b, unsigned char c, char quote)
{
	static const char from[] = "\a\b\f\n\r\t\v", to[] = "abfnrtv";
	const char *letter = c ? strchr(from, c) : NULL;

	if (letter)
		kdf_buf_printf(b, "\\%c", to[letter - from]);
	else if (c == (unsigned char)quote || c == '\\')
		kdf_buf_printf(b, "\\%c", c);
	else if (c >= 0x20 && c < 0x7f)
		kdf_buf_putc(b, (char)c);
	else
		kdf_buf_printf(b, "\\%03o", c);
}

static void string_text(struct kdf_buf *b, const uint8_t *bytes, size_t n, bool more)
{
	kdf_buf_putc(b, '"');
	for (size_t i = 0; i < n; i++)
		escaped(b, bytes[i], '"');
	kdf_buf_puts(b, more ? "\"..." : "\"");
}

/* gdb leaves out the one NUL that ends an array; the rest is shown. */
static void char_array(struct walk *w, const struct place *at, const uint8_t *bytes, uint64_t n)
{
	struct kdf_buf b = { 0 }, plain = { 0 };
	bool more = n > ELEMENTS_MAX;

	if (n && !bytes[n - 1])
		n--;
	string_text(&b, bytes, n > ELEMENTS_MAX ? ELEMENTS_MAX : (size_t)n, more && n > ELEMENTS_MAX);
	kdf_buf_add(&plain, bytes, strnlen((const char *)bytes, (size_t)n));
	kdx_str(w->out, at->name, kdf_buf_text(&plain), "%s", kdf_buf_text(&b));
	kdf_buf_free(&b);
	kdf_buf_free(&plain);
}

static bool string_at(struct walk *w, uint64_t address, struct kdf_buf *b)
{
	char text[ELEMENTS_MAX + 2];
	size_t n = 0;

	if (!address)
		return false;
	/* One byte more than is shown, to know whether there is more. User strings are read page-wise too. */
	while (n < sizeof(text) - 1) {
		size_t step = 4096 - (size_t)((address + n) % 4096);
		struct kdf_error *e;
		const char *end;

		step = step > sizeof(text) - 1 - n ? sizeof(text) - 1 - n : step;
		e = kdx_space_read(&w->p->space, address + n, text + n, step, "string");
		if (e) {
			kdf_error_free(e);
			if (!n)
				return false;
			break;
		}
		end = memchr(text + n, '\0', step);
		n += end ? (size_t)(end - (text + n)) : step;
		if (end)
			break;
	}
	string_text(b, (const uint8_t *)text, n > ELEMENTS_MAX ? ELEMENTS_MAX : n, n > ELEMENTS_MAX);
	return true;
}

/* ---- scalars ---- */

/* An ELF symbol that has a size ends there; data without one (string pools, linker marks) names nothing. kallsyms
 * know no sizes: there the next symbol ends it. */
static bool covers(struct kdx_session *s, const struct kdx_symbol *sym, uint64_t offset)
{
	if (sym->size)
		return offset < sym->size;
	return strchr("tTwW", sym->type) || !strncmp(kdx_symtab_source(s), "kallsyms", 8);
}

void kdx_symbol_suffix(struct kdx_session *s, uint64_t address, struct kdf_buf *b)
{
	uint64_t offset;
	const struct kdx_symbol *sym = address ? kdx_symbol_by_address(s, address, &offset) : NULL;

	if (!sym || !covers(s, sym, offset))
		return;
	kdf_buf_printf(b, " <%s", sym->name);
	if (offset)
		kdf_buf_printf(b, "+%" PRIu64, offset);
	kdf_buf_putc(b, '>');
}

static void binary_text(struct kdf_buf *b, uint64_t v)
{
	int bit = 63;

	while (bit > 0 && !(v >> bit & 1))
		bit--;
	for (; bit >= 0; bit--)
		kdf_buf_putc(b, '0' + (char)(v >> bit & 1));
}

/* p/LETTER; false: the letter is not for numbers. */
static bool by_format(struct walk *w, uint64_t v, uint64_t size, struct kdf_buf *b)
{
	uint64_t cut = kdx_fit_bits(v, size, false);

	switch (w->p->format) {
	case 'x':
		kdf_buf_printf(b, "0x%" PRIx64, cut);
		return true;
	case 'z':
		kdf_buf_printf(b, "0x%0*" PRIx64, (int)(size > 8 ? 16 : 2 * size), cut);
		return true;
	case 'd':
		kdf_buf_printf(b, "%" PRId64, (int64_t)kdx_fit_bits(v, size, true));
		return true;
	case 'u':
		kdf_buf_printf(b, "%" PRIu64, cut);
		return true;
	case 'o':
		kdf_buf_printf(b, cut ? "0%" PRIo64 : "%" PRIo64, cut);
		return true;
	case 't':
		binary_text(b, cut);
		return true;
	case 'c':
		kdf_buf_printf(b, "%d '", (int)(signed char)v);
		escaped(b, (unsigned char)v, '\'');
		kdf_buf_putc(b, '\'');
		return true;
	case 'a':
		kdf_buf_printf(b, "0x%" PRIx64, cut);
		kdx_symbol_suffix(w->s, cut, b);
		return true;
	default:
		return false;
	}
}

static void integer_text(struct walk *w, const struct kdx_type *t, uint64_t v, uint64_t size, struct kdf_buf *b)
{
	if (by_format(w, v, size, b))
		return;
	if (w->p->radix == 16) {
		kdf_buf_printf(b, "0x%" PRIx64, kdx_fit_bits(v, size, false));
		return;
	}
	if (t->is_bool && v <= 1) {
		kdf_buf_puts(b, v ? "true" : "false");
		return;
	}
	kdf_buf_printf(b, t->is_signed ? "%" PRId64 : "%" PRIu64, v);
	if (t->is_char && size == 1) {
		kdf_buf_puts(b, " '");
		escaped(b, (unsigned char)v, '\'');
		kdf_buf_putc(b, '\'');
	}
}

static void print_integer(struct walk *w, const struct place *at, const struct kdx_type *t, uint64_t v, uint64_t size)
{
	struct kdf_buf b = { 0 };

	/* A bit field is as wide as it is: -x shows no bits it does not have. */
	if (at->bit_size && at->bit_size < 64)
		v = t->is_signed && w->p->radix == 10 && !w->p->format ? v : v & ((1ull << at->bit_size) - 1);
	integer_text(w, t, v, size, &b);
	if (t->is_bool)
		kdx_bool(w->out, at->name, v != 0, "%s", kdf_buf_text(&b));
	else if (t->is_signed)
		kdx_int(w->out, at->name, (int64_t)v, "%s", kdf_buf_text(&b));
	else
		kdx_uint(w->out, at->name, v, "%s", kdf_buf_text(&b));
	kdf_buf_free(&b);
}

/* Bits of an enumerator are next to each other: then it may be part of a set of flags. */
static bool one_run(uint64_t v)
{
	if (!v)
		return true;
	v >>= __builtin_ctzll(v);
	return !(v & (v + 1));
}

static bool is_flag_enum(const struct kdx_enumerator *en, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (en[i].value < 0 || !one_run((uint64_t)en[i].value))
			return false;
	return n > 0;
}

static void flags_text(const struct kdx_enumerator *en, size_t n, uint64_t v, struct kdf_buf *b)
{
	const char *gap = "(";

	if (!v) {
		kdf_buf_puts(b, "0");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t flag = (uint64_t)en[i].value;

		if (!flag || (v & flag) != flag)
			continue;
		kdf_buf_printf(b, "%s%s", gap, en[i].name);
		gap = " | ";
		v &= ~flag;
	}
	if (v)
		kdf_buf_printf(b, "%sunknown: 0x%" PRIx64, gap, v);
	kdf_buf_putc(b, ')');
}

static struct kdf_error *print_enum(struct walk *w, const struct place *at, const struct kdx_type *t, uint64_t v,
				    uint64_t size)
{
	const struct kdx_enumerator *en;
	struct kdf_buf b = { 0 };
	size_t n, i;
	struct kdf_error *e;

	if (w->p->format && by_format(w, v, size, &b)) {
		kdx_int(w->out, at->name, (int64_t)v, "%s", kdf_buf_text(&b));
		kdf_buf_free(&b);
		return NULL;
	}
	if ((e = kdx_type_enumerators(w->s, t, &en, &n)))
		return e;
	for (i = 0; i < n && kdx_fit_bits((uint64_t)en[i].value, size, false) != kdx_fit_bits(v, size, false); i++)
		;
	if (i < n)
		kdf_buf_puts(&b, en[i].name);
	else if (is_flag_enum(en, n))
		flags_text(en, n, kdx_fit_bits(v, size, false), &b);
	else if (w->p->radix == 16)
		kdf_buf_printf(&b, "0x%" PRIx64, kdx_fit_bits(v, size, false));
	else
		kdf_buf_printf(&b, t->is_signed ? "%" PRId64 : "%" PRIu64, v);
	if (i < n)
		kdx_str(w->out, at->name, en[i].name, "%s", kdf_buf_text(&b));
	else
		kdx_int(w->out, at->name, (int64_t)v, "%s", kdf_buf_text(&b));
	kdf_buf_free(&b);
	return NULL;
}

static struct kdf_error *print_pointer(struct walk *w, const struct place *at, const struct kdx_type *t, uint64_t v)
{
	const struct kdx_type *target, *plain;
	struct kdf_buf b = { 0 };
	bool text;
	struct kdf_error *e = kdx_derived_target(w->s, t, &target);

	if (!e)
		e = kdx_derived_strip(w->s, target, &plain);
	if (e)
		return e;
	text = plain->kind == KDX_INT && plain->is_char && plain->size == 1;
	/* As gdb: (char *) goes without saying, (u8 *) does not. */
	if (w->top && !w->depth && !(text && target->name && !strcmp(plain->name ? plain->name : "", "char"))) {
		KDF_AUTO_FREE char *type = NULL;

		if ((e = kdx_derived_declare(w->s, at->type, "", &type)))
			return e;
		for (size_t n = strlen(type); n && type[n - 1] == ' ';)
			type[--n] = '\0';
		kdf_buf_printf(&b, "(%s) ", type);
	}
	if (!w->p->format || !by_format(w, v, w->s->pointer_size, &b)) {
		kdf_buf_printf(&b, "0x%" PRIx64, v);
		kdx_symbol_suffix(w->s, v, &b);
		if (text) {
			kdf_buf_putc(&b, ' ');
			if (!string_at(w, v, &b))
				b.data[--b.len] = '\0';
		}
	}
	kdx_hex(w->out, at->name, v, "%s", kdf_buf_text(&b));
	kdf_buf_free(&b);
	return NULL;
}

static void print_real(struct walk *w, const struct place *at, double v)
{
	kdx_double(w->out, at->name, v, "%.17g", v);
}

static void missing(struct walk *w, const struct place *at, enum kdf_code code)
{
	char text[64];

	snprintf(text, sizeof(text), "<%s>", code == KDF_CORRUPT ? "outside its structure" : kdf_code_name(code));
	kdx_str(w->out, at->name, text, "%s", text);
}

/* ---- arrays ---- */

static bool is_text(const struct kdx_type *plain)
{
	return plain->kind == KDX_INT && plain->is_char && plain->size == 1;
}

/* An array without a length is shown as what it is in C: the address of its first element. */
static void flexible(struct walk *w, const struct place *at, const struct kdx_type *element)
{
	uint64_t address = w->im->address + at->offset;
	struct kdf_buf b = { 0 };

	kdf_buf_printf(&b, "0x%" PRIx64, address);
	kdx_symbol_suffix(w->s, address, &b);
	if (is_text(element) && w->im->in_memory) {
		kdf_buf_putc(&b, ' ');
		if (!string_at(w, address, &b))
			b.data[--b.len] = '\0';
	}
	kdx_hex(w->out, at->name, address, "%s", kdf_buf_text(&b));
	kdf_buf_free(&b);
}

static struct kdf_error *elements(struct walk *w, const struct place *at, const struct kdx_type *element, uint64_t size,
				  uint64_t n)
{
	struct kdf_error *e = NULL;

	kdx_array(w->out, at->name);
	kdx_text(w->out, "{");
	w->depth++;
	for (uint64_t i = 0; i < n && i < ELEMENTS_MAX && !e; i++) {
		struct place one = { .type = element, .offset = at->offset + i * size };

		kdx_text(w->out, "%s", i ? ", " : "");
		e = print_place(w, &one);
	}
	w->depth--;
	kdx_text(w->out, "%s}", n > ELEMENTS_MAX ? "..." : "");
	kdx_array_end(w->out);
	return e;
}

static struct kdf_error *print_array(struct walk *w, const struct place *at, const struct kdx_type *t)
{
	const struct kdx_type *element, *plain;
	uint64_t size, bytes;
	enum kdf_code code;
	struct kdf_error *e = kdx_derived_target(w->s, t, &element);

	if (!e)
		e = kdx_derived_strip(w->s, element, &plain);
	if (e)
		return e;
	size = kdx_derived_size(w->s, element);
	/* Nothing to show of elements without bytes either (lock_class_key without lockdep). */
	if (!t->elements || (!size && plain->kind == KDX_STRUCT && !plain->incomplete)) {
		flexible(w, at, plain);
		return NULL;
	}
	if (!size || __builtin_mul_overflow(size, t->elements, &bytes)) {
		missing(w, at, KDF_CORRUPT);
		return NULL;
	}
	if (is_text(plain) && (!w->p->format || w->p->format == 's')) {
		code = kdx_image_check(w->im, at->offset, bytes);
		if (code != KDF_OK)
			missing(w, at, code);
		else
			char_array(w, at, w->im->data + at->offset, bytes);
		return NULL;
	}
	return elements(w, at, element, size, t->elements);
}

/* ---- structures ---- */

static void indent(struct walk *w, unsigned spaces)
{
	kdx_text(w->out, "%*s", (int)(w->base + spaces), "");
}

static struct kdf_error *print_members(struct walk *w, const struct place *at, const struct kdx_type *t)
{
	const struct kdx_member *m;
	bool first = true;
	size_t n;
	struct kdf_error *e = kdx_type_members(w->s, t, &m, &n);

	for (size_t i = 0; !e && i < n; i++) {
		bool named = m[i].name && *m[i].name;
		struct place one = { m[i].name, m[i].type, 0, (uint32_t)(m[i].bit_offset % 8), m[i].bit_size, !named };

		if (__builtin_add_overflow(at->offset, m[i].bit_offset / 8, &one.offset))
			return kdf_err(KDF_CORRUPT, "a member outside of all structures");
		/* Padding bit fields have no name and no value. */
		if (!named && m[i].bit_size)
			continue;
		kdx_text(w->out, "%s", first ? "" : ",\n");
		first = false;
		indent(w, 2 * w->depth);
		if (named)
			kdx_text(w->out, "%s = ", m[i].name);
		e = print_place(w, &one);
	}
	return e;
}

static struct kdf_error *print_body(struct walk *w, const struct place *at, const struct kdx_type *t)
{
	const struct kdx_member *m;
	size_t n;
	struct kdf_error *e = kdx_type_members(w->s, t, &m, &n);

	if (e)
		return e;
	if (!n) {
		kdx_text(w->out, "{<No data fields>}");
		return NULL;
	}
	kdx_text(w->out, "{\n");
	w->depth++;
	e = print_members(w, at, t);
	w->depth--;
	kdx_text(w->out, "\n");
	indent(w, 2 * w->depth);
	kdx_text(w->out, "}");
	return e;
}

static struct kdf_error *print_struct(struct walk *w, const struct place *at, const struct kdx_type *t)
{
	struct kdf_error *e;

	if (t->incomplete) {
		kdx_str(w->out, at->name, "<incomplete type>", "<incomplete type>");
		return NULL;
	}
	if (!at->anonymous)
		kdx_object(w->out, at->name);
	e = print_body(w, at, t);
	if (!at->anonymous)
		kdx_object_end(w->out);
	return e;
}

/* ---- any ---- */

static struct kdf_error *print_scalar(struct walk *w, const struct place *at, const struct kdx_type *t)
{
	uint64_t size = kdx_derived_size(w->s, t), whole = size, v;
	const uint8_t *p;
	enum kdf_code code;

	if (at->bit_size)
		whole = ((uint64_t)at->bit_offset + at->bit_size + 7) / 8;
	code = kdx_image_check(w->im, at->offset, whole);
	if (code != KDF_OK || !size) {
		missing(w, at, size ? code : KDF_UNSUPPORTED);
		return NULL;
	}
	p = w->im->data + at->offset;
	if (t->kind == KDX_FLOAT || size > 8) {
		/* No kernel structure holds numbers of 16 bytes but the FPU images: those are shown as bytes. */
		double d = 0;
		float f;

		if (t->kind == KDX_FLOAT && size == 8)
			memcpy(&d, p, sizeof(d));
		if (t->kind == KDX_FLOAT && size == 4) {
			memcpy(&f, p, sizeof(f));
			d = (double)f;
		}
		if (t->kind == KDX_FLOAT && size <= 8) {
			print_real(w, at, d);
		} else {
			uint64_t low = kdf_load_uint(p + (w->s->big_endian ? size - 8 : 0), 8, w->s->big_endian);
			uint64_t high = kdf_load_uint(p + (w->s->big_endian ? 0 : size - 8), 8, w->s->big_endian);
			char text[40];

			if (high)
				snprintf(text, sizeof(text), "0x%" PRIx64 "%016" PRIx64, high, low);
			else
				snprintf(text, sizeof(text), w->p->radix == 16 ? "0x%" PRIx64 : "%" PRIu64, low);
			kdx_str(w->out, at->name, text, "%s", text);
		}
		return NULL;
	}
	v = kdx_field_bits(w->s, p, (size_t)whole, at->bit_offset, at->bit_size, t->is_signed);
	if (t->kind == KDX_POINTER)
		return print_pointer(w, at, t, v);
	if (t->kind == KDX_ENUM)
		return print_enum(w, at, t, v, size);
	print_integer(w, at, t, v, size);
	return NULL;
}

static struct kdf_error *print_function(struct walk *w, const struct place *at)
{
	uint64_t address = w->im->address + at->offset;
	KDF_AUTO_FREE char *type = NULL;
	struct kdf_buf b = { 0 };
	struct kdf_error *e;

	if (by_format(w, address, w->s->pointer_size, &b)) {
		kdx_hex(w->out, at->name, address, "%s", kdf_buf_text(&b));
		kdf_buf_free(&b);
		return NULL;
	}
	if ((e = kdx_derived_declare(w->s, at->type, "", &type)))
		return e;
	kdx_symbol_suffix(w->s, address, &b);
	kdx_hex(w->out, at->name, address, "{%s} 0x%" PRIx64 "%s", type, address, kdf_buf_text(&b));
	kdf_buf_free(&b);
	return NULL;
}

static struct kdf_error *print_place(struct walk *w, const struct place *at)
{
	const struct kdx_type *plain;
	struct kdf_error *e;

	if (w->depth > DEPTH_MAX)
		return kdf_err(KDF_LIMIT, "types nested too deep");
	if (kdf_interrupted())
		return kdf_err(KDF_INTERRUPTED, "interrupted");
	if (++w->scalars > SCALARS_MAX || kdx_out_stopped(w->out))
		return kdx_out_stopped(w->out) ? NULL :
						 kdf_err(KDF_LIMIT, "a value too large to show: name a part of it");
	if ((e = kdx_derived_strip(w->s, at->type, &plain)))
		return e;
	switch (plain->kind) {
	case KDX_STRUCT:
	case KDX_UNION:
		return print_struct(w, at, plain);
	case KDX_ARRAY:
		return print_array(w, at, plain);
	case KDX_FUNCTION:
		return print_function(w, at);
	case KDX_VOID:
		kdx_str(w->out, at->name, "void", "void");
		return NULL;
	default:
		return print_scalar(w, at, plain);
	}
}

/* A computed number has no bytes yet: it gets some, in the dump's byte order. */
static struct kdf_error *image_of(const struct kdx_print *p, const struct kdx_value *v, struct kdx_image *im)
{
	uint64_t size = kdx_derived_size(p->space.session, v->type), whole;
	uint8_t bytes[16] = { 0 };
	struct kdx_value as_image = {
		.type = v->type, .place = KDX_IN_IMAGE, .image = bytes, .image_len = sizeof(bytes)
	};
	const struct kdx_type *plain;
	float f = (float)v->real;
	struct kdf_error *e = kdx_derived_strip(p->space.session, v->type, &plain);

	if (e)
		return e;
	if (v->place != KDX_COMPUTED) {
		whole = v->bit_size ? ((uint64_t)v->bit_offset + v->bit_size + 7) / 8 : size;
		return kdx_image_take(&p->space, v, whole, im);
	}
	if (plain->kind == KDX_FLOAT && size == 4)
		memcpy(bytes, &f, sizeof(f));
	else if (plain->kind == KDX_FLOAT)
		memcpy(bytes, &v->real, sizeof(v->real));
	else
		kdf_store_uint(bytes, v->bits, size > 8 ? 8 : (size_t)size, p->space.session->big_endian);
	return kdx_image_take(&p->space, &as_image, size > sizeof(bytes) ? sizeof(bytes) : (size_t)size, im);
}

static struct kdf_error *print_at(const struct kdx_print *p, const char *name, const struct kdx_value *v, unsigned base,
				  bool top)
{
	struct kdx_image im;
	struct walk w = { .p = p, .s = p->space.session, .out = p->out, .im = &im, .base = base, .top = top };
	struct place at = { name, v->type, 0, v->bit_offset, v->bit_size, false };
	struct kdf_error *e;

	if (!v->type)
		return kdf_err(KDF_NO_DEBUG, "the type is unknown");
	if ((e = image_of(p, v, &im)))
		return e;
	e = print_place(&w, &at);
	kdx_image_free(&im);
	return e;
}

struct kdf_error *kdx_print_value(const struct kdx_print *p, const char *name, const struct kdx_value *v, bool top)
{
	return print_at(p, name ? name : "value", v, 0, top);
}

struct kdf_error *kdx_print_member(const struct kdx_print *p, const char *name, const struct kdx_value *v,
				   unsigned spaces)
{
	return print_at(p, name, v, spaces, false);
}
