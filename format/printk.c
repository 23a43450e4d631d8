// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel log of 5.10 and newer: struct printk_ringbuffer (kernel/printk/printk_ringbuffer.h). A ring of
 * descriptors points into a ring of text; struct printk_info of the same index holds time, level and caller.
 * All sizes and offsets come from VMCOREINFO. The crashed kernel may have damaged any of it: every index is masked,
 * every length bounded, and what cannot be read is counted as lost.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dump.h"

enum desc_state { RESERVED = 0, COMMITTED = 1, FINALIZED = 2, REUSABLE = 3 }; /* top two bits of state_var */

/* Positions with bit 0 set name no text: the reservation failed, or the line is empty. */
enum { LPOS_FAILED = 1, LPOS_EMPTY = 3 };

enum { MAX_DESC = 256, MAX_INFO = 1024, MAX_COUNT_BITS = 28, MAX_SIZE_BITS = 32, FIELD = 64 };

struct ring {
	struct kdf *dump;
	uint64_t word; /* size of unsigned long and pointers */
	/* Sizes and offsets. */
	uint64_t desc_size, state_at, blk_at, begin_at, next_at;
	uint64_t info_size, seq_at, ts_at, len_at, caller_at, dev_at;
	uint64_t subsystem_at, subsystem_len, device_at, device_len;
	bool has_caller, has_device;
	/* Values. */
	unsigned count_bits, size_bits;
	uint64_t descs, infos, text, head_id, tail_id;
	char *buf; /* for the text of one record */
};

/* ---- The structures' layout ---- */

static struct kdf_error *missing(const char *key)
{
	return kdf_err(KDF_NOT_FOUND, "VMCOREINFO has no %s, which the log needs", key);
}

struct wanted {
	const char *name;
	uint64_t *value;
	bool size; /* SIZE(name), else OFFSET(name) */
};

static struct kdf_error *get_all(struct kdf *d, const struct wanted *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool found = w[i].size ? kdf_vmcoreinfo_size(d, w[i].name, w[i].value) :
					 kdf_vmcoreinfo_offset(d, w[i].name, w[i].value);

		if (!found)
			return missing(w[i].name);
		if (*w[i].value > 4096)
			return kdf_err(KDF_CORRUPT, "VMCOREINFO says %" PRIu64 " for %s", *w[i].value, w[i].name);
	}
	return NULL;
}

static struct kdf_error *get_record_layout(struct ring *r)
{
	struct kdf *d = r->dump;
	const struct wanted need[] = {
		{ "prb_desc", &r->desc_size, true },
		{ "prb_desc.state_var", &r->state_at, false },
		{ "prb_desc.text_blk_lpos", &r->blk_at, false },
		{ "prb_data_blk_lpos.begin", &r->begin_at, false },
		{ "prb_data_blk_lpos.next", &r->next_at, false },
		{ "printk_info", &r->info_size, true },
		{ "printk_info.seq", &r->seq_at, false },
		{ "printk_info.ts_nsec", &r->ts_at, false },
		{ "printk_info.text_len", &r->len_at, false },
	};
	struct kdf_error *e = get_all(d, need, sizeof(need) / sizeof(*need));

	if (e)
		return e;
	r->has_caller = kdf_vmcoreinfo_offset(d, "printk_info.caller_id", &r->caller_at);
	r->has_device = kdf_vmcoreinfo_offset(d, "printk_info.dev_info", &r->dev_at) &&
			kdf_vmcoreinfo_offset(d, "dev_printk_info.subsystem", &r->subsystem_at) &&
			kdf_vmcoreinfo_offset(d, "dev_printk_info.device", &r->device_at) &&
			kdf_vmcoreinfo_length(d, "printk_info_subsystem", &r->subsystem_len) &&
			kdf_vmcoreinfo_length(d, "printk_info_device", &r->device_len);
	return NULL;
}

static bool inside(uint64_t at, uint64_t n, uint64_t size)
{
	return at <= size && n <= size - at;
}

