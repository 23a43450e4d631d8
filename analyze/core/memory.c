// SPDX-License-Identifier: GPL-2.0-or-later
#include "memory.h"

#include <string.h>

#include "base/bytes.h"

static struct kdf_error *no_dump(uint64_t kva, const char *what)
{
	return kdf_err(KDF_NOT_FOUND, "cannot read %s at %#jx: no dump is open, only a vmlinux", what ? what : "memory",
		       (uintmax_t)kva);
}

struct kdf_error *kdx_read(struct kdx_session *session, uint64_t kva, void *buf, size_t len, const char *what)
{
	if (!session->dump)
		return no_dump(kva, what);
	struct kdf_error *e = kdf_read_virt(session->dump, kva, buf, len);
	return e ? kdf_err_wrap(e, "cannot read %s at %#jx", what ? what : "memory", (uintmax_t)kva) : NULL;
}

struct kdf_error *kdx_read_uint(struct kdx_session *session, uint64_t kva, unsigned size, uint64_t *out,
				const char *what)
{
	uint8_t raw[8];

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return kdf_err(KDF_USAGE, "cannot read %s: no integer has %u bytes", what ? what : "memory", size);
	struct kdf_error *e = kdx_read(session, kva, raw, size, what);
	if (!e)
		*out = kdf_load_uint(raw, size, session->big_endian);
	return e;
}

struct kdf_error *kdx_read_u32(struct kdx_session *session, uint64_t kva, uint32_t *out, const char *what)
{
	uint64_t v;
	struct kdf_error *e = kdx_read_uint(session, kva, 4, &v, what);

	if (!e)
		*out = (uint32_t)v;
	return e;
}

struct kdf_error *kdx_read_u64(struct kdx_session *session, uint64_t kva, uint64_t *out, const char *what)
{
	return kdx_read_uint(session, kva, 8, out, what);
}

struct kdf_error *kdx_read_ptr(struct kdx_session *session, uint64_t kva, uint64_t *out, const char *what)
{
	return kdx_read_uint(session, kva, session->pointer_size, out, what);
}

struct kdf_error *kdx_read_string(struct kdx_session *session, uint64_t kva, char *buf, size_t cap, const char *what)
{
	/* Pieces that never cross this boundary cross no page either, on any machine. */
	enum { PIECE = 256 };
	size_t have = 0;

	if (!cap)
		return kdf_err(KDF_USAGE, "cannot read %s: no room for a string", what ? what : "memory");
	buf[0] = '\0';
	while (have + 1 < cap) {
		size_t n = PIECE - ((kva + have) & (PIECE - 1));

		if (n > cap - 1 - have)
			n = cap - 1 - have;
		struct kdf_error *e = kdx_read(session, kva + have, buf + have, n, what);
		if (e) {
			buf[have] = '\0';
			if (!have)
				return e;
			kdf_error_free(e);
			return NULL;
		}
		if (memchr(buf + have, '\0', n))
			return NULL;
		have += n;
	}
	buf[have] = '\0';
	return NULL;
}

bool kdx_readable(struct kdx_session *session, uint64_t kva, size_t len)
{
	uint8_t raw[256];

	while (len) {
		size_t n = len < sizeof(raw) ? len : sizeof(raw);
		struct kdf_error *e = kdx_read(session, kva, raw, n, NULL);

		if (e) {
			kdf_error_free(e);
			return false;
		}
		kva += n;
		len -= n;
	}
	return true;
}
