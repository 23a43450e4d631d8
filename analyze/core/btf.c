// SPDX-License-Identifier: GPL-2.0-or-later
#include "btf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"

enum {
	MAGIC = 0xeb9f,
	HEADER_MIN = 24,	 /* up to str_len */
	HEADER_WITH_LAYOUT = 32, /* 7.3: layout_off, layout_len */
	TYPE_SIZE = 12,		 /* name_off, info, size or type */
	LAYOUT_SIZE = 4,	 /* info_sz, elem_sz, flags */
	MAX_KIND = 127,
};

/* Bytes behind a type's fixed part: `fixed`, and `each` times vlen. */
struct extra {
	uint8_t known, fixed, each;
};

static const struct extra known_kind[] = {
	[KDX_BTF_INT] = { 1, 4, 0 },	    [KDX_BTF_PTR] = { 1, 0, 0 },      [KDX_BTF_ARRAY] = { 1, 12, 0 },
	[KDX_BTF_STRUCT] = { 1, 0, 12 },    [KDX_BTF_UNION] = { 1, 0, 12 },   [KDX_BTF_ENUM] = { 1, 0, 8 },
	[KDX_BTF_FWD] = { 1, 0, 0 },	    [KDX_BTF_TYPEDEF] = { 1, 0, 0 },  [KDX_BTF_VOLATILE] = { 1, 0, 0 },
	[KDX_BTF_CONST] = { 1, 0, 0 },	    [KDX_BTF_RESTRICT] = { 1, 0, 0 }, [KDX_BTF_FUNC] = { 1, 0, 0 },
	[KDX_BTF_FUNC_PROTO] = { 1, 0, 8 }, [KDX_BTF_VAR] = { 1, 4, 0 },      [KDX_BTF_DATASEC] = { 1, 0, 12 },
	[KDX_BTF_FLOAT] = { 1, 0, 0 },	    [KDX_BTF_DECL_TAG] = { 1, 4, 0 }, [KDX_BTF_TYPE_TAG] = { 1, 0, 0 },
	[KDX_BTF_ENUM64] = { 1, 0, 12 },
};

struct kdx_btf {
	bool big_endian, enum_sign;
	const uint8_t *types;
	size_t types_size;
	const char *strings;
	size_t strings_size;
	uint32_t *at; /* at[id]: offset of a type in types */
	uint32_t count;
	size_t capat;
	struct extra kind[MAX_KIND + 1];
	bool indexed;
	struct kdf_hash defined[KDX_CLASS_MAX], declared[KDX_CLASS_MAX], enumerator;
};

uint32_t kdx_btf_u32(const struct kdx_btf *btf, const void *p)
{
	return (uint32_t)kdf_load_uint(p, 4, btf->big_endian);
}

