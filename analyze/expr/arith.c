// SPDX-License-Identifier: GPL-2.0-or-later
/* C's arithmetic on values. */
#include <string.h>

#include "eval.h"

struct operand {
	struct kdx_value v;
	const struct kdx_type *plain;
	bool is_real, is_pointer;
};

static struct kdf_error *operand(struct kdx_eval *ev, const struct kdx_value *v, struct operand *o)
{
	struct kdf_error *e = kdx_eval_scalar(ev, v, &o->v);

	if (!e)
		e = kdx_derived_strip(ev->s, o->v.type, &o->plain);
	if (e)
		return e;
	o->is_real = o->plain->kind == KDX_FLOAT;
	o->is_pointer = o->plain->kind == KDX_POINTER;
	return NULL;
}

static double as_real(const struct operand *o)
{
	if (o->is_real)
		return o->v.real;
	return o->plain->is_signed ? (double)(int64_t)o->v.bits : (double)o->v.bits;
}

/* Usual arithmetic conversions: at least int; long when one is; unsigned wins at equal size. */
static const struct kdx_type *common(const struct kdx_eval *ev, const struct operand *a, const struct operand *b)
{
	uint64_t size = 4;
	bool is_unsigned = false;

	for (unsigned i = 0; i < 2; i++) {
		const struct operand *o = i ? b : a;
		uint64_t n = o->plain->size < 4 ? 4 : o->plain->size;
		bool u = o->plain->size >= 4 && !o->plain->is_signed;

		if (n > size) {
			size = n;
			is_unsigned = u;
		} else if (n == size) {
			is_unsigned = is_unsigned || u;
		}
	}
	if (size > 4)
		return kdx_basic_type(ev->s, ev->s->pointer_size == 4 ? (is_unsigned ? KDX_T_ULLONG : KDX_T_LLONG) :
									(is_unsigned ? KDX_T_ULONG : KDX_T_LONG));
	return kdx_basic_type(ev->s, is_unsigned ? KDX_T_UINT : KDX_T_INT);
}

/* The result in its type; an int result that does not fit becomes long instead of wrapping. */
static struct kdx_value fitted(const struct kdx_eval *ev, const struct kdx_type *t, uint64_t bits)
{
	uint64_t fit = kdx_fit_bits(bits, t->size, t->is_signed);

	if (t->is_signed && fit != bits)
		return kdx_value_of(kdx_basic_type(ev->s, KDX_T_LLONG), bits);
	return kdx_value_of(t, fit);
}

static bool is_op(const char *op, const char *what)
{
	return !strcmp(op, what);
}

static bool comparison(const char *op)
{
	return is_op(op, "==") || is_op(op, "!=") || op[0] == '<' ? !is_op(op, "<<") : op[0] == '>' && !is_op(op, ">>");
}

static bool holds(const char *op, int order)
{
	switch (op[0]) {
	case '=':
		return order == 0;
	case '!':
		return order != 0;
	case '<':
		return op[1] ? order <= 0 : order < 0;
	default:
		return op[1] ? order >= 0 : order > 0;
	}
}

static struct kdf_error *real_op(struct kdx_eval *ev, const char *op, double a, double b, struct kdx_value *out)
{
	*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_DOUBLE), 0);
	switch (op[0]) {
	case '+':
		out->real = a + b;
		return NULL;
	case '-':
		out->real = a - b;
		return NULL;
	case '*':
		out->real = a * b;
		return NULL;
	case '/':
		if (b == 0 && !ev->unwanted)
			return kdf_err(KDF_USAGE, "division by zero");
		out->real = b == 0 ? 0 : a / b;
		return NULL;
	default:
		return kdf_err(KDF_USAGE, "'%s' needs whole numbers", op);
	}
}

static struct kdf_error *divide(struct kdx_eval *ev, const char *op, const struct kdx_type *t, uint64_t a, uint64_t b,
				struct kdx_value *out)
{
	bool rest = op[0] == '%';
	uint64_t v;

	if (!b) {
		*out = kdx_value_of(t, 0);
		return ev->unwanted ? NULL : kdf_err(KDF_USAGE, "division by zero");
	}
	if (!t->is_signed)
		v = rest ? a % b : a / b;
	else if (b == UINT64_MAX)
		v = rest ? 0 : 0 - a; /* INT64_MIN / -1 traps on the analysing machine */
	else
		v = (uint64_t)(rest ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b);
	*out = fitted(ev, t, v);
	return NULL;
}

/* A count beyond the width of 64 bits shifts everything out; a left shift that leaves int becomes long. */
static struct kdx_value shift(const struct kdx_eval *ev, const char *op, const struct operand *a,
			      const struct operand *b)
{
	const struct kdx_type *t = common(ev, a, a);
	uint64_t v = a->v.bits, n = b->v.bits;
	bool minus = t->is_signed && (int64_t)v < 0;

	if (op[0] == '<')
		return fitted(ev, t, n > 63 ? 0 : v << n);
	if (n > 63)
		return kdx_value_of(t, minus ? UINT64_MAX : 0);
	return fitted(ev, t, minus ? ~(~v >> n) : v >> n);
}

