/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of C expressions. The text is lent and NUL-terminated. */
#ifndef KDX_EXPR_LEX_H
#define KDX_EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum kdx_token_kind {
	KDX_TOK_END,
	KDX_TOK_NAME,   /* identifier; `$`, `$$`, `$3` too */
	KDX_TOK_NUMBER, /* value; is_unsigned and is_long from suffix and size */
	KDX_TOK_REAL,
	KDX_TOK_CHAR,
	KDX_TOK_STRING,
	KDX_TOK_SIGN, /* operator or bracket: sign holds up to two characters ("->", "<<") */
};

struct kdx_token {
	enum kdx_token_kind kind;
	const char *at; /* where it begins */
	size_t len;
	uint64_t value;
	double real;
	bool is_unsigned, is_long;
	char sign[3];
};

struct kdx_lex {
	const char *text, *next;
	struct kdx_token token; /* the one at hand */
};

struct kdf_error *kdx_lex_start(struct kdx_lex *, const char *text) KDF_MUST_CHECK; /* reads the first token */
struct kdf_error *kdx_lex_next(struct kdx_lex *) KDF_MUST_CHECK;

bool kdx_lex_is(const struct kdx_lex *, const char *sign);
bool kdx_lex_is_name(const struct kdx_lex *, const char *name);

/* The bytes of a string token (escapes decoded) into out, at most token.len bytes; returns how many. */
size_t kdx_lex_string(const struct kdx_token *, char *out);

#endif
