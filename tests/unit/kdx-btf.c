// SPDX-License-Identifier: GPL-2.0-or-later
/* The index of a BTF blob's names; what the blob itself may hold: format-btf.c. */
#include "test.h"

#include "analyze/core/btf-index.h"
#include "format-btf-fixture.h"

struct ids {
	uint32_t int_, bool_, float_, outer, either, alias, enum_, enum64, declared_enum, fwd_struct, fwd, func, variable;
};

static struct ids make_types(struct btf_maker *m)
{
	struct ids id = { 0 };

	id.int_ = btf_int(m, "int", 4, 1);
	id.bool_ = btf_int(m, "_Bool", 1, 4);
	id.float_ = btf_begin(m, "double", KDF_BTF_FLOAT, false, 0, 8);
	id.fwd_struct = btf_begin(m, "outer", KDF_BTF_FWD, false, 0, 0);
	id.outer = btf_begin(m, "outer", KDF_BTF_STRUCT, true, 2, 32);
	btf_member(m, "a", id.int_, 0, 0);
	btf_member(m, "flag", id.int_, 32, 3);
	id.either = btf_begin(m, "either", KDF_BTF_UNION, false, 0, 8);
	/* Each class is a name space of its own. */
	id.alias = btf_ref(m, "either", KDF_BTF_TYPEDEF, id.either);
	id.enum_ = btf_begin(m, "color", KDF_BTF_ENUM, false, 2, 4);
	btf_pair(m, "RED", 0);
	btf_pair(m, "BLUE", 0xfffffff0);
	id.enum64 = btf_begin(m, "big", KDF_BTF_ENUM64, false, 2, 8);
	btf_pair(m, "HUGE", 1);
	btf_word(m, 0x80000000);
	btf_pair(m, "HUGER", 2);
	btf_word(m, 0x80000000);
	id.declared_enum = btf_begin(m, "later", KDF_BTF_ENUM, false, 0, 4);
	id.fwd = btf_begin(m, "hidden", KDF_BTF_FWD, true, 0, 0);
	uint32_t proto = btf_begin(m, "", KDF_BTF_FUNC_PROTO, false, 1, id.int_);
	btf_pair(m, "x", id.int_);
	id.func = btf_begin(m, "do_it", KDF_BTF_FUNC, false, 1, proto);
	id.variable = btf_begin(m, "runqueues", KDF_BTF_VAR, false, 0, id.outer);
	btf_word(m, 1);
	/* Second ones of a name: a driver's, behind the kernel's core. */
	btf_begin(m, "outer", KDF_BTF_STRUCT, false, 0, 4);
	btf_begin(m, "shade", KDF_BTF_ENUM, false, 1, 4);
	btf_pair(m, "RED", 7);
	return id;
}

static void finds(bool big_endian)
{
	struct btf_maker m = { .big_endian = big_endian };
	struct kdf_buf blob = { 0 };
	struct ids id = make_types(&m);
	struct kdf_btf *btf;

	btf_blob(&m, 24, NULL, 0, &blob);
	if (!CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf)))
		return;
	struct kdx_btf_index index = { .btf = btf };
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_STRUCT, "outer") == id.outer);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_UNION, "outer") == 0);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_UNION, "either") == id.either);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_TYPEDEF, "either") == id.alias);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_BASE, "_Bool") == id.bool_);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_BASE, "double") == id.float_);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_ENUM, "color") == id.enum_);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_ENUM, "big") == id.enum64);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_FUNCTION, "do_it") == id.func);
	CHECK(kdx_btf_index_defined(&index, KDX_CLASS_VARIABLE, "runqueues") == id.variable);
	CHECK(kdx_btf_index_declared(&index, KDX_CLASS_STRUCT, "outer") == id.fwd_struct);
	CHECK(kdx_btf_index_declared(&index, KDX_CLASS_UNION, "hidden") == id.fwd);
	CHECK(!kdx_btf_index_declared(&index, KDX_CLASS_STRUCT, "hidden"));
	CHECK(!kdx_btf_index_defined(&index, KDX_CLASS_UNION, "hidden"));
	CHECK(kdx_btf_index_declared(&index, KDX_CLASS_ENUM, "later") == id.declared_enum);
	CHECK(!kdx_btf_index_defined(&index, KDX_CLASS_ENUM, "later"));
	CHECK(kdx_btf_index_enumerator(&index, "RED") == id.enum_);
	CHECK(kdx_btf_index_enumerator(&index, "BLUE") == id.enum_);
	CHECK(kdx_btf_index_enumerator(&index, "HUGE") == id.enum64);
	CHECK(kdx_btf_index_enumerator(&index, "HUGER") == id.enum64);
	CHECK(!kdx_btf_index_enumerator(&index, "GREEN") && !kdx_btf_index_enumerator(&index, ""));
	/* Types without a name are not to be found by none. */
	for (int class = 0; class < KDX_CLASS_MAX; class++)
		CHECK(!kdx_btf_index_defined(&index, (enum kdx_class)class, ""));
	kdx_btf_index_free(&index);
	kdf_btf_close(btf);
	kdf_buf_free(&blob);
}

/* Names behind a type of a kind that nobody knows yet (Linux 7.3 tells its size). */
static void newer(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	uint8_t layout[4 * 41] = { 0 };
	struct kdf_btf *btf;

	layout[40 * 4] = 4;
	btf_begin(&m, "odd", 40, false, 0, 0);
	btf_word(&m, 7);
	uint32_t last = btf_begin(&m, "last", KDF_BTF_STRUCT, false, 0, 8);
	btf_blob(&m, 32, layout, sizeof(layout), &blob);
	if (CHECK_OK(kdf_btf_open(blob.data, blob.len, &btf))) {
		struct kdx_btf_index index = { .btf = btf };

		CHECK(kdx_btf_index_defined(&index, KDX_CLASS_STRUCT, "last") == last);
		kdx_btf_index_free(&index);
		kdf_btf_close(btf);
	}
	kdf_buf_free(&blob);
}

/* Every bit of a small blob damaged in turn: what still opens has an index that stays in bounds. */
static void damaged(void)
{
	struct btf_maker m = { 0 };
	struct kdf_buf blob = { 0 };
	int found = 0, lost = 0;

	make_types(&m);
	btf_blob(&m, 24, NULL, 0, &blob);
	for (size_t i = 0; i < blob.len * 8; i++) {
		struct kdf_btf *btf;
		uint8_t *copy = malloc(blob.len);

		memcpy(copy, blob.data, blob.len);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		struct kdf_error *e = kdf_btf_open(copy, blob.len, &btf);
		if (!e) {
			struct kdx_btf_index index = { .btf = btf };
			uint32_t id = kdx_btf_index_defined(&index, KDX_CLASS_STRUCT, "outer");
			uint32_t holder = kdx_btf_index_enumerator(&index, "BLUE");

			if (id > kdf_btf_count(btf) || holder > kdf_btf_count(btf))
				CHECK(false);
			found += id && holder;
			lost += !id || !holder;
			kdx_btf_index_free(&index);
			kdf_btf_close(btf);
		}
		kdf_error_free(e);
		free(copy);
	}
	CHECK(found > 100 && lost > 10);
	kdf_buf_free(&blob);
}

int main(void)
{
	finds(false);
	finds(true);
	newer();
	damaged();
	TEST_END();
}
