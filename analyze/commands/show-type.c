// SPDX-License-Identifier: GPL-2.0-or-later
#include "show-type.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { DEPTH_MAX = 32, LABEL_MAX = 40 };

struct view {
	const struct kdx_type_view *v;
	int width; /* of the label column; 0: there is none */
};

static const char *tag(const struct kdx_type *t)
{
	return t->kind == KDX_UNION ? "union" : t->kind == KDX_ENUM ? "enum" : "struct";
}

static void offset_text(const struct kdx_type_view *v, uint64_t offset, char *buf)
{
	if (v->at_address)
		snprintf(buf, LABEL_MAX, "[%" PRIx64 "]", v->address + offset);
	else
		snprintf(buf, LABEL_MAX, v->radix == 16 ? "[0x%" PRIx64 "]" : "[%" PRIu64 "]", offset);
}

/* Blanks or "[offset]", then what the nesting asks for. */
static void begin_line(const struct view *w, const uint64_t *offset, unsigned depth)
{
	char label[LABEL_MAX] = "";

	if (w->width) {
		if (offset)
			offset_text(w->v, *offset, label);
		kdx_text(w->v->out, "%*s %*s", w->width, label, (int)(4 * (depth - 1)), "");
	} else {
		kdx_text(w->v->out, "%*s", (int)(4 * depth), "");
	}
}

/* The unnamed struct or union that a member's type spells out in place, behind arrays; NULL: it has a name. */
static struct kdf_error *spelled_out(struct kdx_session *s, const struct kdx_type *t, const struct kdx_type **out)
{
	*out = NULL;
	for (unsigned n = 0; n < DEPTH_MAX; n++) {
		struct kdf_error *e;

		if (t->kind == KDX_STRUCT || t->kind == KDX_UNION) {
			*out = t->name && *t->name ? NULL : t;
			return NULL;
		}
		if (t->kind != KDX_ARRAY && t->kind != KDX_CONST && t->kind != KDX_VOLATILE)
			return NULL;
		if ((e = kdx_derived_target(s, t, &t)))
			return e;
	}
	return NULL;
}

/* "name[4][2]" of a member whose element type was spelled out. */
static struct kdf_error *dimensions(struct kdx_session *s, const struct kdx_type *t, const char *name,
				    struct kdf_buf *b)
{
	kdf_buf_puts(b, name ? name : "");
	for (unsigned n = 0; n < DEPTH_MAX && t->kind == KDX_ARRAY; n++) {
		struct kdf_error *e;

		if (t->elements)
			kdf_buf_printf(b, "[%" PRIu64 "]", t->elements);
		else
			kdf_buf_puts(b, "[]");
		if ((e = kdx_derived_target(s, t, &t)))
			return e;
	}
	return kdf_buf_error(b);
}

static struct kdf_error *members(const struct view *w, const struct kdx_type *t, uint64_t base, unsigned depth);

static struct kdf_error *nested(const struct view *w, const struct kdx_member *m, const struct kdx_type *inner,
				uint64_t offset, unsigned depth)
{
	struct kdx_out *out = w->v->out;
	struct kdf_buf name = { 0 };
	struct kdf_error *e = dimensions(w->v->session, m->type, m->name, &name);

	if (!e) {
		begin_line(w, NULL, depth);
		kdx_text(out, "%s {\n", tag(inner));
		kdx_object(out, NULL);
		kdx_str(out, "name", m->name && *m->name ? m->name : NULL, NULL);
		kdx_str(out, "kind", tag(inner), NULL);
		kdx_uint(out, "offset", offset, NULL);
		kdx_uint(out, "size", kdx_derived_size(w->v->session, m->type), NULL);
		kdx_array(out, "members");
		e = members(w, inner, offset, depth + 1);
		kdx_array_end(out);
		kdx_object_end(out);
		/* crash has the offset of a named one here. */
		begin_line(w, name.len ? &offset : NULL, depth);
		kdx_text(out, "}%s%s;\n", name.len ? " " : "", kdf_buf_text(&name));
	}
	kdf_buf_free(&name);
	return e;
}

static struct kdf_error *plain_member(const struct view *w, const struct kdx_member *m, uint64_t offset, unsigned depth)
{
	struct kdx_out *out = w->v->out;
	KDF_AUTO_FREE char *declared = NULL;
	struct kdf_error *e = kdx_derived_declare(w->v->session, m->type, m->name ? m->name : "", &declared);

