/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The type database from the side of its sources, DWARF and BTF. A source names a type by an id of its own (offset
 * of a debugging entry, number of a BTF type); 0 is void in both. The database makes one node of an id when it is
 * first asked for, and nodes stay.
 */
#ifndef KDX_CORE_TYPES_DB_H
#define KDX_CORE_TYPES_DB_H

#include "types.h"

struct kdx_elf;

/* Name spaces; the order is that of a bare name's lookup. */
enum kdx_class {
	KDX_CLASS_STRUCT,
	KDX_CLASS_UNION,
	KDX_CLASS_TYPEDEF,
	KDX_CLASS_ENUM,
	KDX_CLASS_BASE,
	KDX_CLASS_VARIABLE,
	KDX_CLASS_FUNCTION,
	KDX_CLASS_MAX,
};
#define KDX_IN(class) (1u << (class))
#define KDX_IN_ANY_TYPE (KDX_IN(KDX_CLASS_BASE + 1) - 1)

struct kdx_raw_type {
	struct kdx_type type; /* size, of arrays, typedefs and qualifiers: filled in by the database */
	uint64_t target;
};

struct kdx_raw_member {
	const char *name;
	uint64_t type, bit_offset;
	uint32_t bit_size;
};

struct kdx_raw_members {
	struct kdx_raw_member *member;
	size_t n, cap;
};

struct kdx_raw_enumerators {
	struct kdx_enumerator *enumerator;
	size_t n, cap;
};

struct kdx_type_source {
	const char *name;	    /* "DWARF of vmlinux" */
	const char *variables_hint; /* what it knows of variables, for messages: " (...)"; "" when all */
	void (*close)(void *self);
	/* The first class of the mask, in their order, that has a complete type of that name; else a declaration.
	 * For variables and functions the id of their type. *id UINT64_MAX: none. */
	struct kdf_error *(*find)(void *self, unsigned classes, const char *name, uint64_t *id);
	struct kdf_error *(*describe)(void *self, uint64_t id, struct kdx_raw_type *out);
	/* Lists are zeroed by the caller, who frees them on error too. */
	struct kdf_error *(*members)(void *self, uint64_t id, struct kdx_raw_members *out);
	struct kdf_error *(*enumerators)(void *self, uint64_t id, struct kdx_raw_enumerators *out);
	/* The id of an enum that has an enumerator of that name; UINT64_MAX: none. */
	struct kdf_error *(*find_enumerator)(void *self, const char *name, uint64_t *id);
};

#define KDX_NO_TYPE UINT64_MAX

/* Appends to the lists above; members and enumerators of one type are limited against damage. */
struct kdf_error *kdx_raw_member_add(struct kdx_raw_members *, const struct kdx_raw_member *) KDF_MUST_CHECK;
struct kdf_error *kdx_raw_enumerator_add(struct kdx_raw_enumerators *, const char *name, int64_t value) KDF_MUST_CHECK;

/* An empty database; why (copied) goes into KDF_NO_DEBUG errors. */
struct kdf_error *kdx_typedb_new(struct kdx_typedb **out) KDF_MUST_CHECK;
void kdx_typedb_free(struct kdx_typedb *); /* NULL is fine */
/* Says why there are no types; goes into KDF_NO_DEBUG errors. */
void kdx_typedb_set_reason(struct kdx_typedb *, const char *why);
/* self is the database's from now on. */
void kdx_typedb_set_source(struct kdx_typedb *, const struct kdx_type_source *, void *self);
bool kdx_typedb_is_empty(const struct kdx_typedb *);

/* What a pointer points to as the source has it, declarations not replaced by definitions: enough for names. */
struct kdf_error *kdx_type_raw_target(const struct kdx_type *, const struct kdx_type **out) KDF_MUST_CHECK;

/* ---- sources ---- */
/* DWARF of a file; KDF_NOT_FOUND when it has none. The file must outlive the database. */
struct kdf_error *kdx_typedb_use_dwarf(struct kdx_typedb *, struct kdx_elf *) KDF_MUST_CHECK;
/* .BTF of a file; KDF_NOT_FOUND when it has none. The file must outlive the database. */
struct kdf_error *kdx_typedb_use_elf_btf(struct kdx_typedb *, struct kdx_elf *) KDF_MUST_CHECK;
/* BTF between __start_BTF and __stop_BTF in the dump's memory. */
struct kdf_error *kdx_typedb_use_dump_btf(struct kdx_typedb *, struct kdx_session *) KDF_MUST_CHECK;
/* A BTF blob. The database frees `memory` (what data points to, or NULL) when it goes, and at once on failure. */
struct kdf_error *kdx_typedb_use_btf(struct kdx_typedb *, const void *data, size_t size, void *memory,
				     unsigned pointer_size, bool from_dump) KDF_MUST_CHECK;

#endif
