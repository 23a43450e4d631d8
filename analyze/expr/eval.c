// SPDX-License-Identifier: GPL-2.0-or-later
#include "eval.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { SLICE_MAX = 1 << 24 };

struct kdf_error *kdx_eval_unexpected(const struct kdx_eval *ev)
{
	if (ev->lex.token.kind == KDX_TOK_END)
		return kdf_err(KDF_USAGE, "the expression ends too early: %s", ev->lex.text);
	return kdf_err(KDF_USAGE, "cannot read the expression at '%.40s'", ev->lex.token.at);
}

struct kdf_error *kdx_eval_expect(struct kdx_eval *ev, const char *sign)
{
	if (!kdx_lex_is(&ev->lex, sign))
		return ev->lex.token.kind == KDX_TOK_END ? kdf_err(KDF_USAGE, "'%s' is missing at the end", sign) :
							   kdx_eval_unexpected(ev);
	return kdx_lex_next(&ev->lex);
}

struct kdf_error *kdx_eval_scalar(struct kdx_eval *ev, const struct kdx_value *v, struct kdx_value *out)
{
	if (!ev->unwanted || !v->type)
		return kdx_value_scalar(&ev->x->space, v, out);
	/* Only the type counts; the value stands for any. */
	*out = kdx_value_of(v->type, 0);
	return NULL;
}

/* ---- names ---- */

bool kdx_is_percpu(struct kdx_session *s, const struct kdx_symbol *sym)
{
	const struct kdx_symbol *start = kdx_symbol_by_name(s, "__per_cpu_start");
	const struct kdx_symbol *end = kdx_symbol_by_name(s, "__per_cpu_end");

	return start && end && !sym->module && sym->address >= start->address && sym->address < end->address;
}

static struct kdf_error *symbol_value(struct kdx_eval *ev, const struct kdx_symbol *sym, struct kdx_value *out)
{
	struct kdx_value v = { .place = KDX_IN_MEMORY, .address = sym->address };
	struct kdf_error *e = kdx_variable_type(ev->s, sym->name, &v.type);

	if (e) {
		v.type = NULL; /* unknown: & and casts can still use it */
		kdf_error_free(e);
	}
	if (kdx_is_percpu(ev->s, sym) && !ev->unwanted) {
		if (ev->x->cpu < 0)
			return kdf_err(KDF_USAGE, "'%s' is per-CPU: add the CPU, as in %s:0 (%s:a for all)", sym->name,
				       sym->name, sym->name);
		e = kdx_percpu_address(ev->s, sym->address, (unsigned)ev->x->cpu, &v.address);
		if (e)
			return e;
	}
	*out = v;
	return NULL;
}

/* $ the last value, $$ the one before, $3, $$2 two before the last. */
static struct kdf_error *history_value(struct kdx_eval *ev, const char *name, struct kdx_value *out)
{
	unsigned count = kdx_history_count(ev->x->shell), back = name[1] == '$';
	const char *digits = name + 1 + back;
	const struct kdx_value *v;
	uint64_t n;

	if (!*digits)
		n = count - (back && count);
	else if (strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 9)
		return kdf_err(KDF_NOT_FOUND, "%s: only values $1, $2... have a name", name);
	else
		n = back ? count - strtoull(digits, NULL, 10) : strtoull(digits, NULL, 10);
	v = n <= UINT32_MAX ? kdx_history_get(ev->x->shell, (unsigned)n) : NULL;
	if (!v)
		return kdf_err(KDF_NOT_FOUND, "there is no value %s yet", name);
	*out = *v;
	return NULL;
}

static struct kdf_error *unknown_name(struct kdx_eval *ev, const char *name)
{
	if (!kdx_symbol_count(ev->s))
		return kdf_err(KDF_NO_DEBUG, "no symbol or enumerator '%s': there are no symbols (source: %s)", name,
			       kdx_symtab_source(ev->s));
	return kdf_err(KDF_NOT_FOUND, "no symbol or enumerator '%s' (symbols from %s, types from %s)", name,
		       kdx_symtab_source(ev->s), kdx_typedb_source(ev->s));
}

