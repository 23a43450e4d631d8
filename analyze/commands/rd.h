/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rd's table of numbers, for commands that show raw memory. */
#ifndef KDX_COMMANDS_RD_H
#define KDX_COMMANDS_RD_H

#include "analyze/expr/expr.h"

/* `bytes` of memory (rounded up to whole pointers) as lines of numbers and characters. */
struct kdf_error *kdx_rd_lines(struct kdx_call *, const struct kdx_space *, uint64_t address,
			       uint64_t bytes) KDF_MUST_CHECK;

#endif
