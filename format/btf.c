// SPDX-License-Identifier: GPL-2.0-or-later
#include "btf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

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
	[KDF_BTF_INT] = { 1, 4, 0 },	    [KDF_BTF_PTR] = { 1, 0, 0 },      [KDF_BTF_ARRAY] = { 1, 12, 0 },
	[KDF_BTF_STRUCT] = { 1, 0, 12 },    [KDF_BTF_UNION] = { 1, 0, 12 },   [KDF_BTF_ENUM] = { 1, 0, 8 },
	[KDF_BTF_FWD] = { 1, 0, 0 },	    [KDF_BTF_TYPEDEF] = { 1, 0, 0 },  [KDF_BTF_VOLATILE] = { 1, 0, 0 },
	[KDF_BTF_CONST] = { 1, 0, 0 },	    [KDF_BTF_RESTRICT] = { 1, 0, 0 }, [KDF_BTF_FUNC] = { 1, 0, 0 },
	[KDF_BTF_FUNC_PROTO] = { 1, 0, 8 }, [KDF_BTF_VAR] = { 1, 4, 0 },      [KDF_BTF_DATASEC] = { 1, 0, 12 },
	[KDF_BTF_FLOAT] = { 1, 0, 0 },	    [KDF_BTF_DECL_TAG] = { 1, 4, 0 }, [KDF_BTF_TYPE_TAG] = { 1, 0, 0 },
	[KDF_BTF_ENUM64] = { 1, 0, 12 },
};

struct kdf_btf {
	bool big_endian, enum_sign;
	const uint8_t *types;
	size_t types_size;
	const char *strings;
	size_t strings_size;
	uint32_t *at; /* at[id]: offset of a type in types */
	uint32_t count;
	size_t capat;
	struct extra kind[MAX_KIND + 1];
};

uint32_t kdf_btf_u32(const struct kdf_btf *btf, const void *p)
{
	return (uint32_t)kdf_load_uint(p, 4, btf->big_endian);
}

const char *kdf_btf_string(const struct kdf_btf *btf, uint32_t offset)
{
	return offset < btf->strings_size ? btf->strings + offset : "";
}

uint32_t kdf_btf_count(const struct kdf_btf *btf)
{
	return btf->count;
}

bool kdf_btf_has_enum_sign(const struct kdf_btf *btf)
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
static void read_layout(struct kdf_btf *btf, const uint8_t *table, size_t size)
{
	for (size_t kind = 1; kind <= MAX_KIND && (kind + 1) * LAYOUT_SIZE <= size; kind++)
		if (!btf->kind[kind].known)
			btf->kind[kind] = (struct extra){ 1, table[kind * LAYOUT_SIZE], table[kind * LAYOUT_SIZE + 1] };
}

static struct kdf_error *read_header(struct kdf_btf *btf, const uint8_t *data, size_t size)
{
	size_t start;

	if (size < HEADER_MIN)
		return kdf_err(KDF_CORRUPT, "BTF: %zu bytes are no header", size);
	btf->big_endian = data[0] == MAGIC >> 8;
	if (kdf_load_uint(data, 2, btf->big_endian) != MAGIC)
		return kdf_err(KDF_CORRUPT, "BTF: bad signature %02x %02x", data[0], data[1]);
	if (data[2] != 1)
		return kdf_err(KDF_UNSUPPORTED, "BTF: version %u", data[2]);
	uint32_t header = kdf_btf_u32(btf, data + 4), type_off = kdf_btf_u32(btf, data + 8);
	uint32_t type_len = kdf_btf_u32(btf, data + 12), str_off = kdf_btf_u32(btf, data + 16);
	uint32_t str_len = kdf_btf_u32(btf, data + 20);
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
	uint32_t layout_len = kdf_btf_u32(btf, data + 28);
	if (section(size, header, kdf_btf_u32(btf, data + 24), layout_len, &start))
		read_layout(btf, data + start, layout_len);
	return NULL;
}