static struct kdf_error *name_value(struct kdx_eval *ev, struct kdx_value *out)
{
	KDF_AUTO_FREE char *name = strndup(ev->lex.token.at, ev->lex.token.len);
	const struct kdx_symbol *sym;
	int64_t number;
	struct kdf_error *e;

	if (!name)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (name[0] == '$') {
		e = history_value(ev, name, out);
	} else if ((sym = kdx_symbol_by_name(ev->s, name))) {
		e = symbol_value(ev, sym, out);
	} else if (!(e = kdx_enumerator(ev->s, name, &number))) {
		*out = kdx_value_of(
			kdx_basic_type(ev->s, number >= INT32_MIN && number <= INT32_MAX ? KDX_T_INT : KDX_T_LONG),
			(uint64_t)number);
	} else {
		kdf_error_free(e);
		e = unknown_name(ev, name);
	}
	return e ? e : kdx_lex_next(&ev->lex);
}

/* ---- literals ---- */

static struct kdf_error *number_value(struct kdx_eval *ev, struct kdx_value *out)
{
	const struct kdx_token *t = &ev->lex.token;
	enum kdx_basic type =
		t->is_long ? (t->is_unsigned ? KDX_T_ULONG : KDX_T_LONG) : (t->is_unsigned ? KDX_T_UINT : KDX_T_INT);

	if (t->kind == KDX_TOK_CHAR)
		type = KDX_T_CHAR;
	else if (t->kind == KDX_TOK_REAL)
		type = KDX_T_DOUBLE;
	*out = kdx_value_of(kdx_basic_type(ev->s, type), t->value);
	out->real = t->real;
	return kdx_lex_next(&ev->lex);
}

static struct kdf_error *string_value(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdx_shell *keeper = ev->x->shell ? ev->x->shell : &ev->scratch;
	uint8_t *bytes = kdx_history_bytes(keeper, ev->lex.token.len + 1);
	size_t n;
	struct kdf_error *e;

	if (!bytes)
		return kdf_err(KDF_NOMEM, "out of memory");
	n = kdx_lex_string(&ev->lex.token, (char *)bytes);
	bytes[n] = '\0';
	*out = (struct kdx_value){ .place = KDX_IN_IMAGE, .image = bytes, .image_len = n + 1 };
	e = kdx_derive_array(ev->s, kdx_basic_type(ev->s, KDX_T_CHAR), n + 1, &out->type);
	return e ? e : kdx_lex_next(&ev->lex);
}

/* ---- sizeof, offsetof, container_of ---- */

static struct kdf_error *unary(struct kdx_eval *ev, struct kdx_value *out);

static struct kdf_error *size_of_type(struct kdx_eval *ev, const struct kdx_type *t, struct kdx_value *out)
{
	uint64_t size;

	if (!t)
		return kdf_err(KDF_NO_DEBUG, "the type is unknown");
	size = kdx_derived_size(ev->s, t);
	if (!size && (t->kind == KDX_VOID || t->kind == KDX_FUNCTION))
		size = 1;
	if (!size && t->incomplete)
		return kdf_err(KDF_NO_DEBUG, "'%s' is only declared in this debug info", t->name ? t->name : "type");
	*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_ULONG), size);
	return NULL;
}

static struct kdf_error *size_of(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdx_lex before;
	const struct kdx_type *type = NULL;
	bool found = false;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (e)
		return e;
	before = ev->lex;
	if (kdx_lex_is(&ev->lex, "(")) {
		if ((e = kdx_lex_next(&ev->lex)) || (e = kdx_eval_type(ev, &type, &found)))
			return e;
		if (found) {
			e = kdx_eval_expect(ev, ")");
			return e ? e : size_of_type(ev, type, out);
		}
	}
	ev->lex = before;
	ev->unwanted++;
	e = unary(ev, out);
	ev->unwanted--;
	return e ? e : size_of_type(ev, out->type, out);
}

