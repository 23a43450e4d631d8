// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUs and their copies of per-CPU data. */
#include <stdlib.h>

#include "base/bytes.h"
#include "layout.h"
#include "memory.h"
#include "symbols-table.h"

/* CONFIG_NR_CPUS reaches 8192 on x86_64; machines beyond this are damage. */
enum { MAX_CPUS = 1 << 16 };

/* Length of the masks in bits: nr_cpu_ids, set at boot to one beyond the highest possible CPU. */
static unsigned mask_bits(struct kdx_session *session)
{
	const struct kdx_field *f = kdx_field(session, KDX_nr_cpu_ids);
	uint32_t n = 0;
	struct kdf_error *e = f ? kdx_read_u32(session, f->value, &n, "nr_cpu_ids") : NULL;

	kdf_error_free(e);
	return n && n <= MAX_CPUS ? n : 1;
}

static struct kdf_error *read_mask(struct kdx_session *session, enum kdx_row row, unsigned bits, uint64_t **out)
{
	const struct kdx_field *f = kdx_field(session, row);
	unsigned word = session->pointer_size, words = (bits + word * 8 - 1) / (word * 8);
	uint64_t *mask;

	*out = NULL;
	/* Kernels for one CPU have no masks in memory. */
	if (!f)
		return NULL;
	mask = calloc(bits / 64 + 1, sizeof(*mask));
	if (!mask)
		return kdf_err(KDF_NOMEM, "out of memory for CPU masks");
	for (unsigned i = 0; i < words; i++) {
		uint64_t v;
		struct kdf_error *e = kdx_read_uint(session, f->value + (uint64_t)i * word, word, &v, "CPU mask");

		if (e) {
			free(mask);
			return e;
		}
		mask[i * word / 8] |= v << i * word % 8 * 8;
	}
	*out = mask;
	return NULL;
}

static bool bit(const uint64_t *mask, unsigned i)
{
	return mask[i / 64] >> i % 64 & 1;
}

static struct kdf_error *read_cpus(struct kdx_session *session, const struct kdx_cpus **out)
{
	struct kdx_cpus *c = &session->symtab->cpus;

	*out = c;
	if (c->known)
		return NULL;
	unsigned bits = mask_bits(session);
	uint64_t *possible, *online;
	struct kdf_error *e = read_mask(session, KDX_cpu_possible_mask, bits, &possible);
	if (e)
		return e;
	e = read_mask(session, KDX_cpu_online_mask, bits, &online);
	if (e) {
		free(possible);
		return e;
	}
	c->possible = possible;
	c->online = online;
	c->limit = 1;
	for (unsigned i = 0; c->possible && i < bits; i++)
		if (bit(c->possible, i))
			c->limit = i + 1;
	c->known = true;
	return NULL;
}

struct kdf_error *kdx_cpu_possible(struct kdx_session *session, unsigned cpu, bool *yes)
{
	const struct kdx_cpus *c;
	struct kdf_error *e = read_cpus(session, &c);

	if (!e)
		*yes = cpu < c->limit && (c->possible ? bit(c->possible, cpu) : cpu == 0);
	return e;
}

struct kdf_error *kdx_cpu_online(struct kdx_session *session, unsigned cpu, bool *yes)
{
	const struct kdx_cpus *c;
	struct kdf_error *e = read_cpus(session, &c);

	if (!e)
		*yes = cpu < c->limit && (c->online ? bit(c->online, cpu) : cpu == 0);
	return e;
}

unsigned kdx_cpu_limit(struct kdx_session *session)
{
	const struct kdx_cpus *c;
	struct kdf_error *e = read_cpus(session, &c);

	kdf_error_free(e);
	return e ? 1 : c->limit;
}

struct kdf_error *kdx_percpu_address(struct kdx_session *session, uint64_t symbol_address, unsigned cpu, uint64_t *out)
{
	const struct kdx_field *f = kdx_field(session, KDX_per_cpu_offset);
	uint64_t offset = 0;
	bool possible;
	struct kdf_error *e = kdx_cpu_possible(session, cpu, &possible);

	if (!e && !possible)
		e = kdf_err(KDF_NOT_FOUND, "no CPU %u", cpu);
	/* Kernels for one CPU have no offsets: the symbol is the only copy. */
	if (!e && f)
		e = kdx_read_ptr(session, f->value + (uint64_t)cpu * session->pointer_size, &offset,
				 "__per_cpu_offset");
	if (!e)
		*out = symbol_address + offset;
	return e;
}
