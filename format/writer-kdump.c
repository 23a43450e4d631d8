// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a kdump-compressed file, header version 6, in the layout of 64-bit machines and in the byte order of the
 * machine it runs on (a filter runs on the machine that crashed; dumps of another byte order or of 32-bit machines
 * have other headers and are refused by whoever opens the writer).
 *
 *	block 0			disk_dump_header (464 bytes)
 *	block 1..		kdump_sub_header (104 bytes), the notes right behind it
 *	bitmap blocks		first bitmap: frames that were RAM; second bitmap: frames in this dump
 *	page descriptors	24 bytes for each bit of the second bitmap, in pfn order
 *	page data		directly behind the descriptors, unaligned; first the shared page of zeros
 *
 * At any moment the file is an openable, incomplete dump: the header says so from the first byte written, and a
 * descriptor is written after the bytes it points to, so none points beyond the end of the file. A descriptor
 * never written reads as zeros, which readers take for "page missing".
 *
 * A part of a split set has the whole bitmaps and the descriptors of its own frames.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "codec.h"
#include "writer-format.h"

enum {
	HEADER_SIZE = 464,     /* struct disk_dump_header without tasks[] */
	SUB_HEADER_SIZE = 104, /* struct kdump_sub_header of version 6 */
	DESCRIPTOR_SIZE = 24,  /* struct page_desc */
	STATUS_OFFSET = 424,   /* disk_dump_header.status */
	PENDING_MAX = 16384, /* descriptors held back until their data is written */
	RANK_SHIFT = 12,     /* one running count for 4096 frames */
};

static const bool host_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

struct descriptor {
	uint64_t index; /* place in the descriptor area */
	uint64_t offset;
	uint32_t size, flags;
};

struct kdump_writer {
	bool share_zero_page;
	uint32_t compression;

	uint64_t *rank; /* set bits of `dumped` before frame n << RANK_SHIFT */
	uint64_t first_rank; /* of the first frame of this part */
	uint64_t dumped_pages; /* of this part */
	uint64_t cursor_pfn, cursor_index; /* last frame asked for and its place */

	uint64_t descriptors_at; /* file offset of the area */
	uint64_t zero_page_at;	 /* 0: not stored yet */
	uint64_t data_at;	 /* file offset of data[0] */
	uint64_t data_written;	 /* file offset up to which data is on its way to the disk */
	uint8_t *data;
	size_t data_len;
	struct descriptor *pending;
	size_t npending;
	bool pending_unsorted;
};

/* ---- Writing ---- */

static struct kdf_error *flush_data(struct kdf_writer *w)
{
	struct kdump_writer *k = w->state;
	size_t done = 0;

	if (!k->data_len || w->broken)
		return NULL;
	struct kdf_error *e = kdf_output_write(&w->out, k->data, k->data_len, k->data_at, &done);
	k->data_written = k->data_at + done;
	if (e) {
		w->broken = true;
		return e;
	}
	k->data_at += k->data_len;
	k->data_len = 0;
	return NULL;
}

static int by_index(const void *a, const void *b)
{
	uint64_t x = ((const struct descriptor *)a)->index, y = ((const struct descriptor *)b)->index;

	return x < y ? -1 : x > y;
}

/* Room for one block of descriptors in the form of the file. */
enum { DESCRIPTOR_BLOCK = 2048 };

/* Writes pending[from..to), whose indices follow one another. */
static struct kdf_error *write_descriptor_run(struct kdf_writer *w, size_t from, size_t to)
{
	const struct kdump_writer *k = w->state;
	uint8_t block[DESCRIPTOR_BLOCK * DESCRIPTOR_SIZE];

	while (from < to) {
		size_t n = to - from < DESCRIPTOR_BLOCK ? to - from : DESCRIPTOR_BLOCK;
		for (size_t i = 0; i < n; i++) {
			const struct descriptor *d = &k->pending[from + i];
			uint8_t *p = block + i * DESCRIPTOR_SIZE;
			kdf_store_uint(p, d->offset, 8, host_big_endian);
			kdf_store_uint(p + 8, d->size, 4, host_big_endian);
			kdf_store_uint(p + 12, d->flags, 4, host_big_endian);
			kdf_store_uint(p + 16, 0, 8, host_big_endian); /* page_flags: nobody fills it */
		}
		uint64_t at = k->descriptors_at + k->pending[from].index * DESCRIPTOR_SIZE;
		struct kdf_error *e = kdf_output_write(&w->out, block, n * DESCRIPTOR_SIZE, at, NULL);
		if (e)
			return e;
		from += n;
	}
	return NULL;
}

