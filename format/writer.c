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
 */
#include "codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	HEADER_SIZE = 464,     /* struct disk_dump_header without tasks[] */
	SUB_HEADER_SIZE = 104, /* struct kdump_sub_header of version 6 */
	DESCRIPTOR_SIZE = 24,  /* struct page_desc */
	STATUS_OFFSET = 424,   /* disk_dump_header.status */
	DATA_BUFFER = 2 << 20,
	PENDING_MAX = 16384, /* descriptors held back until their data is written */
	RANK_SHIFT = 12,     /* one running count for 4096 frames */
	MAX_PAGE_SIZE = 1 << 20,
};

static const bool host_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

struct descriptor {
	uint64_t index; /* place in the descriptor area */
	uint64_t offset;
	uint32_t size, flags;
};

struct kdf_writer {
	int fd;
	bool broken; /* a write failed: nothing more goes out but descriptors of what is there */
	bool share_zero_page;
	uint32_t page_size, compression;
	uint64_t max_pfn;
	const uint8_t *dumped;

	uint64_t *rank; /* set bits of `dumped` before frame n << RANK_SHIFT */
	uint64_t dumped_pages;
	uint64_t cursor_pfn, cursor_index; /* last frame asked for and its place */

	uint64_t given, given_sum; /* how many pages came, and which: see mix() */

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

/* Writes all of it or fails; *done (may be NULL) tells how much went out. */
static struct kdf_error *write_at(int fd, const void *buf, size_t len, uint64_t offset, size_t *done)
{
	const uint8_t *p = buf;
	size_t left = len;

	while (left) {
		ssize_t n = pwrite(fd, p, left, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int why = n < 0 ? errno : ENOSPC;
			if (done)
				*done = len - left;
			return kdf_err_sys(why, "cannot write %zu bytes at offset %llu of the output", left,
					   (unsigned long long)offset);
		}
		p += n;
		left -= (size_t)n;
		offset += (uint64_t)n;
	}
	if (done)
		*done = len;
	return NULL;
}

static struct kdf_error *flush_data(struct kdf_writer *w)
{
	size_t done = 0;

	if (!w->data_len || w->broken)
		return NULL;
	struct kdf_error *e = write_at(w->fd, w->data, w->data_len, w->data_at, &done);
	w->data_written = w->data_at + done;
	if (e) {
		w->broken = true;
		return e;
	}
	w->data_at += w->data_len;
	w->data_len = 0;
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
	uint8_t block[DESCRIPTOR_BLOCK * DESCRIPTOR_SIZE];

	while (from < to) {
		size_t n = to - from < DESCRIPTOR_BLOCK ? to - from : DESCRIPTOR_BLOCK;
		for (size_t i = 0; i < n; i++) {
			const struct descriptor *d = &w->pending[from + i];
			uint8_t *p = block + i * DESCRIPTOR_SIZE;
			kdf_store_uint(p, d->offset, 8, host_big_endian);
			kdf_store_uint(p + 8, d->size, 4, host_big_endian);
			kdf_store_uint(p + 12, d->flags, 4, host_big_endian);
			kdf_store_uint(p + 16, 0, 8, host_big_endian); /* page_flags: nobody fills it */
		}
		struct kdf_error *e = write_at(w->fd, block, n * DESCRIPTOR_SIZE,
					       w->descriptors_at + w->pending[from].index * DESCRIPTOR_SIZE, NULL);
		if (e)
			return e;
		from += n;
	}
	return NULL;
}

/* The data goes first; what did not reach the file loses its descriptor. */
static struct kdf_error *flush_pending(struct kdf_writer *w)
{
	struct kdf_error *e = flush_data(w);
	size_t n = 0;

	for (size_t i = 0; i < w->npending; i++)
		if (w->pending[i].offset + w->pending[i].size <= w->data_written)
			w->pending[n++] = w->pending[i];
	w->npending = n;
	if (w->pending_unsorted)
		qsort(w->pending, n, sizeof(*w->pending), by_index);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && w->pending[to].index == w->pending[to - 1].index + 1;)
			to++;
		struct kdf_error *e2 = write_descriptor_run(w, from, to);
		if (e2) {
			w->broken = true;
			kdf_error_free(e ? e2 : NULL);
			e = e ? e : e2;
			break;
		}
	}
	w->npending = 0;
	w->pending_unsorted = false;
	return e;
}

