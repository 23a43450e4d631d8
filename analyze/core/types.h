/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * C types of the dumped kernel: one model, filled lazily from DWARF (libdw, a vmlinux with debug info) or from
 * BTF (libbpf: the file's .BTF, or __start_BTF..__stop_BTF in the dump's own memory). A type lives as long as
 * its session and never changes once handed out.
 */
#ifndef KDX_CORE_TYPES_H
#define KDX_CORE_TYPES_H

#include "session.h"

enum kdx_kind {
	KDX_VOID,
	KDX_INT, /* char and bool too: see is_char, is_bool */
	KDX_FLOAT,
	KDX_ENUM,
	KDX_POINTER,
	KDX_ARRAY,
	KDX_STRUCT,
	KDX_UNION,
	KDX_TYPEDEF,
	KDX_CONST,
	KDX_VOLATILE,
	KDX_RESTRICT,
	KDX_FUNCTION,
};

struct kdx_type {
	enum kdx_kind kind;
	const char *name;  /* without "struct"; NULL: anonymous, or a kind that has no name */
	uint64_t size;	   /* bytes; 0: void, function, incomplete, flexible array */
	bool is_signed, is_char, is_bool;
	bool incomplete;   /* only declared */
	uint64_t elements; /* KDX_ARRAY: number of elements; 0: flexible */
	/* private to the type database */
	const void *db;
	uint64_t id;
};

struct kdx_member {
	const char *name;	     /* NULL or "": anonymous struct or union */
	const struct kdx_type *type;
	uint64_t bit_offset;	     /* from the start of the aggregate */
	uint32_t bit_size;	     /* 0: no bit field */
};

struct kdx_enumerator {
	const char *name;
	int64_t value; /* unsigned 64-bit values as the same bits */
};

/*
 * By name: "struct task_struct", "union thread_union", "enum pageflags", "pid_t", "unsigned long", or a bare
 * tag ("task_struct": struct, then union, then typedef, then enum, then base type). Complete definitions win over
 * declarations.
 * KDF_NOT_FOUND when there is none, KDF_NO_DEBUG when the session has no types at all (says where was looked).
 */
struct kdf_error *kdx_type_find(struct kdx_session *, const char *name, const struct kdx_type **out) KDF_MUST_CHECK;

/* What a pointer points to, an array holds, a typedef or qualifier stands for, a function returns. void is a
 * type of kind KDX_VOID, never NULL. */
struct kdf_error *kdx_type_target(struct kdx_session *, const struct kdx_type *, const struct kdx_type **out)
	KDF_MUST_CHECK;
/* Typedefs and qualifiers stripped. */
struct kdf_error *kdx_type_strip(struct kdx_session *, const struct kdx_type *, const struct kdx_type **out)
	KDF_MUST_CHECK;
/* Members of a struct or union, parameters of a function (name may be NULL); lent. */
struct kdf_error *kdx_type_members(struct kdx_session *, const struct kdx_type *, const struct kdx_member **out,
				   size_t *n) KDF_MUST_CHECK;
struct kdf_error *kdx_type_enumerators(struct kdx_session *, const struct kdx_type *,
				       const struct kdx_enumerator **out, size_t *n) KDF_MUST_CHECK;

/*
 * A member by path, "thread.sp", "rss_stat[1].count", through anonymous members; bit_offset in the result counts
 * from the outermost type. KDF_NOT_FOUND names the part that is missing.
 */
struct kdf_error *kdx_type_member(struct kdx_session *, const struct kdx_type *, const char *path,
				  struct kdx_member *out) KDF_MUST_CHECK;

/* An enumerator of any enum by its name ("PG_slab"). */
struct kdf_error *kdx_enumerator(struct kdx_session *, const char *name, int64_t *value) KDF_MUST_CHECK;

/* Type of a global variable (DWARF: all; BTF: per-CPU variables and those of btf-variables.def); KDF_NO_DEBUG where
 * unknown. Functions give a KDX_FUNCTION type. */
struct kdf_error *kdx_variable_type(struct kdx_session *, const char *name, const struct kdx_type **out)
	KDF_MUST_CHECK;

/* Declaration text as C would write it: kdx_type_declare(t, "x") -> "struct list_head *x[4]"; malloc'ed. */
struct kdf_error *kdx_type_declare(struct kdx_session *, const struct kdx_type *, const char *name, char **out)
	KDF_MUST_CHECK;

/* "DWARF of vmlinux", "BTF of vmlinux", "BTF in the dump", "none". */
const char *kdx_typedb_source(struct kdx_session *);

#endif
