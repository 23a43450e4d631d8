/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of unknown origin made safe: quoted for JSON (RFC 8259), or visible for a terminal. Both check UTF-8
 * strictly (no surrogates, no overlong forms). Any thread.
 */
#ifndef KDX_OUTPUT_JSON_H
#define KDX_OUTPUT_JSON_H

#include "base/buf.h"

/* "text" with the quotation marks; control characters escaped, what is no UTF-8 becomes U+FFFD. */
void kdx_json_quote(struct kdf_buf *, const char *bytes, size_t len);
/* Text as it is, except that control characters other than '\n' and '\t' (C1 ones too) and what is no UTF-8
 * become \xNN, so that a dump cannot send escape sequences to the reader's terminal. */
void kdx_visible_text(struct kdf_buf *, const char *bytes, size_t len);

#endif
