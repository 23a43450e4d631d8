/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session with nothing in it: no dump, no symbols, no types. */
#ifndef KDX_TEST_SESSION_H
#define KDX_TEST_SESSION_H

#include <stdlib.h>

#include "analyze/core/layout-table.h"
#include "analyze/core/symbols-table.h"
#include "analyze/core/types-db.h"

static inline void test_session_open(struct kdx_session *s)
{
	*s = (struct kdx_session){ .pointer_size = 8 };
	CHECK_OK(kdx_symtab_new(&s->symtab));
	CHECK_OK(kdx_typedb_new(&s->types));
	CHECK_OK(kdx_layout_new(&s->layout));
	CHECK_OK(kdx_symtab_finish(s->symtab));
}

static inline void test_session_close(struct kdx_session *s)
{
	for (size_t i = s->nkept; i-- > 0;)
		s->kept[i].key->destroy(s->kept[i].value);
	free(s->kept);
	kdx_layout_free(s->layout);
	kdx_typedb_free(s->types);
	kdx_symtab_free(s->symtab);
}

#endif
