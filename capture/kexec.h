/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's crash-kernel slot: is memory reserved, is it taken, load, unload (through kexec-tools). */
#ifndef KDX_CAPTURE_KEXEC_H
#define KDX_CAPTURE_KEXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct kexec_state {
	uint64_t reserved; /* bytes set aside by crashkernel= */
	bool loaded;
	bool disabled; /* kernel.kexec_load_disabled: nothing can be loaded any more until the next start */
};

void kexec_state(struct kexec_state *);

/*
 * Loads kernel and initramfs. args: words for kexec; "" tries kexec_file_load (-s), which a locked-down kernel asks
 * for, then kexec_load (-c). *how, static text, says which one did it.
 */
struct kdf_error *kexec_load_crash(const char *kernel, const char *initramfs, const char *cmdline, const char *args,
				   const char **how) KDF_MUST_CHECK;
struct kdf_error *kexec_unload_crash(void) KDF_MUST_CHECK;

#endif