static struct kdf_error *integer_op(struct kdx_eval *ev, const char *op, const struct operand *a,
				    const struct operand *b, struct kdx_value *out)
{
	const struct kdx_type *t = common(ev, a, b);
	uint64_t x = kdx_fit_bits(a->v.bits, t->size, t->is_signed), y = kdx_fit_bits(b->v.bits, t->size, t->is_signed);
	int order = x == y ? 0 : t->is_signed ? ((int64_t)x < (int64_t)y ? -1 : 1) : x < y ? -1 : 1;

	if (comparison(op)) {
		*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_INT), holds(op, order));
		return NULL;
	}
	switch (op[0]) {
	case '+':
		*out = fitted(ev, t, x + y);
		return NULL;
	case '-':
		*out = fitted(ev, t, x - y);
		return NULL;
	case '*':
		*out = fitted(ev, t, x * y);
		return NULL;
	case '/':
	case '%':
		return divide(ev, op, t, x, y, out);
	case '&':
		*out = fitted(ev, t, x & y);
		return NULL;
	case '|':
		*out = fitted(ev, t, x | y);
		return NULL;
	case '^':
		*out = fitted(ev, t, x ^ y);
		return NULL;
	default:
		*out = shift(ev, op, a, b);
		return NULL;
	}
}

static struct kdf_error *target_size(struct kdx_eval *ev, const struct operand *p, uint64_t *size)
{
	const struct kdx_type *target;
	struct kdf_error *e = kdx_derived_target(ev->s, p->plain, &target);

	if (e)
		return e;
	*size = kdx_derived_size(ev->s, target);
	if (!*size && target->kind == KDX_VOID)
		*size = 1; /* as gcc and gdb count void * */
	if (!*size && target->kind == KDX_FUNCTION)
		*size = 1;
	return *size ? NULL : kdf_err(KDF_USAGE, "arithmetic on a pointer to an incomplete type");
}

static struct kdf_error *pointer_op(struct kdx_eval *ev, const char *op, const struct operand *a,
				    const struct operand *b, struct kdx_value *out)
{
	const struct operand *p = a->is_pointer ? a : b, *n = a->is_pointer ? b : a;
	uint64_t size;
	struct kdf_error *e;

	if (comparison(op)) {
		*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_INT), holds(op, a->v.bits == b->v.bits ? 0 :
										a->v.bits < b->v.bits  ? -1 :
													 1));
		return NULL;
	}
	if ((op[0] != '+' && op[0] != '-') || n->is_real) {
		/* gdb lets pointers take part as plain numbers (`p ptr & ~3`). */
		struct operand x = *a, y = *b;

		x.plain = x.is_pointer ? kdx_basic_type(ev->s, KDX_T_LONG) : x.plain;
		y.plain = y.is_pointer ? kdx_basic_type(ev->s, KDX_T_LONG) : y.plain;
		return n->is_real ? kdf_err(KDF_USAGE, "a pointer and a real number") : integer_op(ev, op, &x, &y, out);
	}
	if ((e = target_size(ev, p, &size)))
		return e;
	if (a->is_pointer && b->is_pointer) {
		if (op[0] == '+')
			return kdf_err(KDF_USAGE, "the sum of two pointers");
		*out = kdx_value_of(
			kdx_basic_type(ev->s, KDX_T_LONG),
			(uint64_t)((int64_t)(a->v.bits - b->v.bits) / (int64_t)(size > INT64_MAX ? 1 : size)));
		return NULL;
	}
	if (op[0] == '-' && b->is_pointer)
		return kdf_err(KDF_USAGE, "a pointer taken from a number");
	*out = p->v;
	out->bits = op[0] == '+' ? p->v.bits + n->v.bits * size : p->v.bits - n->v.bits * size;
	return NULL;
}

struct kdf_error *kdx_arithmetic(struct kdx_eval *ev, const char *op, const struct kdx_value *a,
				 const struct kdx_value *b, struct kdx_value *out)
{
	struct operand x, y;
	struct kdf_error *e = operand(ev, a, &x);

	if (!e)
		e = operand(ev, b, &y);
	if (e)
		return e;
	if (x.is_pointer || y.is_pointer)
		return pointer_op(ev, op, &x, &y, out);
	if (!x.is_real && !y.is_real)
		return integer_op(ev, op, &x, &y, out);
	if (comparison(op)) {
		double p = as_real(&x), q = as_real(&y);

		*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_INT), holds(op, p < q ? -1 : p > q));
		return NULL;
	}
	return real_op(ev, op, as_real(&x), as_real(&y), out);
}

struct kdf_error *kdx_negate(struct kdx_eval *ev, char op, const struct kdx_value *a, struct kdx_value *out)
{
	struct operand x;
	const struct kdx_type *t;
	struct kdf_error *e = operand(ev, a, &x);

	if (e)
		return e;
	if (x.is_real) {
		*out = x.v;
		out->real = op == '-' ? -x.v.real : x.v.real;
		return op == '~' ? kdf_err(KDF_USAGE, "'~' needs a whole number") : NULL;
	}
	if (x.is_pointer)
		x.plain = kdx_basic_type(ev->s, KDX_T_LONG);
	t = common(ev, &x, &x);
	*out = fitted(ev, t, op == '-' ? 0 - x.v.bits : op == '~' ? ~x.v.bits : x.v.bits);
	return NULL;
}

struct kdf_error *kdx_is_true(struct kdx_eval *ev, const struct kdx_value *v, bool *yes)
{
	struct operand x;
	struct kdf_error *e = operand(ev, v, &x);

	if (!e)
		*yes = x.is_real ? x.v.real != 0 : x.v.bits != 0;
	return e;
}
