/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is this vmlinux the kernel that made the dump? */
#ifndef KDX_CORE_SESSION_MATCH_H
#define KDX_CORE_SESSION_MATCH_H

#include "session.h"

/*
 * Compares build-ids, or where the dump's is missing or known to be garbage, the kernel's banner. Needs the
 * session's dump, vmlinux and symbols. KDF_MISMATCH names both sides; force turns it into a warning. What cannot
 * be compared at all is a warning too.
 */
struct kdf_error *kdx_check_match(struct kdx_session *, bool force) KDF_MUST_CHECK;

/* True for kernels whose VMCOREINFO carries a BUILD-ID line with wrong bytes. Debian's release ("6.1.0-27-amd64")
 * hides the patch level, its version ("... Debian 6.1.115-1 ...") tells it. */
bool kdx_build_id_is_garbage(const char *release, const char *version);

#endif
