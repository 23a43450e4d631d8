// SPDX-License-Identifier: GPL-2.0-or-later
/* Type names inside expressions. */
#include <string.h>

#include "eval.h"

enum { DECLARATOR_MAX = 32 };

struct base_words {
	unsigned longs, shorts, chars, ints, is_signed, is_unsigned;
};

static bool count_word(struct kdx_eval *ev, struct base_words *w)
{
	static const char *const name[] = { "long", "short", "char", "int", "signed", "unsigned" };
	unsigned *const count[] = { &w->longs, &w->shorts, &w->chars, &w->ints, &w->is_signed, &w->is_unsigned };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (kdx_lex_is_name(&ev->lex, name[i])) {
			++*count[i];
			return true;
		}
	return false;
}

static enum kdx_basic basic_of(const struct base_words *w)
{
	bool u = w->is_unsigned;

	if (w->chars)
		return u ? KDX_T_UCHAR : w->is_signed ? KDX_T_SCHAR : KDX_T_CHAR;
	if (w->shorts)
		return u ? KDX_T_USHORT : KDX_T_SHORT;
	if (w->longs > 1)
		return u ? KDX_T_ULLONG : KDX_T_LLONG;
	if (w->longs)
		return u ? KDX_T_ULONG : KDX_T_LONG;
	return u ? KDX_T_UINT : KDX_T_INT;
}

static struct kdf_error *qualifiers(struct kdx_eval *ev)
{
	while (kdx_lex_is_name(&ev->lex, "const") || kdx_lex_is_name(&ev->lex, "volatile") ||
	       kdx_lex_is_name(&ev->lex, "restrict")) {
		struct kdf_error *e = kdx_lex_next(&ev->lex);

		if (e)
			return e;
	}
	return NULL;
}

static struct kdf_error *too_long(const struct kdx_token *t)
{
	return kdf_err(KDF_USAGE, "name too long: '%.40s...'", t->at);
}

static struct kdf_error *tagged(struct kdx_eval *ev, const char *tag, const struct kdx_type **out)
{
	char name[256];
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (e)
		return e;
	if (ev->lex.token.kind != KDX_TOK_NAME)
		return kdx_eval_unexpected(ev);
	if (ev->lex.token.len + strlen(tag) + 2 > sizeof(name))
		return too_long(&ev->lex.token);
	snprintf(name, sizeof(name), "%s %.*s", tag, (int)ev->lex.token.len, ev->lex.token.at);
	if ((e = kdx_type_find(ev->s, name, out)))
		return e;
	return kdx_lex_next(&ev->lex);
}

/* A typedef, or the bare name of a structure where no symbol has that name. */
static struct kdf_error *named(struct kdx_eval *ev, const struct kdx_type **out, bool *found)
{
	char name[256];
	struct kdf_error *e;

	if (ev->lex.token.kind != KDX_TOK_NAME || ev->lex.token.len >= sizeof(name) || ev->lex.token.at[0] == '$')
		return NULL;
	memcpy(name, ev->lex.token.at, ev->lex.token.len);
	name[ev->lex.token.len] = '\0';
	e = kdx_type_find(ev->s, name, out);
	*found = !e && ((*out)->kind == KDX_TYPEDEF || !kdx_symbol_by_name(ev->s, name));
	kdf_error_free(e);
	return *found ? kdx_lex_next(&ev->lex) : NULL;
}

/* Plain char has a sign on x86 and none since kernels are built with -funsigned-char (6.2): the types tell. */
static const struct kdx_type *plain_char(struct kdx_session *s)
{
	const struct kdx_type *t;
	struct kdf_error *e = kdx_type_find(s, "char", &t);

	if (!e && t->kind == KDX_INT && t->size == 1)
		return t;
	kdf_error_free(e);
	return kdx_basic_type(s, KDX_T_CHAR);
}

static struct kdf_error *simple(struct kdx_eval *ev, const struct kdx_type **out, bool *found)
{
	static const struct {
		const char *name;
		enum kdx_basic type;
	} other[] = {
		{ "void", KDX_T_VOID },     { "bool", KDX_T_BOOL },   { "_Bool", KDX_T_BOOL },
		{ "double", KDX_T_DOUBLE }, { "float", KDX_T_FLOAT },
	};
	static const char *const tag[] = { "struct", "union", "enum" };
	struct base_words words = { 0 };
	struct kdf_error *e = qualifiers(ev);

	for (*found = false; !e && count_word(ev, &words); *found = true) {
		e = kdx_lex_next(&ev->lex);
		if (!e)
			e = qualifiers(ev);
	}
	if (e)
		return e;
	if (*found) {
		*out = basic_of(&words) == KDX_T_CHAR ? plain_char(ev->s) : kdx_basic_type(ev->s, basic_of(&words));
		return NULL;
	}
	for (size_t i = 0; i < sizeof(tag) / sizeof(tag[0]); i++)
		if (kdx_lex_is_name(&ev->lex, tag[i])) {
			*found = true;
			return tagged(ev, tag[i], out);
		}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (kdx_lex_is_name(&ev->lex, other[i].name)) {
			*found = true;
			*out = kdx_basic_type(ev->s, other[i].type);
			return kdx_lex_next(&ev->lex);
		}
	return named(ev, out, found);
}

