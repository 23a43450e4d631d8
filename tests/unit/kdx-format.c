// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as text and JSON: the layouts of crash's p and struct, over types and bytes made here. */
#include "test.h"

#include <stdlib.h>

#include "analyze/expr/expr.h"
#include "analyze/expr/print.h"
#include "base/cleanup.h"
#include "format-btf-fixture.h"
#include "kdx-session.h"

static struct kdx_session session;

static void make_types(struct kdf_buf *out)
{
	struct btf_maker m = { 0 };
	uint32_t u32 = btf_int(&m, "unsigned int", 4, 0), character = btf_int(&m, "char", 1, 1);
	uint32_t byte = btf_int(&m, "unsigned char", 1, 0), boolean = btf_int(&m, "_Bool", 1, 4);
	uint32_t i64 = btf_int(&m, "long int", 8, 1);
	uint32_t pointer = btf_ref(&m, "", KDF_BTF_PTR, 0);
	uint32_t state = btf_begin(&m, "state", KDF_BTF_ENUM, false, 2, 4);
	btf_pair(&m, "STATE_OFF", 0);
	btf_pair(&m, "STATE_ODD", 5);
	uint32_t flags = btf_begin(&m, "flags", KDF_BTF_ENUM, false, 3, 4);
	btf_pair(&m, "FLAG_A", 1);
	btf_pair(&m, "FLAG_B", 2);
	btf_pair(&m, "FLAG_CD", 12);
	uint32_t text = btf_array(&m, character, u32, 8), open_end = btf_array(&m, u32, u32, 0);
	uint32_t inner = btf_begin(&m, "inner", KDF_BTF_STRUCT, false, 2, 8);
	btf_member(&m, "x", u32, 0, 0);
	btf_member(&m, "y", u32, 32, 0);
	uint32_t inners = btf_array(&m, inner, u32, 2), many = btf_array(&m, u32, u32, 300);
	uint32_t either = btf_begin(&m, "", KDF_BTF_UNION, false, 2, 4);
	btf_member(&m, "whole", u32, 0, 0);
	btf_member(&m, "low", byte, 0, 0);
	uint32_t nothing = btf_begin(&m, "nothing", KDF_BTF_STRUCT, false, 0, 0);
	btf_begin(&m, "outer", KDF_BTF_STRUCT, true, 12, 64);
	btf_member(&m, "name", text, 0, 0);
	btf_member(&m, "", either, 64, 0);
	btf_member(&m, "three", u32, 96, 3);
	btf_member(&m, "five", u32, 99, 5);
	btf_member(&m, "yes", boolean, 104, 0);
	btf_member(&m, "c", character, 112, 0);
	btf_member(&m, "list", inners, 128, 0);
	btf_member(&m, "minus", i64, 256, 0);
	btf_member(&m, "p", pointer, 320, 0);
	btf_member(&m, "state", state, 384, 0);
	btf_member(&m, "flags", flags, 416, 0);
	btf_member(&m, "empty", nothing, 448, 0);
	btf_begin(&m, "long_one", KDF_BTF_STRUCT, false, 1, 1200);
	btf_member(&m, "many", many, 0, 0);
	btf_begin(&m, "flexible", KDF_BTF_STRUCT, false, 2, 4);
	btf_member(&m, "n", u32, 0, 0);
	btf_member(&m, "data", open_end, 32, 0);
	btf_blob(&m, 24, NULL, 0, out);
}

static const uint8_t bytes[1200] = {
	'k',
	'd',
	'x',
	0,
	0,
	0,
	0,
	0, /* name */
	0x34,
	0x12,
	0,
	0, /* whole, low */
	0x05 | 0x11 << 3,
	1,
	'A',
	0, /* three, five, yes, c */
	1,
	0,
	0,
	0,
	2,
	0,
	0,
	0,
	3,
	0,
	0,
	0,
	4,
	0,
	0,
	0, /* list */
	0xfe,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff,
	0xff, /* minus */
	0x10,
	0,
	0,
	0,
	0x80,
	0x88,
	0xff,
	0xff, /* p */
	7,
	0,
	0,
	0, /* state: none of them */
	0x41 | 2,
	0,
	0,
	0, /* flags: A, B and a bit without a name */
};