	if (e)
		return e;
	begin_line(w, &offset, depth);
	kdx_text(out, "%s", declared);
	if (m->bit_size)
		kdx_text(out, " : %u", m->bit_size);
	kdx_text(out, ";\n");
	kdx_object(out, NULL);
	kdx_str(out, "name", m->name, NULL);
	kdx_str(out, "declaration", declared, NULL);
	kdx_uint(out, "offset", offset, NULL);
	if (m->bit_size) {
		kdx_uint(out, "bit_offset", m->bit_offset, NULL);
		kdx_uint(out, "bit_size", m->bit_size, NULL);
	}
	kdx_uint(out, "size", kdx_derived_size(w->v->session, m->type), NULL);
	kdx_object_end(out);
	return NULL;
}

static struct kdf_error *members(const struct view *w, const struct kdx_type *t, uint64_t base, unsigned depth)
{
	const struct kdx_member *m;
	size_t n;
	struct kdf_error *e;

	if (depth > DEPTH_MAX)
		return kdf_err(KDF_LIMIT, "types nested too deep");
	e = kdx_type_members(w->v->session, t, &m, &n);
	for (size_t i = 0; !e && i < n && !kdx_out_stopped(w->v->out); i++) {
		const struct kdx_type *inner;
		uint64_t offset = base + m[i].bit_offset / 8;

		e = spelled_out(w->v->session, m[i].type, &inner);
		if (!e)
			e = inner ? nested(w, &m[i], inner, offset, depth) : plain_member(w, &m[i], offset, depth);
	}
	return e;
}

static struct view view_of(const struct kdx_type_view *v, uint64_t largest)
{
	struct view w = { v, 0 };
	char label[LABEL_MAX];

	if (v->offsets || v->at_address) {
		offset_text(v, largest, label);
		w.width = (int)strlen(label) + 2;
	}
	return w;
}

static void size_line(const struct kdx_type_view *v, uint64_t size)
{
	kdx_uint(v->out, "size", size, v->radix == 16 ? "SIZE: 0x%" PRIx64 "\n" : "SIZE: %" PRIu64 "\n", size);
}

/* ---- each kind ---- */

static struct kdf_error *aggregate(const struct kdx_type_view *v, const struct kdx_type *t, const char *typedef_name)
{
	struct view w = view_of(v, t->size);
	struct kdf_error *e;

	kdx_record_kind(v->out, "type");
	kdx_str(v->out, "kind", tag(t), "%s%s ", typedef_name ? "typedef " : "", tag(t));
	kdx_str(v->out, "name", t->name, t->name ? "%s {\n" : "{%s\n", t->name ? t->name : "");
	if (typedef_name)
		kdx_str(v->out, "typedef", typedef_name, NULL);
	if (t->incomplete)
		kdx_text(v->out, "    <only declared in this debug info>\n");
	kdx_array(v->out, "members");
	e = t->incomplete ? NULL : members(&w, t, 0, 1);
	kdx_array_end(v->out);
	kdx_text(v->out, "}%s%s%s\n", typedef_name ? " " : "", typedef_name ? typedef_name : "",
		 typedef_name ? ";" : "");
	size_line(v, t->size);
	kdx_record_end(v->out);
	return e;
}

static struct kdf_error *enumeration(const struct kdx_type_view *v, const struct kdx_type *t, const char *typedef_name)
{
	const struct kdx_enumerator *en;
	size_t n;
	struct kdf_error *e = kdx_type_enumerators(v->session, t, &en, &n);

	if (e)
		return e;
	kdx_record_kind(v->out, "type");
	kdx_str(v->out, "kind", "enum", "%senum ", typedef_name ? "typedef " : "");
	kdx_str(v->out, "name", t->name, t->name ? "%s {\n" : "{%s\n", t->name ? t->name : "");
	kdx_object(v->out, "enumerators");
	for (size_t i = 0; i < n; i++)
		kdx_int(v->out, en[i].name, en[i].value,
			v->radix == 16 ? "  %s = 0x%" PRIx64 "\n" : "  %s = %" PRId64 "\n", en[i].name,
			(uint64_t)en[i].value);
	kdx_object_end(v->out);
	kdx_uint(v->out, "size", t->size, NULL);
	kdx_text(v->out, "}%s%s;\n", typedef_name ? " " : "", typedef_name ? typedef_name : "");
	kdx_record_end(v->out);
	return NULL;
}

