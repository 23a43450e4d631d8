// SPDX-License-Identifier: GPL-2.0-or-later
/* The BTF reader: headers of two ages, all kinds, names, and every way to damage a blob. */
#include "test.h"

#include "format-btf-fixture.h"

struct ids {
	uint32_t int_, char_, bool_, ptr, array, outer, enum_, enum64, fwd, func;
};

static struct ids make_types(struct btf_maker *m)
{
	struct ids id = { 0 };

	id.int_ = btf_int(m, "int", 4, 1);
	id.char_ = btf_int(m, "char", 1, 1);
	id.bool_ = btf_int(m, "_Bool", 1, 4);
	id.ptr = btf_ref(m, "", KDF_BTF_PTR, id.int_);
	id.array = btf_array(m, id.ptr, id.int_, 3);
	id.outer = btf_begin(m, "outer", KDF_BTF_STRUCT, true, 2, 32);
	btf_member(m, "a", id.int_, 0, 0);
	btf_member(m, "flag", id.int_, 32, 3);
	id.enum_ = btf_begin(m, "color", KDF_BTF_ENUM, false, 2, 4);
	btf_pair(m, "RED", 0);
	btf_pair(m, "BLUE", 0xfffffff0);
	id.enum64 = btf_begin(m, "big", KDF_BTF_ENUM64, false, 1, 8);
	btf_pair(m, "HUGE", 1);
	btf_word(m, 0x80000000);
	id.fwd = btf_begin(m, "hidden", KDF_BTF_FWD, true, 0, 0);
	uint32_t proto = btf_begin(m, "", KDF_BTF_FUNC_PROTO, false, 1, id.int_);
	btf_pair(m, "x", id.ptr);
	id.func = btf_begin(m, "do_it", KDF_BTF_FUNC, false, 1, proto);
	return id;
}

static void reads(bool big_endian)
{
	struct btf_maker m = { .big_endian = big_endian };
	struct kdf_buf blob = { 0 };
	struct ids id = make_types(&m);
	struct kdf_btf *btf;
	struct kdf_btf_type t;
	int64_t value;

	btf_blob(&m, 24, NULL, 0, &blob);
	if (!CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf)))
		return;
	CHECK(kdf_btf_count(btf) == m.n);
	CHECK(kdf_btf_find(btf, KDF_BTF_STRUCT, "outer") == id.outer);
	CHECK(kdf_btf_find(btf, KDF_BTF_UNION, "outer") == 0);
	CHECK(kdf_btf_find(btf, KDF_BTF_INT, "_Bool") == id.bool_);
	CHECK(kdf_btf_find(btf, KDF_BTF_FUNC, "do_it") == id.func);
	CHECK(kdf_btf_find(btf, KDF_BTF_FWD, "hidden") == id.fwd);
	CHECK(kdf_btf_enumerator(btf, "BLUE", &value) && value == -16);
	CHECK(kdf_btf_enumerator(btf, "HUGE", &value) && value == (int64_t)0x8000000000000001);
	CHECK(!kdf_btf_enumerator(btf, "GREEN", &value));
	/* An enum64 is only written by tools that also write the sign of enums. */
	CHECK(kdf_btf_has_enum_sign(btf));
	CHECK_OK(kdf_btf_type(btf, id.outer, &t));
	CHECK(t.kind == KDF_BTF_STRUCT && t.kflag && t.vlen == 2 && t.size_or_type == 32);
	CHECK_TEXT(t.name, "outer");
	CHECK(kdf_btf_u32(btf, t.extra + 12 + 8) == (3u << 24 | 32));
	CHECK_CODE(kdf_btf_type(btf, 0, &t), KDF_CORRUPT);
	CHECK_CODE(kdf_btf_type(btf, m.n + 1, &t), KDF_CORRUPT);
	kdf_btf_close(btf);
	kdf_buf_free(&blob);
}

/* Linux 7.3: a longer header, a table of kinds, and kinds that nobody knows yet. */
static void newer(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	uint8_t layout[4 * 41] = { 0 };
	struct kdf_btf *btf;
	struct kdf_btf_type t;

	layout[40 * 4] = 4;	/* each of kind 40: a word, */
	layout[40 * 4 + 1] = 8; /* and vlen times 8 bytes */
	btf_int(&m, "int", 4, 1);
	btf_begin(&m, "odd", 40, false, 2, 0);
	for (int i = 0; i < 5; i++)
		btf_word(&m, 7);
	uint32_t last = btf_begin(&m, "last", KDF_BTF_STRUCT, false, 0, 8);
	btf_blob(&m, 32, layout, sizeof(layout), &blob);
	if (CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf))) {
		CHECK(kdf_btf_count(btf) == 3 && kdf_btf_find(btf, KDF_BTF_STRUCT, "last") == last);
		CHECK_OK(kdf_btf_type(btf, 2, &t));
		CHECK(t.kind == 40 && t.vlen == 2);
		kdf_btf_close(btf);
	}
	kdf_buf_free(&blob);
	/* The same kind without the table cannot be stepped over. */
	struct btf_maker without = { 0 };
	btf_begin(&without, "odd", 40, false, 0, 0);
	btf_blob(&without, 24, NULL, 0, &blob);
	CHECK_CODE(kdf_btf_open(blob.data, blob.len, &btf), KDF_UNSUPPORTED);
	kdf_buf_free(&blob);
	/* More members than 16 bits can count: the new width of vlen. */
	struct btf_maker wide = { 0 };
	uint32_t id = btf_int(&wide, "int", 4, 1);
	btf_begin(&wide, "wide", KDF_BTF_ENUM, false, 70000, 4);
	for (uint32_t i = 0; i < 70000; i++) {
		btf_word(&wide, 0);
		btf_word(&wide, i);
	}
	btf_blob(&wide, 24, NULL, 0, &blob);
	if (CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf))) {
		CHECK_OK(kdf_btf_type(btf, id + 1, &t));
		CHECK(t.vlen == 70000);
		kdf_btf_close(btf);
	}
	kdf_buf_free(&blob);
}

