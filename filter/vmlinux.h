/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a dump one of this kernel? By the build-id, where both tell it, else by the release. */
#ifndef FILTER_VMLINUX_H
#define FILTER_VMLINUX_H

#include "kdf.h"

/* KDF_MISMATCH: no. KDF_NOT_FOUND, KDF_UNSUPPORTED: cannot be told. */
struct kdf_error *vmlinux_check(const struct kdf *, const char *path) KDF_MUST_CHECK;

#endif