/* So that the offsets need no check per record. */
static struct kdf_error *check_record_layout(struct ring *r)
{
	uint64_t blk_end = r->begin_at > r->next_at ? r->begin_at : r->next_at;

	r->has_caller = r->has_caller && inside(r->caller_at, 4, r->info_size);
	r->has_device = r->has_device && r->subsystem_len < FIELD && r->device_len < FIELD && r->dev_at < MAX_INFO &&
			r->subsystem_at < MAX_INFO && r->device_at < MAX_INFO &&
			inside(r->dev_at + r->subsystem_at, r->subsystem_len, r->info_size) &&
			inside(r->dev_at + r->device_at, r->device_len, r->info_size);
	if (r->desc_size > MAX_DESC || r->info_size > MAX_INFO || !inside(r->state_at, r->word, r->desc_size) ||
	    !inside(r->blk_at + blk_end, r->word, r->desc_size) || !inside(r->seq_at, 8, r->info_size) ||
	    !inside(r->ts_at, 8, r->info_size) || !inside(r->len_at, 4, r->info_size))
		return kdf_err(KDF_CORRUPT,
			       "VMCOREINFO's sizes and offsets of the log's structures contradict each other");
	return NULL;
}

/* ---- The ring ---- */

static uint64_t load(const struct ring *r, const uint8_t *p, uint64_t at, size_t size)
{
	return kdf_load_uint(p + at, size, r->dump->info.big_endian);
}

static bool read_bytes(const struct ring *r, uint64_t address, void *buf, size_t n)
{
	struct kdf_error *e = kdf_read_virt(r->dump, address, buf, n);

	kdf_error_free(e);
	return !e;
}

static struct kdf_error *read_number(const struct ring *r, uint64_t address, size_t size, uint64_t *value)
{
	uint8_t raw[8];
	struct kdf_error *e = kdf_read_virt(r->dump, address, raw, size);

	if (!e)
		*value = load(r, raw, 0, size);
	return e;
}

struct member {
	uint64_t at;
	size_t size;
	uint64_t *value;
};

static struct kdf_error *read_members(const struct ring *r, uint64_t base, const struct member *m, size_t n)
{
	struct kdf_error *e = NULL;

	for (size_t i = 0; !e && i < n; i++)
		e = read_number(r, base + m[i].at, m[i].size, m[i].value);
	return e;
}

static struct kdf_error *read_ring(struct ring *r, uint64_t prb)
{
	uint64_t desc_ring, text_ring, count_bits, descs, infos, head, tail, counter = 0, size_bits, data, bits, tbits;
	const struct wanted need[] = {
		{ "printk_ringbuffer.desc_ring", &desc_ring, false },
		{ "printk_ringbuffer.text_data_ring", &text_ring, false },
		{ "prb_desc_ring.count_bits", &count_bits, false },
		{ "prb_desc_ring.descs", &descs, false },
		{ "prb_desc_ring.infos", &infos, false },
		{ "prb_desc_ring.head_id", &head, false },
		{ "prb_desc_ring.tail_id", &tail, false },
		{ "prb_data_ring.size_bits", &size_bits, false },
		{ "prb_data_ring.data", &data, false },
	};
	struct kdf_error *e = get_all(r->dump, need, sizeof(need) / sizeof(*need));

	if (e)
		return e;
	kdf_vmcoreinfo_offset(r->dump, "atomic_long_t.counter", &counter);
	const struct member members[] = {
		{ desc_ring + count_bits, 4, &bits },	     { desc_ring + descs, r->word, &r->descs },
		{ desc_ring + infos, r->word, &r->infos },   { desc_ring + head + counter, r->word, &r->head_id },
		{ desc_ring + tail + counter, r->word, &r->tail_id }, { text_ring + size_bits, 4, &tbits },
		{ text_ring + data, r->word, &r->text },
	};
	e = read_members(r, prb, members, sizeof(members) / sizeof(*members));
	if (e)
		return e;
	if (!bits || bits > MAX_COUNT_BITS || !tbits || tbits > MAX_SIZE_BITS)
		return kdf_err(KDF_CORRUPT, "the log's ring claims 2^%" PRIu64 " records and 2^%" PRIu64 " bytes", bits,
			       tbits);
	r->count_bits = (unsigned)bits;
	r->size_bits = (unsigned)tbits;
	return NULL;
}