/*
 * Puts bytes into the data area and says where they will lie. A full buffer takes its descriptors along to the file:
 * whoever kills the writer loses one buffer and no more.
 */
static struct kdf_error *append_data(struct kdf_writer *w, const void *data, size_t size, uint64_t *offset)
{
	if (w->data_len + size > DATA_BUFFER) {
		struct kdf_error *e = flush_pending(w);
		if (e)
			return e;
	}
	memcpy(w->data + w->data_len, data, size);
	*offset = w->data_at + w->data_len;
	w->data_len += size;
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

static void fill_sub_header(uint8_t *p, const struct kdf_writer_head *head)
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
	put(p + 96, head->max_pfn, 8);
}

/* One bitmap, padded with zeros to whole blocks, the bits behind max_pfn cleared. */
static struct kdf_error *write_bitmap(int fd, const uint8_t *map, const struct kdf_writer_head *head, uint64_t at,
				      uint64_t blocks)
{
	uint64_t whole = head->max_pfn / 8;
	uint8_t *tail = calloc(1, head->page_size);

	if (!tail)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	uint64_t in_blocks = whole / head->page_size * head->page_size;
	struct kdf_error *e = write_at(fd, map, in_blocks, at, NULL);
	if (!e && in_blocks < blocks * head->page_size) {
		memcpy(tail, map + in_blocks, whole - in_blocks);
		if (head->max_pfn % 8)
			tail[whole - in_blocks] = (uint8_t)(map[whole] & ((1u << head->max_pfn % 8) - 1));
		e = write_at(fd, tail, head->page_size, at + in_blocks, NULL);
	}
	free(tail);
	return e;
}

static struct kdf_error *write_front(struct kdf_writer *w, const struct kdf_writer_head *head)
{
	uint64_t page = head->page_size, one_map = bitmap_blocks(head->max_pfn, head->page_size);
	uint64_t sub_blocks = (SUB_HEADER_SIZE + head->notes_size + page - 1) / page;

	if (sub_blocks > INT32_MAX || 2 * one_map > UINT32_MAX)
		return kdf_err(KDF_UNSUPPORTED, "the notes (%zu bytes) or the frame count (%llu) are beyond the format",
			       head->notes_size, (unsigned long long)head->max_pfn);
	uint8_t *front KDF_AUTO_FREE = calloc(1 + sub_blocks, page);
	if (!front)
		return kdf_err(KDF_NOMEM, "no memory for %llu header blocks", (unsigned long long)sub_blocks + 1);
	fill_header(front, head, sub_blocks, 2 * one_map);
	fill_sub_header(front + page, head);
	if (head->notes_size)
		memcpy(front + page + SUB_HEADER_SIZE, head->notes, head->notes_size);

	struct kdf_error *e = write_at(w->fd, front, (1 + sub_blocks) * page, 0, NULL);
	uint64_t maps_at = (1 + sub_blocks) * page;
	if (!e)
		e = write_bitmap(w->fd, head->ram, head, maps_at, one_map);
	if (!e)
		e = write_bitmap(w->fd, head->dumped, head, maps_at + one_map * page, one_map);
	w->descriptors_at = maps_at + 2 * one_map * page;
	return e ? kdf_err_wrap(e, "dump header") : NULL;
}

/*
 * The descriptor area gets its blocks now, so that a full disk cannot take away the descriptors of data that is
 * already there. File systems without fallocate leave a hole instead.
 */
static struct kdf_error *reserve_descriptors(struct kdf_writer *w)
{
	uint64_t size = w->dumped_pages * DESCRIPTOR_SIZE;

	if (!size)
		return NULL;
	if (!fallocate(w->fd, 0, (off_t)w->descriptors_at, (off_t)size))
		return NULL;
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return kdf_err_sys(errno, "no room for %llu bytes of page descriptors", (unsigned long long)size);
	if (ftruncate(w->fd, (off_t)(w->descriptors_at + size)))
		return kdf_err_sys(errno, "cannot extend the output to %llu bytes",
				   (unsigned long long)(w->descriptors_at + size));
	return NULL;
}

/* ---- The place of a page's descriptor ---- */

