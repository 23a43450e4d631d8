/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO: the lines KEY=value with which the kernel describes itself to dump tools. Parsed once; afterwards
 * read-only and fine for any thread.
 */
#ifndef KDF_VMCOREINFO_H
#define KDF_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"

struct kdf_vmcoreinfo {
	char *text;  /* as found, NUL-terminated; NULL: none */
	size_t len;
	char *lines; /* the same, cut into keys and values */
	struct kdf_hash value;
};

/* A copy of size bytes of text is parsed; zero bytes at the end do not count. Replaces what was there. */
struct kdf_error *kdf_vmcoreinfo_parse(struct kdf_vmcoreinfo *, const void *text, size_t size) KDF_MUST_CHECK;
/* The same from a file. */
struct kdf_error *kdf_vmcoreinfo_load(struct kdf_vmcoreinfo *, const char *path) KDF_MUST_CHECK;
void kdf_vmcoreinfo_free(struct kdf_vmcoreinfo *);
const char *kdf_vmcoreinfo_get(const struct kdf_vmcoreinfo *, const char *key);

#endif