/* Every length cut, and every byte of a small blob damaged in turn: an error or a reader that stays in bounds. */
static void damaged(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	int opened = 0, refused = 0;

	make_types(&m);
	btf_blob(&m, 24, NULL, 0, &blob);
	for (size_t n = 0; n < blob.len; n++) {
		struct kdf_btf *btf;
		/* Exactly n bytes, so that a sanitizer sees any step beyond. */
		void *cut = malloc(n ? n : 1);

		memcpy(cut, blob.data, n);
		CHECK_CODE(kdf_btf_open(cut, n, &btf), KDF_CORRUPT);
		free(cut);
	}
	for (size_t i = 0; i < blob.len * 8; i++) {
		struct kdf_btf *btf;
		struct kdf_btf_type t;
		uint8_t *copy = malloc(blob.len);

		memcpy(copy, blob.data, blob.len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		struct kdf_error *e = kdf_btf_open(copy, blob.len, &btf);
		if (!e) {
			opened++;
			for (uint32_t id = 1; id <= kdf_btf_count(btf); id++)
				if (kdf_btf_type(btf, id, &t) || strlen(t.name) > blob.len)
					CHECK(false);
			struct kdf_btf_member at;
			(void)kdf_btf_member(btf, "outer", "flag.x", 8, &at);
			(void)kdf_btf_member(btf, "outer", "a", 8, &at);
			int64_t value;
			(void)kdf_btf_enumerator(btf, "GREEN", &value);
			kdf_btf_close(btf);
		}
		refused += !!e;
		kdf_error_free(e);
		free(copy);
	}
	CHECK(opened > 100 && refused > 100);
	kdf_buf_free(&blob);
}

/* Paths through named and anonymous members, arrays, typedefs; what has no place or no end. */
static void members(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	struct kdf_btf *btf;
	struct kdf_btf_member at;
	uint32_t size;

	uint32_t int_ = btf_int(&m, "int", 4, 1), ptr = btf_ref(&m, "", KDF_BTF_PTR, 0);
	uint32_t pair = btf_begin(&m, "list_head", KDF_BTF_STRUCT, false, 2, 16);
	btf_member(&m, "next", ptr, 0, 0);
	btf_member(&m, "prev", ptr, 64, 0);
	uint32_t alias = btf_ref(&m, "list_t", KDF_BTF_TYPEDEF, btf_ref(&m, "", KDF_BTF_CONST, pair));
	uint32_t lists = btf_array(&m, alias, int_, 12);
	uint32_t inner = btf_begin(&m, "", KDF_BTF_UNION, false, 2, 16);
	btf_member(&m, "lru", pair, 0, 0);
	btf_member(&m, "word", int_, 0, 0);
	btf_begin(&m, "page", KDF_BTF_STRUCT, true, 5, 256);
	btf_member(&m, "flags", ptr, 0, 0);
	btf_member(&m, "", inner, 64, 0);
	btf_member(&m, "bits", int_, 192, 3);
	btf_member(&m, "lists", lists, 256, 0);
	btf_member(&m, "nothing", 0, 300 * 8, 0);
	/* Holds itself twice, anonymously: looking for what is not there must end. */
	uint32_t self = m.n + 1;
	btf_begin(&m, "self", KDF_BTF_STRUCT, false, 2, 8);
	btf_member(&m, "", self, 0, 0);
	btf_member(&m, "", self, 0, 0);
	uint32_t loop = m.n + 1;
	btf_begin(&m, "loop", KDF_BTF_TYPEDEF, false, 0, loop);
	btf_begin(&m, "holder", KDF_BTF_STRUCT, false, 1, 8);
	btf_member(&m, "it", loop, 0, 0);
	btf_blob(&m, 24, NULL, 0, &blob);
	if (!CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf)))
		return;
	CHECK(kdf_btf_member(btf, "page", "lru.prev", 8, &at) && at.offset == 16 && at.element_size == 8);
	CHECK(kdf_btf_member(btf, "page", "word", 8, &at) && at.offset == 8 && at.element_size == 4);
	CHECK(at.elements == 1);
	CHECK(kdf_btf_member(btf, "page", "lists", 8, &at) && at.offset == 32 && at.element_size == 16);
	CHECK(at.elements == 12);
	CHECK(!kdf_btf_member(btf, "page", "bits", 8, &at) && !kdf_btf_member(btf, "page", "nothing", 8, &at));
	CHECK(!kdf_btf_member(btf, "page", "absent", 8, &at) && !kdf_btf_member(btf, "absent", "flags", 8, &at));
	CHECK(!kdf_btf_member(btf, "page", "flags.x", 8, &at) && !kdf_btf_member(btf, "page", "", 8, &at));
	CHECK(!kdf_btf_member(btf, "self", "absent", 8, &at) && !kdf_btf_member(btf, "holder", "it", 8, &at));
	CHECK(kdf_btf_size(btf, "page", &size) && size == 256 && !kdf_btf_size(btf, "absent", &size));
	kdf_btf_close(btf);
	kdf_buf_free(&blob);
}

int main(void)
{
	members();
	reads(false);
	reads(true);
	newer();
	damaged();
	TEST_END();
}