static struct kdf_error *one_line(const struct kdx_type_view *v, const struct kdx_type *t, const char *typedef_name)
{
	KDF_AUTO_FREE char *declared = NULL;
	struct kdf_error *e = kdx_derived_declare(v->session, t, typedef_name ? typedef_name : "", &declared);

	if (e)
		return e;
	kdx_record_kind(v->out, "type");
	kdx_str(v->out, "declaration", declared, typedef_name ? "typedef %s;\n" : "%s\n", declared);
	if (typedef_name)
		kdx_str(v->out, "typedef", typedef_name, NULL);
	size_line(v, kdx_derived_size(v->session, t));
	kdx_record_end(v->out);
	return NULL;
}

struct kdf_error *kdx_show_type(const struct kdx_type_view *v, const struct kdx_type *t)
{
	const char *typedef_name = t->kind == KDX_TYPEDEF ? t->name : NULL;
	const struct kdx_type *plain;
	struct kdf_error *e = kdx_derived_strip(v->session, t, &plain);

	if (e)
		return e;
	switch (plain->kind) {
	case KDX_STRUCT:
	case KDX_UNION:
		return aggregate(v, plain, typedef_name);
	case KDX_ENUM:
		return enumeration(v, plain, typedef_name);
	default:
		return one_line(v, plain, typedef_name);
	}
}

/* ---- some members ---- */

static struct kdf_error *one_path(const struct view *w, const struct kdx_type *t, const char *path)
{
	const struct kdx_type *inner;
	const char *last = strrchr(path, '.');
	struct kdx_member m;
	struct kdf_error *e = kdx_type_member(w->v->session, t, path, &m);

	if (e)
		return e;
	if (!m.name)
		m.name = last ? last + 1 : path;
	if ((e = spelled_out(w->v->session, m.type, &inner)))
		return e;
	return inner ? nested(w, &m, inner, m.bit_offset / 8, 1) : plain_member(w, &m, m.bit_offset / 8, 1);
}

struct kdf_error *kdx_show_type_members(const struct kdx_type_view *v, const struct kdx_type *t, const char *list)
{
	struct kdx_type_view with_offsets = *v;
	struct kdf_error *e = NULL;

	with_offsets.offsets = true;
	struct view w = view_of(&with_offsets, t->size);
	kdx_record_kind(v->out, "type");
	kdx_str(v->out, "kind", tag(t), "%s ", tag(t));
	kdx_str(v->out, "name", t->name, "%s {\n", t->name ? t->name : "");
	kdx_array(v->out, "members");
	while (!e && *list) {
		size_t n = strcspn(list, ",");
		KDF_AUTO_FREE char *path = strndup(list, n);

		e = path ? one_path(&w, t, path) : kdf_err(KDF_NOMEM, "out of memory");
		list += n + (list[n] == ',');
	}
	kdx_array_end(v->out);
	kdx_text(v->out, "}\n");
	kdx_record_end(v->out);
	return e;
}

/* ---- by name ---- */

static struct kdf_error *find_tagged(struct kdx_session *s, const char *word, const char *name,
				     const struct kdx_type **out)
{
	KDF_AUTO_FREE char *text = NULL;

	if (asprintf(&text, "%s%s", word, name) < 0) {
		text = NULL;
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	return kdx_type_find(s, text, out);
}

struct kdf_error *kdx_aggregate_find(struct kdx_session *s, const char *name, enum kdx_kind want,
				     const struct kdx_type **out)
{
	static const char *const tags[] = { "struct ", "union ", "" };
	const char *const *first = &tags[want == KDX_UNION ? 1 : 0];
	struct kdf_error *e = NULL;

	for (; first < tags + 3; first++) {
		const struct kdx_type *t, *plain;

		kdf_error_free(e);
		e = find_tagged(s, *first, name, &t);
		if (!e)
			e = kdx_derived_strip(s, t, &plain);
		if (kdf_error_code(e) == KDF_NO_DEBUG)
			return e;
		if (e)
			continue;
		if (plain->kind == want ||
		    (want != KDX_UNION && (plain->kind == KDX_STRUCT || plain->kind == KDX_UNION))) {
			*out = plain;
			return NULL;
		}
		if (want == KDX_UNION)
			return kdf_err(KDF_NOT_FOUND, "data type mismatch: %s is not a union", name);
	}
	kdf_error_free(e);
	return kdf_err(KDF_NOT_FOUND, "invalid data structure reference: %s (types from: %s)", name,
		       kdx_typedb_source(s));
}
