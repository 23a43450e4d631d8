// SPDX-License-Identifier: GPL-2.0-or-later
/* The BTF reader: headers of two ages, all kinds, names, and every way to damage a blob. */
#include "test.h"

#include "kdx-btf-fixture.h"

struct ids {
	uint32_t int_, char_, bool_, ptr, array, outer, enum_, enum64, fwd, func;
};

static struct ids make_types(struct btf_maker *m)
{
	struct ids id = { 0 };

	id.int_ = btf_int(m, "int", 4, 1);
	id.char_ = btf_int(m, "char", 1, 1);
	id.bool_ = btf_int(m, "_Bool", 1, 4);
	id.ptr = btf_ref(m, "", KDX_BTF_PTR, id.int_);
	id.array = btf_array(m, id.ptr, id.int_, 3);
	id.outer = btf_begin(m, "outer", KDX_BTF_STRUCT, true, 2, 32);
	btf_member(m, "a", id.int_, 0, 0);
	btf_member(m, "flag", id.int_, 32, 3);
	id.enum_ = btf_begin(m, "color", KDX_BTF_ENUM, false, 2, 4);
	btf_pair(m, "RED", 0);
	btf_pair(m, "BLUE", 0xfffffff0);
	id.enum64 = btf_begin(m, "big", KDX_BTF_ENUM64, false, 1, 8);
	btf_pair(m, "HUGE", 1);
	btf_word(m, 0x80000000);
	id.fwd = btf_begin(m, "hidden", KDX_BTF_FWD, true, 0, 0);
	uint32_t proto = btf_begin(m, "", KDX_BTF_FUNC_PROTO, false, 1, id.int_);
	btf_pair(m, "x", id.ptr);
	id.func = btf_begin(m, "do_it", KDX_BTF_FUNC, false, 1, proto);
	return id;
}

static void reads(bool big_endian)
{
	struct btf_maker m = { .big_endian = big_endian };
	struct kdf_buf blob = { 0 };
	struct ids id = make_types(&m);
	struct kdx_btf *btf;
	struct kdx_btf_type t;

	btf_blob(&m, 24, NULL, 0, &blob);
	if (!CHECK_OK(kdx_btf_open(blob.data, blob.len, &btf)))
		return;
	CHECK(kdx_btf_count(btf) == m.n);
	CHECK(kdx_btf_find(btf, KDX_CLASS_STRUCT, "outer") == id.outer);
	CHECK(kdx_btf_find(btf, KDX_CLASS_UNION, "outer") == 0);
	CHECK(kdx_btf_find(btf, KDX_CLASS_BASE, "_Bool") == id.bool_);
	CHECK(kdx_btf_find(btf, KDX_CLASS_FUNCTION, "do_it") == id.func);
	CHECK(kdx_btf_find_declaration(btf, KDX_CLASS_UNION, "hidden") == id.fwd);
	CHECK(kdx_btf_find_enumerator(btf, "BLUE") == id.enum_ && kdx_btf_find_enumerator(btf, "HUGE") == id.enum64);
	CHECK(!kdx_btf_find_enumerator(btf, "GREEN"));
	/* An enum64 is only written by tools that also write the sign of enums. */
	CHECK(kdx_btf_has_enum_sign(btf));
	CHECK_OK(kdx_btf_type(btf, id.outer, &t));
	CHECK(t.kind == KDX_BTF_STRUCT && t.kflag && t.vlen == 2 && t.size_or_type == 32);
	CHECK_TEXT(t.name, "outer");
	CHECK(kdx_btf_u32(btf, t.extra + 12 + 8) == (3u << 24 | 32));
	CHECK_CODE(kdx_btf_type(btf, 0, &t), KDF_CORRUPT);
	CHECK_CODE(kdx_btf_type(btf, m.n + 1, &t), KDF_CORRUPT);
	kdx_btf_close(btf);
	kdf_buf_free(&blob);
}

/* Linux 7.3: a longer header, a table of kinds, and kinds that nobody knows yet. */
static void newer(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	uint8_t layout[4 * 41] = { 0 };
	struct kdx_btf *btf;
	struct kdx_btf_type t;

	layout[40 * 4] = 4;	/* each of kind 40: a word, */
	layout[40 * 4 + 1] = 8; /* and vlen times 8 bytes */
	btf_int(&m, "int", 4, 1);
	btf_begin(&m, "odd", 40, false, 2, 0);
	for (int i = 0; i < 5; i++)
		btf_word(&m, 7);
	uint32_t last = btf_begin(&m, "last", KDX_BTF_STRUCT, false, 0, 8);
	btf_blob(&m, 32, layout, sizeof(layout), &blob);
	if (CHECK_OK(kdx_btf_open(blob.data, blob.len, &btf))) {
		CHECK(kdx_btf_count(btf) == 3 && kdx_btf_find(btf, KDX_CLASS_STRUCT, "last") == last);
		CHECK_OK(kdx_btf_type(btf, 2, &t));
		CHECK(t.kind == 40 && t.vlen == 2);
		kdx_btf_close(btf);
	}
	kdf_buf_free(&blob);
	/* The same kind without the table cannot be stepped over. */
	struct btf_maker without = { 0 };
	btf_begin(&without, "odd", 40, false, 0, 0);
	btf_blob(&without, 24, NULL, 0, &blob);
	CHECK_CODE(kdx_btf_open(blob.data, blob.len, &btf), KDF_UNSUPPORTED);
	kdf_buf_free(&blob);
	/* More members than 16 bits can count: the new width of vlen. */
	struct btf_maker wide = { 0 };
	uint32_t id = btf_int(&wide, "int", 4, 1);
	btf_begin(&wide, "wide", KDX_BTF_ENUM, false, 70000, 4);
	for (uint32_t i = 0; i < 70000; i++) {
		btf_word(&wide, 0);
		btf_word(&wide, i);
	}
	btf_blob(&wide, 24, NULL, 0, &blob);
	if (CHECK_OK(kdx_btf_open(blob.data, blob.len, &btf))) {
		CHECK_OK(kdx_btf_type(btf, id + 1, &t));
		CHECK(t.vlen == 70000);
		kdx_btf_close(btf);
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
		struct kdx_btf *btf;
		/* Exactly n bytes, so that a sanitizer sees any step beyond. */
		void *cut = malloc(n ? n : 1);

		memcpy(cut, blob.data, n);
		CHECK_CODE(kdx_btf_open(cut, n, &btf), KDF_CORRUPT);
		free(cut);
	}
	for (size_t i = 0; i < blob.len * 8; i++) {
		struct kdx_btf *btf;
		struct kdx_btf_type t;
		uint8_t *copy = malloc(blob.len);

		memcpy(copy, blob.data, blob.len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		struct kdf_error *e = kdx_btf_open(copy, blob.len, &btf);
		if (!e) {
			opened++;
			for (uint32_t id = 1; id <= kdx_btf_count(btf); id++)
				if (kdx_btf_type(btf, id, &t) || strlen(t.name) > blob.len)
					CHECK(false);
			(void)kdx_btf_find(btf, KDX_CLASS_STRUCT, "outer");
			kdx_btf_close(btf);
		}
		refused += !!e;
		kdf_error_free(e);
		free(copy);
	}
	CHECK(opened > 100 && refused > 100);
	kdf_buf_free(&blob);
}

int main(void)
{
	reads(false);
	reads(true);
	newer();
	damaged();
	TEST_END();
}
