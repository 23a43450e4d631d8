// SPDX-License-Identifier: GPL-2.0-or-later
/* A BTF blob from a hostile dump: the index of its names, and the type model over it. */
#include <stdlib.h>
#include <string.h>

#include "analyze/core/types-db.h"
#include "btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(struct kdx_session *s, const struct kdx_type *type)
{
	const struct kdx_type *other;
	const struct kdx_member *member;
	const struct kdx_enumerator *enumerator;
	struct kdx_member m;
	size_t n = 0;
	char *text = NULL;

	kdf_error_free(kdx_type_strip(s, type, &other));
	if (!type->name || strlen(type->name) < 100)
		kdf_error_free(kdx_type_declare(s, type, "x", &text));
	free(text);
	if (type->kind == KDX_STRUCT || type->kind == KDX_UNION || type->kind == KDX_FUNCTION)
		kdf_error_free(kdx_type_members(s, type, &member, &n));
	if (n && n < 64 && member[n - 1].name)
		kdf_error_free(kdx_type_member(s, type, member[n - 1].name, &m));
	kdf_error_free(kdx_type_member(s, type, "a.b[1].c", &m));
	if (type->kind == KDX_ENUM)
		kdf_error_free(kdx_type_enumerators(s, type, &enumerator, &n));
}

static void look_at_all(struct kdx_session *s, const struct kdf_btf *btf)
{
	uint32_t count = kdf_btf_count(btf);

	for (uint32_t id = 1; id <= count && id < 512; id++) {
		const struct kdx_type *type;
		struct kdf_btf_type raw;
		struct kdf_error *e = kdf_btf_type(btf, id, &raw);
		int64_t value;

		if (e)
			abort();
		e = kdx_type_find(s, raw.name, &type);
		if (!e)
			look_at(s, type);
		kdf_error_free(e);
		e = kdx_variable_type(s, raw.name, &type);
		if (!e)
			look_at(s, type);
		kdf_error_free(e);
		kdf_error_free(kdx_enumerator(s, raw.name, &value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdx_session s = { .pointer_size = 8 };
	struct kdf_btf *btf;
	void *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	struct kdf_error *e = kdf_btf_open(copy, size, &btf);
	if (!e && !kdx_typedb_new(&s.types)) {
		if (!kdx_typedb_use_btf(s.types, copy, size, NULL, 8, true))
			look_at_all(&s, btf);
		kdx_typedb_free(s.types);
	}
	if (!e)
		kdf_btf_close(btf);
	kdf_error_free(e);
	free(copy);
	return 0;
}