/* Set bits in [from, to) of a bitmap. */
static uint64_t count_bits(const uint8_t *map, uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	while (from < to && from % 64)
		n += map[from / 8] >> from % 8 & 1, from++;
	for (; to - from >= 64 && from < to; from += 64) {
		uint64_t word;
		memcpy(&word, map + from / 8, 8);
		n += word ? (unsigned)__builtin_popcountll(word) : 0;
	}
	while (from < to)
		n += map[from / 8] >> from % 8 & 1, from++;
	return n;
}

static struct kdf_error *build_rank(struct kdf_writer *w)
{
	uint64_t n = (w->max_pfn >> RANK_SHIFT) + 1;

	w->rank = calloc(n, sizeof(*w->rank));
	if (!w->rank)
		return kdf_err(KDF_NOMEM, "no memory for the descriptor index (%llu entries)", (unsigned long long)n);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t from = i << RANK_SHIFT, to = from + (1 << RANK_SHIFT);
		w->rank[i] = w->dumped_pages;
		w->dumped_pages += count_bits(w->dumped, from, to < w->max_pfn ? to : w->max_pfn);
	}
	return NULL;
}

static uint64_t descriptor_index(struct kdf_writer *w, uint64_t pfn)
{
	uint64_t from = pfn >> RANK_SHIFT << RANK_SHIFT, index = w->rank[pfn >> RANK_SHIFT];

	if (pfn >= w->cursor_pfn && w->cursor_pfn >= from) { /* the usual case: ascending */
		from = w->cursor_pfn;
		index = w->cursor_index;
	}
	index += count_bits(w->dumped, from, pfn);
	w->cursor_pfn = pfn;
	w->cursor_index = index;
	return index;
}

/*
 * "Each page once" without a third bitmap: the sum of a mixed value over what was given must equal that over all
 * places. (The mixer is the finaliser of the splitmix64 generator.)
 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static bool all_given(const struct kdf_writer *w)
{
	uint64_t sum = 0;

	if (w->given != w->dumped_pages)
		return false;
	for (uint64_t i = 0; i < w->dumped_pages; i++)
		sum += mix(i);
	return sum == w->given_sum;
}

static struct kdf_error *add_descriptor(struct kdf_writer *w, uint64_t pfn, uint64_t offset, uint32_t size,
					uint32_t flags)
{
	if (w->npending == PENDING_MAX) {
		struct kdf_error *e = flush_pending(w);
		if (e)
			return e;
	}
	struct descriptor *d = &w->pending[w->npending];
	*d = (struct descriptor){ descriptor_index(w, pfn), offset, size, flags };
	if (w->npending && d[-1].index >= d->index)
		w->pending_unsorted = true;
	w->npending++;
	w->given++;
	w->given_sum += mix(d->index);
	return NULL;
}

static struct kdf_error *check_page(const struct kdf_writer *w, uint64_t pfn)
{
	if (w->broken)
		return kdf_err(KDF_IO, "page frame %#llx: an earlier write to the output failed",
			       (unsigned long long)pfn);
	if (pfn >= w->max_pfn || !(w->dumped[pfn / 8] >> pfn % 8 & 1))
		return kdf_err(KDF_USAGE, "page frame %#llx was not announced in the second bitmap",
			       (unsigned long long)pfn);
	return NULL;
}

/* ---- The calls ---- */

static void writer_free(struct kdf_writer *w)
{
	free(w->rank);
	free(w->data);
	free(w->pending);
	free(w);
}

static struct kdf_error *store_zero_page(struct kdf_writer *w)
{
	uint8_t *zero KDF_AUTO_FREE = calloc(1, w->page_size);

	if (!zero)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	return append_data(w, zero, w->page_size, &w->zero_page_at);
}

static struct kdf_error *check_head(const struct kdf_writer_head *head)
{
	uint32_t page = head->page_size;

