// SPDX-License-Identifier: GPL-2.0-or-later
#include "types.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "types-db.h"

enum {
	MAX_CHAIN = 64,		/* typedefs of qualifiers of arrays of ...: deeper is a cycle */
	MAX_MEMBERS = 1 << 20,	/* of one type */
};

struct node {
	struct kdx_type type; /* first: a handed-out type is its node */
	uint64_t target_id;
	const struct kdx_type *target;		/* as the source has it; NULL: not asked for yet */
	const struct kdx_type *complete_target; /* with a declaration replaced by its definition */
	const struct kdx_type *definition;	/* of an incomplete type, once looked for */
	struct kdx_member *member;
	size_t nmembers;
	struct kdx_enumerator *enumerator;
	size_t nenumerators;
	bool has_members, has_enumerators;
};

struct kdx_typedb {
	const struct kdx_type_source *source; /* NULL: no types at all */
	void *self;
	char *why_none;
	struct kdf_hash by_id;
	struct node **node;
	size_t nnodes, capnodes;
};

static struct kdf_error *no_memory(void)
{
	return kdf_err(KDF_NOMEM, "out of memory for types");
}

struct kdf_error *kdx_typedb_new(struct kdx_typedb **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? NULL : no_memory();
}

void kdx_typedb_free(struct kdx_typedb *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->nnodes; i++) {
		free(db->node[i]->member);
		free(db->node[i]->enumerator);
		free(db->node[i]);
	}
	free(db->node);
	kdf_hash_free(&db->by_id);
	if (db->source)
		db->source->close(db->self);
	free(db->why_none);
	free(db);
}

void kdx_typedb_set_reason(struct kdx_typedb *db, const char *why)
{
	free(db->why_none);
	db->why_none = strdup(why);
}

void kdx_typedb_set_source(struct kdx_typedb *db, const struct kdx_type_source *source, void *self)
{
	db->source = source;
	db->self = self;
}

bool kdx_typedb_is_empty(const struct kdx_typedb *db)
{
	return !db->source;
}

const char *kdx_typedb_source(struct kdx_session *session)
{
	return session->types->source ? session->types->source->name : "none";
}

static struct kdf_error *need_source(const struct kdx_typedb *db, const char *what)
{
	if (db->source)
		return NULL;
	return kdf_err(KDF_NO_DEBUG, "no type information for '%s': %s", what,
		       db->why_none ? db->why_none : "neither DWARF nor BTF was found");
}

struct kdf_error *kdx_raw_member_add(struct kdx_raw_members *list, const struct kdx_raw_member *member)
{
	if (list->n >= MAX_MEMBERS)
		return kdf_err(KDF_LIMIT, "a type with more than %d members", (int)MAX_MEMBERS);
	if (!kdf_grow(&list->member, &list->cap, list->n + 1, sizeof(*list->member)))
		return no_memory();
	list->member[list->n++] = *member;
	return NULL;
}

struct kdf_error *kdx_raw_enumerator_add(struct kdx_raw_enumerators *list, const char *name, int64_t value)
{
	if (list->n >= MAX_MEMBERS)
		return kdf_err(KDF_LIMIT, "an enum with more than %d enumerators", (int)MAX_MEMBERS);
	if (!kdf_grow(&list->enumerator, &list->cap, list->n + 1, sizeof(*list->enumerator)))
		return no_memory();
	list->enumerator[list->n++] = (struct kdx_enumerator){ name, value };
	return NULL;
}

/* ---- nodes ---- */

static struct node *node_of(const struct kdx_type *type)
{
	return (struct node *)(uintptr_t)type;
}

static struct kdx_typedb *db_of(const struct kdx_type *type)
{
	return (struct kdx_typedb *)(uintptr_t)type->db;
}

static bool takes_size_of_target(enum kdx_kind kind)
{
	return kind == KDX_TYPEDEF || kind == KDX_CONST || kind == KDX_VOLATILE || kind == KDX_RESTRICT ||
	       kind == KDX_ARRAY;
}

