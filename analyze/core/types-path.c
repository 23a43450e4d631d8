// SPDX-License-Identifier: GPL-2.0-or-later
/* Members by path: "thread.sp", "rss_stat[1].count". */
#include <stdlib.h>
#include <string.h>

#include "types.h"

enum {
	/* Anonymous structs in anonymous unions in ...: kernels stay below 8. */
	MAX_NESTING = 32,
	/* Aggregates looked into for one name; damaged types could double their number with each level. */
	MAX_VISITED = 1 << 16,
};

struct search {
	struct kdx_session *session;
	const char *name;
	size_t len;
	unsigned visited;
	bool found;
	struct kdx_member member;
};

static struct kdf_error *find_member(struct search *s, const struct kdx_type *type, unsigned depth);

static struct kdf_error *find_in_anonymous(struct search *s, const struct kdx_member *outer, unsigned depth)
{
	const struct kdx_type *type;
	struct kdf_error *e = kdx_type_strip(s->session, outer->type, &type);

	if (e || (type->kind != KDX_STRUCT && type->kind != KDX_UNION))
		return e;
	e = find_member(s, type, depth + 1);
	if (!e && s->found &&
	    __builtin_add_overflow(s->member.bit_offset, outer->bit_offset, &s->member.bit_offset))
		return kdf_err(KDF_CORRUPT, "type information: member offset out of bounds");
	return e;
}

static struct kdf_error *find_member(struct search *s, const struct kdx_type *type, unsigned depth)
{
	const struct kdx_member *member;
	size_t n;

	if (depth > MAX_NESTING || ++s->visited > MAX_VISITED)
		return kdf_err(KDF_CORRUPT, "type information: anonymous members nest too deep");
	struct kdf_error *e = kdx_type_members(s->session, type, &member, &n);
	if (e)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (member[i].name && !strncmp(member[i].name, s->name, s->len) && !member[i].name[s->len]) {
			s->member = member[i];
			s->found = true;
			return NULL;
		}
	}
	for (size_t i = 0; i < n && !e && !s->found; i++)
		if (!member[i].name || !member[i].name[0])
			e = find_in_anonymous(s, &member[i], depth);
	return e;
}

static const char *shown(const struct kdx_type *type)
{
	return type->name ? type->name : "anonymous type";
}

/* "[3][1]" behind a member; *rest is moved behind it. */
static struct kdf_error *take_indices(struct kdx_session *session, const char **rest, struct kdx_member *at)
{
	while (**rest == '[') {
		const struct kdx_type *array, *element;
		char *end;
		unsigned long long index = strtoull(*rest + 1, &end, 0);
		uint64_t bits;

		if (end == *rest + 1 || *end != ']' || (*rest)[1] == '-')
			return kdf_err(KDF_USAGE, "'%s' is no array index", *rest);
		struct kdf_error *e = kdx_type_strip(session, at->type, &array);
		if (!e && array->kind != KDX_ARRAY)
			e = kdf_err(KDF_NOT_FOUND, "'%s' is no array", at->name ? at->name : "");
		if (!e)
			e = kdx_type_target(session, array, &element);
		if (e)
			return e;
		if (array->elements && index >= array->elements)
			return kdf_err(KDF_NOT_FOUND, "index %llu: '%s' has %ju elements", index,
				       at->name ? at->name : "", (uintmax_t)array->elements);
		if (__builtin_mul_overflow(element->size, (uint64_t)8, &bits) ||
		    __builtin_mul_overflow(bits, (uint64_t)index, &bits) ||
		    __builtin_add_overflow(at->bit_offset, bits, &at->bit_offset))
			return kdf_err(KDF_NOT_FOUND, "index %llu is out of bounds", index);
		at->type = element;
		*rest = end + 1;
	}
	return NULL;
}

struct kdf_error *kdx_type_member(struct kdx_session *session, const struct kdx_type *type, const char *path,
				  struct kdx_member *out)
{
	struct kdx_member at = { .type = type };
	const char *rest = path;

	while (*rest) {
		const struct kdx_type *aggregate;
		size_t len = strcspn(rest, ".[");
		struct search s = { .session = session, .name = rest, .len = len };
		struct kdf_error *e = kdx_type_strip(session, at.type, &aggregate);

		if (!e && aggregate->kind != KDX_STRUCT && aggregate->kind != KDX_UNION)
			e = kdf_err(KDF_NOT_FOUND, "'%s' has no members (asked for '%s')",
				    at.name ? at.name : shown(type), rest);
		if (!e && !len)
			e = kdf_err(KDF_USAGE, "'%s' is no path of members", path);
		if (!e)
			e = find_member(&s, aggregate, 0);
		if (e)
			return e;
		if (!s.found)
			return kdf_err(KDF_NOT_FOUND, "%s has no member '%.*s'", shown(aggregate), (int)len, rest);
		if (__builtin_add_overflow(s.member.bit_offset, at.bit_offset, &s.member.bit_offset))
			return kdf_err(KDF_CORRUPT, "type information: member offset out of bounds");
		at = s.member;
		rest += len;
		e = take_indices(session, &rest, &at);
		if (e)
			return e;
		if (*rest == '.' && rest[1])
			rest++;
		else if (*rest)
			return kdf_err(KDF_USAGE, "'%s' is no path of members", path);
	}
	if (at.type == type)
		return kdf_err(KDF_USAGE, "an empty path of members");
	*out = at;
	return NULL;
}
