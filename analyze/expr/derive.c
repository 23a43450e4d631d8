// SPDX-License-Identifier: GPL-2.0-or-later
#include "derive.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/hash.h"

enum { CHAIN_MAX = 64, DERIVED_MAX = 1 << 20 };

/* Its address in kdx_type.db marks the types made here. */
static const char marker;

struct derived {
	struct kdx_type type;
	const struct kdx_type *target;
	struct derived *same_hash, *older;
};

struct derived_all {
	struct kdf_hash by_key;
	struct derived *newest;
	size_t count;
};

/* clang-format off */
#define INTEGER(text, bytes, is_signed) { KDX_INT, text, bytes, is_signed, false, false, false, 0, &marker, 0 }
#define CHARACTER(text, is_signed) { KDX_INT, text, 1, is_signed, true, false, false, 0, &marker, 0 }
/* clang-format on */

static const struct kdx_type basic[KDX_T_MAX] = {
	[KDX_T_VOID] = { .kind = KDX_VOID, .name = "void", .db = &marker },
	[KDX_T_BOOL] = { .kind = KDX_INT, .name = "_Bool", .size = 1, .is_bool = true, .db = &marker },
	[KDX_T_CHAR] = CHARACTER("char", true),
	[KDX_T_SCHAR] = CHARACTER("signed char", true),
	[KDX_T_UCHAR] = CHARACTER("unsigned char", false),
	[KDX_T_SHORT] = INTEGER("short", 2, true),
	[KDX_T_USHORT] = INTEGER("unsigned short", 2, false),
	[KDX_T_INT] = INTEGER("int", 4, true),
	[KDX_T_UINT] = INTEGER("unsigned int", 4, false),
	[KDX_T_LONG] = INTEGER("long", 8, true),
	[KDX_T_ULONG] = INTEGER("unsigned long", 8, false),
	[KDX_T_LLONG] = INTEGER("long long", 8, true),
	[KDX_T_ULLONG] = INTEGER("unsigned long long", 8, false),
	[KDX_T_DOUBLE] = { .kind = KDX_FLOAT, .name = "double", .size = 8, .db = &marker },
	[KDX_T_FLOAT] = { .kind = KDX_FLOAT, .name = "float", .size = 4, .db = &marker },
	[KDX_T_FUNCTION] = { .kind = KDX_FUNCTION, .db = &marker },
	[KDX_T_LONG32] = INTEGER("long", 4, true),
	[KDX_T_ULONG32] = INTEGER("unsigned long", 4, false),
};

const struct kdx_type *kdx_basic_type(const struct kdx_session *s, enum kdx_basic which)
{
	if (s->pointer_size == 4 && which == KDX_T_LONG)
		which = KDX_T_LONG32;
	if (s->pointer_size == 4 && which == KDX_T_ULONG)
		which = KDX_T_ULONG32;
	return &basic[which];
}

static void destroy(void *value)
{
	struct derived_all *all = value;

	while (all->newest) {
		struct derived *d = all->newest;

		all->newest = d->older;
		free(d);
	}
	kdf_hash_free(&all->by_key);
	free(all);
}

static const struct kdx_keep keep = { destroy };

static struct kdf_error *table(struct kdx_session *s, struct derived_all **out)
{
	struct derived_all *all = kdx_kept(s, &keep);
	struct kdf_error *e;

	if (!all) {
		all = calloc(1, sizeof(*all));
		if (!all)
			return kdf_err(KDF_NOMEM, "out of memory");
		if ((e = kdx_keep(s, &keep, all))) {
			destroy(all);
			return e;
		}
	}
	*out = all;
	return NULL;
}

