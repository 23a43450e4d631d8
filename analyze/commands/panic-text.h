/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line of the kernel's log that says why it stopped. */
#ifndef KDX_COMMANDS_PANIC_TEXT_H
#define KDX_COMMANDS_PANIC_TEXT_H

#include "analyze/core/session.h"

enum { KDX_PANIC_TEXT = 256 };

/* First line of the message, "" when the log has none (a live dump, or the log is damaged). cause: of an oops, the
 * line that says what was wrong ("BUG: kernel NULL pointer dereference, address: ..."); "" without one. */
struct kdf_error *kdx_panic_text(struct kdx_session *, char out[KDX_PANIC_TEXT],
				 char cause[KDX_PANIC_TEXT]) KDF_MUST_CHECK;

#endif