static struct kdf_error *a_type(struct kdx_eval *ev, const struct kdx_type **type)
{
	bool found = false;
	struct kdf_error *e = kdx_eval_type(ev, type, &found);

	if (!e && !found)
		e = kdf_err(KDF_NOT_FOUND, "no such type: '%.40s'", ev->lex.token.at);
	return e;
}

/* ", member.path)" */
static struct kdf_error *member_path(struct kdx_eval *ev, const struct kdx_type *type, struct kdx_member *m)
{
	const struct kdx_type *plain;
	const char *start;
	char path[256];
	size_t n;
	struct kdf_error *e = kdx_eval_expect(ev, ",");

	if (e)
		return e;
	start = ev->lex.token.at;
	n = strcspn(start, "),");
	if (ev->lex.token.kind != KDX_TOK_NAME || n >= sizeof(path))
		return kdx_eval_unexpected(ev);
	memcpy(path, start, n);
	while (n && path[n - 1] == ' ')
		n--;
	path[n] = '\0';
	ev->lex.next = start + strcspn(start, "),");
	if ((e = kdx_lex_next(&ev->lex)) || (e = kdx_derived_strip(ev->s, type, &plain)))
		return e;
	if (plain->kind != KDX_STRUCT && plain->kind != KDX_UNION)
		return kdf_err(KDF_USAGE, "member '%s' of something that is no structure or union", path);
	if ((e = kdx_type_member(ev->s, plain, path, m)))
		return e;
	return kdx_eval_expect(ev, ")");
}

static struct kdf_error *offset_of(struct kdx_eval *ev, struct kdx_value *out)
{
	const struct kdx_type *type;
	struct kdx_member m;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (!e)
		e = kdx_eval_expect(ev, "(");
	if (!e)
		e = a_type(ev, &type);
	if (!e)
		e = member_path(ev, type, &m);
	if (!e)
		*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_ULONG), m.bit_offset / 8);
	return e;
}

static struct kdf_error *container_of(struct kdx_eval *ev, struct kdx_value *out)
{
	const struct kdx_type *type, *pointer;
	struct kdx_value v, p;
	struct kdx_member m;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (!e)
		e = kdx_eval_expect(ev, "(");
	if (!e)
		e = kdx_eval_ternary(ev, &v);
	if (!e)
		e = kdx_eval_scalar(ev, &v, &p);
	if (!e)
		e = kdx_eval_expect(ev, ",");
	if (!e)
		e = a_type(ev, &type);
	if (!e)
		e = member_path(ev, type, &m);
	if (!e)
		e = kdx_derive_pointer(ev->s, type, &pointer);
	if (!e)
		*out = kdx_value_of(pointer, p.bits - m.bit_offset / 8);
	return e;
}

/* ---- postfix and unary ---- */

static struct kdf_error *primary(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdf_error *e;

	switch (ev->lex.token.kind) {
	case KDX_TOK_NUMBER:
	case KDX_TOK_REAL:
	case KDX_TOK_CHAR:
		return number_value(ev, out);
	case KDX_TOK_STRING:
		return string_value(ev, out);
	case KDX_TOK_NAME:
		if (kdx_lex_is_name(&ev->lex, "container_of"))
			return container_of(ev, out);
		if (kdx_lex_is_name(&ev->lex, "offsetof"))
			return offset_of(ev, out);
		return name_value(ev, out);
	default:
		break;
	}
	if (!kdx_lex_is(&ev->lex, "("))
		return kdx_eval_unexpected(ev);
	if ((e = kdx_lex_next(&ev->lex)) || (e = kdx_eval_ternary(ev, out)))
		return e;
	return kdx_eval_expect(ev, ")");
}

static struct kdf_error *type_only(struct kdx_value *v)
{
	/* Where values are unwanted, memory is not read: any address will do. */
	if (v->place == KDX_COMPUTED)
		*v = (struct kdx_value){ .type = v->type, .place = KDX_IN_MEMORY };
	return NULL;
}