static struct kdf_error *open_ring(struct ring *r)
{
	uint64_t address, prb;
	struct kdf_error *e;

	if (!kdf_vmcoreinfo_symbol(r->dump, "prb", &address)) {
		if (kdf_vmcoreinfo_symbol(r->dump, "log_buf", &address))
			return kdf_err(KDF_UNSUPPORTED, "the log of a kernel before 5.10 is not read");
		return missing("SYMBOL(prb)");
	}
	r->word = 8;
	uint64_t word;
	if (kdf_vmcoreinfo_size(r->dump, "atomic_long_t", &word) && word == 4)
		r->word = 4;
	e = get_record_layout(r);
	if (!e)
		e = check_record_layout(r);
	if (!e)
		e = read_number(r, address, r->word, &prb);
	if (!e)
		e = read_ring(r, prb);
	return e;
}

/* ---- Records ---- */

static uint64_t id_mask(const struct ring *r)
{
	return ((uint64_t)1 << (8 * r->word - 2)) - 1;
}

struct block {
	uint64_t begin, next;
};

/*
 * Text between two logical positions, behind the word that names its descriptor. A block that does not fit before
 * the end of the ring stands at its beginning. false: damaged.
 */
static bool find_text(const struct ring *r, const struct block *b, uint64_t *offset, uint64_t *size)
{
	uint64_t ring = (uint64_t)1 << r->size_bits, begin = b->begin & (ring - 1), next = b->next & (ring - 1);

	if (b->begin >> r->size_bits == b->next >> r->size_bits || !next) {
		*offset = begin;
		*size = (next ? next : ring) - begin;
		if (next && next <= begin)
			return false;
	} else {
		*offset = 0;
		*size = next;
	}
	if (*size < r->word)
		return false;
	*offset += r->word;
	*size -= r->word;
	return true;
}

/* false: the text is gone. */
static bool read_text(struct ring *r, const struct block *b, uint64_t id, uint64_t want, struct kdf_log_record *out)
{
	uint64_t offset, size, owner;

	out->text = r->buf;
	out->text_len = 0;
	if (b->begin & 1 || b->next & 1)
		return b->begin == LPOS_EMPTY && b->next == LPOS_EMPTY;
	if (!find_text(r, b, &offset, &size))
		return false;
	struct kdf_error *e = read_number(r, r->text + offset - r->word, r->word, &owner);
	kdf_error_free(e);
	if (e || (owner & id_mask(r)) != id)
		return false;
	out->text_len = want < size ? want : size;
	return read_bytes(r, r->text + offset, r->buf, out->text_len);
}

static void copy_field(char *out, const uint8_t *in, uint64_t len)
{
	memcpy(out, in, len);
	out[len] = 0;
}

/* facility, and a byte of flags (5 bits) and level (3 bits), stand right behind the u16 text_len (5.10 to now). */
static void decode_info(const struct ring *r, const uint8_t *info, struct kdf_log_record *out)
{
	uint8_t both = info[r->len_at + 3];

	out->seq = load(r, info, r->seq_at, 8);
	out->ts_nsec = load(r, info, r->ts_at, 8);
	out->facility = info[r->len_at + 2];
	out->flags = r->dump->info.big_endian ? both >> 3 : both & 0x1f;
	out->level = r->dump->info.big_endian ? both & 7 : both >> 5;
	out->has_caller = r->has_caller;
	out->caller_id = r->has_caller ? (uint32_t)load(r, info, r->caller_at, 4) : 0;
}

enum outcome { GOT, SKIPPED, LOST };

