// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump-header.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"

enum {
	SIGNATURE_SIZE = 8,
	HEADER_SIZE = 464, /* of the larger, 64-bit form, without tasks[] */
	SUB_HEADER_SIZE = 104,
	MAX_VERSION = 6,
	MIN_BLOCK = 4096,
	MAX_BLOCK = 256 << 10,
};

/* 52 bits of physical address, the most that any supported machine has. */
static const uint64_t max_frames = (uint64_t)1 << 40;

/*
 * struct disk_dump_header holds the crashed machine's struct timeval, whose size and alignment move all that
 * follows it: the only difference between the 32- and the 64-bit form.
 */
struct shape {
	size_t timeval, long_size;
	bool big_endian;
};

static const struct shape shapes[] = { { 408, 8, false }, { 404, 4, false }, { 408, 8, true }, { 404, 4, true } };

/* The fields behind the timeval, all 32 bits. */
enum field { STATUS, BLOCK_SIZE, SUB_HEADER_BLOCKS, BITMAP_BLOCKS, MAX_MAPNR, NR_CPUS = 9 };

static uint32_t get(const uint8_t *head, const struct shape *shape, enum field f)
{
	return (uint32_t)kdf_load_uint(head + shape->timeval + 2 * shape->long_size + 4 * (size_t)f, 4,
				       shape->big_endian);
}

static bool is_block_size(uint32_t n)
{
	return n >= MIN_BLOCK && n <= MAX_BLOCK && !(n & (n - 1));
}

/* The signature does not tell class and byte order: the one that makes sense of the fields is it. */
static const struct shape *find_shape(const uint8_t *head)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		uint64_t version = kdf_load_uint(head + SIGNATURE_SIZE, 4, shapes[i].big_endian);

		if (version <= MAX_VERSION && is_block_size(get(head, &shapes[i], BLOCK_SIZE)) &&
		    get(head, &shapes[i], BITMAP_BLOCKS))
			return &shapes[i];
	}
	return NULL;
}

static void copy_uts(const uint8_t *head, struct kdf_kdump_header *h)
{
	for (size_t i = 0; i < 6; i++) {
		memcpy(h->uts[i], head + 12 + i * KDF_UTS_LEN, KDF_UTS_LEN);
		h->uts[i][KDF_UTS_LEN - 1] = 0;
	}
}

/* A reader of the sub header, which lays its members out as the dumped machine's compiler did. */
struct members {
	struct kdf_bytes b;
	size_t long_size, u64_align;
};

static uint64_t aligned(struct members *m, size_t size, size_t align)
{
	kdf_seek(&m->b, (m->b.pos + align - 1) & ~(align - 1));
	return kdf_get_uint(&m->b, size);
}

static uint64_t get_long(struct members *m)
{
	return aligned(m, m->long_size, m->long_size);
}

static uint64_t get_u64(struct members *m)
{
	return aligned(m, 8, m->u64_align);
}

/* Each version of the format appended members to struct kdump_sub_header. */
static void decode_sub_header(struct members *m, struct kdf_kdump_header *h)
{
	h->phys_base = get_long(m);
	if (!h->is64)
		h->phys_base = (uint64_t)(int32_t)h->phys_base;
	h->dump_level = (int32_t)kdf_get_u32(&m->b);
	if (h->version < 2)
		return;
	h->split = kdf_get_u32(&m->b) != 0;
	h->start_pfn = get_long(m);
	h->end_pfn = get_long(m);
	if (h->version < 3)
		return;
	h->vmcoreinfo_offset = get_u64(m);
	h->vmcoreinfo_size = get_long(m);
	if (h->version < 4)
		return;
	h->note_offset = get_u64(m);
	h->note_size = get_long(m);
	if (h->version < 6)
		return;
	get_u64(m); /* version 5: eraseinfo, offset and size */
	get_long(m);
	h->start_pfn = get_u64(m);
	h->end_pfn = get_u64(m);
	uint64_t frames = get_u64(m);
	if (frames)
		h->max_pfn = frames;
}