static char *shown(const char *type, uint32_t len, unsigned radix, char format, bool json)
{
	struct kdx_value v = { .place = KDX_IN_IMAGE, .image = bytes, .image_len = len };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct kdx_print p = { .space = { &session, KDF_KERNEL_PGD }, .radix = radix, .format = format };
	struct kdf_error *e = kdx_out_new(f, json, &p.out);

	if (!e)
		e = kdx_expr_type(&session, type, &v.type);
	if (!e)
		e = kdx_print_value(&p, NULL, &v, true);
	if (e)
		fprintf(f, "<%s>", kdf_code_name(kdf_error_code(e)));
	kdf_error_free(e);
	kdf_error_free(kdx_out_close(p.out));
	fclose(f);
	return text;
}

static void is(const char *type, unsigned radix, char format, bool json, const char *want)
{
	KDF_AUTO_FREE char *got = shown(type, sizeof(bytes), radix, format, json);

	CHECK_TEXT(got, want);
}

static void structures(void)
{
	is("struct outer", 10, 0, false,
	   "{\n"
	   "  name = \"kdx\\000\\000\\000\\000\",\n"
	   "  {\n"
	   "    whole = 4660,\n"
	   "    low = 52 '4'\n"
	   "  },\n"
	   "  three = 5,\n"
	   "  five = 17,\n"
	   "  yes = true,\n"
	   "  c = 65 'A',\n"
	   "  list = {{\n"
	   "      x = 1,\n"
	   "      y = 2\n"
	   "    }, {\n"
	   "      x = 3,\n"
	   "      y = 4\n"
	   "    }},\n"
	   "  minus = -2,\n"
	   "  p = 0xffff888000000010,\n"
	   "  state = 7,\n"
	   "  flags = (FLAG_A | FLAG_B | unknown: 0x40),\n"
	   "  empty = {<No data fields>}\n"
	   "}");
	is("struct outer", 16, 0, true,
	   "{\"value\":{\"name\":\"kdx\",\"whole\":4660,\"low\":52,\"three\":5,\"five\":17,\"yes\":true,\"c\":65,"
	   "\"list\":[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}],\"minus\":-2,\"p\":\"0xffff888000000010\",\"state\":7,"
	   "\"flags\":67,\"empty\":{}}}\n");
	is("struct inner", 16, 0, false, "{\n  x = 0x78646b,\n  y = 0x0\n}");
	is("struct inner [2]", 10, 0, false,
	   "{{\n    x = 7890027,\n    y = 0\n  }, {\n    x = 4660,\n    y = 4260237\n  }}");
	is("enum state", 10, 'x', false, "0x78646b");
	is("char [3]", 10, 0, false, "\"kdx\"");
	is("char [3]", 10, 'x', false, "{0x6b, 0x64, 0x78}");
	is("unsigned char [4]", 16, 0, false, "\"kdx\"");
	is("struct nosuch", 10, 0, false, "<not-found>");
}

static void limits(void)
{
	KDF_AUTO_FREE char *many = shown("struct long_one", sizeof(bytes), 10, 0, false);
	KDF_AUTO_FREE char *cut = shown("struct outer", 20, 10, 0, false);
	KDF_AUTO_FREE char *large = shown("struct inner [100000000]", sizeof(bytes), 10, 0, false);
	size_t commas = 0;

	for (const char *p = many; *p; p++)
		commas += *p == ',';
	CHECK(commas == 255);
	CHECK(strstr(many, ", 0...}\n}") != NULL);
	CHECK_TEXT(cut, "<corrupt>");
	CHECK_TEXT(large, "<limit>");
}

int main(void)
{
	struct kdf_buf blob = { 0 };

	make_types(&blob);
	test_session_open(&session);
	if (CHECK_OK(kdx_typedb_use_btf(session.types, blob.data, blob.len, NULL, 8, true))) {
		structures();
		limits();
	}
	test_session_close(&session);
	kdf_buf_free(&blob);
	TEST_END();
}
