// SPDX-License-Identifier: GPL-2.0-or-later
#include "lex.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char two[][3] = { "->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||" };

static bool name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == '$';
}

static bool name_part(char c)
{
	/* Compilers' clones have dots in their names (foo.isra.0): such symbols are quoted, 'foo.isra.0'. */
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* u, l, ul, ll, ull in either case; what follows must not go on as a word. */
static const char *suffix(const char *p, struct kdx_token *t)
{
	for (unsigned n = 0; n < 3; n++, p++) {
		if (*p == 'u' || *p == 'U')
			t->is_unsigned = true;
		else if (*p == 'l' || *p == 'L')
			t->is_long = true;
		else
			break;
	}
	return p;
}

static const char *number(const char *p, struct kdx_token *t)
{
	char *end;
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	bool binary = p[0] == '0' && (p[1] == 'b' || p[1] == 'B');

	t->kind = KDX_TOK_NUMBER;
	errno = 0;
	if (binary)
		t->value = strtoull(p + 2, &end, 2);
	else
		t->value = strtoull(p, &end, 0);
	if (end == p || (binary && end == p + 2) || (hex && end == p + 1))
		return NULL;
	if (!hex && !binary && (*end == '.' || *end == 'e' || *end == 'E')) {
		t->kind = KDX_TOK_REAL;
		t->real = strtod(p, &end);
		return end;
	}
	if (errno)
		return NULL;
	/* Decimal numbers are unsigned only when they fit no other way, hex ones as soon as the sign bit is taken. */
	if (t->value > INT64_MAX || ((hex || binary) && t->value > INT32_MAX && t->value <= UINT32_MAX))
		t->is_unsigned = true;
	if (t->value > UINT32_MAX || (t->value > INT32_MAX && !t->is_unsigned))
		t->is_long = true;
	return suffix(end, t);
}

/* One character, maybe escaped; NULL: the text ends. */
static const char *character(const char *p, unsigned char *out)
{
	static const char from[] = "abefnrtv", to[] = "\a\b\033\f\n\r\t\v";
	const char *letter;
	unsigned v = 0, n;

	if (!*p)
		return NULL;
	if (*p != '\\') {
		*out = (unsigned char)*p;
		return p + 1;
	}
	p++;
	if (!*p)
		return NULL;
	if (*p >= '0' && *p <= '7') {
		for (n = 0; n < 3 && *p >= '0' && *p <= '7'; n++)
			v = v * 8 + (unsigned)(*p++ - '0');
		*out = (unsigned char)v;
		return p;
	}
	if (*p == 'x' && isxdigit((unsigned char)p[1])) {
		for (p++, n = 0; n < 2 && isxdigit((unsigned char)*p); n++, p++)
			v = v * 16 +
			    (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : tolower((unsigned char)*p) - 'a' + 10);
		*out = (unsigned char)v;
		return p;
	}
	letter = strchr(from, *p);
	*out = (unsigned char)(letter ? to[letter - from] : *p);
	return p + 1;
}

static const char *quoted(const char *p, struct kdx_token *t)
{
	char quote = *p;
	const char *start = p++;
	unsigned char c = 0;
	size_t n = 0;

	while (*p != quote) {
		p = character(p, &c);
		if (!p)
			return NULL;
		n++;
	}
	if (quote == '"') {
		t->kind = KDX_TOK_STRING;
	} else if (n == 1) {
		t->kind = KDX_TOK_CHAR;
		t->value = (uint64_t)(int64_t)(signed char)c;
	} else if (n > 1) {
		/* 'name' is a symbol, as in gdb: for names that C's own grammar cannot spell. */
		t->kind = KDX_TOK_NAME;
		t->at = start + 1;
		t->len = (size_t)(p - start - 1);
	} else {
		return NULL;
	}
	return p + 1;
}

static const char *sign(const char *p, struct kdx_token *t)
{
	t->kind = KDX_TOK_SIGN;
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
		if (p[0] == two[i][0] && p[1] == two[i][1]) {
			memcpy(t->sign, two[i], 3);
			return p + 2;
		}
	if (!strchr("+-*/%&|^~!<>?:.,()[]{}@=", *p))
		return NULL;
	t->sign[0] = *p;
	return p + 1;
}

struct kdf_error *kdx_lex_next(struct kdx_lex *lex)
{
	const char *p = lex->next + strspn(lex->next, " \t\r\n"), *end = p;
	struct kdx_token t = { .kind = KDX_TOK_END, .at = p };

	if (isdigit((unsigned char)*p) || (*p == '.' && isdigit((unsigned char)p[1])))
		end = number(p, &t);
	else if (name_start(*p))
		for (t.kind = KDX_TOK_NAME; name_part(*end); end++)
			;
	else if (*p == '\'' || *p == '"')
		end = quoted(p, &t);
	else if (*p)
		end = sign(p, &t);
	if (!end || (t.kind == KDX_TOK_NUMBER && name_part(*end)))
		return kdf_err(KDF_USAGE, "cannot read the expression at '%.40s'", p);
	if (!t.len)
		t.len = (size_t)(end - p);
	lex->next = end;
	lex->token = t;
	return NULL;
}

struct kdf_error *kdx_lex_start(struct kdx_lex *lex, const char *text)
{
	*lex = (struct kdx_lex){ .text = text, .next = text };
	return kdx_lex_next(lex);
}

bool kdx_lex_is(const struct kdx_lex *lex, const char *s)
{
	return lex->token.kind == KDX_TOK_SIGN && !strcmp(lex->token.sign, s);
}

bool kdx_lex_is_name(const struct kdx_lex *lex, const char *name)
{
	return lex->token.kind == KDX_TOK_NAME && lex->token.len == strlen(name) &&
	       !memcmp(lex->token.at, name, lex->token.len);
}

size_t kdx_lex_string(const struct kdx_token *t, char *out)
{
	const char *p = t->at + 1, *end = t->at + t->len - 1;
	size_t n = 0;

	while (p && p < end) {
		unsigned char c;

		p = character(p, &c);
		if (p)
			out[n++] = (char)c;
	}
	return n;
}