/* vlen and kind have grown (Linux 7.3: 24 and 7 bits); the new bits were 0 before. */
static void read_type(const struct kdf_btf *btf, const uint8_t *p, struct kdf_btf_type *out)
{
	uint32_t info = kdf_btf_u32(btf, p + 4);

	*out = (struct kdf_btf_type){ .kind = info >> 24 & 0x7f, .kflag = info >> 31, .vlen = info & 0xffffff,
				      .size_or_type = kdf_btf_u32(btf, p + 8),
				      .name = kdf_btf_string(btf, kdf_btf_u32(btf, p)), .extra = p + TYPE_SIZE };
}

static struct kdf_error *scan_types(struct kdf_btf *btf)
{
	size_t pos = 0;

	for (uint32_t id = 1; pos < btf->types_size; id++) {
		struct kdf_btf_type type;

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
		btf->enum_sign = btf->enum_sign || type.kind == KDF_BTF_ENUM64 ||
				 (type.kind == KDF_BTF_ENUM && type.kflag);
		pos += need;
	}
	return NULL;
}

struct kdf_error *kdf_btf_open(const void *data, size_t size, struct kdf_btf **out)
{
	struct kdf_btf *btf = calloc(1, sizeof(*btf));

	if (!btf)
		return kdf_err(KDF_NOMEM, "out of memory for BTF");
	struct kdf_error *e = read_header(btf, data, size);
	if (!e)
		e = scan_types(btf);
	if (e) {
		kdf_btf_close(btf);
		return e;
	}
	*out = btf;
	return NULL;
}

void kdf_btf_close(struct kdf_btf *btf)
{
	if (!btf)
		return;
	free(btf->at);
	free(btf);
}

struct kdf_error *kdf_btf_type(const struct kdf_btf *btf, uint64_t id, struct kdf_btf_type *out)
{
	if (!id || id > btf->count)
		return kdf_err(KDF_CORRUPT, "BTF: no type %ju, there are %u", (uintmax_t)id, btf->count);
	read_type(btf, btf->types + btf->at[id], out);
	return NULL;
}

/* ---- names ---- */

uint32_t kdf_btf_find(const struct kdf_btf *btf, enum kdf_btf_kind kind, const char *name)
{
	struct kdf_btf_type type;

	for (uint32_t id = 1; id <= btf->count; id++) {
		read_type(btf, btf->types + btf->at[id], &type);
		if (type.kind == (unsigned)kind && !strcmp(type.name, name))
			return id;
	}
	return 0;
}

bool kdf_btf_enumerator(const struct kdf_btf *btf, const char *name, int64_t *value)
{
	struct kdf_btf_type type;

	for (uint32_t id = 1; id <= btf->count; id++) {
		read_type(btf, btf->types + btf->at[id], &type);
		if (type.kind != KDF_BTF_ENUM && type.kind != KDF_BTF_ENUM64)
			continue;
		size_t each = type.kind == KDF_BTF_ENUM ? 8 : 12;
		for (uint32_t i = 0; i < type.vlen; i++) {
			const uint8_t *p = type.extra + i * each;
			if (strcmp(kdf_btf_string(btf, kdf_btf_u32(btf, p)), name))
				continue;
			uint64_t low = kdf_btf_u32(btf, p + 4);
			*value = each == 8 ? (int32_t)low : (int64_t)(low | (uint64_t)kdf_btf_u32(btf, p + 8) << 32);
			return true;
		}
	}
	return false;
}

/* ---- members by path ---- */

enum {
	CHAIN_MAX = 32,	   /* typedefs and qualifiers in front of a type */
	NESTING_MAX = 16,  /* anonymous structs inside one another, and parts of a path */
	LOOKED_AT_MAX = 65536, /* members for one path: records that hold themselves would never end */
};

/* The type behind typedefs and qualifiers; false: damaged, or void. */
static bool strip(const struct kdf_btf *btf, uint32_t id, struct kdf_btf_type *out)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		if (!id || id > btf->count)
			return false;
		read_type(btf, btf->types + btf->at[id], out);
		switch (out->kind) {
		case KDF_BTF_TYPEDEF:
		case KDF_BTF_VOLATILE:
		case KDF_BTF_CONST:
		case KDF_BTF_RESTRICT:
		case KDF_BTF_TYPE_TAG:
			id = out->size_or_type;
			continue;
		default:
			return true;
		}
	}
	return false;
}

