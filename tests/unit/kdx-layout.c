// SPDX-License-Identifier: GPL-2.0-or-later
/* Layout rows on a kernel made for it: what is there, what is not, and values out of memory and out of copies. */
#include "test.h"

#include "analyze/core/layout-table.h"
#include "analyze/core/types.h"
#include "kdx-symbols-fixture.h"

static void rows(struct kdx_session *s)
{
	const struct kdx_field *f;

	CHECK(kdx_has(s, KDX_list_head_prev) && kdx_has(s, KDX_modules) && kdx_has(s, KDX_module));
	CHECK(!kdx_has(s, KDX_module_core_base) && !kdx_has(s, KDX_module_core_base));
	f = kdx_field(s, KDX_module);
	CHECK(f && f->size == MODULE_SIZE);
	f = kdx_field(s, KDX_modules);
	CHECK(f && f->value == LOADED + AT_MODULES);
	f = kdx_field(s, KDX_module_mem);
	CHECK(f && f->offset == MODULE_MEM && f->size == 7 * 16 && f->elements == 7 && !f->is_pointer);
	f = kdx_field(s, KDX_module_kallsyms);
	CHECK(f && f->offset == MODULE_KALLSYMS && f->size == 8 && !f->elements && f->is_pointer);
	CHECK(kdx_field(s, KDX_module_kallsyms) == f);
	CHECK_OK(kdx_need(s, KDX_module_kallsyms, &f));
	/* What is missing is named, with what was tried. */
	struct kdf_error *e = kdx_need(s, KDX_task_state, &f);
	CHECK(e && strstr(kdf_error_text(e), "task_struct.__state|state"));
	CHECK_CODE(e, KDF_NO_DEBUG);
	CHECK_CODE(kdx_need(s, KDX_ROW_MAX, &f), KDF_USAGE);
	CHECK(!kdx_field(s, KDX_ROW_MAX));
	CHECK_TEXT(kdx_row_name(KDX_task_state), "task_struct.__state|state");
	CHECK_TEXT(kdx_row_name(KDX_ROW_MAX), "?");
}

static void values(struct kdx_session *s)
{
	uint8_t image[MODULE_SIZE] = { 0 };
	uint64_t v, at = LOADED + AT_MODULE;

	CHECK_OK(kdx_get(s, at, KDX_module_kallsyms, &v));
	CHECK(v == LOADED + AT_MODULE_DATA);
	/* Bit fields: six bits with a sign from bit 3, seventeen without from bit 9. */
	CHECK_OK(kdx_get(s, at, KDX_module_state, &v));
	CHECK((int64_t)v == -2);
	CHECK_OK(kdx_get(s, at, KDX_module_taints, &v));
	CHECK(v == 0x15555);
	CHECK_OK(kdx_addr(s, at, KDX_module_list, &v));
	CHECK(v == at + MODULE_LIST);
	CHECK_CODE(kdx_get(s, at, KDX_module_mem, &v), KDF_USAGE);
	CHECK_CODE(kdx_get(s, at, KDX_module, &v), KDF_USAGE);
	CHECK_CODE(kdx_get(s, at, KDX_module_core_base, &v), KDF_NO_DEBUG);
	CHECK_CODE(kdx_get(s, LOADED + MEMORY, KDX_module_kallsyms, &v), KDF_HOLE);
	kdf_store_uint(image + MODULE_KALLSYMS, 0x1122334455667788, 8, false);
	CHECK_OK(kdx_get_from(s, image, sizeof(image), KDX_module_kallsyms, &v));
	CHECK(v == 0x1122334455667788);
	CHECK_CODE(kdx_get_from(s, image, sizeof(image) - 1, KDX_module_kallsyms, &v), KDF_CORRUPT);
	CHECK_CODE(kdx_get_from(s, image, 0, KDX_module_state, &v), KDF_CORRUPT);
}

static void described(struct kdx_session *s)
{
	static const struct {
		enum kdx_row row;
		const char *text;
	} sample[] = {
		{ KDX_module_mem, "module_mem (module.mem): at 80, 112 bytes, 7 elements" },
		{ KDX_module_state, "module_state (module.state): at 0, 2 bytes, bits 3 to 8, signed" },
		{ KDX_module_kallsyms, "module_kallsyms (module.kallsyms): at 192, 8 bytes, pointer" },
		{ KDX_modules, "modules (modules): 0xffffffff8300a000" },
		{ KDX_module, "module (module): 200 bytes" },
		{ KDX_module_core_base, "module_core_base (module.core_layout.base): absent" },
	};

	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		struct kdf_buf b = { 0 };

		kdx_layout_describe(s, sample[i].row, &b);
		CHECK_TEXT(kdf_buf_text(&b), sample[i].text);
		kdf_buf_free(&b);
	}
}

/* BTF does not know this variable's type, but it knows the type that it has in every kernel. */
static void well_known(struct kdx_session *s)
{
	const struct kdx_type *type;

	CHECK_OK(kdx_variable_type(s, "modules", &type));
	CHECK(type->kind == KDX_STRUCT && type->size == 16);
	CHECK_TEXT(type->name, "list_head");
	CHECK_CODE(kdx_variable_type(s, "init_task", &type), KDF_NO_DEBUG);
	CHECK_CODE(kdx_variable_type(s, "unheard_of", &type), KDF_NO_DEBUG);
}

/* No row of the whole table may do harm on a kernel that lacks nearly all of them. */
static void all(struct kdx_session *s)
{
	size_t here = 0;

	for (int row = 0; row < KDX_ROW_MAX; row++) {
		here += kdx_has(s, (enum kdx_row)row);
		CHECK(strlen(kdx_row_name((enum kdx_row)row)) > 0);
	}
	CHECK(here > 10 && here < KDX_ROW_MAX);
}

int main(void)
{
	struct kernel k = { 0 };
	struct kdx_session *s;

	make_kernel(&k);
	const char *path = k.files.paths[0];
	if (CHECK_OK(kdx_session_open(&(struct kdx_open_args){ .path = &path, .npaths = 1 }, &s))) {
		rows(s);
		values(s);
		described(s);
		well_known(s);
		all(s);
		kdx_session_close(s);
	}
	drop_kernel(&k);
	TEST_END();
}
