// SPDX-License-Identifier: GPL-2.0-or-later
/* Types out of BTF. A type's id is its BTF number. */
#include <stdlib.h>
#include <string.h>

#include "btf-index.h"
#include "debuginfo.h"
#include "memory.h"
#include "symbols.h"

struct btf_types {
	struct kdf_btf *btf;
	struct kdx_btf_index index;
	void *memory; /* what the blob lies in, when it is ours */
	unsigned pointer_size;
};

/* BTF of a kernel takes some 5 MiB. */
enum { MAX_DUMP_BTF = 256 << 20, MAX_TAGS = 64 };

static const char *name_or_null(const char *name)
{
	return *name ? name : NULL;
}

/* Type tags (5.18: __user, __percpu) are no types of C: what they stand on is. */
static struct kdf_error *skip_tags(const struct kdf_btf *btf, uint64_t *id)
{
	struct kdf_btf_type type;

	for (int i = 0; *id && i < MAX_TAGS; i++) {
		struct kdf_error *e = kdf_btf_type(btf, *id, &type);

		if (e)
			return e;
		if (type.kind != KDF_BTF_TYPE_TAG && type.kind != KDF_BTF_DECL_TAG)
			return NULL;
		*id = type.size_or_type;
	}
	return *id ? kdf_err(KDF_CORRUPT, "BTF: type %ju is tagged without end", (uintmax_t)*id) : NULL;
}

/* struct btf_enum { name_off, s32 value }, struct btf_enum64 { name_off, low half, high half } */
static int64_t enumerator_value(const struct kdf_btf *btf, const struct kdf_btf_type *type, uint32_t i)
{
	if (type->kind == KDF_BTF_ENUM64) {
		const uint8_t *p = type->extra + (size_t)i * 12;

		return (int64_t)((uint64_t)kdf_btf_u32(btf, p + 8) << 32 | kdf_btf_u32(btf, p + 4));
	}
	uint32_t value = kdf_btf_u32(btf, type->extra + (size_t)i * 8 + 4);
	return kdf_btf_has_enum_sign(btf) && !type->kflag ? (int64_t)value : (int32_t)value;
}

static const char *enumerator_name(const struct kdf_btf *btf, const struct kdf_btf_type *type, uint32_t i)
{
	size_t each = type->kind == KDF_BTF_ENUM64 ? 12 : 8;

	return kdf_btf_string(btf, kdf_btf_u32(btf, type->extra + i * each));
}

static void describe_enum(const struct kdf_btf *btf, const struct kdf_btf_type *raw, struct kdx_type *type)
{
	type->kind = KDX_ENUM;
	type->incomplete = !raw->vlen;
	if (type->incomplete)
		type->size = 0;
	for (uint32_t i = 0; i < raw->vlen && (raw->kind == KDF_BTF_ENUM || raw->kflag); i++)
		type->is_signed = type->is_signed || enumerator_value(btf, raw, i) < 0;
}

/* BTF_INT_ENCODING: 1 signed, 2 char, 4 bool. pahole does not mark char, so the name has to tell. */
static void describe_int(const struct kdf_btf *btf, const struct kdf_btf_type *raw, struct kdx_type *type)
{
	unsigned encoding = kdf_btf_u32(btf, raw->extra) >> 24 & 0xf;

	type->kind = KDX_INT;
	type->is_signed = encoding & 1;
	type->is_bool = encoding & 4;
	type->is_char = type->size == 1 && !type->is_bool &&
			(encoding & 2 || !strcmp(raw->name, "char") || !strcmp(raw->name, "signed char") ||
			 !strcmp(raw->name, "unsigned char"));
}

static struct kdf_error *describe_array(const struct kdf_btf *btf, const struct kdf_btf_type *raw,
					struct kdx_raw_type *out)
{
	out->type.kind = KDX_ARRAY;
	out->type.name = NULL;
	out->type.size = 0;
	out->target = kdf_btf_u32(btf, raw->extra);
	out->type.elements = kdf_btf_u32(btf, raw->extra + 8);
	return skip_tags(btf, &out->target);
}

