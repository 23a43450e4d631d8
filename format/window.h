/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mapped windows that move over a file which is too large, or too costly, to be mapped whole: /proc/vmcore, where
 * every mapped page costs page-table memory of the small crash kernel, and every read() call the set-up of a
 * mapping inside the kernel. Reading is fine from any thread. A window opens only where reads gather, and whatever
 * cannot be mapped is left to the caller's pread.
 */
#ifndef KDF_WINDOW_H
#define KDF_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KDF_WINDOW_SIZE = 4 << 20 };

struct kdf_windows;

struct kdf_windows *kdf_windows_new(int fd, uint64_t file_size); /* fd is lent; NULL: no memory */
void kdf_windows_free(struct kdf_windows *);			 /* NULL is fine */
/* false: nothing was read, or not all; use pread. */
bool kdf_windows_read(struct kdf_windows *, uint64_t offset, void *buf, size_t n);

#endif