/* The data goes first; what did not reach the file loses its descriptor. */
static struct kdf_error *flush_pending(struct kdf_writer *w)
{
	struct kdump_writer *k = w->state;
	struct kdf_error *e = flush_data(w);
	size_t n = 0;

	for (size_t i = 0; i < k->npending; i++)
		if (k->pending[i].offset + k->pending[i].size <= k->data_written)
			k->pending[n++] = k->pending[i];
	k->npending = n;
	if (k->pending_unsorted)
		qsort(k->pending, n, sizeof(*k->pending), by_index);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && k->pending[to].index == k->pending[to - 1].index + 1;)
			to++;
		struct kdf_error *e2 = write_descriptor_run(w, from, to);
		if (e2) {
			w->broken = true;
			kdf_error_free(e ? e2 : NULL);
			e = e ? e : e2;
			break;
		}
	}
	k->npending = 0;
	k->pending_unsorted = false;
	return e;
}

/*
 * Puts bytes into the data area and says where they will lie. A full buffer takes its descriptors along to the file:
 * whoever kills the writer loses one buffer and no more.
 */
static struct kdf_error *append_data(struct kdf_writer *w, const void *data, size_t size, uint64_t *offset)
{
	struct kdump_writer *k = w->state;

	if (k->data_len + size > (size_t)KDF_WRITE_BUFFER) {
		struct kdf_error *e = flush_pending(w);
		if (e)
			return e;
	}
	memcpy(k->data + k->data_len, data, size);
	*offset = k->data_at + k->data_len;
	k->data_len += size;
	return NULL;
}

/* ---- Headers and bitmaps ---- */

/* Each bitmap fills whole blocks. */
static uint64_t bitmap_blocks(uint64_t max_pfn, uint32_t page_size)
{
	uint64_t bytes = max_pfn / 8 + (max_pfn % 8 != 0);

	return bytes / page_size + (bytes % page_size != 0);
}

/* Finds the VMCOREINFO text: ELF notes are namesz, descsz, type, then name and descriptor, each padded to 4. */
static bool find_vmcoreinfo(const void *notes, size_t size, uint64_t *offset, uint64_t *len)
{
	struct kdf_bytes b = kdf_bytes(notes, size, host_big_endian);
	static const char name[] = "VMCOREINFO";

	while (!b.bad && b.len - b.pos >= 12) {
		uint32_t namesz = kdf_get_u32(&b), descsz = kdf_get_u32(&b);
		kdf_skip(&b, 4);
		const uint8_t *text = kdf_get_bytes(&b, namesz);
		kdf_skip(&b, -namesz & 3);
		uint64_t at = b.pos;
		if (!kdf_get_bytes(&b, descsz))
			return false;
		if (text && namesz >= sizeof(name) - 1 && !memcmp(text, name, sizeof(name) - 1)) {
			*offset = at;
			*len = descsz;
			return true;
		}
		if (b.len - b.pos >= (-descsz & 3))
			kdf_skip(&b, -descsz & 3);
	}
	return false;
}

static void put(uint8_t *at, uint64_t v, size_t size)
{
	kdf_store_uint(at, v, size, host_big_endian);
}