const char *kdx_btf_string(const struct kdx_btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

uint32_t kdx_btf_count(const struct kdx_btf *btf)
{
	return btf->count;
}

bool kdx_btf_has_enum_sign(const struct kdx_btf *btf)
{
	return btf->enum_sign;
}

/* ---- opening ---- */

/* A part of the blob; offsets count from the end of the header, whatever its length. */
static bool section(size_t size, size_t header, uint32_t offset, uint32_t length, size_t *start)
{
	*start = header + offset;
	return header <= size && offset <= size - header && length <= size - header - offset;
}

/* Kinds of a newer kernel, by the table that tells their sizes; known kinds keep what is known. */
static void read_layout(struct kdx_btf *btf, const uint8_t *table, size_t size)
{
	for (size_t kind = 1; kind <= MAX_KIND && (kind + 1) * LAYOUT_SIZE <= size; kind++)
		if (!btf->kind[kind].known)
			btf->kind[kind] = (struct extra){ 1, table[kind * LAYOUT_SIZE], table[kind * LAYOUT_SIZE + 1] };
}

static struct kdf_error *read_header(struct kdx_btf *btf, const uint8_t *data, size_t size)
{
	size_t start;

	if (size < HEADER_MIN)
		return kdf_err(KDF_CORRUPT, "BTF: %zu bytes are no header", size);
	btf->big_endian = data[0] == MAGIC >> 8;
	if (kdf_load_uint(data, 2, btf->big_endian) != MAGIC)
		return kdf_err(KDF_CORRUPT, "BTF: bad signature %02x %02x", data[0], data[1]);
	if (data[2] != 1)
		return kdf_err(KDF_UNSUPPORTED, "BTF: version %u", data[2]);
	uint32_t header = kdx_btf_u32(btf, data + 4), type_off = kdx_btf_u32(btf, data + 8);
	uint32_t type_len = kdx_btf_u32(btf, data + 12), str_off = kdx_btf_u32(btf, data + 16);
	uint32_t str_len = kdx_btf_u32(btf, data + 20);
	if (header < HEADER_MIN || !section(size, header, type_off, type_len, &start))
		return kdf_err(KDF_CORRUPT, "BTF: types lie outside its %zu bytes", size);
	btf->types = data + start;
	btf->types_size = type_len;
	if (!section(size, header, str_off, str_len, &start) || !str_len || data[start] || data[start + str_len - 1])
		return kdf_err(KDF_CORRUPT, "BTF: the strings are damaged or lie outside its %zu bytes", size);
	btf->strings = (const char *)data + start;
	btf->strings_size = str_len;
	memcpy(btf->kind, known_kind, sizeof(known_kind));
	if (header < HEADER_WITH_LAYOUT || size < HEADER_WITH_LAYOUT)
		return NULL;
	uint32_t layout_len = kdx_btf_u32(btf, data + 28);
	if (section(size, header, kdx_btf_u32(btf, data + 24), layout_len, &start))
		read_layout(btf, data + start, layout_len);
	return NULL;
}

/* vlen and kind have grown (Linux 7.3: 24 and 7 bits); the new bits were 0 before. */
static void read_type(const struct kdx_btf *btf, const uint8_t *p, struct kdx_btf_type *out)
{
	uint32_t info = kdx_btf_u32(btf, p + 4);

	*out = (struct kdx_btf_type){ .kind = info >> 24 & 0x7f, .kflag = info >> 31, .vlen = info & 0xffffff,
				      .size_or_type = kdx_btf_u32(btf, p + 8),
				      .name = kdx_btf_string(btf, kdx_btf_u32(btf, p)), .extra = p + TYPE_SIZE };
}

static struct kdf_error *scan_types(struct kdx_btf *btf)
{
	size_t pos = 0;

	for (uint32_t id = 1; pos < btf->types_size; id++) {
		struct kdx_btf_type type;

		if (btf->types_size - pos < TYPE_SIZE)
			return kdf_err(KDF_CORRUPT, "BTF: type %u is cut short", id);
		read_type(btf, btf->types + pos, &type);
		const struct extra *extra = &btf->kind[type.kind];
		if (!extra->known)
			return kdf_err(KDF_UNSUPPORTED, "BTF: type %u is of the unknown kind %u", id, type.kind);
		size_t need = TYPE_SIZE + extra->fixed + (size_t)extra->each * type.vlen;
		if (need > btf->types_size - pos)
			return kdf_err(KDF_CORRUPT, "BTF: type %u is cut short", id);
		if (!kdf_grow(&btf->at, &btf->capat, (size_t)id + 1, sizeof(*btf->at)))
			return kdf_err(KDF_NOMEM, "out of memory for BTF");
		btf->at[id] = (uint32_t)pos;
		btf->count = id;
		btf->enum_sign = btf->enum_sign || type.kind == KDX_BTF_ENUM64 ||
				 (type.kind == KDX_BTF_ENUM && type.kflag);
		pos += need;
	}
	return NULL;
}

struct kdf_error *kdx_btf_open(const void *data, size_t size, struct kdx_btf **out)
{
	struct kdx_btf *btf = calloc(1, sizeof(*btf));

	if (!btf)
		return kdf_err(KDF_NOMEM, "out of memory for BTF");
	struct kdf_error *e = read_header(btf, data, size);
	if (!e)
		e = scan_types(btf);
	if (e) {
		kdx_btf_close(btf);
		return e;
	}
	*out = btf;
	return NULL;
}

void kdx_btf_close(struct kdx_btf *btf)
{
	if (!btf)
		return;
	for (int class = 0; class < KDX_CLASS_MAX; class++) {
		kdf_hash_free(&btf->defined[class]);
		kdf_hash_free(&btf->declared[class]);
	}
	kdf_hash_free(&btf->enumerator);
	free(btf->at);
	free(btf);
}

struct kdf_error *kdx_btf_type(const struct kdx_btf *btf, uint64_t id, struct kdx_btf_type *out)
{
	if (!id || id > btf->count)
		return kdf_err(KDF_CORRUPT, "BTF: no type %ju, there are %u", (uintmax_t)id, btf->count);
	read_type(btf, btf->types + btf->at[id], out);
	return NULL;
}

/* ---- names ---- */

static int class_of(unsigned kind)
{
	switch (kind) {
	case KDX_BTF_STRUCT:
		return KDX_CLASS_STRUCT;
	case KDX_BTF_UNION:
		return KDX_CLASS_UNION;
	case KDX_BTF_TYPEDEF:
		return KDX_CLASS_TYPEDEF;
	case KDX_BTF_ENUM:
	case KDX_BTF_ENUM64:
		return KDX_CLASS_ENUM;
	case KDX_BTF_INT:
	case KDX_BTF_FLOAT:
		return KDX_CLASS_BASE;
	case KDX_BTF_VAR:
		return KDX_CLASS_VARIABLE;
	case KDX_BTF_FUNC:
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

static bool index_enumerators(struct kdx_btf *btf, const struct kdx_btf_type *type, uint32_t id)
{
	size_t each = type->kind == KDX_BTF_ENUM ? 8 : 12;

	for (uint32_t i = 0; i < type->vlen; i++)
		if (!put_first(&btf->enumerator, kdx_btf_string(btf, kdx_btf_u32(btf, type->extra + i * each)), id))
			return false;
	return true;
}

static bool index_type(struct kdx_btf *btf, uint32_t id)
{
	struct kdx_btf_type type;

	read_type(btf, btf->types + btf->at[id], &type);
	int class = class_of(type.kind);
	if (type.kind == KDX_BTF_FWD)
		return put_first(&btf->declared[type.kflag ? KDX_CLASS_UNION : KDX_CLASS_STRUCT], type.name, id);
	if (class < 0)
		return true;
	if (class == KDX_CLASS_ENUM) {
		/* An enum without enumerators is a forward declaration. */
		if (!type.vlen)
			return put_first(&btf->declared[class], type.name, id);
		if (!index_enumerators(btf, &type, id))
			return false;
	}
	return put_first(&btf->defined[class], type.name, id);
}

/* On first use. Out of memory leaves the index as far as it came: names may then be missing. */
static void make_index(const struct kdx_btf *constant)
{
	struct kdx_btf *btf = (struct kdx_btf *)(uintptr_t)constant;

	if (btf->indexed)
		return;
	btf->indexed = true;
	for (uint32_t id = 1; id <= btf->count; id++)
		if (!index_type(btf, id))
			return;
}

uint32_t kdx_btf_find(const struct kdx_btf *btf, enum kdx_class class, const char *name)
{
	make_index(btf);
	return (uint32_t)(uintptr_t)kdf_hash_get_text(&btf->defined[class], name);
}

uint32_t kdx_btf_find_declaration(const struct kdx_btf *btf, enum kdx_class class, const char *name)
{
	make_index(btf);
	return (uint32_t)(uintptr_t)kdf_hash_get_text(&btf->declared[class], name);
}

uint32_t kdx_btf_find_enumerator(const struct kdx_btf *btf, const char *name)
{
	make_index(btf);
	return (uint32_t)(uintptr_t)kdf_hash_get_text(&btf->enumerator, name);
}
