/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who crashed: struct new_utsname of the dumped kernel. */
#ifndef KDF_UTS_H
#define KDF_UTS_H

struct kdf;

/* Completes what the dump's header left empty in d->info, from VMCOREINFO and from init_uts_ns in memory. */
void kdf_uts_fill(struct kdf *d);

#endif