static struct kdf_error *deref(struct kdx_eval *ev, const struct kdx_value *v, struct kdx_value *out)
{
	const struct kdx_type *plain, *target;
	struct kdf_error *e;

	if (!ev->unwanted || !v->type)
		return kdx_value_deref(&ev->x->space, v, out);
	if ((e = kdx_derived_strip(ev->s, v->type, &plain)))
		return e;
	if (plain->kind != KDX_POINTER && plain->kind != KDX_ARRAY)
		return kdf_err(KDF_USAGE, "'*' of something that is no pointer");
	if ((e = kdx_derived_target(ev->s, plain, &target)))
		return e;
	*out = (struct kdx_value){ .type = target, .place = KDX_IN_MEMORY };
	return NULL;
}

/* `.` and `->` both follow pointers, as in gdb. */
static struct kdf_error *member(struct kdx_eval *ev, struct kdx_value *v)
{
	KDF_AUTO_FREE char *name = NULL;
	const struct kdx_type *plain;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (e)
		return e;
	if (ev->lex.token.kind != KDX_TOK_NAME)
		return kdx_eval_unexpected(ev);
	name = strndup(ev->lex.token.at, ev->lex.token.len);
	if (!name)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (v->type) {
		if ((e = kdx_derived_strip(ev->s, v->type, &plain)))
			return e;
		if (plain->kind == KDX_POINTER && (e = deref(ev, v, v)))
			return e;
	}
	if (ev->unwanted)
		type_only(v);
	e = kdx_value_member(&ev->x->space, v, name, v);
	return e ? e : kdx_lex_next(&ev->lex);
}

static struct kdf_error *subscript(struct kdx_eval *ev, struct kdx_value *v)
{
	struct kdx_value i, n;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (!e)
		e = kdx_eval_ternary(ev, &i);
	if (!e)
		e = kdx_eval_scalar(ev, &i, &n);
	if (!e)
		e = kdx_eval_expect(ev, "]");
	if (e)
		return e;
	return ev->unwanted ? deref(ev, v, v) : kdx_value_index(&ev->x->space, v, (int64_t)n.bits, v);
}

static struct kdf_error *postfix(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdf_error *e = primary(ev, out);

	while (!e) {
		if (kdx_lex_is(&ev->lex, ".") || kdx_lex_is(&ev->lex, "->"))
			e = member(ev, out);
		else if (kdx_lex_is(&ev->lex, "["))
			e = subscript(ev, out);
		else if (kdx_lex_is(&ev->lex, "("))
			e = kdf_err(KDF_USAGE, "a dump cannot call functions: '%.40s'", ev->lex.token.at);
		else
			break;
	}
	return e;
}

static struct kdf_error *address_of(struct kdx_eval *ev, const struct kdx_value *v, struct kdx_value *out)
{
	const struct kdx_type *target = v->type ? v->type : kdx_basic_type(ev->s, KDX_T_VOID), *pointer;
	struct kdf_error *e;

	if (v->place != KDX_IN_MEMORY)
		return kdf_err(KDF_USAGE, "'&' of a value that is not in memory");
	if (v->bit_size)
		return kdf_err(KDF_USAGE, "'&' of a bit field");
	e = kdx_derive_pointer(ev->s, target, &pointer);
	if (!e)
		*out = kdx_value_of(pointer, v->address);
	return e;
}

static struct kdf_error * not(struct kdx_eval * ev, const struct kdx_value *v, struct kdx_value *out)
{
	bool yes = false;
	struct kdf_error *e = kdx_is_true(ev, v, &yes);

	if (!e)
		*out = kdx_value_of(kdx_basic_type(ev->s, KDX_T_INT), !yes);
	return e;
}

static struct kdf_error *sign_of(struct kdx_eval *ev, char op, struct kdx_value *out)
{
	struct kdx_value v;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	if (!e)
		e = unary(ev, &v);
	if (e)
		return e;
	switch (op) {
	case '*':
		return deref(ev, &v, out);
	case '&':
		return address_of(ev, &v, out);
	case '!':
		return not(ev, &v, out);
	default:
		return kdx_negate(ev, op, &v, out);
	}
}

