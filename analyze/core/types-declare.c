// SPDX-License-Identifier: GPL-2.0-or-later
/* A type written as a C declaration: from the name outwards, as C reads it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "types-db.h"

enum {
	MAX_DEPTH = 64,
	MAX_TEXT = 1 << 16, /* parameters of parameters of ...: kernels stay below a thousand bytes */
};

static struct kdf_error *declare(const struct kdx_type *type, const char *inner, unsigned depth, struct kdf_buf *out);

static bool is_qualifier(enum kdx_kind kind)
{
	return kind == KDX_CONST || kind == KDX_VOLATILE || kind == KDX_RESTRICT;
}

static const char *qualifier_word(enum kdx_kind kind)
{
	return kind == KDX_CONST ? "const" : kind == KDX_VOLATILE ? "volatile" : "restrict";
}

static void base(const struct kdx_type *type, const char *inner, struct kdf_buf *out)
{
	const char *keyword = type->kind == KDX_STRUCT ? "struct "
			    : type->kind == KDX_UNION  ? "union "
			    : type->kind == KDX_ENUM   ? "enum "
						       : "";
	const char *unnamed = *keyword ? "{...}" : type->kind == KDX_VOID ? "void" : "?";

	kdf_buf_printf(out, "%s%s%s%s", keyword, type->name ? type->name : unnamed, *inner ? " " : "", inner);
}

/* "(int, char *)": function types know the parameters' types; a last one named "..." stands for itself. */
static struct kdf_error *parameters(const struct kdx_type *type, unsigned depth, struct kdf_buf *out)
{
	const struct kdx_member *param;
	size_t n;
	struct kdf_error *e = kdx_type_members(NULL, type, &param, &n);

	if (e)
		return e;
	kdf_buf_putc(out, '(');
	for (size_t i = 0; i < n && !e; i++) {
		if (i)
			kdf_buf_puts(out, ", ");
		if (param[i].type->kind == KDX_VOID && param[i].name && !strcmp(param[i].name, "..."))
			kdf_buf_puts(out, "...");
		else
			e = declare(param[i].type, "", depth + 1, out);
	}
	kdf_buf_puts(out, n ? ")" : "void)");
	return e;
}

static struct kdf_error *derived(const struct kdx_type *type, const struct kdx_type *target, const char *inner,
				 unsigned depth, struct kdf_buf *text)
{
	switch (type->kind) {
	case KDX_POINTER: {
		/* The parentheses are the array's and function's: without them the star would be theirs. */
		bool wrap = target->kind == KDX_ARRAY || target->kind == KDX_FUNCTION;

		kdf_buf_printf(text, wrap ? "(*%s)" : "*%s", inner);
		return NULL;
	}
	case KDX_ARRAY:
		if (type->elements)
			kdf_buf_printf(text, "%s[%ju]", inner, (uintmax_t)type->elements);
		else
			kdf_buf_printf(text, "%s[]", inner);
		return NULL;
	case KDX_FUNCTION:
		kdf_buf_puts(text, inner);
		return parameters(type, depth, text);
	default:
		/* A qualifier of a pointer stands right of the star: behind it, before the name. */
		kdf_buf_printf(text, "%s%s%s", qualifier_word(type->kind), *inner ? " " : "", inner);
		return NULL;
	}
}

/* What a row of qualifiers is about. */
static struct kdf_error *behind_qualifiers(const struct kdx_type *type, const struct kdx_type **out)
{
	for (int i = 0; i < MAX_DEPTH && is_qualifier(type->kind); i++) {
		struct kdf_error *e = kdx_type_raw_target(type, &type);

		if (e)
			return e;
	}
	*out = type;
	return NULL;
}

/*
 * C puts an array's qualifiers on its elements, and gcc's DWARF has them in both places: said once is enough.
 */
static struct kdf_error *repeated_by_elements(const struct kdx_type *qualifier, const struct kdx_type *array, bool *yes)
{
	struct kdf_error *e = NULL;

	*yes = false;
	for (int i = 0; i < MAX_DEPTH && !e && !*yes && (array->kind == KDX_ARRAY || is_qualifier(array->kind)); i++) {
		*yes = array->kind == qualifier->kind;
		e = kdx_type_raw_target(array, &array);
	}
	return e;
}

static struct kdf_error *declare(const struct kdx_type *type, const char *inner, unsigned depth, struct kdf_buf *out)
{
	const struct kdx_type *target, *plain;
	struct kdf_buf text = { 0 };

	if (depth > MAX_DEPTH || strlen(inner) > MAX_TEXT || out->len > MAX_TEXT)
		return kdf_err(KDF_LIMIT, "a type that takes more than %d bytes or %d steps to write", (int)MAX_TEXT,
			       (int)MAX_DEPTH);
	if (type->kind == KDX_TYPEDEF || (type->kind != KDX_POINTER && type->kind != KDX_ARRAY &&
					  type->kind != KDX_FUNCTION && !is_qualifier(type->kind))) {
		base(type, inner, out);
		return NULL;
	}
	struct kdf_error *e = kdx_type_raw_target(type, &target);
	if (!e)
		e = behind_qualifiers(type, &plain);
	if (e)
		return e;
	if (is_qualifier(type->kind) && plain->kind != KDX_POINTER) {
		bool repeated;

		e = repeated_by_elements(type, target, &repeated);
		if (e)
			return e;
		if (!repeated)
			kdf_buf_printf(out, "%s ", qualifier_word(type->kind));
		return declare(target, inner, depth + 1, out);
	}
	e = derived(type, target, inner, depth, &text);
	if (!e)
		e = kdf_buf_error(&text);
	if (!e)
		e = declare(target, kdf_buf_text(&text), depth + 1, out);
	kdf_buf_free(&text);
	return e;
}

struct kdf_error *kdx_type_declare(struct kdx_session *session, const struct kdx_type *type, const char *name,
				   char **out)
{
	struct kdf_buf text = { 0 };
	struct kdf_error *e = declare(type, name ? name : "", 0, &text);

	(void)session;
	if (!e)
		e = kdf_buf_error(&text);
	if (e) {
		kdf_buf_free(&text);
		return e;
	}
	*out = kdf_buf_take(&text);
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}