/* Over a parenthesised parameter list. */
static struct kdf_error *skip_parens(struct kdx_eval *ev)
{
	unsigned open = 0;

	do {
		struct kdf_error *e;

		if (ev->lex.token.kind == KDX_TOK_END)
			return kdx_eval_unexpected(ev);
		open += kdx_lex_is(&ev->lex, "(");
		open -= kdx_lex_is(&ev->lex, ")");
		if ((e = kdx_lex_next(&ev->lex)))
			return e;
	} while (open);
	return NULL;
}

/* "[n]..." behind a type, outermost dimension first. */
static struct kdf_error *dimensions(struct kdx_eval *ev, const struct kdx_type **type)
{
	uint64_t n[DECLARATOR_MAX];
	unsigned count = 0;
	struct kdf_error *e;

	while (kdx_lex_is(&ev->lex, "[")) {
		struct kdx_value v = { 0 };

		if (count == DECLARATOR_MAX)
			return kdf_err(KDF_LIMIT, "too many array dimensions");
		if ((e = kdx_lex_next(&ev->lex)))
			return e;
		if (!kdx_lex_is(&ev->lex, "]")) {
			struct kdx_value number;

			if ((e = kdx_eval_ternary(ev, &v)) || (e = kdx_eval_scalar(ev, &v, &number)))
				return e;
			v.bits = number.bits;
		}
		n[count++] = v.bits;
		if ((e = kdx_eval_expect(ev, "]")))
			return e;
	}
	while (count) {
		if ((e = kdx_derive_array(ev->s, *type, n[--count], type)))
			return e;
	}
	return NULL;
}

static struct kdf_error *stars(struct kdx_eval *ev, const struct kdx_type **type)
{
	for (unsigned n = 0; kdx_lex_is(&ev->lex, "*"); n++) {
		struct kdf_error *e = n < DECLARATOR_MAX ? kdx_derive_pointer(ev->s, *type, type) :
							   kdf_err(KDF_LIMIT, "too many '*'");
		if (!e)
			e = kdx_lex_next(&ev->lex);
		if (!e)
			e = qualifiers(ev);
		if (e)
			return e;
	}
	return NULL;
}

/* "(*)" in front of parameters or dimensions. The token at hand is "(". */
static struct kdf_error *grouped(struct kdx_eval *ev, const struct kdx_type **type)
{
	unsigned pointers = 0;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	while (!e && kdx_lex_is(&ev->lex, "*")) {
		pointers++;
		e = kdx_lex_next(&ev->lex);
	}
	if (!e && (!pointers || pointers > DECLARATOR_MAX))
		e = kdx_eval_unexpected(ev);
	if (!e)
		e = kdx_eval_expect(ev, ")");
	if (e)
		return e;
	if (kdx_lex_is(&ev->lex, "(")) {
		*type = kdx_basic_type(ev->s, KDX_T_FUNCTION);
		e = skip_parens(ev);
	} else {
		e = dimensions(ev, type);
	}
	while (!e && pointers--)
		e = kdx_derive_pointer(ev->s, *type, type);
	return e;
}

struct kdf_error *kdx_eval_type(struct kdx_eval *ev, const struct kdx_type **out, bool *found)
{
	struct kdf_error *e;

	/* Array dimensions hold expressions, which hold types. */
	if (ev->depth >= KDX_EVAL_DEPTH)
		return kdf_err(KDF_LIMIT, "expression nested too deep");
	ev->depth++;
	e = simple(ev, out, found);
	if (!e && *found) {
		e = qualifiers(ev);
		if (!e)
			e = stars(ev, out);
		if (!e && kdx_lex_is(&ev->lex, "("))
			e = grouped(ev, out);
		else if (!e)
			e = dimensions(ev, out);
	}
	ev->depth--;
	return e;
}

struct kdf_error *kdx_expr_type(struct kdx_session *s, const char *text, const struct kdx_type **out)
{
	struct kdx_expr x = { .space = { s, KDF_KERNEL_PGD }, .cpu = -1 };
	struct kdx_eval ev = { .x = &x, .s = s };
	bool found = false;
	struct kdf_error *e = kdx_lex_start(&ev.lex, text);

	if (!e)
		e = kdx_eval_type(&ev, out, &found);
	if (!e && (!found || ev.lex.token.kind != KDX_TOK_END))
		e = kdf_err(KDF_NOT_FOUND, "no such type: %s", text);
	kdx_history_free(&ev.scratch);
	return e;
}