static struct kdf_error *cast(struct kdx_eval *ev, const struct kdx_type *type, struct kdx_value *out)
{
	struct kdx_value v;
	struct kdf_error *e = unary(ev, &v);

	if (e)
		return e;
	if (ev->unwanted) {
		*out = (struct kdx_value){ .type = type, .place = KDX_IN_MEMORY };
		return NULL;
	}
	return kdx_value_cast(&ev->x->space, &v, type, out);
}

/* "(type) value" or gdb's "{type} address"; *done is false when it is neither and nothing was taken. */
static struct kdf_error *try_cast(struct kdx_eval *ev, struct kdx_value *out, bool *done)
{
	bool brace = kdx_lex_is(&ev->lex, "{");
	struct kdx_lex before = ev->lex;
	const struct kdx_type *type;
	struct kdx_value v;
	uint64_t address = 0;
	struct kdf_error *e = kdx_lex_next(&ev->lex);

	*done = false;
	if (!e)
		e = kdx_eval_type(ev, &type, done);
	if (e)
		return e;
	if (!*done) {
		ev->lex = before;
		return NULL;
	}
	if ((e = kdx_eval_expect(ev, brace ? "}" : ")")))
		return e;
	if (!brace)
		return cast(ev, type, out);
	if ((e = unary(ev, &v)))
		return e;
	if (!ev->unwanted && (e = kdx_value_address(&ev->x->space, &v, &address)))
		return e;
	*out = (struct kdx_value){ .type = type, .place = KDX_IN_MEMORY, .address = address };
	return NULL;
}

static struct kdf_error *unary_inner(struct kdx_eval *ev, struct kdx_value *out)
{
	static const char signs[] = "-+!~*&";
	const struct kdx_token *t = &ev->lex.token;
	bool done;
	struct kdf_error *e;

	if (t->kind == KDX_TOK_SIGN && !t->sign[1] && strchr(signs, t->sign[0]))
		return sign_of(ev, t->sign[0], out);
	/* "&&x" has no meaning of its own here; "--x" reads as -(-x). */
	if (kdx_lex_is_name(&ev->lex, "sizeof"))
		return size_of(ev, out);
	if (kdx_lex_is(&ev->lex, "(") || kdx_lex_is(&ev->lex, "{")) {
		e = try_cast(ev, out, &done);
		if (e || done)
			return e;
	}
	return postfix(ev, out);
}

static struct kdf_error *unary(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdf_error *e;

	if (ev->depth >= KDX_EVAL_DEPTH)
		return kdf_err(KDF_LIMIT, "expression nested too deep");
	ev->depth++;
	e = unary_inner(ev, out);
	ev->depth--;
	return e;
}

/* ---- binary operators ---- */

/* gdb's `first@count`: that many elements from there on. */
static struct kdf_error *slice(struct kdx_eval *ev, const struct kdx_value *first, const struct kdx_value *count,
			       struct kdx_value *out)
{
	struct kdx_value n;
	struct kdf_error *e = kdx_eval_scalar(ev, count, &n);

	if (e)
		return e;
	if (ev->unwanted && !n.bits)
		n.bits = 1;
	if (!first->type || first->bit_size || first->place == KDX_COMPUTED)
		return kdf_err(KDF_USAGE, "'@' needs something in memory in front of it, as in a[0]@4");
	if (n.bits < 1 || n.bits > SLICE_MAX)
		return kdf_err(KDF_USAGE, "'@' needs a count from 1 to %d", SLICE_MAX);
	*out = *first;
	return kdx_derive_array(ev->s, first->type, n.bits, &out->type);
}

