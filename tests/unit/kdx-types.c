// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The type model, from both sources: DWARF of this very program, where the compiler tells what is right, and BTF
 * written by hand.
 */
#include "test.h"

#include <stddef.h>

#include "analyze/core/debuginfo.h"
#include "analyze/core/types-db.h"
#include "format-btf-fixture.h"

/* ---- what DWARF is checked against ---- */

typedef unsigned long sample_word;
enum sample_color { SAMPLE_RED, SAMPLE_GREEN = 5, SAMPLE_NEGATIVE = -3 };
enum { SAMPLE_ANONYMOUS = 77 };
struct sample_inner {
	int count;
	char name[16];
};
union sample_union {
	long whole;
	short part[4];
};
struct sample_outer {
	struct sample_inner inner[3];
	struct {
		unsigned low : 5, high : 11;
		int minus : 7;
		union {
			void *deep;
			struct sample_inner alternative;
		};
	};
	unsigned long long matrix[2][3];
	const char *const *texts;
	int (*call)(struct sample_outer *, const char *, ...);
	enum sample_color color;
	union sample_union either;
	struct sample_hidden *hidden;
	sample_word word;
	_Bool yes;
	volatile unsigned char flexible[];
};
struct sample_outer sample_variable = { .color = SAMPLE_GREEN };
extern int sample_table[];
int sample_table[7];
int sample_function(struct sample_outer *o, int x);

int sample_function(struct sample_outer *o, int x)
{
	sample_table[0] = SAMPLE_ANONYMOUS;
	return (int)o->word + x;
}