static struct kdf_error *read_sub_header(const struct kdf_source *s, struct kdf_kdump_header *h)
{
	uint8_t sub[SUB_HEADER_SIZE];
	/* i386 aligns 64-bit members to 4 bytes, the other 32-bit machines to 8. */
	bool i386 = h->uts[4][0] == 'i' && !strcmp(h->uts[4] + 2, "86");
	struct members m = { kdf_bytes(sub, sizeof(sub), h->big_endian), h->is64 ? 8 : 4, i386 ? 4 : 8 };
	struct kdf_error *e = kdf_source_read(s, h->block_size, sub, sizeof(sub));

	if (e)
		return kdf_err_wrap(e, "sub header");
	decode_sub_header(&m, h);
	if (h->dump_level < -1 || h->dump_level > 0xff)
		h->dump_level = -1;
	return NULL;
}

/* Sizes are in blocks of 32-bit counts: no sum of them overflows 64 bits. */
static struct kdf_error *check_layout(const struct kdf_source *s, struct kdf_kdump_header *h, uint64_t sub_blocks,
				      uint64_t bitmap_blocks)
{
	h->bitmap_offset = h->block_size * (1 + sub_blocks);
	h->bitmap_size = h->block_size * bitmap_blocks;
	h->descriptor_offset = h->bitmap_offset + h->bitmap_size;
	if (!h->max_pfn || h->max_pfn > max_frames || h->max_pfn > h->bitmap_size * 8)
		return kdf_err(KDF_CORRUPT, "kdump header: %" PRIu64 " frames, bitmaps of %" PRIu64 " bytes",
			       h->max_pfn, h->bitmap_size);
	if (!kdf_source_has(s, h->bitmap_offset, h->bitmap_size))
		return kdf_err(KDF_INCOMPLETE, "kdump header: bitmaps of %" PRIu64 " bytes at %" PRIu64
			       ", but '%s' ends at %" PRIu64, h->bitmap_size, h->bitmap_offset, s->name, s->size);
	if (h->split && h->start_pfn > h->end_pfn)
		return kdf_err(KDF_CORRUPT, "kdump header: part of frames %#" PRIx64 " to %#" PRIx64, h->start_pfn,
			       h->end_pfn);
	return NULL;
}

struct kdf_error *kdf_kdump_header_read(const struct kdf_source *s, struct kdf_kdump_header *h)
{
	uint8_t head[HEADER_SIZE];
	struct kdf_error *e = kdf_source_read(s, 0, head, sizeof(head));

	*h = (struct kdf_kdump_header){ .dump_level = -1 };
	if (e)
		return kdf_err_wrap(e, "kdump header");
	const struct shape *shape = find_shape(head);
	if (!shape)
		return kdf_err(KDF_CORRUPT,
			       "kdump header: version, block size and bitmap size make no sense in either byte order");
	h->old_diskdump = !memcmp(head, "DISKDUMP", SIGNATURE_SIZE);
	h->big_endian = shape->big_endian;
	h->is64 = shape->long_size == 8;
	h->version = (uint32_t)kdf_load_uint(head + SIGNATURE_SIZE, 4, shape->big_endian);
	copy_uts(head, h);
	h->seconds = (int64_t)kdf_load_uint(head + shape->timeval, shape->long_size, shape->big_endian);
	h->status = get(head, shape, STATUS);
	h->block_size = get(head, shape, BLOCK_SIZE);
	h->max_pfn = get(head, shape, MAX_MAPNR);
	h->nr_cpus = get(head, shape, NR_CPUS);
	uint32_t sub_blocks = get(head, shape, SUB_HEADER_BLOCKS);
	if (!h->old_diskdump && h->version && sub_blocks)
		e = read_sub_header(s, h);
	return e ? e : check_layout(s, h, sub_blocks, get(head, shape, BITMAP_BLOCKS));
}
