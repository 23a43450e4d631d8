/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout table's life, for the session, and its rows as text, for those who look into a kernel's layout. */
#ifndef KDX_CORE_LAYOUT_TABLE_H
#define KDX_CORE_LAYOUT_TABLE_H

#include "base/buf.h"
#include "layout.h"

struct kdf_error *kdx_layout_new(struct kdx_layout_table **out) KDF_MUST_CHECK;
void kdx_layout_free(struct kdx_layout_table *);
/* Rows are looked up anew: after symbols or types were added. */
void kdx_layout_forget(struct kdx_layout_table *);

/* "module_list (module.list): at 8, 16 bytes", "...: absent"; appended. */
void kdx_layout_describe(struct kdx_session *, enum kdx_row, struct kdf_buf *);

#endif