/* Fills what the member's type tells: its size, and the elements of an array. false: not of a known size. */
static bool measure(const struct kdf_btf *btf, uint32_t id, unsigned pointer_size, struct kdf_btf_member *m)
{
	struct kdf_btf_type type;

	m->type = id;
	m->elements = 1;
	if (!strip(btf, id, &type))
		return false;
	if (type.kind == KDF_BTF_ARRAY) {
		m->elements = kdf_btf_u32(btf, type.extra + 8);
		m->type = kdf_btf_u32(btf, type.extra);
		if (!strip(btf, m->type, &type))
			return false;
	}
	switch (type.kind) {
	case KDF_BTF_PTR:
		m->element_size = pointer_size;
		return true;
	case KDF_BTF_INT:
	case KDF_BTF_STRUCT:
	case KDF_BTF_UNION:
	case KDF_BTF_ENUM:
	case KDF_BTF_ENUM64:
	case KDF_BTF_FLOAT:
		m->element_size = type.size_or_type;
		return true;
	default:
		return false;
	}
}

static bool is_record(const struct kdf_btf_type *type)
{
	return type->kind == KDF_BTF_STRUCT || type->kind == KDF_BTF_UNION;
}

/* A member by its name, also inside anonymous members; *bits is added to. */
static bool find_member(const struct kdf_btf *btf, const struct kdf_btf_type *record, const char *name, size_t len,
			int nesting, unsigned *budget, uint64_t *bits, uint32_t *type_id)
{
	for (uint32_t i = 0; i < record->vlen && *budget; i++, --*budget) {
		const uint8_t *p = record->extra + 12 * (size_t)i;
		const char *own = kdf_btf_string(btf, kdf_btf_u32(btf, p));
		uint32_t id = kdf_btf_u32(btf, p + 4), at = kdf_btf_u32(btf, p + 8);
		/* With kflag the upper 8 bits are the size of a bit field. */
		uint64_t here = *bits + (record->kflag ? at & 0xffffff : at);
		struct kdf_btf_type inner;

		if (*own) {
			if (strlen(own) != len || memcmp(own, name, len))
				continue;
			*bits = here;
			*type_id = id;
			return !(record->kflag && at >> 24);
		}
		if (nesting && strip(btf, id, &inner) && is_record(&inner) &&
		    find_member(btf, &inner, name, len, nesting - 1, budget, &here, type_id)) {
			*bits = here;
			return true;
		}
	}
	return false;
}

bool kdf_btf_member(const struct kdf_btf *btf, const char *record, const char *path, unsigned pointer_size,
		    struct kdf_btf_member *out)
{
	uint32_t id = kdf_btf_find(btf, KDF_BTF_STRUCT, record);
	unsigned budget = LOOKED_AT_MAX;
	uint64_t bits = 0;

	*out = (struct kdf_btf_member){ 0 };
	if (!id)
		id = kdf_btf_find(btf, KDF_BTF_UNION, record);
	for (int part = 0; id && part < NESTING_MAX; part++) {
		struct kdf_btf_type type;
		size_t len = strcspn(path, ".");
		if (!strip(btf, id, &type) || !is_record(&type) ||
		    !find_member(btf, &type, path, len, NESTING_MAX, &budget, &bits, &id))
			return false;
		path += len;
		if (!*path) {
			out->offset = bits / 8;
			return bits % 8 == 0 && measure(btf, id, pointer_size, out);
		}
		path++;
	}
	return false;
}

bool kdf_btf_size(const struct kdf_btf *btf, const char *record, uint32_t *bytes)
{
	struct kdf_btf_type type;
	uint32_t id = kdf_btf_find(btf, KDF_BTF_STRUCT, record);

	if (!id || kdf_btf_type(btf, id, &type))
		return false;
	*bytes = type.size_or_type;
	return true;
}