static struct kdf_error *describe_reference(const struct btf_types *b, const struct kdf_btf_type *raw,
					    enum kdx_kind kind, struct kdx_raw_type *out)
{
	out->type.kind = kind;
	out->type.size = kind == KDX_POINTER ? b->pointer_size : 0;
	out->target = raw->size_or_type;
	return skip_tags(b->btf, &out->target);
}

static struct kdf_error *btf_describe(void *self, uint64_t id, struct kdx_raw_type *out)
{
	const struct btf_types *b = self;
	struct kdf_btf_type raw;
	struct kdf_error *e = skip_tags(b->btf, &id);

	*out = (struct kdx_raw_type){ .type.kind = KDX_VOID };
	if (e || !id)
		return e;
	e = kdf_btf_type(b->btf, id, &raw);
	if (e)
		return e;
	out->type.name = name_or_null(raw.name);
	out->type.size = raw.size_or_type;
	switch (raw.kind) {
	case KDF_BTF_INT:
		describe_int(b->btf, &raw, &out->type);
		return NULL;
	case KDF_BTF_FLOAT:
		out->type.kind = KDX_FLOAT;
		out->type.is_signed = true;
		return NULL;
	case KDF_BTF_STRUCT:
		out->type.kind = KDX_STRUCT;
		return NULL;
	case KDF_BTF_UNION:
		out->type.kind = KDX_UNION;
		return NULL;
	case KDF_BTF_FWD:
		out->type.kind = raw.kflag ? KDX_UNION : KDX_STRUCT;
		out->type.size = 0;
		out->type.incomplete = true;
		return NULL;
	case KDF_BTF_ENUM:
	case KDF_BTF_ENUM64:
		describe_enum(b->btf, &raw, &out->type);
		return NULL;
	case KDF_BTF_ARRAY:
		return describe_array(b->btf, &raw, out);
	case KDF_BTF_PTR:
		return describe_reference(b, &raw, KDX_POINTER, out);
	case KDF_BTF_TYPEDEF:
		return describe_reference(b, &raw, KDX_TYPEDEF, out);
	case KDF_BTF_VOLATILE:
		return describe_reference(b, &raw, KDX_VOLATILE, out);
	case KDF_BTF_CONST:
		return describe_reference(b, &raw, KDX_CONST, out);
	case KDF_BTF_RESTRICT:
		return describe_reference(b, &raw, KDX_RESTRICT, out);
	case KDF_BTF_FUNC_PROTO:
		out->type.name = NULL;
		return describe_reference(b, &raw, KDX_FUNCTION, out);
	default:
		return kdf_err(KDF_CORRUPT, "BTF: %ju is no type (kind %u)", (uintmax_t)id, raw.kind);
	}
}

/*
 * Bit fields: the kind flag moves their size into the offset's top byte (kernels since 4.20). Without it a field
 * is an integer type that is narrower than its storage.
 */
static struct kdf_error *read_member(const struct kdf_btf *btf, const struct kdf_btf_type *outer, uint32_t i,
				     struct kdx_raw_member *out)
{
	const uint8_t *p = outer->extra + (size_t)i * 12;
	uint32_t offset = kdf_btf_u32(btf, p + 8);
	struct kdf_btf_type type;

	*out = (struct kdx_raw_member){ .name = name_or_null(kdf_btf_string(btf, kdf_btf_u32(btf, p))),
					.type = kdf_btf_u32(btf, p + 4), .bit_offset = offset };
	struct kdf_error *e = skip_tags(btf, &out->type);
	if (e)
		return e;
	if (outer->kflag) {
		out->bit_offset = offset & 0xffffff;
		out->bit_size = offset >> 24;
		if (out->bit_size > 64)
			return kdf_err(KDF_CORRUPT, "BTF: a bit field of %u bits in '%s'", out->bit_size, outer->name);
		return NULL;
	}
	if (!out->type)
		return NULL;
	e = kdf_btf_type(btf, out->type, &type);
	if (e || type.kind != KDF_BTF_INT)
		return e;
	uint32_t info = kdf_btf_u32(btf, type.extra), bits = info & 0xff;
	if (bits && bits <= 64 && bits != type.size_or_type * 8) {
		out->bit_size = bits;
		out->bit_offset += info >> 16 & 0xff;
	}
	return NULL;
}