/* One record by its id. */
static enum outcome read_record(struct ring *r, uint64_t id, struct kdf_log_record *out, char subsystem[FIELD],
				char device[FIELD])
{
	uint64_t index = id & (((uint64_t)1 << r->count_bits) - 1);
	uint8_t desc[MAX_DESC], info[MAX_INFO];

	if (!read_bytes(r, r->descs + index * r->desc_size, desc, r->desc_size))
		return LOST;
	uint64_t state_var = load(r, desc, r->state_at, r->word);
	enum desc_state state = (enum desc_state)(state_var >> (8 * r->word - 2));
	if (state == REUSABLE)
		return SKIPPED;
	if ((state != COMMITTED && state != FINALIZED) || (state_var & id_mask(r)) != id)
		return LOST;
	if (!read_bytes(r, r->infos + index * r->info_size, info, r->info_size))
		return LOST;
	struct block b = {load(r, desc, r->blk_at + r->begin_at, r->word),
			  load(r, desc, r->blk_at + r->next_at, r->word)};
	decode_info(r, info, out);
	if (r->has_device) {
		copy_field(subsystem, info + r->dev_at + r->subsystem_at, r->subsystem_len);
		copy_field(device, info + r->dev_at + r->device_at, r->device_len);
	}
	return read_text(r, &b, id, load(r, info, r->len_at, 2), out) ? GOT : LOST;
}

/*
 * Sequence number of the first record after the last `dmesg -c`. 5.12 made it two copies behind a counter whose low
 * bit tells the one to read (struct latched_seq); 5.10 has a plain 64-bit variable.
 */
static struct kdf_error *read_clear_seq(const struct ring *r, uint64_t *seq)
{
	uint64_t address, at, latch = 0;

	if (!kdf_vmcoreinfo_symbol(r->dump, "clear_seq", &address))
		return missing("SYMBOL(clear_seq)");
	if (!kdf_vmcoreinfo_offset(r->dump, "latched_seq.val", &at))
		return read_number(r, address, 8, seq);
	struct kdf_error *e = read_number(r, address, 4, &latch);
	return e ? e : read_number(r, address + at + (latch & 1) * 8, 8, seq);
}

static struct kdf_error *walk(struct ring *r, uint64_t from_seq, kdf_log_fn *fn, void *arg, uint64_t *lost)
{
	uint64_t mask = id_mask(r), limit = (uint64_t)1 << r->count_bits;
	uint64_t count = ((r->head_id - r->tail_id) & mask) + 1, id = r->tail_id & mask;

	/* A damaged tail: at most the whole ring up to the head. */
	if (count > limit) {
		count = limit;
		id = (r->head_id - (limit - 1)) & mask;
	}
	for (; count; count--, id = (id + 1) & mask) {
		char subsystem[FIELD] = "", device[FIELD] = "";
		struct kdf_log_record record = { .subsystem = subsystem, .device = device };
		enum outcome outcome = read_record(r, id, &record, subsystem, device);

		if (outcome == LOST)
			++*lost;
		if (outcome != GOT || record.seq < from_seq)
			continue;
		struct kdf_error *e = fn(arg, &record);
		if (e)
			return e;
	}
	return NULL;
}

struct kdf_error *kdf_log_walk(struct kdf *d, bool partial, kdf_log_fn *fn, void *arg, uint64_t *lost)
{
	struct ring r = { .dump = d };
	uint64_t from_seq = 0, unread = 0;
	struct kdf_error *e = open_ring(&r);

	if (!e && partial)
		e = read_clear_seq(&r, &from_seq);
	if (lost)
		*lost = 0;
	if (e)
		return kdf_err_wrap(e, "kernel log");
	r.buf = malloc(UINT16_MAX + 1);
	if (!r.buf)
		return kdf_err(KDF_NOMEM, "no memory for the kernel log");
	e = walk(&r, from_seq, fn, arg, lost ? lost : &unread);
	free(r.buf);
	return e;
}