static struct kdf_error *get_node(struct kdx_typedb *db, uint64_t id, unsigned depth, struct node **out);
static struct kdf_error *completed(const struct kdx_type *type, const struct kdx_type **out);

/* Sizes of arrays, typedefs and qualifiers come from what they stand on. */
static struct kdf_error *size_by_target(struct kdx_typedb *db, struct node *node, unsigned depth)
{
	struct node *target;

	if (!takes_size_of_target(node->type.kind))
		return NULL;
	if (depth > MAX_CHAIN)
		return kdf_err(KDF_CORRUPT, "type information: a type refers to itself (type %#jx)",
			       (uintmax_t)node->type.id);
	struct kdf_error *e = get_node(db, node->target_id, depth + 1, &target);
	if (e)
		return e;
	node->target = &target->type;
	node->type.size = target->type.size;
	if (node->type.kind != KDX_ARRAY) {
		const struct kdx_type *whole;

		/* A typedef may stand where its structure is only declared. */
		e = completed(&target->type, &whole);
		if (e)
			return e;
		node->type.size = whole->size;
		node->type.incomplete = whole->incomplete;
		return NULL;
	}
	if (__builtin_mul_overflow(target->type.size, node->type.elements, &node->type.size))
		return kdf_err(KDF_CORRUPT, "type information: an array of %ju elements of %ju bytes",
			       (uintmax_t)node->type.elements, (uintmax_t)target->type.size);
	return NULL;
}

static struct kdf_error *fill_node(struct kdx_typedb *db, uint64_t id, unsigned depth, struct node *node)
{
	struct kdx_raw_type raw = { .type.kind = KDX_VOID };
	struct kdf_error *e = id ? db->source->describe(db->self, id, &raw) : NULL;

	if (e)
		return e;
	node->type = raw.type;
	node->type.db = db;
	node->type.id = id;
	node->target_id = raw.target;
	return size_by_target(db, node, depth);
}

static struct kdf_error *get_node(struct kdx_typedb *db, uint64_t id, unsigned depth, struct node **out)
{
	struct node *node = kdf_hash_get_u64(&db->by_id, id);

	if (node) {
		*out = node;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		return no_memory();
	struct kdf_error *e = fill_node(db, id, depth, node);
	if (!e && (!kdf_grow(&db->node, &db->capnodes, db->nnodes + 1, sizeof(*db->node)) ||
		   !kdf_hash_put_u64(&db->by_id, id, node)))
		e = no_memory();
	if (e) {
		free(node);
		return e;
	}
	db->node[db->nnodes++] = node;
	*out = node;
	return NULL;
}

static struct kdf_error *get_type(struct kdx_typedb *db, uint64_t id, const struct kdx_type **out)
{
	struct node *node;
	struct kdf_error *e = get_node(db, id, 0, &node);

	if (!e)
		*out = &node->type;
	return e;
}

/* ---- by name ---- */

/* gcc's and clang's spelling of the base types that C lets one write in many ways. */
static const struct base_name {
	const char *base;
	int longs, unsigned_;
	const char *spelling[2];
} base_name[] = {
	{ "char", 0, 0, { "char" } },
	{ "char", 0, 1, { "unsigned char" } },
	{ "char", 0, -1, { "signed char" } },
	{ "short", 0, 0, { "short int", "short" } },
	{ "short", 0, 1, { "short unsigned int", "unsigned short" } },
	{ "int", 0, 0, { "int" } },
	{ "int", 0, 1, { "unsigned int" } },
	{ "int", 1, 0, { "long int", "long" } },
	{ "int", 1, 1, { "long unsigned int", "unsigned long" } },
	{ "int", 2, 0, { "long long int", "long long" } },
	{ "int", 2, 1, { "long long unsigned int", "unsigned long long" } },
	{ "__int128", 0, 0, { "__int128" } },
	{ "__int128", 0, 1, { "__int128 unsigned", "unsigned __int128" } },
};

/* Reads "unsigned long int" word by word, in any order; false when a word is no base type's. */
static bool parse_base_name(const char *name, struct base_name *out)
{
	bool is_signed = false;

	*out = (struct base_name){ .base = "int" };
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, " \t");

