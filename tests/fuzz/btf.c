// SPDX-License-Identifier: GPL-2.0-or-later
/* A BTF blob from a hostile dump: every type, and the lookups by name. */
#include <stdlib.h>
#include <string.h>

#include "btf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Members and enumerators lie inside the blob, whatever their number. */
static uint32_t last_record_name(const struct kdf_btf *btf, const struct kdf_btf_type *type)
{
	size_t each = type->kind == KDF_BTF_ENUM ? 8 : 12;

	return type->vlen ? kdf_btf_u32(btf, type->extra + (type->vlen - 1) * each) : 0;
}

static void look_at(const struct kdf_btf *btf, const struct kdf_btf_type *type)
{
	struct kdf_btf_member member;
	int64_t value;
	uint32_t bytes;

	switch (type->kind) {
	case KDF_BTF_STRUCT:
		(void)kdf_btf_size(btf, type->name, &bytes);
		/* fall through */
	case KDF_BTF_UNION:
		(void)kdf_btf_member(btf, type->name, kdf_btf_string(btf, last_record_name(btf, type)), 8, &member);
		(void)kdf_btf_member(btf, type->name, "a.b.c", 8, &member);
		break;
	case KDF_BTF_ENUM:
	case KDF_BTF_ENUM64:
		if (type->vlen && !kdf_btf_enumerator(btf, kdf_btf_string(btf, last_record_name(btf, type)), &value))
			abort();
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdf_btf *btf;
	void *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	struct kdf_error *e = kdf_btf_open(copy, size, &btf);
	/* Each lookup goes through all types: a few of them are enough. */
	for (uint32_t id = 1; !e && id <= kdf_btf_count(btf) && id < 24; id++) {
		struct kdf_btf_type type;

		if (kdf_btf_type(btf, id, &type))
			abort();
		uint32_t first = kdf_btf_find(btf, (enum kdf_btf_kind)type.kind, type.name);
		if (!first || first > id)
			abort();
		look_at(btf, &type);
	}
	if (!e)
		kdf_btf_close(btf);
	kdf_error_free(e);
	free(copy);
	return 0;
}