static void check_member(struct kdx_session *s, const struct kdx_type *type, const char *path, size_t offset,
			 size_t size)
{
	struct kdx_member m;

	if (!CHECK_OK(kdx_type_member(s, type, path, &m)))
		return;
	if (!CHECK(m.bit_offset == offset * 8 && m.type->size == size))
		fprintf(stderr, "  %s: at %ju, %ju bytes\n", path, (uintmax_t)m.bit_offset / 8,
			(uintmax_t)m.type->size);
}
#define CHECK_MEMBER(s, type, owner, path) \
	check_member(s, type, #path, offsetof(owner, path), sizeof(((owner *)0)->path))

static void check_declared(struct kdx_session *s, const struct kdx_type *type, const char *path, const char *want)
{
	struct kdx_member m;
	char *text = NULL;

	if (CHECK_OK(kdx_type_member(s, type, path, &m)) && CHECK_OK(kdx_type_declare(s, m.type, "x", &text)))
		CHECK_TEXT(text, want);
	free(text);
}

static void members(struct kdx_session *s)
{
	const struct kdx_type *type, *other;
	struct kdx_member m;

	if (!CHECK_OK(kdx_type_find(s, "sample_outer", &type)))
		return;
	CHECK(type->kind == KDX_STRUCT && type->size == sizeof(struct sample_outer) && !type->incomplete);
	CHECK_OK(kdx_type_find(s, "struct  sample_outer ", &other));
	CHECK(type == other);
	CHECK_MEMBER(s, type, struct sample_outer, inner);
	CHECK_MEMBER(s, type, struct sample_outer, inner[2].name);
	CHECK_MEMBER(s, type, struct sample_outer, deep);
	CHECK_MEMBER(s, type, struct sample_outer, alternative.name[3]);
	CHECK_MEMBER(s, type, struct sample_outer, matrix[1][2]);
	CHECK_MEMBER(s, type, struct sample_outer, call);
	CHECK_MEMBER(s, type, struct sample_outer, either.part[1]);
	CHECK_MEMBER(s, type, struct sample_outer, word);
	CHECK_MEMBER(s, type, struct sample_outer, yes);
	CHECK_OK(kdx_type_member(s, type, "high", &m));
	CHECK(m.bit_size == 11 && m.bit_offset == (offsetof(struct sample_outer, deep) - 8) * 8 + 5);
	CHECK_OK(kdx_type_member(s, type, "minus", &m));
	CHECK(m.bit_size == 7 && m.type->is_signed);
	CHECK_OK(kdx_type_member(s, type, "flexible", &m));
	CHECK_OK(kdx_type_strip(s, m.type, &other));
	CHECK(other->kind == KDX_ARRAY && !other->elements && !m.type->size);
	CHECK_OK(kdx_type_member(s, type, "flexible[4]", &m));
	CHECK_CODE(kdx_type_member(s, type, "absent", &m), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_member(s, type, "inner[0].absent", &m), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_member(s, type, "inner[3]", &m), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_member(s, type, "word.x", &m), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_member(s, type, "word[0]", &m), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_member(s, type, "inner[", &m), KDF_USAGE);
	CHECK_CODE(kdx_type_member(s, type, "inner[-1]", &m), KDF_USAGE);
	CHECK_CODE(kdx_type_member(s, type, "", &m), KDF_USAGE);
	CHECK_CODE(kdx_type_member(s, type, ".inner", &m), KDF_USAGE);
	CHECK_CODE(kdx_type_member(s, type, "word.", &m), KDF_USAGE);
}

static void declarations(struct kdx_session *s)
{
	const struct kdx_type *type;

	if (!CHECK_OK(kdx_type_find(s, "sample_outer", &type)))
		return;
	check_declared(s, type, "inner", "struct sample_inner x[3]");
	check_declared(s, type, "matrix", "long long unsigned int x[2][3]");
	check_declared(s, type, "texts", "const char *const *x");
	check_declared(s, type, "call", "int (*x)(struct sample_outer *, const char *, ...)");
	check_declared(s, type, "color", "enum sample_color x");
	check_declared(s, type, "deep", "void *x");
	check_declared(s, type, "word", "sample_word x");
	check_declared(s, type, "flexible", "volatile unsigned char x[]");
	check_declared(s, type, "hidden", "struct sample_hidden *x");
}

static void other_types(struct kdx_session *s)
{
	static const char *const spelling[] = { "unsigned long", "long unsigned int", "unsigned long int" };
	const struct kdx_type *type, *target, *first = NULL;
	const struct kdx_enumerator *list;
	size_t n;
	int64_t value;
	char *text = NULL;

	for (int i = 0; i < 3; i++) {
		CHECK_OK(kdx_type_find(s, spelling[i], &type));
		CHECK(type->kind == KDX_INT && type->size == sizeof(long) && !type->is_signed && (!i || type == first));
		first = type;
	}
	CHECK_OK(kdx_type_find(s, "char", &type));
	CHECK(type->is_char && type->size == 1);
	CHECK_OK(kdx_type_find(s, "void", &type));
	CHECK(type->kind == KDX_VOID);
	CHECK_OK(kdx_type_find(s, "sample_word", &type));
	CHECK(type->kind == KDX_TYPEDEF && type->size == sizeof(long));
	CHECK_OK(kdx_type_strip(s, type, &target));
	/* Not the same entry: each compilation unit has its own. */
	CHECK_TEXT(target->name, first->name);
	CHECK_CODE(kdx_type_target(s, first, &target), KDF_USAGE);
	CHECK_OK(kdx_type_find(s, "enum sample_color", &type));
	CHECK(type->kind == KDX_ENUM && type->is_signed);
	CHECK_OK(kdx_type_enumerators(s, type, &list, &n));
	CHECK(n == 3 && list[1].value == 5 && list[2].value == -3);
	CHECK_OK(kdx_enumerator(s, "SAMPLE_NEGATIVE", &value));
	CHECK(value == -3);
	CHECK_OK(kdx_enumerator(s, "SAMPLE_ANONYMOUS", &value));
	CHECK(value == 77);
	CHECK_CODE(kdx_enumerator(s, "SAMPLE_ABSENT", &value), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_find(s, "struct sample_color", &type), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_find(s, "struct sample_nowhere", &type), KDF_NOT_FOUND);
	CHECK_CODE(kdx_type_find(s, "", &type), KDF_NOT_FOUND);
	CHECK_OK(kdx_variable_type(s, "sample_table", &type));
	CHECK(type->kind == KDX_ARRAY && type->elements == 7);
	CHECK_OK(kdx_variable_type(s, "sample_variable", &type));
	CHECK_TEXT(type->name, "sample_outer");
	CHECK_CODE(kdx_variable_type(s, "sample_absent", &type), KDF_NO_DEBUG);
	CHECK_OK(kdx_variable_type(s, "sample_function", &type));
	CHECK(type->kind == KDX_FUNCTION);
	CHECK_OK(kdx_type_declare(s, type, "f", &text));
	CHECK_TEXT(text, "int f(struct sample_outer *, int)");
	free(text);
}

/* A structure that is nowhere defined: it can be pointed to, and no more. */
static void declared_only(struct kdx_session *s)
{
	const struct kdx_type *type, *target;
	const struct kdx_member *list;
	struct kdx_member m;
	size_t n;

	CHECK_OK(kdx_type_find(s, "sample_outer", &type));
	CHECK_OK(kdx_type_member(s, type, "hidden", &m));
	CHECK_OK(kdx_type_target(s, m.type, &target));
	CHECK(target->kind == KDX_STRUCT && target->incomplete && !target->size);
	CHECK_CODE(kdx_type_members(s, target, &list, &n), KDF_NO_DEBUG);
}

static void dwarf(void)
{
	const char *path = "/proc/self/exe";
	struct kdx_session *s;

	if (!CHECK_OK(kdx_session_open(&(struct kdx_open_args){ .path = &path, .npaths = 1 }, &s)))
		return;
	if (strcmp(kdx_typedb_source(s), "DWARF of vmlinux")) {
		fprintf(stderr, "SKIP: this program was built without -g, so DWARF is not tested\n");
	} else {
		members(s);
		declarations(s);
		other_types(s);
		declared_only(s);
	}
	kdx_session_close(s);
}

/* ---- BTF ---- */

struct btf_session {
	struct kdx_session session;
	struct kdf_buf blob;
};

/* Types alone are enough of a session for the calls of types.h. */
static bool open_btf(struct btf_maker *m, struct btf_session *s)
{
	*s = (struct btf_session){ .session.pointer_size = 8 };
	btf_blob(m, 24, NULL, 0, &s->blob);
	return CHECK_OK(kdx_typedb_new(&s->session.types)) &&
	       CHECK_OK(kdx_typedb_use_btf(s->session.types, s->blob.data, s->blob.len, NULL, 8, true));
}

static void close_btf(struct btf_session *s)
{
	kdx_typedb_free(s->session.types);
	kdf_buf_free(&s->blob);
}

static void btf_types(void)
{
	struct btf_maker m = { 0 };
	struct btf_session s;
	const struct kdx_type *type;
	struct kdx_member member;
	int64_t value;
	char *text = NULL;

	uint32_t int_ = btf_int(&m, "int", 4, 1), char_ = btf_int(&m, "char", 1, 1);
	uint32_t fwd = btf_begin(&m, "node", KDF_BTF_FWD, false, 0, 0);
	uint32_t to_fwd = btf_ref(&m, "", KDF_BTF_PTR, fwd);
	uint32_t tag = btf_ref(&m, "user", KDF_BTF_TYPE_TAG, char_);
	uint32_t constant = btf_ref(&m, "", KDF_BTF_CONST, tag);
	uint32_t pointer = btf_ref(&m, "", KDF_BTF_PTR, constant);
	uint32_t array = btf_array(&m, pointer, int_, 4);
	/* Without the kind flag a bit field is a narrow integer. */
	uint32_t narrow = btf_begin(&m, "int", KDF_BTF_INT, false, 0, 4);
	btf_word(&m, 1u << 24 | 2u << 16 | 3);
	uint32_t anonymous = btf_begin(&m, "", KDF_BTF_UNION, false, 2, 8);
	btf_member(&m, "bits", narrow, 0, 0);
	btf_member(&m, "words", int_, 32, 0);
	btf_begin(&m, "node", KDF_BTF_STRUCT, true, 4, 64);
	btf_member(&m, "next", to_fwd, 0, 0);
	btf_member(&m, "flag", int_, 67, 5);
	btf_member(&m, "", anonymous, 128, 0);
	btf_member(&m, "names", array, 192, 0);
	btf_begin(&m, "sign", KDF_BTF_ENUM, false, 1, 4);
	btf_pair(&m, "MINUS", 0xffffffff);
	btf_begin(&m, "per_cpu_node", KDF_BTF_VAR, false, 0, int_);
	btf_word(&m, 1);
	if (open_btf(&m, &s)) {
		struct kdx_session *k = &s.session;

		CHECK_OK(kdx_type_find(k, "node", &type));
		CHECK(type->kind == KDX_STRUCT && type->size == 64);
		CHECK_OK(kdx_type_member(k, type, "flag", &member));
		CHECK(member.bit_size == 5 && member.bit_offset == 67);
		CHECK_OK(kdx_type_member(k, type, "bits", &member));
		CHECK(member.bit_size == 3 && member.bit_offset == 130);
		CHECK_OK(kdx_type_member(k, type, "words", &member));
		CHECK(member.bit_size == 0 && member.bit_offset == 160);
		CHECK_OK(kdx_type_member(k, type, "names[2]", &member));
		CHECK(member.bit_offset == 192 + 128);
		CHECK_OK(kdx_type_declare(k, member.type, "x", &text));
		CHECK_TEXT(text, "const char *x");
		free(text);
		/* A pointer to what is only declared here leads to the definition. */
		const struct kdx_type *target;
		CHECK_OK(kdx_type_member(k, type, "next", &member));
		CHECK_OK(kdx_type_target(k, member.type, &target));
		CHECK(target == type);
		/* Tools that write no sign of enums have signed values. */
		CHECK_OK(kdx_enumerator(k, "MINUS", &value));
		CHECK(value == -1);
		CHECK_OK(kdx_variable_type(k, "per_cpu_node", &type));
		CHECK(type->kind == KDX_INT);
		CHECK_CODE(kdx_variable_type(k, "jiffies", &type), KDF_NO_DEBUG);
	}
	close_btf(&s);
}

/* Types that contain themselves, or that are no types. */
static void btf_damaged(void)
{
	struct btf_maker m = { 0 };
	struct btf_session s;
	const struct kdx_type *type;
	struct kdx_member member;
	const struct kdx_member *list;
	size_t n;
	char *text;

	btf_ref(&m, "loop", KDF_BTF_TYPEDEF, 1);
	btf_ref(&m, "outside", KDF_BTF_TYPEDEF, 99);
	btf_array(&m, 4, 4, 0xffffffff);
	btf_array(&m, 5, 5, 0xffffffff);
	btf_array(&m, 6, 6, 0xffffffff);
	btf_int(&m, "int", 4, 0);
	btf_ref(&m, "huge", KDF_BTF_TYPEDEF, 3);
	btf_begin(&m, "inside", KDF_BTF_STRUCT, false, 1, 8);
	btf_member(&m, "", 8, 0, 0);
	btf_ref(&m, "", KDF_BTF_PTR, 9);
	btf_ref(&m, "chain", KDF_BTF_TYPEDEF, 9);
	btf_ref(&m, "tag", KDF_BTF_TYPE_TAG, 11);
	btf_ref(&m, "tagged", KDF_BTF_TYPEDEF, 11);
	if (open_btf(&m, &s)) {
		struct kdx_session *k = &s.session;

		CHECK_CODE(kdx_type_find(k, "loop", &type), KDF_CORRUPT);
		CHECK_CODE(kdx_type_find(k, "outside", &type), KDF_CORRUPT);
		CHECK_CODE(kdx_type_find(k, "huge", &type), KDF_CORRUPT);
		CHECK_CODE(kdx_type_find(k, "tagged", &type), KDF_CORRUPT);
		CHECK_OK(kdx_type_find(k, "struct inside", &type));
		CHECK_OK(kdx_type_members(k, type, &list, &n));
		CHECK_CODE(kdx_type_member(k, type, "x", &member), KDF_CORRUPT);
		CHECK_OK(kdx_type_find(k, "chain", &type));
		CHECK_OK(kdx_type_target(k, type, &type));
		CHECK_CODE(kdx_type_declare(k, type, "x", &text), KDF_LIMIT);
	}
	close_btf(&s);
}

/* Each level holds the next one twice, without a name: 2^30 ways to look for a member that is not there. */
static void btf_doubling(void)
{
	struct btf_maker m = { 0 };
	struct btf_session s;
	const struct kdx_type *type;
	struct kdx_member member;

	for (uint32_t id = 1; id <= 30; id++) {
		btf_begin(&m, id == 1 ? "top" : "", KDF_BTF_STRUCT, false, 2, 8);
		btf_member(&m, "", id + 1, 0, 0);
		btf_member(&m, "", id + 1, 0, 0);
	}
	btf_int(&m, "int", 4, 0);
	if (open_btf(&m, &s) && CHECK_OK(kdx_type_find(&s.session, "top", &type)))
		CHECK_CODE(kdx_type_member(&s.session, type, "x", &member), KDF_CORRUPT);
	close_btf(&s);
}

static void none(void)
{
	struct kdx_session s = { 0 };
	const struct kdx_type *type;

	CHECK_OK(kdx_typedb_new(&s.types));
	kdx_typedb_set_reason(s.types, "for this reason");
	CHECK_CODE(kdx_type_find(&s, "x", &type), KDF_NO_DEBUG);
	struct kdf_error *e = kdx_type_find(&s, "x", &type);
	CHECK(e && strstr(kdf_error_text(e), "for this reason"));
	kdf_error_free(e);
	CHECK_TEXT(kdx_typedb_source(&s), "none");
	kdx_typedb_free(s.types);
}

int main(void)
{
	dwarf();
	btf_types();
	btf_damaged();
	btf_doubling();
	none();
	TEST_END();
}
