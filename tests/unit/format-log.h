/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A printk ring buffer inside the guest of format-guest.h: 8 descriptors, 512 bytes of text. */
#ifndef KDX_FORMAT_LOG_H
#define KDX_FORMAT_LOG_H

#include "format-guest.h"

enum {
	LOG_PRB = 48 * PAGE,	 /* the pointer */
	LOG_RING = LOG_PRB + 64, /* struct printk_ringbuffer */
	LOG_CLEAR = LOG_PRB + 512,
	LOG_DESCS = 49 * PAGE,
	LOG_INFOS = 50 * PAGE,
	LOG_TEXT = 51 * PAGE,
	LOG_COUNT_BITS = 3,
	LOG_SIZE_BITS = 9,
	DESC_SIZE = 24,
	INFO_SIZE = 88,
};

#define LOG_FINALIZED ((uint64_t)2 << 62)
#define LOG_REUSABLE ((uint64_t)3 << 62)

struct log {
	struct guest *g;
	uint64_t head_id, next_lpos;
	uint64_t seq;
};

static UNUSED void log_vmcoreinfo(struct guest *g, bool latched)
{
	kdf_buf_printf(&g->info, "SYMBOL(prb)=%llx\nSYMBOL(clear_seq)=%llx\n", (unsigned long long)(TEXT_MAP + LOG_PRB),
		       (unsigned long long)(TEXT_MAP + LOG_CLEAR));
	kdf_buf_puts(
		&g->info,
		"SIZE(printk_ringbuffer)=88\nOFFSET(printk_ringbuffer.desc_ring)=0\n"
		"OFFSET(printk_ringbuffer.text_data_ring)=48\nOFFSET(prb_desc_ring.count_bits)=0\n"
		"OFFSET(prb_desc_ring.descs)=8\nOFFSET(prb_desc_ring.infos)=16\nOFFSET(prb_desc_ring.head_id)=24\n"
		"OFFSET(prb_desc_ring.tail_id)=32\nSIZE(prb_desc)=24\nOFFSET(prb_desc.state_var)=0\n"
		"OFFSET(prb_desc.text_blk_lpos)=8\nOFFSET(prb_data_blk_lpos.begin)=0\n"
		"OFFSET(prb_data_blk_lpos.next)=8\nSIZE(printk_info)=88\nOFFSET(printk_info.seq)=0\n"
		"OFFSET(printk_info.ts_nsec)=8\nOFFSET(printk_info.text_len)=16\nOFFSET(printk_info.caller_id)=20\n"
		"OFFSET(printk_info.dev_info)=24\nOFFSET(dev_printk_info.subsystem)=0\n"
		"LENGTH(printk_info_subsystem)=16\nOFFSET(dev_printk_info.device)=16\n"
		"LENGTH(printk_info_device)=48\nOFFSET(prb_data_ring.size_bits)=0\nOFFSET(prb_data_ring.data)=8\n"
		"SIZE(atomic_long_t)=8\nOFFSET(atomic_long_t.counter)=0\n");
	if (latched)
		kdf_buf_puts(&g->info, "SIZE(latched_seq)=24\nOFFSET(latched_seq.val)=8\n");
}

static UNUSED void log_begin(struct log *l, struct guest *g, uint64_t first_id)
{
	*l = (struct log){ .g = g, .head_id = first_id - 1 };
	guest_put(g, LOG_PRB, TEXT_MAP + LOG_RING, 8);
	guest_put(g, LOG_RING, LOG_COUNT_BITS, 4);
	guest_put(g, LOG_RING + 8, TEXT_MAP + LOG_DESCS, 8);
	guest_put(g, LOG_RING + 16, TEXT_MAP + LOG_INFOS, 8);
	guest_put(g, LOG_RING + 32, first_id & ~(3ull << 62), 8);
	guest_put(g, LOG_RING + 48, LOG_SIZE_BITS, 4);
	guest_put(g, LOG_RING + 56, TEXT_MAP + LOG_TEXT, 8);
}

static UNUSED uint64_t log_desc(uint64_t id)
{
	return LOG_DESCS + id % (1u << LOG_COUNT_BITS) * DESC_SIZE;
}

static UNUSED uint64_t log_info(uint64_t id)
{
	return LOG_INFOS + id % (1u << LOG_COUNT_BITS) * INFO_SIZE;
}

/* Stores a record as the kernel does: a block that does not fit before the end of the ring goes to its beginning. */
static UNUSED uint64_t log_add(struct log *l, const char *text)
{
	struct guest *g = l->g;
	uint64_t ring = 1u << LOG_SIZE_BITS, size = (8 + strlen(text) + 7) & ~7ull;
	uint64_t begin = l->next_lpos, next = begin + size, at = begin % ring, id = ++l->head_id & ~(3ull << 62);

	if (begin / ring != next / ring) {
		next = next / ring * ring + size;
		at = 0;
	}
	l->next_lpos = next;
	guest_put(g, LOG_TEXT + at, id, 8);
	memcpy(guest_at(g, LOG_TEXT + at + 8), text, strlen(text));
	guest_put(g, log_desc(id), LOG_FINALIZED | id, 8);
	guest_put(g, log_desc(id) + 8, begin, 8);
	guest_put(g, log_desc(id) + 16, next, 8);
	guest_put(g, log_info(id), l->seq, 8);
	guest_put(g, log_info(id) + 8, l->seq * 1000, 8);
	guest_put(g, log_info(id) + 16, strlen(text), 2);
	guest_put(g, log_info(id) + 18, 1, 1);		/* facility */
	guest_put(g, log_info(id) + 19, 6 << 5 | 8, 1); /* level 6, flags 8 */
	guest_put(g, log_info(id) + 20, 0x80000002, 4);
	memcpy(guest_at(g, log_info(id) + 24), "pci", 4);
	memcpy(guest_at(g, log_info(id) + 40), "+pci:0000:00:01.0", 18);
	guest_put(g, LOG_RING + 24, id, 8);
	l->seq++;
	return id;
}

#endif
