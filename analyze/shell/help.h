/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help texts made from the command table. */
#ifndef KDX_SHELL_HELP_H
#define KDX_SHELL_HELP_H

#include "command.h"

/* The page of one command: name, synopsis, description, options, examples. JSON: the entry as a record. */
void kdx_help_page(struct kdx_out *, const struct kdx_command *);
/* One line: "rd [-a] [-d] ... [address | symbol] [count]". */
void kdx_help_synopsis(const struct kdx_command *, FILE *);
/* All names in columns. */
void kdx_help_list(struct kdx_out *);

#endif
