// SPDX-License-Identifier: GPL-2.0-or-later
#include "btf-index.h"

static int class_of(unsigned kind)
{
	switch (kind) {
	case KDF_BTF_STRUCT:
		return KDX_CLASS_STRUCT;
	case KDF_BTF_UNION:
		return KDX_CLASS_UNION;
	case KDF_BTF_TYPEDEF:
		return KDX_CLASS_TYPEDEF;
	case KDF_BTF_ENUM:
	case KDF_BTF_ENUM64:
		return KDX_CLASS_ENUM;
	case KDF_BTF_INT:
	case KDF_BTF_FLOAT:
		return KDX_CLASS_BASE;
	case KDF_BTF_VAR:
		return KDX_CLASS_VARIABLE;
	case KDF_BTF_FUNC:
		return KDX_CLASS_FUNCTION;
	default:
		return -1;
	}
}

/* The first of a name wins: the kernel's core is linked before its drivers. */
static bool put_first(struct kdf_hash *table, const char *name, uint32_t id)
{
	return !*name || kdf_hash_get_text(table, name) || kdf_hash_put_text(table, name, (void *)(uintptr_t)id);
}

static bool put_enumerators(struct kdx_btf_index *index, const struct kdf_btf_type *type, uint32_t id)
{
	size_t each = type->kind == KDF_BTF_ENUM ? 8 : 12;

	for (uint32_t i = 0; i < type->vlen; i++) {
		uint32_t name = kdf_btf_u32(index->btf, type->extra + i * each);

		if (!put_first(&index->enumerator, kdf_btf_string(index->btf, name), id))
			return false;
	}
	return true;
}

static bool put_type(struct kdx_btf_index *index, const struct kdf_btf_type *type, uint32_t id)
{
	int class = class_of(type->kind);

	if (type->kind == KDF_BTF_FWD)
		return put_first(&index->declared[type->kflag ? KDX_CLASS_UNION : KDX_CLASS_STRUCT], type->name, id);
	if (class < 0)
		return true;
	if (class == KDX_CLASS_ENUM) {
		/* An enum without enumerators is a forward declaration. */
		if (!type->vlen)
			return put_first(&index->declared[class], type->name, id);
		if (!put_enumerators(index, type, id))
			return false;
	}
	return put_first(&index->defined[class], type->name, id);
}

/* On first use. Out of memory leaves the index as far as it came: names may then be missing. */
static void make_index(struct kdx_btf_index *index)
{
	uint32_t count = index->made ? 0 : kdf_btf_count(index->btf);

	index->made = true;
	for (uint32_t id = 1; id <= count; id++) {
		struct kdf_btf_type type;
		struct kdf_error *e = kdf_btf_type(index->btf, id, &type);

		if (e || !put_type(index, &type, id)) {
			kdf_error_free(e);
			return;
		}
	}
}

static uint32_t id_of(const struct kdf_hash *table, const char *name)
{
	return (uint32_t)(uintptr_t)kdf_hash_get_text(table, name);
}

uint32_t kdx_btf_index_defined(struct kdx_btf_index *index, enum kdx_class class, const char *name)
{
	make_index(index);
	return id_of(&index->defined[class], name);
}

uint32_t kdx_btf_index_declared(struct kdx_btf_index *index, enum kdx_class class, const char *name)
{
	make_index(index);
	return id_of(&index->declared[class], name);
}

uint32_t kdx_btf_index_enumerator(struct kdx_btf_index *index, const char *name)
{
	make_index(index);
	return id_of(&index->enumerator, name);
}

void kdx_btf_index_free(struct kdx_btf_index *index)
{
	for (int class = 0; class < KDX_CLASS_MAX; class++) {
		kdf_hash_free(&index->defined[class]);
		kdf_hash_free(&index->declared[class]);
	}
	kdf_hash_free(&index->enumerator);
}