static uint32_t cap32(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* Fills head (block 0), of page_size zero bytes. */
static void fill_header(uint8_t *p, const struct kdf_writer_head *head, uint64_t sub_blocks, uint64_t map_blocks)
{
	static const char signature[8] = { 'K', 'D', 'U', 'M', 'P', ' ', ' ', ' ' };

	memcpy(p, signature, sizeof(signature));
	put(p + 8, 6, 4);
	for (int i = 0; head->uts && i < 6; i++)
		memcpy(p + 12 + i * KDF_UTS_LEN, head->uts[i], strnlen(head->uts[i], KDF_UTS_LEN - 1));
	put(p + 408, (uint64_t)head->crash_time, 8);
	put(p + STATUS_OFFSET, head->compression | KDF_FLAG_INCOMPLETE, 4);
	put(p + 428, head->page_size, 4);
	put(p + 432, sub_blocks, 4);
	put(p + 436, map_blocks, 4);
	put(p + 440, cap32(head->max_pfn), 4);
	put(p + 460, head->nr_cpus, 4);
}

static void fill_sub_header(uint8_t *p, const struct kdf_writer *w, const struct kdf_writer_head *head)
{
	uint64_t notes_at = (uint64_t)head->page_size + SUB_HEADER_SIZE, info_at, info_len;

	put(p, head->phys_base, 8);
	put(p + 8, (uint64_t)head->dump_level, 4);
	if (find_vmcoreinfo(head->notes, head->notes_size, &info_at, &info_len)) {
		put(p + 32, notes_at + info_at, 8);
		put(p + 40, info_len, 8);
	}
	if (head->notes_size) {
		put(p + 48, notes_at, 8);
		put(p + 56, head->notes_size, 8);
	}
	if (w->how.split) {
		put(p + 12, 1, 4);
		put(p + 16, cap32(w->start_pfn), 8);
		put(p + 24, cap32(w->end_pfn), 8);
		put(p + 80, w->start_pfn, 8);
		put(p + 88, w->end_pfn, 8);
	}
	put(p + 96, head->max_pfn, 8);
}

/* One bitmap, padded with zeros to whole blocks, the bits behind max_pfn cleared. */
static struct kdf_error *write_bitmap(struct kdf_writer *w, const uint8_t *map, const struct kdf_writer_head *head,
				      uint64_t at, uint64_t blocks)
{
	uint64_t whole = head->max_pfn / 8;
	uint8_t *tail = calloc(1, head->page_size);

	if (!tail)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	uint64_t in_blocks = whole / head->page_size * head->page_size;
	struct kdf_error *e = kdf_output_write(&w->out, map, in_blocks, at, NULL);
	if (!e && in_blocks < blocks * head->page_size) {
		memcpy(tail, map + in_blocks, whole - in_blocks);
		if (head->max_pfn % 8)
			tail[whole - in_blocks] = (uint8_t)(map[whole] & ((1u << head->max_pfn % 8) - 1));
		e = kdf_output_write(&w->out, tail, head->page_size, at + in_blocks, NULL);
	}
	free(tail);
	return e;
}

static struct kdf_error *write_front(struct kdf_writer *w, const struct kdf_writer_head *head)
{
	struct kdump_writer *k = w->state;
	uint64_t page = head->page_size, one_map = bitmap_blocks(head->max_pfn, head->page_size);
	uint64_t sub_blocks = (SUB_HEADER_SIZE + head->notes_size + page - 1) / page;

	if (sub_blocks > INT32_MAX || 2 * one_map > UINT32_MAX)
		return kdf_err(KDF_UNSUPPORTED, "the notes (%zu bytes) or the frame count (%llu) are beyond the format",
			       head->notes_size, (unsigned long long)head->max_pfn);
	uint8_t *front KDF_AUTO_FREE = calloc(1 + sub_blocks, page);
	if (!front)
		return kdf_err(KDF_NOMEM, "no memory for %llu header blocks", (unsigned long long)sub_blocks + 1);
	fill_header(front, head, sub_blocks, 2 * one_map);
	fill_sub_header(front + page, w, head);
	if (head->notes_size)
		memcpy(front + page + SUB_HEADER_SIZE, head->notes, head->notes_size);

	struct kdf_error *e = kdf_output_write(&w->out, front, (1 + sub_blocks) * page, 0, NULL);
	uint64_t maps_at = (1 + sub_blocks) * page;
	if (!e)
		e = write_bitmap(w, head->ram, head, maps_at, one_map);
	if (!e)
		e = write_bitmap(w, head->dumped, head, maps_at + one_map * page, one_map);
	k->descriptors_at = maps_at + 2 * one_map * page;
	return e ? kdf_err_wrap(e, "dump header") : NULL;
}

/* ---- The place of a page's descriptor ---- */

static struct kdf_error *build_rank(struct kdf_writer *w)
{
	struct kdump_writer *k = w->state;
	uint64_t n = (w->max_pfn >> RANK_SHIFT) + 1, sum = 0;

	k->rank = calloc(n, sizeof(*k->rank));
	if (!k->rank)
		return kdf_err(KDF_NOMEM, "no memory for the descriptor index (%llu entries)", (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t from = i << RANK_SHIFT, to = from + (1 << RANK_SHIFT);
		k->rank[i] = sum;
		sum += kdf_count_bits(w->dumped, from, to < w->max_pfn ? to : w->max_pfn);
	}
	k->first_rank = kdf_count_bits(w->dumped, 0, w->start_pfn);
	k->dumped_pages = kdf_count_bits(w->dumped, w->start_pfn, w->end_pfn);
	return NULL;
}

static uint64_t descriptor_index(const struct kdf_writer *w, uint64_t pfn)
{
	struct kdump_writer *k = w->state;
	uint64_t from = pfn >> RANK_SHIFT << RANK_SHIFT, index = k->rank[pfn >> RANK_SHIFT];

	if (pfn >= k->cursor_pfn && k->cursor_pfn >= from) { /* the usual case: ascending */
		from = k->cursor_pfn;
		index = k->cursor_index;
	}
	index += kdf_count_bits(w->dumped, from, pfn);
	k->cursor_pfn = pfn;
	k->cursor_index = index;
	return index - k->first_rank;
}

static struct kdf_error *add_descriptor(struct kdf_writer *w, uint64_t pfn, uint64_t offset, uint32_t size,
					uint32_t flags)
{
	struct kdump_writer *k = w->state;

	if (k->npending == PENDING_MAX) {
		struct kdf_error *e = flush_pending(w);
		if (e)
			return e;
	}
	struct descriptor *d = &k->pending[k->npending];
	*d = (struct descriptor){ descriptor_index(w, pfn), offset, size, flags };
	if (k->npending && d[-1].index >= d->index)
		k->pending_unsorted = true;
	k->npending++;
	return NULL;
}

/* ---- The calls ---- */

static struct kdf_error *store_zero_page(struct kdf_writer *w)
{
	struct kdump_writer *k = w->state;
	uint8_t *zero KDF_AUTO_FREE = calloc(1, w->page_size);

	if (!zero)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	return append_data(w, zero, w->page_size, &k->zero_page_at);
}

static struct kdf_error *kdump_open(struct kdf_writer *w, const struct kdf_writer_head *head)
{
	struct kdump_writer *k = calloc(1, sizeof(*k));

	w->state = k;
	if (!k)
		return kdf_err(KDF_NOMEM, "no memory for a dump writer");
	k->compression = head->compression;
	k->share_zero_page = head->share_zero_page;
	k->data = malloc(KDF_WRITE_BUFFER);
	k->pending = malloc(PENDING_MAX * sizeof(*k->pending));
	struct kdf_error *e = k->data && k->pending ? NULL : kdf_err(KDF_NOMEM, "no memory for the output buffers");
	if (!e)
		e = build_rank(w);
	if (!e)
		e = write_front(w, head);
	if (!e)
		e = kdf_output_reserve(&w->out, k->descriptors_at, k->dumped_pages * DESCRIPTOR_SIZE);
	if (e)
		return e;
	k->data_at = k->data_written = k->descriptors_at + k->dumped_pages * DESCRIPTOR_SIZE;
	return k->share_zero_page ? store_zero_page(w) : NULL;
}

static void kdump_close(struct kdf_writer *w)
{
	struct kdump_writer *k = w->state;

	if (!k)
		return;
	free(k->rank);
	free(k->data);
	free(k->pending);
	free(k);
}

static struct kdf_error *kdump_page(struct kdf_writer *w, uint64_t pfn, const void *data, size_t size, uint32_t flags)
{
	uint64_t offset;
	struct kdf_error *e = append_data(w, data, size, &offset);

	return e ? e : add_descriptor(w, pfn, offset, (uint32_t)size, flags);
}

static struct kdf_error *kdump_zero_page(struct kdf_writer *w, uint64_t pfn)
{
	struct kdump_writer *k = w->state;
	struct kdf_error *e = k->zero_page_at ? NULL : store_zero_page(w);

	return e ? e : add_descriptor(w, pfn, k->zero_page_at, w->page_size, 0);
}

static struct kdf_error *kdump_clear_mark(struct kdf_writer *w)
{
	const struct kdump_writer *k = w->state;
	uint8_t status[4];

	put(status, k->compression, sizeof(status));
	return kdf_output_write(&w->out, status, sizeof(status), STATUS_OFFSET, NULL);
}

static uint64_t kdump_bytes(const struct kdf_writer *w)
{
	const struct kdump_writer *k = w->state;

	return k->data_at + k->data_len;
}

const struct kdf_writer_calls kdf_writer_kdump = {
	.open = kdump_open,
	.page = kdump_page,
	.zero_page = kdump_zero_page,
	.flush = flush_pending,
	.clear_mark = kdump_clear_mark,
	.bytes = kdump_bytes,
	.close = kdump_close,
};