		if (n == 4 && !strncmp(p, "long", n))
			out->longs++;
		else if (n == 8 && !strncmp(p, "unsigned", n))
			out->unsigned_ = 1;
		else if (n == 6 && !strncmp(p, "signed", n))
			is_signed = true;
		else if (n == 4 && !strncmp(p, "char", n))
			out->base = "char";
		else if (n == 5 && !strncmp(p, "short", n))
			out->base = "short";
		else if (n == 8 && !strncmp(p, "__int128", n))
			out->base = "__int128";
		else if (!(n == 3 && !strncmp(p, "int", n)))
			return false;
		p += n;
		p += strspn(p, " \t");
	}
	if (is_signed && !strcmp(out->base, "char"))
		out->unsigned_ = -1;
	return true;
}

static struct kdf_error *find_base(struct kdx_typedb *db, const char *name, uint64_t *id)
{
	struct base_name want;

	*id = KDX_NO_TYPE;
	if (!*name || !parse_base_name(name, &want))
		return NULL;
	for (size_t i = 0; i < sizeof(base_name) / sizeof(base_name[0]); i++) {
		const struct base_name *b = &base_name[i];

		if (strcmp(b->base, want.base) || b->longs != want.longs || b->unsigned_ != want.unsigned_)
			continue;
		for (int k = 0; k < 2 && b->spelling[k] && *id == KDX_NO_TYPE; k++) {
			struct kdf_error *e = db->source->find(db->self, KDX_IN(KDX_CLASS_BASE), b->spelling[k], id);

			if (e)
				return e;
		}
	}
	return NULL;
}

/* "struct x" -> the class and "x"; a bare name -> all classes. */
static unsigned split_keyword(const char **name)
{
	static const struct {
		const char *word;
		enum kdx_class class;
	} keyword[] = { { "struct", KDX_CLASS_STRUCT }, { "union", KDX_CLASS_UNION }, { "enum", KDX_CLASS_ENUM } };

	*name += strspn(*name, " \t");
	for (size_t i = 0; i < sizeof(keyword) / sizeof(keyword[0]); i++) {
		size_t n = strlen(keyword[i].word);

		if (!strncmp(*name, keyword[i].word, n) && ((*name)[n] == ' ' || (*name)[n] == '\t')) {
			*name += n + strspn(*name + n, " \t");
			return KDX_IN(keyword[i].class);
		}
	}
	return KDX_IN_ANY_TYPE;
}

static struct kdf_error *find_named(struct kdx_typedb *db, unsigned classes, const char *name, uint64_t *id)
{
	struct kdf_error *e;

	/* Two words without a keyword can only be a base type; "int" and "long" need their usual spelling. */
	if (classes == KDX_IN_ANY_TYPE) {
		e = find_base(db, name, id);
		if (e || *id != KDX_NO_TYPE)
			return e;
	}
	return db->source->find(db->self, classes, name, id);
}

struct kdf_error *kdx_type_find(struct kdx_session *session, const char *name, const struct kdx_type **out)
{
	struct kdx_typedb *db = session->types;
	const char *tag = name;
	unsigned classes = split_keyword(&tag);
	size_t len = strlen(tag);
	uint64_t id;
	struct kdf_error *e = need_source(db, name);

	if (e)
		return e;
	while (len && (tag[len - 1] == ' ' || tag[len - 1] == '\t'))
		len--;
	char *trimmed = strndup(tag, len);
	if (!trimmed)
		return no_memory();
	if (!strcmp(trimmed, "void") && classes == KDX_IN_ANY_TYPE)
		id = 0;
	else
		e = find_named(db, classes, trimmed, &id);
	free(trimmed);
	if (e)
		return kdf_err_wrap(e, "type '%s'", name);
	if (id == KDX_NO_TYPE)
		return kdf_err(KDF_NOT_FOUND, "no type '%s' in %s", name, db->source->name);
	return get_type(db, id, out);
}