static int precedence(const struct kdx_lex *lex)
{
	static const struct {
		char sign[3];
		int level;
	} table[] = {
		{ "||", 1 }, { "&&", 2 }, { "|", 3 },  { "^", 4 },  { "&", 5 },  { "==", 6 }, { "!=", 6 },
		{ "<", 7 },  { ">", 7 },  { "<=", 7 }, { ">=", 7 }, { "<<", 8 }, { ">>", 8 }, { "@", 9 },
		{ "+", 10 }, { "-", 10 }, { "*", 11 }, { "/", 11 }, { "%", 11 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (kdx_lex_is(lex, table[i].sign))
			return table[i].level;
	return 0;
}

static struct kdf_error *binary(struct kdx_eval *ev, int least, struct kdx_value *out);

/* `a && b`, `a || b`: b is looked at only when it decides. */
static struct kdf_error *logical(struct kdx_eval *ev, bool is_and, int level, struct kdx_value *v)
{
	bool left = false, right = false, skip;
	struct kdx_value b;
	struct kdf_error *e = kdx_is_true(ev, v, &left);

	if (e)
		return e;
	skip = left != is_and;
	ev->unwanted += skip;
	e = binary(ev, level + 1, &b);
	if (!e)
		e = kdx_is_true(ev, &b, &right);
	ev->unwanted -= skip;
	if (!e)
		*v = kdx_value_of(kdx_basic_type(ev->s, KDX_T_INT), skip ? left : right);
	return e;
}

static struct kdf_error *binary(struct kdx_eval *ev, int least, struct kdx_value *out)
{
	struct kdf_error *e = unary(ev, out);

	while (!e) {
		int level = precedence(&ev->lex);
		struct kdx_value a = *out, b;
		char op[3];

		if (!level || level < least)
			break;
		memcpy(op, ev->lex.token.sign, sizeof(op));
		if ((e = kdx_lex_next(&ev->lex)))
			break;
		if (level <= 2) {
			e = logical(ev, level == 2, level, out);
			continue;
		}
		e = binary(ev, level + 1, &b);
		if (!e)
			e = op[0] == '@' ? slice(ev, &a, &b, out) : kdx_arithmetic(ev, op, &a, &b, out);
	}
	return e;
}

static struct kdf_error *choose(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdx_value a, b;
	bool yes = false;
	struct kdf_error *e = kdx_is_true(ev, out, &yes);

	if (!e)
		e = kdx_lex_next(&ev->lex);
	if (e)
		return e;
	ev->unwanted += !yes;
	e = kdx_eval_ternary(ev, &a);
	ev->unwanted -= !yes;
	if (!e)
		e = kdx_eval_expect(ev, ":");
	if (e)
		return e;
	ev->unwanted += yes;
	e = kdx_eval_ternary(ev, &b);
	ev->unwanted -= yes;
	*out = yes ? a : b;
	return e;
}

struct kdf_error *kdx_eval_ternary(struct kdx_eval *ev, struct kdx_value *out)
{
	struct kdf_error *e;

	if (ev->depth >= KDX_EVAL_DEPTH)
		return kdf_err(KDF_LIMIT, "expression nested too deep");
	ev->depth++;
	e = binary(ev, 1, out);
	if (!e && kdx_lex_is(&ev->lex, "?"))
		e = choose(ev, out);
	ev->depth--;
	return e;
}

struct kdf_error *kdx_expr_eval(const struct kdx_expr *x, const char *text, struct kdx_value *out)
{
	struct kdx_eval ev = { .x = x, .s = x->space.session };
	struct kdf_error *e = kdx_lex_start(&ev.lex, text);

	if (!e)
		e = kdx_eval_ternary(&ev, out);
	if (!e && ev.lex.token.kind != KDX_TOK_END)
		e = kdx_lex_is(&ev.lex, "=") ?
			    kdf_err(KDF_USAGE, "a dump cannot be changed: '=' (comparison is '==')") :
			    kdx_eval_unexpected(&ev);
	/* Without a shell string literals die here: only what can be read from memory may leave. */
	if (!e && !x->shell && out->place == KDX_IN_IMAGE)
		e = kdf_err(KDF_USAGE, "a string where an address or number is needed");
	kdx_history_free(&ev.scratch);
	return e;
}