/* struct btf_param { name_off, type }; a last one of type 0 without a name is "...". */
static struct kdf_error *read_parameter(const struct kdf_btf *btf, const struct kdf_btf_type *outer, uint32_t i,
					struct kdx_raw_member *out)
{
	const uint8_t *p = outer->extra + (size_t)i * 8;

	*out = (struct kdx_raw_member){ .name = name_or_null(kdf_btf_string(btf, kdf_btf_u32(btf, p))),
					.type = kdf_btf_u32(btf, p + 4) };
	if (!out->type && !out->name && i + 1 == outer->vlen)
		out->name = "...";
	return skip_tags(btf, &out->type);
}

static struct kdf_error *btf_members(void *self, uint64_t id, struct kdx_raw_members *out)
{
	const struct btf_types *b = self;
	struct kdf_btf_type type;
	struct kdf_error *e = kdf_btf_type(b->btf, id, &type);
	bool aggregate = !e && (type.kind == KDF_BTF_STRUCT || type.kind == KDF_BTF_UNION);

	if (!e && !aggregate && type.kind != KDF_BTF_FUNC_PROTO)
		e = kdf_err(KDF_CORRUPT, "BTF: type %ju has no members", (uintmax_t)id);
	for (uint32_t i = 0; !e && i < type.vlen; i++) {
		struct kdx_raw_member member;

		e = aggregate ? read_member(b->btf, &type, i, &member) : read_parameter(b->btf, &type, i, &member);
		if (!e)
			e = kdx_raw_member_add(out, &member);
	}
	return e;
}

static struct kdf_error *btf_enumerators(void *self, uint64_t id, struct kdx_raw_enumerators *out)
{
	const struct btf_types *b = self;
	struct kdf_btf_type type;
	struct kdf_error *e = kdf_btf_type(b->btf, id, &type);

	if (!e && type.kind != KDF_BTF_ENUM && type.kind != KDF_BTF_ENUM64)
		e = kdf_err(KDF_CORRUPT, "BTF: type %ju has no enumerators", (uintmax_t)id);
	for (uint32_t i = 0; !e && i < type.vlen; i++)
		e = kdx_raw_enumerator_add(out, enumerator_name(b->btf, &type, i), enumerator_value(b->btf, &type, i));
	return e;
}

static const struct variable {
	const char *name;
	enum kdx_class class;
	const char *type;
} well_known[] = {
#define BTF_VARIABLE(name, class, type) { #name, KDX_CLASS_##class, type },
#include "btf-variables.def"
#undef BTF_VARIABLE
};

/* 0: not among the variables that are known without BTF. */
static uint32_t well_known_type(struct kdx_btf_index *index, const char *name)
{
	for (size_t i = 0; i < sizeof(well_known) / sizeof(well_known[0]); i++)
		if (!strcmp(well_known[i].name, name))
			return kdx_btf_index_defined(index, well_known[i].class, well_known[i].type);
	return 0;
}

static struct kdf_error *btf_find(void *self, unsigned classes, const char *name, uint64_t *id)
{
	struct btf_types *b = self;
	struct kdf_btf_type type;
	uint32_t found = 0;
	int class;