/* ---- from type to type ---- */

/* The definition of a type that its own compilation unit only declares; NULL in *out when there is none. */
static struct kdf_error *find_definition(struct node *node, const struct kdx_type **out)
{
	struct kdx_typedb *db = db_of(&node->type);
	unsigned class = node->type.kind == KDX_STRUCT ? KDX_CLASS_STRUCT
		       : node->type.kind == KDX_UNION  ? KDX_CLASS_UNION
						       : KDX_CLASS_ENUM;
	uint64_t id;

	*out = NULL;
	if (node->definition || !node->type.incomplete || !node->type.name ||
	    (node->type.kind != KDX_STRUCT && node->type.kind != KDX_UNION && node->type.kind != KDX_ENUM)) {
		*out = node->definition;
		return NULL;
	}
	struct kdf_error *e = db->source->find(db->self, KDX_IN(class), node->type.name, &id);
	if (e)
		return e;
	node->definition = &node->type; /* none: looked for only once */
	if (id != KDX_NO_TYPE) {
		const struct kdx_type *found;

		e = get_type(db, id, &found);
		if (e)
			return e;
		if (!found->incomplete)
			node->definition = found;
	}
	*out = node->definition;
	return NULL;
}

static struct kdf_error *completed(const struct kdx_type *type, const struct kdx_type **out)
{
	const struct kdx_type *definition;
	struct kdf_error *e = find_definition(node_of(type), &definition);

	if (!e)
		*out = definition ? definition : type;
	return e;
}

static bool has_target(enum kdx_kind kind)
{
	return kind == KDX_POINTER || kind == KDX_FUNCTION || takes_size_of_target(kind);
}

struct kdf_error *kdx_type_raw_target(const struct kdx_type *type, const struct kdx_type **out)
{
	struct node *node = node_of(type);

	if (!has_target(type->kind))
		return kdf_err(KDF_USAGE, "type '%s' neither points to nor is made of another one",
			       type->name ? type->name : "");
	if (!node->target) {
		struct kdf_error *e = get_type(db_of(type), node->target_id, &node->target);

		if (e)
			return e;
	}
	*out = node->target;
	return NULL;
}

struct kdf_error *kdx_type_target(struct kdx_session *session, const struct kdx_type *type,
				  const struct kdx_type **out)
{
	struct node *node = node_of(type);

	(void)session;
	if (!node->complete_target) {
		const struct kdx_type *target;
		struct kdf_error *e = kdx_type_raw_target(type, &target);

		if (!e)
			e = completed(target, &node->complete_target);
		if (e)
			return e;
	}
	*out = node->complete_target;
	return NULL;
}

struct kdf_error *kdx_type_strip(struct kdx_session *session, const struct kdx_type *type,
				 const struct kdx_type **out)
{
	for (int i = 0; i <= MAX_CHAIN; i++) {
		if (type->kind != KDX_TYPEDEF && type->kind != KDX_CONST && type->kind != KDX_VOLATILE &&
		    type->kind != KDX_RESTRICT) {
			*out = type;
			return NULL;
		}
		struct kdf_error *e = kdx_type_target(session, type, &type);
		if (e)
			return e;
	}
	return kdf_err(KDF_CORRUPT, "type information: a typedef refers to itself");
}

/* ---- contents ---- */

static struct kdf_error *load_members(struct node *node)
{
	struct kdx_typedb *db = db_of(&node->type);
	struct kdx_raw_members raw = { 0 };
	struct kdx_member *member = NULL;
	struct kdf_error *e = db->source->members(db->self, node->type.id, &raw);

