// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "layout-table.h"
#include "memory.h"
#include "symbols.h"
#include "types.h"

enum row_kind { ROW_STRUCT, ROW_MEMBER, ROW_SYMBOL, ROW_ENUM };

struct row {
	enum row_kind kind;
	const char *id;
	const char *owner; /* of a member: its structures */
	const char *names;
	const char *shown; /* for messages */
};

static const struct row row[KDX_ROW_MAX] = {
#define KDX_STRUCT(id, names) { ROW_STRUCT, #id, NULL, names, names },
#define KDX_MEMBER(id, type, paths) { ROW_MEMBER, #id, type, paths, type "." paths },
#define KDX_SYMBOL(id, names) { ROW_SYMBOL, #id, NULL, names, names },
#define KDX_ENUM(id, names) { ROW_ENUM, #id, NULL, names, names },
#include "layout.def"
#undef KDX_STRUCT
#undef KDX_MEMBER
#undef KDX_SYMBOL
#undef KDX_ENUM
};

enum state { NOT_ASKED, HERE, ABSENT };

struct kdx_layout_table {
	struct {
		enum state state;
		struct kdx_field field;
	} row[KDX_ROW_MAX];
};

struct kdf_error *kdx_layout_new(struct kdx_layout_table **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

void kdx_layout_free(struct kdx_layout_table *table)
{
	free(table);
}

void kdx_layout_forget(struct kdx_layout_table *table)
{
	*table = (struct kdx_layout_table){ 0 };
}

/* ---- resolving ---- */

/* The next of "a|b|c" into buf; false at the end. A name that does not fit would never match: it is skipped. */
static bool next_name(const char **list, char *buf, size_t cap)
{
	while (**list) {
		size_t n = strcspn(*list, "|");
		const char *name = *list;

		*list += n + ((*list)[n] == '|');
		if (n && n < cap) {
			memcpy(buf, name, n);
			buf[n] = '\0';
			return true;
		}
	}
	return false;
}

static struct kdf_error *resolve_struct(struct kdx_session *session, const char *name, struct kdx_field *f)
{
	const struct kdx_type *type;
	struct kdf_error *e = kdx_type_find(session, name, &type);

	if (e)
		return e;
	if (type->incomplete)
		return kdf_err(KDF_NOT_FOUND, "struct %s is only declared", name);
	f->size = type->size;
	return NULL;
}

/* A bit field as its smallest run of whole bytes, and where it stands in the number that these bytes make. */
static struct kdf_error *place_bits(const struct kdx_session *session, const struct kdx_member *m, struct kdx_field *f)
{
	uint64_t first = m->bit_offset / 8, last = (m->bit_offset + m->bit_size - 1) / 8;
	uint64_t size = last - first + 1, whole = 1;

	while (whole < size)
		whole *= 2;
	if (whole > 8)
		return kdf_err(KDF_UNSUPPORTED, "bit field '%s' crosses 8 bytes", m->name ? m->name : "");
	f->offset = first;
	/* 3, 5, 6, 7 bytes are no integer: the run is widened downwards where it would leave the structure. */
	if (whole != size && first % whole + size <= whole)
		f->offset = first - first % whole;
	f->size = whole;
	f->bit_size = m->bit_size;
	f->bit_shift = (uint32_t)(m->bit_offset - f->offset * 8);
	if (session->big_endian)
		f->bit_shift = (uint32_t)(whole * 8 - f->bit_shift - f->bit_size);
	return NULL;
}

static struct kdf_error *resolve_path(struct kdx_session *session, const char *owner, const char *path,
				      struct kdx_field *f)
{
	const struct kdx_type *type, *plain;
	struct kdx_member m;
	struct kdf_error *e = kdx_type_find(session, owner, &type);

	if (!e)
		e = kdx_type_member(session, type, path, &m);
	if (!e)
		e = kdx_type_strip(session, m.type, &plain);
	if (e)
		return e;
	f->offset = m.bit_offset / 8;
	f->size = m.type->size;
	f->elements = plain->kind == KDX_ARRAY ? plain->elements : 0;
	f->is_signed = plain->is_signed;
	f->is_pointer = plain->kind == KDX_POINTER;
	return m.bit_size ? place_bits(session, &m, f) : NULL;
}

static struct kdf_error *resolve_member(struct kdx_session *session, const struct row *r, struct kdx_field *f)
{
	const char *owners = r->owner;
	char owner[96], path[160];
	struct kdf_error *e = NULL;

	while (next_name(&owners, owner, sizeof(owner))) {
		const char *paths = r->names;

		while (next_name(&paths, path, sizeof(path))) {
			kdf_error_free(e);
			e = resolve_path(session, owner, path, f);
			if (!e)
				return NULL;
		}
	}
	return e ? e : kdf_err(KDF_NOT_FOUND, "no name");
}

static struct kdf_error *resolve_name(struct kdx_session *session, enum row_kind kind, const char *name,
				      struct kdx_field *f)
{
	int64_t value;
	struct kdf_error *e;

	switch (kind) {
	case ROW_STRUCT:
		return resolve_struct(session, name, f);
	case ROW_SYMBOL:
		return kdx_symbol_address(session, name, &f->value);
	default:
		e = kdx_enumerator(session, name, &value);
		if (!e)
			f->value = (uint64_t)value;
		return e;
	}
}

static struct kdf_error *resolve_names(struct kdx_session *session, const struct row *r, struct kdx_field *f)
{
	const char *names = r->names;
	char name[160];
	struct kdf_error *e = NULL;

	while (next_name(&names, name, sizeof(name))) {
		kdf_error_free(e);
		e = resolve_name(session, r->kind, name, f);
		if (!e)
			return NULL;
	}
	return e ? e : kdf_err(KDF_NOT_FOUND, "no name");
}

static struct kdf_error *resolve(struct kdx_session *session, enum kdx_row id, const struct kdx_field **out)
{
	const struct row *r = &row[id];
	struct kdx_layout_table *table = session->layout;
	struct kdx_field f = { 0 };

	if (table->row[id].state == HERE) {
		*out = &table->row[id].field;
		return NULL;
	}
	struct kdf_error *e = r->kind == ROW_MEMBER ? resolve_member(session, r, &f) : resolve_names(session, r, &f);
	if (!e) {
		table->row[id].field = f;
		table->row[id].state = HERE;
		*out = &table->row[id].field;
		return NULL;
	}
	/* Only what will be the same next time is remembered: running out of memory, say, will not. */
	enum kdf_code code = kdf_error_code(e);
	if (code == KDF_NOT_FOUND || code == KDF_NO_DEBUG || code == KDF_CORRUPT)
		table->row[id].state = ABSENT;
	return e;
}

/* ---- asking ---- */

const struct kdx_field *kdx_field(struct kdx_session *session, enum kdx_row id)
{
	const struct kdx_field *f;
	struct kdf_error *e;

	if ((unsigned)id >= KDX_ROW_MAX || session->layout->row[id].state == ABSENT)
		return NULL;
	e = resolve(session, id, &f);
	kdf_error_free(e);
	return e ? NULL : f;
}

bool kdx_has(struct kdx_session *session, enum kdx_row id)
{
	return kdx_field(session, id) != NULL;
}

const char *kdx_row_name(enum kdx_row id)
{
	return (unsigned)id < KDX_ROW_MAX ? row[id].shown : "?";
}

struct kdf_error *kdx_need(struct kdx_session *session, enum kdx_row id, const struct kdx_field **out)
{
	static const char *const what[] = { "structure", "member", "symbol", "enumerator" };

	if ((unsigned)id >= KDX_ROW_MAX)
		return kdf_err(KDF_USAGE, "no layout row %u", (unsigned)id);
	struct kdf_error *e = resolve(session, id, out);
	if (!e)
		return NULL;
	enum kdf_code code = kdf_error_code(e);
	if (code != KDF_NOT_FOUND && code != KDF_NO_DEBUG)
		return kdf_err_wrap(e, "%s %s", what[row[id].kind], row[id].shown);
	struct kdf_error *why = kdf_err(KDF_NO_DEBUG, "%s %s is not known of this kernel: %s", what[row[id].kind],
					row[id].shown, kdf_error_text(e));
	kdf_error_free(e);
	return why;
}

static struct kdf_error *extract(const struct kdx_session *session, enum kdx_row id, const struct kdx_field *f,
				 const uint8_t *bytes, uint64_t *out)
{
	if (f->elements || (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return kdf_err(KDF_USAGE, "member %s is no number (%ju bytes)", row[id].shown, (uintmax_t)f->size);
	uint64_t v = kdf_load_uint(bytes, f->size, session->big_endian);
	unsigned bits = (unsigned)f->size * 8;
	if (f->bit_size) {
		v >>= f->bit_shift;
		bits = f->bit_size;
	}
	if (bits < 64) {
		v &= (1ull << bits) - 1;
		if (f->is_signed && v >> (bits - 1))
			v |= ~0ull << bits;
	}
	*out = v;
	return NULL;
}

static struct kdf_error *need_member(struct kdx_session *session, enum kdx_row id, const struct kdx_field **out)
{
	if ((unsigned)id < KDX_ROW_MAX && row[id].kind != ROW_MEMBER)
		return kdf_err(KDF_USAGE, "layout row %s is no member", row[id].shown);
	return kdx_need(session, id, out);
}

struct kdf_error *kdx_get(struct kdx_session *session, uint64_t base, enum kdx_row id, uint64_t *out)
{
	const struct kdx_field *f;
	uint8_t bytes[8] = { 0 };
	struct kdf_error *e = need_member(session, id, &f);

	if (e)
		return e;
	if (f->size <= sizeof(bytes))
		e = kdx_read(session, base + f->offset, bytes, f->size, row[id].shown);
	return e ? e : extract(session, id, f, bytes, out);
}

struct kdf_error *kdx_get_from(struct kdx_session *session, const void *image, size_t size, enum kdx_row id,
			       uint64_t *out)
{
	const struct kdx_field *f;
	struct kdf_error *e = need_member(session, id, &f);

	if (e)
		return e;
	if (f->offset > size || f->size > size - f->offset)
		return kdf_err(KDF_CORRUPT, "member %s lies beyond the %zu bytes of its structure", row[id].shown,
			       size);
	return extract(session, id, f, (const uint8_t *)image + f->offset, out);
}

struct kdf_error *kdx_addr(struct kdx_session *session, uint64_t base, enum kdx_row id, uint64_t *out)
{
	const struct kdx_field *f;
	struct kdf_error *e = need_member(session, id, &f);

	if (!e)
		*out = base + f->offset;
	return e;
}

void kdx_layout_describe(struct kdx_session *session, enum kdx_row id, struct kdf_buf *out)
{
	const struct kdx_field *f = kdx_field(session, id);

	kdf_buf_printf(out, "%s (%s): ", (unsigned)id < KDX_ROW_MAX ? row[id].id : "?", kdx_row_name(id));
	if (!f) {
		kdf_buf_puts(out, "absent");
		return;
	}
	switch (row[id].kind) {
	case ROW_STRUCT:
		kdf_buf_printf(out, "%ju bytes", (uintmax_t)f->size);
		return;
	case ROW_SYMBOL:
		kdf_buf_printf(out, "%#jx", (uintmax_t)f->value);
		return;
	case ROW_ENUM:
		kdf_buf_printf(out, "%jd", (intmax_t)f->value);
		return;
	case ROW_MEMBER:
		break;
	}
	kdf_buf_printf(out, "at %ju, %ju bytes", (uintmax_t)f->offset, (uintmax_t)f->size);
	if (f->elements)
		kdf_buf_printf(out, ", %ju elements", (uintmax_t)f->elements);
	if (f->bit_size)
		kdf_buf_printf(out, ", bits %u to %u", f->bit_shift, f->bit_shift + f->bit_size - 1);
	if (f->is_pointer)
		kdf_buf_puts(out, ", pointer");
	else if (f->is_signed)
		kdf_buf_puts(out, ", signed");
}