static struct kdf_error *derive(struct kdx_session *s, struct kdx_type want, const struct kdx_type *target,
				const struct kdx_type **out)
{
	uint64_t key = (uintptr_t)target * 31 + want.elements * 1000003 + want.kind;
	struct derived_all *all = NULL;
	struct derived *d, *first;
	struct kdf_error *e = table(s, &all);

	if (e)
		return e;
	first = kdf_hash_get_u64(&all->by_key, key);
	for (d = first; d; d = d->same_hash)
		if (d->target == target && d->type.kind == want.kind && d->type.elements == want.elements) {
			*out = &d->type;
			return NULL;
		}
	if (all->count >= DERIVED_MAX)
		return kdf_err(KDF_LIMIT, "too many types made by expressions");
	d = calloc(1, sizeof(*d));
	if (!d || !kdf_hash_put_u64(&all->by_key, key, d)) {
		free(d);
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	d->type = want;
	d->type.db = &marker;
	d->target = target;
	d->same_hash = first;
	d->older = all->newest;
	all->newest = d;
	all->count++;
	*out = &d->type;
	return NULL;
}

struct kdf_error *kdx_derive_pointer(struct kdx_session *s, const struct kdx_type *target, const struct kdx_type **out)
{
	struct kdx_type want = { .kind = KDX_POINTER, .size = s->pointer_size };

	return derive(s, want, target, out);
}

struct kdf_error *kdx_derive_array(struct kdx_session *s, const struct kdx_type *element, uint64_t n,
				   const struct kdx_type **out)
{
	struct kdx_type want = { .kind = KDX_ARRAY, .elements = n };

	if (__builtin_mul_overflow(kdx_derived_size(s, element), n, &want.size))
		return kdf_err(KDF_LIMIT, "an array of %" PRIu64 " elements is larger than memory can be", n);
	return derive(s, want, element, out);
}

static bool is_derived(const struct kdx_type *t)
{
	return t->db == &marker;
}

struct kdf_error *kdx_derived_target(struct kdx_session *s, const struct kdx_type *t, const struct kdx_type **out)
{
	if (!is_derived(t))
		return kdx_type_target(s, t, out);
	if (t->kind == KDX_POINTER || t->kind == KDX_ARRAY)
		*out = ((const struct derived *)(const void *)t)->target;
	else
		*out = &basic[KDX_T_VOID];
	return NULL;
}

struct kdf_error *kdx_derived_strip(struct kdx_session *s, const struct kdx_type *t, const struct kdx_type **out)
{
	if (is_derived(t)) {
		*out = t;
		return NULL;
	}
	return kdx_type_strip(s, t, out);
}

/* What a type is below its qualifiers: a const array is declared as an array. */
static struct kdf_error *bare_kind(struct kdx_session *s, const struct kdx_type *t, enum kdx_kind *kind)
{
	for (unsigned n = 0; n < CHAIN_MAX && (t->kind == KDX_CONST || t->kind == KDX_VOLATILE); n++) {
		struct kdf_error *e = kdx_derived_target(s, t, &t);

		if (e)
			return e;
	}
	*kind = t->kind;
	return NULL;
}

static struct kdf_error *declare_at(struct kdx_session *s, const struct kdx_type *t, const char *name, char **out,
				    unsigned depth)
{
	KDF_AUTO_FREE char *inner = NULL;
	const struct kdx_type *target;
	enum kdx_kind kind;
	struct kdf_error *e;
	int n;

	if (!is_derived(t))
		return kdx_type_declare(s, t, name, out);
	if (depth > CHAIN_MAX)
		return kdf_err(KDF_LIMIT, "a type nested too deep");
	if (t->kind != KDX_POINTER && t->kind != KDX_ARRAY) {
		n = t->kind == KDX_FUNCTION ? asprintf(out, "void %s(void)", name) :
					      asprintf(out, "%s%s%s", t->name, *name ? " " : "", name);
		return n < 0 ? kdf_err(KDF_NOMEM, "out of memory") : NULL;
	}
	target = ((const struct derived *)(const void *)t)->target;
	if ((e = bare_kind(s, target, &kind)))
		return e;
	if (t->kind == KDX_ARRAY && t->elements)
		n = asprintf(&inner, "%s[%" PRIu64 "]", name, t->elements);
	else if (t->kind == KDX_ARRAY)
		n = asprintf(&inner, "%s[]", name);
	else if (kind == KDX_ARRAY || kind == KDX_FUNCTION)
		n = asprintf(&inner, "(*%s)", name);
	else
		n = asprintf(&inner, "*%s", name);
	if (n < 0) {
		inner = NULL;
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	return declare_at(s, target, inner, out, depth + 1);
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* gcc's DWARF says "long unsigned int" where people, gdb and clang write "unsigned long". No spelling grows. */
static void usual_spelling(char *text)
{
	static const struct {
		const char *gcc, *usual;
	} table[] = {
		{ "long long unsigned int", "unsigned long long" },
		{ "long unsigned int", "unsigned long" },
		{ "short unsigned int", "unsigned short" },
		{ "long long int", "long long" },
		{ "long int", "long" },
		{ "short int", "short" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t from = strlen(table[i].gcc), to = strlen(table[i].usual);
		char *p = text;

		while ((p = strstr(p, table[i].gcc))) {
			if ((p > text && word_char(p[-1])) || word_char(p[from])) {
				p += from;
				continue;
			}
			memcpy(p, table[i].usual, to);
			memmove(p + to, p + from, strlen(p + from) + 1);
			p += to;
		}
	}
}

struct kdf_error *kdx_derived_declare(struct kdx_session *s, const struct kdx_type *t, const char *name, char **out)
{
	struct kdf_error *e = declare_at(s, t, name, out, 0);

	if (!e)
		usual_spelling(*out);
	return e;
}

uint64_t kdx_derived_size(struct kdx_session *s, const struct kdx_type *t)
{
	const struct kdx_type *plain = t;
	struct kdf_error *e = kdx_derived_strip(s, t, &plain);

	if (e) {
		kdf_error_free(e);
		return 0;
	}
	return plain->size ? plain->size : plain->kind == KDX_POINTER ? s->pointer_size : t->size;
}
