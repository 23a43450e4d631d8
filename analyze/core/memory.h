/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the dumped kernel's memory by kernel virtual address (kva). Errors are libkdf's: excluded page, hole,
 * not mapped, incomplete, corrupt; the text names the address and what was being read (`what`, lent, may be
 * NULL: "task_struct"). Numbers come in the host's byte order. Any thread.
 */
#ifndef KDX_CORE_MEMORY_H
#define KDX_CORE_MEMORY_H

#include "session.h"

struct kdf_error *kdx_read(struct kdx_session *, uint64_t kva, void *buf, size_t len, const char *what)
	KDF_MUST_CHECK;
/* An unsigned integer of size 1, 2, 4 or 8 bytes. */
struct kdf_error *kdx_read_uint(struct kdx_session *, uint64_t kva, unsigned size, uint64_t *out, const char *what)
	KDF_MUST_CHECK;
struct kdf_error *kdx_read_u32(struct kdx_session *, uint64_t kva, uint32_t *out, const char *what) KDF_MUST_CHECK;
struct kdf_error *kdx_read_u64(struct kdx_session *, uint64_t kva, uint64_t *out, const char *what) KDF_MUST_CHECK;
/* A pointer of the dumped machine. */
struct kdf_error *kdx_read_ptr(struct kdx_session *, uint64_t kva, uint64_t *out, const char *what) KDF_MUST_CHECK;
/* A string: up to cap-1 bytes, ends at NUL; buf is always terminated. A string cut by an unreadable page is
 * returned as far as it goes, when at least one byte could be read. */
struct kdf_error *kdx_read_string(struct kdx_session *, uint64_t kva, char *buf, size_t cap, const char *what)
	KDF_MUST_CHECK;
bool kdx_readable(struct kdx_session *, uint64_t kva, size_t len);

#endif
