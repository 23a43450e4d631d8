/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaded modules, in the order of the kernel's list (newest first). */
#ifndef KDX_KERNEL_MODULE_H
#define KDX_KERNEL_MODULE_H

#include "analyze/core/session.h"

enum { KDX_MODULE_NAME_LEN = 64 };

struct kdx_module {
	uint64_t module; /* kva of struct module */
	char name[KDX_MODULE_NAME_LEN];
	uint64_t base;   /* of its text */
	uint64_t size;   /* bytes of all that stays loaded, as /proc/modules counts */
	uint64_t taints; /* bits of tainted_mask */
	char taint_letters[65];
};

struct kdx_module_list {
	struct kdx_module *module;
	size_t count;
	struct kdf_error *problem; /* what kept the list from being whole; NULL: nothing */
};

/* Reads the list; free with kdx_modules_free. */
struct kdf_error *kdx_modules(struct kdx_session *, struct kdx_module_list *out) KDF_MUST_CHECK;
void kdx_modules_free(struct kdx_module_list *);
/* Letters of taint bits ("OE"), in the order of the kernel's taint_flags. out holds 65 bytes. */
void kdx_taint_letters(uint64_t taints, char *out);

#endif