	if (page < 512 || page > MAX_PAGE_SIZE || page & (page - 1))
		return kdf_err(KDF_UNSUPPORTED, "page size %u: must be a power of two from 512 to %u", page,
			       MAX_PAGE_SIZE);
	if (head->dump_level < 0 || head->dump_level > 31)
		return kdf_err(KDF_USAGE, "dump level %d: must be 0 to 31", head->dump_level);
	if (head->compression && !kdf_codec_by_flag(head->compression))
		return kdf_err(KDF_UNSUPPORTED, "compression flag %#x is unknown to this build (it has: %s)",
			       head->compression, kdf_features());
	if (head->notes_size > (size_t)INT32_MAX || head->max_pfn > UINT64_MAX / MAX_PAGE_SIZE)
		return kdf_err(KDF_UNSUPPORTED, "%zu bytes of notes or %llu page frames are beyond the format",
			       head->notes_size, (unsigned long long)head->max_pfn);
	return NULL;
}

struct kdf_error *kdf_writer_open(int fd, const struct kdf_writer_head *head, struct kdf_writer **out)
{
	struct kdf_error *e = check_head(head);

	*out = NULL;
	if (e)
		return e;
	struct kdf_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return kdf_err(KDF_NOMEM, "no memory for a dump writer");
	w->fd = fd;
	w->page_size = head->page_size;
	w->compression = head->compression;
	w->max_pfn = head->max_pfn;
	w->dumped = head->dumped;
	w->share_zero_page = head->share_zero_page;
	w->data = malloc(DATA_BUFFER);
	w->pending = malloc(PENDING_MAX * sizeof(*w->pending));
	e = w->data && w->pending ? NULL : kdf_err(KDF_NOMEM, "no memory for the output buffers");
	if (!e)
		e = build_rank(w);
	if (!e)
		e = write_front(w, head);
	if (!e)
		e = reserve_descriptors(w);
	w->data_at = w->data_written = w->descriptors_at + w->dumped_pages * DESCRIPTOR_SIZE;
	if (!e && w->share_zero_page)
		e = store_zero_page(w);
	if (e) {
		writer_free(w);
		return e;
	}
	*out = w;
	return NULL;
}

struct kdf_error *kdf_writer_page(struct kdf_writer *w, uint64_t pfn, const void *data, size_t size, uint32_t flags)
{
	struct kdf_error *e = check_page(w, pfn);
	uint64_t offset;

	if (e)
		return e;
	/* Readers refuse a stored size above one page, and raw pages of any other size than one page. */
	if (!size || size > w->page_size || (!flags && size != w->page_size))
		return kdf_err(KDF_USAGE, "page frame %#llx: %zu bytes with flags %#x cannot be stored",
			       (unsigned long long)pfn, size, flags);
	e = append_data(w, data, size, &offset);
	return e ? e : add_descriptor(w, pfn, offset, (uint32_t)size, flags);
}

struct kdf_error *kdf_writer_zero_page(struct kdf_writer *w, uint64_t pfn)
{
	struct kdf_error *e = check_page(w, pfn);

	if (!e && !w->zero_page_at)
		e = store_zero_page(w);
	return e ? e : add_descriptor(w, pfn, w->zero_page_at, w->page_size, 0);
}

/* The last step of a whole dump: everything is on the disk before the mark goes, the mark before the success. */
static struct kdf_error *clear_incomplete_mark(const struct kdf_writer *w)
{
	uint8_t status[4];

	put(status, w->compression, sizeof(status));
	struct kdf_error *e = write_at(w->fd, status, sizeof(status), STATUS_OFFSET, NULL);
	if (!e && fsync(w->fd))
		e = kdf_err_sys(errno, "cannot sync the output");
	return e ? kdf_err_wrap(e, "marking the dump as complete") : NULL;
}

struct kdf_error *kdf_writer_finish(struct kdf_writer *w, bool complete)
{
	bool was_broken = w->broken;
	struct kdf_error *e = flush_pending(w);

	if (!e && fsync(w->fd))
		e = kdf_err_sys(errno, "cannot sync the output");
	if (!e && complete && was_broken)
		e = kdf_err(KDF_INCOMPLETE, "an earlier write failed: the dump stays marked as incomplete");
	if (!e && complete && !all_given(w))
		e = kdf_err(KDF_INCOMPLETE, "%llu of %llu pages were written: the dump stays marked as incomplete",
			    (unsigned long long)w->given, (unsigned long long)w->dumped_pages);
	if (!e && complete)
		e = clear_incomplete_mark(w);
	writer_free(w);
	return e;
}

uint64_t kdf_writer_bytes(const struct kdf_writer *w)
{
	return w->data_at + w->data_len;
}