	if (!e && raw.n && !(member = calloc(raw.n, sizeof(*member))))
		e = no_memory();
	for (size_t i = 0; i < raw.n && !e; i++) {
		member[i] = (struct kdx_member){ raw.member[i].name, NULL, raw.member[i].bit_offset,
						 raw.member[i].bit_size };
		e = get_type(db, raw.member[i].type, &member[i].type);
	}
	if (e) {
		free(member);
		e = kdf_err_wrap(e, "members of '%s'", node->type.name ? node->type.name : "an anonymous type");
	} else {
		node->member = member;
		node->nmembers = raw.n;
		node->has_members = true;
	}
	free(raw.member);
	return e;
}

struct kdf_error *kdx_type_members(struct kdx_session *session, const struct kdx_type *type,
				   const struct kdx_member **out, size_t *n)
{
	(void)session;
	if (type->kind != KDX_STRUCT && type->kind != KDX_UNION && type->kind != KDX_FUNCTION)
		return kdf_err(KDF_USAGE, "type '%s' has no members", type->name ? type->name : "");
	struct kdf_error *e = completed(type, &type);
	if (e)
		return e;
	struct node *node = node_of(type);
	if (type->incomplete)
		return kdf_err(KDF_NO_DEBUG, "%s %s is only declared, its members are not known",
			       type->kind == KDX_UNION ? "union" : "struct", type->name ? type->name : "");
	if (!node->has_members && (e = load_members(node)))
		return e;
	*out = node->member;
	*n = node->nmembers;
	return NULL;
}

struct kdf_error *kdx_type_enumerators(struct kdx_session *session, const struct kdx_type *type,
				       const struct kdx_enumerator **out, size_t *n)
{
	(void)session;
	if (type->kind != KDX_ENUM)
		return kdf_err(KDF_USAGE, "type '%s' has no enumerators", type->name ? type->name : "");
	struct kdf_error *e = completed(type, &type);
	if (e)
		return e;
	struct node *node = node_of(type);
	struct kdx_typedb *db = db_of(type);
	if (!node->has_enumerators) {
		struct kdx_raw_enumerators raw = { 0 };

		e = db->source->enumerators(db->self, type->id, &raw);
		if (e) {
			free(raw.enumerator);
			return e;
		}
		node->enumerator = raw.enumerator;
		node->nenumerators = raw.n;
		node->has_enumerators = true;
	}
	*out = node->enumerator;
	*n = node->nenumerators;
	return NULL;
}

struct kdf_error *kdx_enumerator(struct kdx_session *session, const char *name, int64_t *value)
{
	struct kdx_typedb *db = session->types;
	const struct kdx_enumerator *list;
	const struct kdx_type *type;
	size_t n;
	uint64_t id;
	struct kdf_error *e = need_source(db, name);

	if (!e)
		e = db->source->find_enumerator(db->self, name, &id);
	if (!e && id == KDX_NO_TYPE)
		e = kdf_err(KDF_NOT_FOUND, "no enumerator '%s' in %s", name, db->source->name);
	if (!e)
		e = get_type(db, id, &type);
	if (!e)
		e = kdx_type_enumerators(session, type, &list, &n);
	if (e)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i].name, name)) {
			*value = list[i].value;
			return NULL;
		}
	}
	return kdf_err(KDF_CORRUPT, "type information: the enum that holds '%s' lost it", name);
}

struct kdf_error *kdx_variable_type(struct kdx_session *session, const char *name, const struct kdx_type **out)
{
	struct kdx_typedb *db = session->types;
	uint64_t id;
	struct kdf_error *e = need_source(db, name);

	if (!e)
		e = db->source->find(db->self, KDX_IN(KDX_CLASS_VARIABLE) | KDX_IN(KDX_CLASS_FUNCTION), name, &id);
	if (e)
		return e;
	if (id == KDX_NO_TYPE)
		return kdf_err(KDF_NO_DEBUG, "the type of '%s' is not in %s%s", name, db->source->name,
			       db->source->variables_hint);
	return get_type(db, id, out);
}
