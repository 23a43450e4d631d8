// SPDX-License-Identifier: GPL-2.0-or-later
/* whatis: types of structures, typedefs, variables, functions, enumerators and expressions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "context.h"
#include "show-type.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 'o', NULL, NULL, "Offsets of the members.", 0 },
	{ 'r', NULL, "SIZES", "The types of a size, or a range of sizes.", KDF_OPT_PLANNED },
	{ 'm', NULL, "MEMBER", "With -r, only those that hold such a member.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "whatis list_head", "a structure" },
	{ "whatis -o list_head", "with offsets" },
	{ "whatis pid_t", "a typedef" },
	{ "whatis schedule", "a function" },
	{ "whatis pageflags", "an enumeration" },
	{ "whatis struct page.flags", "a member" },
	{ NULL, NULL },
};

static struct kdf_error *join_words(const struct kdf_args *a, char **out)
{
	struct kdf_buf b = { 0 };

	for (size_t i = 0; i < a->nword; i++)
		kdf_buf_printf(&b, "%s%s", i ? " " : "", a->word[i]);
	*out = kdf_buf_take(&b);
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

/* "page.flags", "struct page.flags": the member's line of the definition. */
static struct kdf_error *a_member(const struct kdx_type_view *v, const char *text, bool *done)
{
	const char *bare = !strncmp(text, "struct ", 7) ? text + 7 : !strncmp(text, "union ", 6) ? text + 6 : text;
	const char *dot = strchr(bare, '.');
	KDF_AUTO_FREE char *name = dot ? strndup(bare, (size_t)(dot - bare)) : NULL;
	const struct kdx_type *t;
	struct kdf_error *e;

	if (!name)
		return NULL;
	e = kdx_aggregate_find(v->session, name, KDX_VOID, &t);
	if (e) {
		kdf_error_free(e); /* an expression, then */
		return NULL;
	}
	*done = true;
	return kdx_show_type_members(v, t, dot + 1);
}

static struct kdf_error *declared(struct kdx_call *call, const struct kdx_type *t, const char *name)
{
	KDF_AUTO_FREE char *text = NULL;
	struct kdf_error *e = kdx_derived_declare(call->session, t, name, &text);

	if (e)
		return e;
	for (size_t n = strlen(text); n && text[n - 1] == ' ';)
		text[--n] = '\0';
	kdx_record_kind(call->out, "declaration");
	kdx_str(call->out, "declaration", text, *name ? "%s;\n" : "%s\n", text);
	kdx_uint(call->out, "size", kdx_derived_size(call->session, t), NULL);
	kdx_record_end(call->out);
	return NULL;
}

static struct kdf_error *a_symbol(struct kdx_call *call, const char *text, bool *done)
{
	const struct kdx_symbol *sym = kdx_symbol_by_name(call->session, text);
	const struct kdx_type *t;
	struct kdf_error *e;

	if (!sym)
		return NULL;
	*done = true;
	e = kdx_variable_type(call->session, text, &t);
	return e ? kdf_err_wrap(e, "the type of '%s' is unknown", text) : declared(call, t, text);
}

static struct kdf_error *an_enumerator(struct kdx_call *call, const char *text, bool *done)
{
	int64_t value;
	struct kdf_error *e = kdx_enumerator(call->session, text, &value);

	if (e) {
		kdf_error_free(e);
		return NULL;
	}
	*done = true;
	kdx_record_kind(call->out, "enumerator");
	kdx_str(call->out, "name", text, "enumerator %s = ", text);
	kdx_int(call->out, "value", value, "%" PRId64 "\n", value);
	kdx_record_end(call->out);
	return NULL;
}

static struct kdf_error *an_expression(struct kdx_call *call, const char *text)
{
	struct kdx_expr x;
	struct kdx_value v;
	struct kdf_error *e = kdx_call_expr(call, false, &x);

	/* Any CPU's instance has the type. */
	x.cpu = 0;
	if (!e)
		e = kdx_expr_eval(&x, text, &v);
	if (!e && !v.type)
		e = kdf_err(KDF_NO_DEBUG, "the type is unknown");
	if (!e)
		return declared(call, v.type, "");
	return kdf_err_wrap(e, "cannot resolve: %s", text);
}

/* Begins with struct, union or enum: can be nothing but a type. */
static bool names_a_type(const char *text)
{
	return !strncmp(text, "struct ", 7) || !strncmp(text, "union ", 6) || !strncmp(text, "enum ", 5);
}

static struct kdf_error *resolve(struct kdx_call *call, const char *text)
{
	struct kdx_type_view view = { call->out, call->session,     kdf_args_count(&call->args, 'o'), false,
				      0,         call->shell->radix };
	const struct kdx_type *t;
	bool done = false;
	struct kdf_error *e = kdx_expr_type(call->session, text, &t);

	if (!e)
		return kdx_show_type(&view, t);
	if (!strchr(text, '.') && names_a_type(text))
		return e;
	kdf_error_free(e);
	/* A type and a variable of one name: the bare name of a structure comes first, as in crash. */
	e = kdx_type_find(call->session, text, &t);
	if (!e)
		return kdx_show_type(&view, t);
	kdf_error_free(e);
	e = a_symbol(call, text, &done);
	if (!e && !done)
		e = a_member(&view, text, &done);
	if (!e && !done)
		e = an_enumerator(call, text, &done);
	if (!e && !done)
		e = an_expression(call, text);
	return e;
}

static struct kdf_error *run(struct kdx_call *call)
{
	KDF_AUTO_FREE char *text = NULL;
	struct kdf_error *e;

	if (!call->args.nword)
		return kdf_err(KDF_USAGE, "what is what?");
	e = join_words(&call->args, &text);
	return e ? e : resolve(call, text);
}

const struct kdx_command kdx_command_whatis = {
	.name = "whatis",
	.summary = "types of structures, variables, functions, expressions",
	.words = "structure | typedef | symbol | enumerator | expression",
	.about = "Shows the definition of a type with its size, the declaration of a variable or function, the value "
		 "of an "
		 "enumerator, or the type of an expression.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_TYPES,
	.run = run,
};
