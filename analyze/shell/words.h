/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A typed line taken apart: `;`, pipes and redirection, words. Quotes ("..." and '...') keep blanks and special
 * characters; so do parentheses, so that `p (a > b)` and `rd (init_task + 8)` need no quotes. Any thread.
 */
#ifndef KDX_SHELL_WORDS_H
#define KDX_SHELL_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct kdx_words {
	char **word; /* NULL behind the last */
	size_t count, cap;
};

/* Words of a command, quotes taken off. KDF_USAGE: a quote is not closed. */
struct kdf_error *kdx_words_split(const char *text, struct kdx_words *out) KDF_MUST_CHECK;
void kdx_words_free(struct kdx_words *);

enum kdx_redirect {
	KDX_TO_OUTPUT,
	KDX_TO_PIPE,     /* `cmd | shell line` or `cmd ! shell line` */
	KDX_TO_FILE,     /* `cmd > file` */
	KDX_TO_FILE_END, /* `cmd >> file` */
	KDX_FROM_FILE,   /* `cmd < file`: once for every line of the file */
};

/*
 * Where the command ends and what follows: *length is the command's part of the line, *rest (lent from the line)
 * what stands behind the sign. C's own `->`, `||`, `>=`, `<=` and `<<` are no redirection.
 */
enum kdx_redirect kdx_redirect_find(const char *line, size_t *length, const char **rest);

/* Length of the first command of a `;` list, without the `;`. */
size_t kdx_command_length(const char *text);

#endif