	for (class = 0; class < KDX_CLASS_MAX && !found; class++)
		if (classes & KDX_IN(class))
			found = kdx_btf_index_defined(&b->index, (enum kdx_class)class, name);
	for (int other = 0; other < KDX_CLASS_VARIABLE && !found; other++)
		if (classes & KDX_IN(other))
			found = kdx_btf_index_declared(&b->index, (enum kdx_class)other, name);
	if (!found && classes & KDX_IN(KDX_CLASS_VARIABLE)) {
		found = well_known_type(&b->index, name);
		*id = found ? found : KDX_NO_TYPE;
		return NULL;
	}
	*id = found ? found : KDX_NO_TYPE;
	if (!found || !(classes & (KDX_IN(KDX_CLASS_VARIABLE) | KDX_IN(KDX_CLASS_FUNCTION))))
		return NULL;
	struct kdf_error *e = kdf_btf_type(b->btf, found, &type);
	if (!e)
		*id = type.size_or_type;
	return e ? e : skip_tags(b->btf, id);
}

static struct kdf_error *btf_find_enumerator(void *self, const char *name, uint64_t *id)
{
	struct btf_types *b = self;
	uint32_t found = kdx_btf_index_enumerator(&b->index, name);

	*id = found ? found : KDX_NO_TYPE;
	return NULL;
}

static void btf_close(void *self)
{
	struct btf_types *b = self;

	kdx_btf_index_free(&b->index);
	kdf_btf_close(b->btf);
	free(b->memory);
	free(b);
}

#define BTF_SOURCE(text) \
	{ \
		.name = (text), .variables_hint = " (BTF knows functions, per-CPU variables and few others)", \
		.close = btf_close, .find = btf_find, .describe = btf_describe, \
		.members = btf_members, .enumerators = btf_enumerators, .find_enumerator = btf_find_enumerator, \
	}

static const struct kdx_type_source file_source = BTF_SOURCE("BTF of vmlinux");
static const struct kdx_type_source dump_source = BTF_SOURCE("BTF in the dump");

struct kdf_error *kdx_typedb_use_btf(struct kdx_typedb *db, const void *data, size_t size, void *memory,
				     unsigned pointer_size, bool from_dump)
{
	struct btf_types *b = calloc(1, sizeof(*b));
	struct kdf_error *e = b ? kdf_btf_open(data, size, &b->btf) : kdf_err(KDF_NOMEM, "out of memory for types");

	if (e) {
		free(memory);
		free(b);
		return e;
	}
	b->index.btf = b->btf;
	b->memory = memory;
	b->pointer_size = pointer_size;
	kdx_typedb_set_source(db, from_dump ? &dump_source : &file_source, b);
	return NULL;
}

struct kdf_error *kdx_typedb_use_elf_btf(struct kdx_typedb *db, struct kdx_elf *elf)
{
	struct kdx_elf_section section;
	struct kdf_error *e = kdx_elf_section(elf, ".BTF", 0, &section);

	if (!e)
		e = kdx_typedb_use_btf(db, section.data, section.size, NULL, elf->pointer_size, false);
	return e ? kdf_err_wrap(e, "'%s'", elf->path) : NULL;
}

/* The linker script puts .BTF into read-only data between these two, so every dump level keeps it. */
struct kdf_error *kdx_typedb_use_dump_btf(struct kdx_typedb *db, struct kdx_session *session)
{
	uint64_t start, stop;
	struct kdf_error *e = kdx_symbol_address(session, "__start_BTF", &start);

	if (!e)
		e = kdx_symbol_address(session, "__stop_BTF", &stop);
	if (e)
		return e;
	if (stop <= start || stop - start > MAX_DUMP_BTF)
		return kdf_err(KDF_NOT_FOUND, "this kernel holds no BTF (built without CONFIG_DEBUG_INFO_BTF)");
	void *memory = malloc(stop - start);
	if (!memory)
		return kdf_err(KDF_NOMEM, "out of memory for types");
	e = kdx_read(session, start, memory, stop - start, "BTF");
	if (e) {
		free(memory);
		return e;
	}
	return kdx_typedb_use_btf(db, memory, stop - start, memory, session->pointer_size, true);
}
