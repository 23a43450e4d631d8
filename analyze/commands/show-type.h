/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions of types as text and as records: struct, whatis. One thread. */
#ifndef KDX_COMMANDS_SHOW_TYPE_H
#define KDX_COMMANDS_SHOW_TYPE_H

#include "analyze/expr/derive.h"
#include "analyze/output/output.h"

struct kdx_type_view {
	struct kdx_out *out;
	struct kdx_session *session;
	bool offsets;    /* [offset] in front of each member */
	bool at_address; /* [address] instead */
	uint64_t address;
	unsigned radix; /* of offsets and sizes */
};

/* "struct list_head {" ... "}" and "SIZE: 16"; enums, typedefs and plain types in their own forms. */
struct kdf_error *kdx_show_type(const struct kdx_type_view *, const struct kdx_type *) KDF_MUST_CHECK;
/* "struct T {\n  [offset] type member;\n}" for a comma-separated list of member paths. */
struct kdf_error *kdx_show_type_members(const struct kdx_type_view *, const struct kdx_type *,
					const char *members) KDF_MUST_CHECK;
/* struct or union NAME, or a typedef of one, stripped; want: KDX_STRUCT, KDX_UNION, or KDX_VOID for both. */
struct kdf_error *kdx_aggregate_find(struct kdx_session *, const char *name, enum kdx_kind want,
				     const struct kdx_type **out) KDF_MUST_CHECK;

#endif
