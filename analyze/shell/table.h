/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of the command table: aliases of several words, near names, entries in order. */
#ifndef KDX_SHELL_TABLE_H
#define KDX_SHELL_TABLE_H

#include "base/buf.h"
#include "command.h"

/* An alias that stands for more than a command's name ("hex" -> "set radix 16"); NULL: none. */
struct kdx_alias {
	const char *name, *text;
};
extern const struct kdx_alias kdx_aliases[]; /* ends with name NULL */
const char *kdx_alias_text(const char *name);

/* Names like `word`, ", "-separated, appended to b; nothing when none is near. */
void kdx_near_names(const char *word, struct kdf_buf *b);
/* Whether `name` is one of the blank-separated words of `list` (may be NULL). */
bool kdx_in_list(const char *list, const char *name);

#endif
