/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of the evaluator: the state that its files share. */
#ifndef KDX_EXPR_EVAL_H
#define KDX_EXPR_EVAL_H

#include "expr.h"
#include "lex.h"

struct kdx_eval {
	const struct kdx_expr *x;
	struct kdx_session *s;
	struct kdx_lex lex;
	unsigned depth;           /* of recursion, against KDX_EVAL_DEPTH */
	unsigned unwanted;        /* > 0: types matter, values do not (sizeof, the branch of ?: that is not taken) */
	struct kdx_shell scratch; /* keeps string literals when there is no shell */
};

enum { KDX_EVAL_DEPTH = 200 };

/* Parses and evaluates; reads tokens up to the end of the expression. */
struct kdf_error *kdx_eval_ternary(struct kdx_eval *, struct kdx_value *out) KDF_MUST_CHECK;

/* A type's name at the token at hand, with its '*', '(*)' and '[n]'; *found is false and no token is taken when
 * there is none. */
struct kdf_error *kdx_eval_type(struct kdx_eval *, const struct kdx_type **out, bool *found) KDF_MUST_CHECK;

struct kdf_error *kdx_eval_expect(struct kdx_eval *, const char *sign) KDF_MUST_CHECK;
struct kdf_error *kdx_eval_unexpected(const struct kdx_eval *);
/* The number of a value, 0 where values are unwanted. */
struct kdf_error *kdx_eval_scalar(struct kdx_eval *, const struct kdx_value *, struct kdx_value *out) KDF_MUST_CHECK;

/* a OP b for the arithmetic, comparison, shift and bit operators ("+", "<=", ...). */
struct kdf_error *kdx_arithmetic(struct kdx_eval *, const char *op, const struct kdx_value *a,
				 const struct kdx_value *b, struct kdx_value *out) KDF_MUST_CHECK;
/* -a, ~a, +a (integer promotion). */
struct kdf_error *kdx_negate(struct kdx_eval *, char op, const struct kdx_value *a,
			     struct kdx_value *out) KDF_MUST_CHECK;
struct kdf_error *kdx_is_true(struct kdx_eval *, const struct kdx_value *, bool *yes) KDF_MUST_CHECK;

#endif
