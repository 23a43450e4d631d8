// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdump-compressed files: header, sub header with notes, two bitmaps of frames (RAM, dumped), one descriptor of
 * 24 bytes per dumped frame in the order of frames, then the pages in any order and place. A split set repeats
 * headers and bitmaps in every part; the descriptors of a part are those of its own range of frames.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "bitmap.h"
#include "codec.h"
#include "dump.h"
#include "kdump-header.h"
#include "machine.h"
#include "notes.h"

enum { DESCRIPTOR_SIZE = 24 };

static const uint32_t codec_flags = KDF_FLAG_ZLIB | KDF_FLAG_LZO | KDF_FLAG_SNAPPY | KDF_FLAG_ZSTD;

/* Notes and text beyond this are damage, whatever the file's size. */
static const uint64_t max_notes = 1u << 30;
static const size_t max_ram_ranges = 1u << 22;
/* How many descriptors are looked at to tell a cut file from a whole one. */
static const uint64_t samples = 256;

struct part {
	const struct kdf_source *source;
	uint64_t start_pfn, end_pfn;
	uint64_t descriptor_offset;
	uint64_t first_rank; /* dumped frames below start_pfn: a part counts its descriptors from its own first frame */
	_Atomic uint64_t zero_page; /* where a stored page of zeros lies, 0 while unknown: zero pages share one */
};

struct kdump {
	struct part *part; /* sorted by frame */
	size_t nparts;
	bool split;
	struct kdf_bitmap ram, dumped;
	void *bitmap_copy; /* when the file is not mapped in one piece there */
};

struct descriptor {
	uint64_t offset;
	uint32_t size, flags;
};

/* ---- Looking a frame up ---- */

static uint64_t clamp(uint64_t n, uint64_t max)
{
	return n < max ? n : max;
}

static struct part *part_of(const struct kdump *k, uint64_t pfn)
{
	size_t low = 0, high = k->nparts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (k->part[middle].end_pfn > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low < k->nparts && k->part[low].start_pfn <= pfn ? &k->part[low] : NULL;
}

/* false: the file ends before it. */
static bool read_descriptor(const struct kdf *d, const struct part *p, uint64_t index, struct descriptor *out)
{
	uint8_t copy[DESCRIPTOR_SIZE];
	uint64_t at = p->descriptor_offset + index * sizeof(copy);
	const uint8_t *raw = kdf_source_map(p->source, at, sizeof(copy));

	if (!raw) {
		struct kdf_error *e = kdf_source_has(p->source, at, sizeof(copy)) ?
					      kdf_source_read(p->source, at, copy, sizeof(copy)) :
					      kdf_err(KDF_INCOMPLETE, "descriptor beyond the end");
		if (e) {
			kdf_error_free(e);
			return false;
		}
		raw = copy;
	}
	out->offset = kdf_load_uint(raw, 8, d->info.big_endian);
	out->size = (uint32_t)kdf_load_uint(raw + 8, 4, d->info.big_endian);
	out->flags = (uint32_t)kdf_load_uint(raw + 12, 4, d->info.big_endian);
	return true;
}

/* Offset 0: the writer ended before it came to this page. */
static bool is_written(const struct part *p, const struct descriptor *desc)
{
	return desc->offset && kdf_source_has(p->source, desc->offset, desc->size);
}

static enum kdf_page_state look_up(const struct kdf *d, uint64_t pfn, struct part **part, struct descriptor *desc)
{
	const struct kdump *k = d->state;

	if (!kdf_bitmap_test(&k->dumped, pfn))
		return kdf_bitmap_test(&k->ram, pfn) ? KDF_PAGE_EXCLUDED : KDF_PAGE_HOLE;
	*part = part_of(k, pfn);
	if (!*part)
		return KDF_PAGE_INCOMPLETE;
	uint64_t index = kdf_bitmap_rank(&k->dumped, pfn) - (*part)->first_rank;
	return read_descriptor(d, *part, index, desc) && is_written(*part, desc) ? KDF_PAGE_PRESENT
										 : KDF_PAGE_INCOMPLETE;
}

static enum kdf_page_state kdump_state(const struct kdf *d, uint64_t pfn)
{
	struct descriptor desc;
	struct part *part;

	return look_up(d, pfn, &part, &desc);
}

static bool kdump_next(const struct kdf *d, uint64_t from, uint64_t *pfn)
{
	const struct kdump *k = d->state;

	*pfn = kdf_bitmap_next(&k->dumped, from, true);
	return *pfn < k->dumped.nbits;
}

/* ---- Reading a frame ---- */

static struct kdf_error *read_raw(const struct kdf *d, struct part *part, const struct descriptor *desc, void *buf,
				  bool *zero)
{
	size_t page = kdf_page_size(d);

	if (desc->size != page)
		return kdf_err(KDF_CORRUPT, "uncompressed, but %" PRIu32 " bytes long", desc->size);
	if (desc->offset == atomic_load_explicit(&part->zero_page, memory_order_relaxed)) {
		memset(buf, 0, page);
		*zero = true;
		return NULL;
	}
	struct kdf_error *e = kdf_source_read(part->source, desc->offset, buf, page);
	if (!e && kdf_all_zero(buf, page)) {
		*zero = true;
		atomic_store_explicit(&part->zero_page, desc->offset, memory_order_relaxed);
	}
	return e;
}

static struct kdf_error *decompress(const struct kdf *d, const struct part *part, const struct descriptor *desc,
				    void *buf)
{
	const struct kdf_codec *codec = kdf_codec_by_flag(desc->flags & codec_flags);
	const void *in = kdf_source_map(part->source, desc->offset, desc->size);
	KDF_AUTO_FREE void *copy = NULL;

	if (desc->flags & ~codec_flags || desc->flags & (desc->flags - 1))
		return kdf_err(KDF_CORRUPT, "unknown page flags %#" PRIx32, desc->flags);
	if (!codec)
		return kdf_err(KDF_UNSUPPORTED,
			       "compressed with flag %#" PRIx32 ", a method that this build lacks (%s)", desc->flags,
			       kdf_features());
	if (!desc->size || desc->size > kdf_page_size(d))
		return kdf_err(KDF_CORRUPT, "%s data of %" PRIu32 " bytes", codec->name, desc->size);
	if (!in) {
		struct kdf_error *e = kdf_source_copy(part->source, desc->offset, desc->size, &copy);

		if (e)
			return e;
		in = copy;
	}
	if (!codec->decompress(in, desc->size, buf, kdf_page_size(d)))
		return kdf_err(KDF_CORRUPT, "damaged %s data of %" PRIu32 " bytes", codec->name, desc->size);
	return NULL;
}

static struct kdf_error *kdump_read(struct kdf *d, uint64_t pfn, void *buf, bool *zero)
{
	struct descriptor desc;
	struct part *part;
	enum kdf_page_state state = look_up(d, pfn, &part, &desc);
	struct kdf_error *e;

	*zero = false;
	if (state != KDF_PAGE_PRESENT)
		return kdf_page_state_error(d, pfn, state);
	if (desc.flags)
		e = decompress(d, part, &desc, buf);
	else
		e = read_raw(d, part, &desc, buf, zero);
	return kdf_err_wrap(e, "frame %#" PRIx64 " at %" PRIu64 " of '%s'", pfn, desc.offset, part->source->name);
}

static const uint8_t *kdump_map(struct kdf *d, uint64_t pfn, uint64_t n)
{
	struct descriptor desc;
	struct part *part;

	if (n != 1 || look_up(d, pfn, &part, &desc) != KDF_PAGE_PRESENT || desc.flags || desc.size != kdf_page_size(d))
		return NULL;
	return kdf_source_map(part->source, desc.offset, desc.size);
}

/* ---- Opening ---- */

static struct kdf_error *read_notes(struct kdf *d, const struct kdf_kdump_header *h)
{
	const struct kdf_source *s = d->source[0];

	if (!h->note_offset || !h->note_size)
		return NULL;
	if (h->note_size > max_notes || !kdf_source_has(s, h->note_offset, h->note_size))
		return kdf_err(KDF_CORRUPT, "kdump header: notes of %" PRIu64 " bytes at %" PRIu64, h->note_size,
			       h->note_offset);
	struct kdf_error *e = kdf_source_copy(s, h->note_offset, h->note_size, &d->notes_raw);
	if (e)
		return e;
	d->notes_size = h->note_size;
	return kdf_notes_split(d);
}

/* From where the header says; a header that says nonsense leaves it to the note. */
static struct kdf_error *read_vmcoreinfo(struct kdf *d, const struct kdf_kdump_header *h)
{
	const struct kdf_source *s = d->source[0];
	void *text;

	if (!h->vmcoreinfo_offset || !h->vmcoreinfo_size || h->vmcoreinfo_size > max_notes ||
	    !kdf_source_has(s, h->vmcoreinfo_offset, h->vmcoreinfo_size))
		return NULL;
	struct kdf_error *e = kdf_source_copy(s, h->vmcoreinfo_offset, h->vmcoreinfo_size, &text);
	if (e)
		return e;
	e = kdf_vmcoreinfo_parse(&d->vmcoreinfo, text, h->vmcoreinfo_size);
	free(text);
	if (kdf_error_code(e) == KDF_NOMEM)
		return e;
	kdf_error_free(e);
	return NULL;
}

/*
 * Two bitmaps of equal size, RAM and dumped. Old writers made a single one over the whole area: then the frames
 * do not fit in half of it.
 */
static struct kdf_error *read_bitmaps(struct kdf *d, struct kdump *k, const struct kdf_kdump_header *h)
{
	const struct kdf_source *s = d->source[0];
	const uint8_t *bits = kdf_source_map(s, h->bitmap_offset, h->bitmap_size);
	uint64_t half = h->bitmap_size / 2;

	if (!bits) {
		/* Only a flattened file can claim more content than it has bytes. */
		if (h->bitmap_size > s->file_size)
			return kdf_err(KDF_CORRUPT, "bitmaps of %" PRIu64 " bytes in a file of %" PRIu64,
				       h->bitmap_size, s->file_size);
		struct kdf_error *e = kdf_source_copy(s, h->bitmap_offset, h->bitmap_size, &k->bitmap_copy);
		if (e)
			return kdf_err_wrap(e, "bitmaps");
		bits = k->bitmap_copy;
	}
	bool single = h->max_pfn > half * 8;
	struct kdf_error *e = kdf_bitmap_init(&k->ram, bits, h->max_pfn);
	if (!e)
		e = kdf_bitmap_init(&k->dumped, single ? bits : bits + half, h->max_pfn);
	return e ? e : kdf_bitmap_ranges(&k->ram, max_ram_ranges, &d->ram);
}

static int by_start(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->start_pfn != y->start_pfn)
		return x->start_pfn < y->start_pfn ? -1 : 1;
	return (x->end_pfn > y->end_pfn) - (x->end_pfn < y->end_pfn);
}

/* Parts of one set differ in their range of frames only. */
static bool same_set(const struct kdf_kdump_header *a, const struct kdf_kdump_header *b)
{
	return a->split && b->split && a->version == b->version && a->block_size == b->block_size &&
	       a->big_endian == b->big_endian && a->is64 == b->is64 && a->max_pfn == b->max_pfn &&
	       a->bitmap_offset == b->bitmap_offset && a->bitmap_size == b->bitmap_size && a->seconds == b->seconds &&
	       !memcmp(a->uts, b->uts, sizeof(a->uts));
}

static struct kdf_error *add_part(struct kdf *d, struct kdump *k, size_t i, const struct kdf_kdump_header *first)
{
	struct kdf_kdump_header h;
	struct kdf_error *e = kdf_kdump_header_read(d->source[i], &h);

	if (e)
		return kdf_err_wrap(e, "'%s'", d->source[i]->name);
	if (!same_set(first, &h))
		return kdf_err(KDF_USAGE, "'%s' and '%s' are not parts of one split dump", d->source[0]->name,
			       d->source[i]->name);
	atomic_init(&k->part[i].zero_page, 0);
	k->part[i].source = d->source[i];
	k->part[i].start_pfn = h.start_pfn;
	k->part[i].end_pfn = h.end_pfn;
	k->part[i].descriptor_offset = h.descriptor_offset;
	k->part[i].first_rank = kdf_bitmap_rank(&k->dumped, clamp(h.start_pfn, k->dumped.nbits));
	return NULL;
}

/* Sorts the parts and drops empty ones; what none of them covers is left incomplete. */
static struct kdf_error *order_parts(struct kdf *d, struct kdump *k)
{
	uint64_t end = 0;
	size_t kept = 0;

	qsort(k->part, k->nparts, sizeof(*k->part), by_start);
	for (size_t i = 0; i < k->nparts; i++) {
		const struct part *p = &k->part[i];

		if (p->start_pfn == p->end_pfn)
			continue;
		if (p->start_pfn < end)
			return kdf_err(KDF_USAGE, "'%s' covers frames that another part has: is it given twice?",
				       p->source->name);
		if (kdf_bitmap_next(&k->dumped, end, true) < p->start_pfn)
			d->info.incomplete = true;
		end = p->end_pfn;
		k->part[kept++] = *p;
	}
	k->nparts = kept;
	if (kdf_bitmap_next(&k->dumped, end, true) < k->dumped.nbits)
		d->info.incomplete = true;
	return NULL;
}

static struct kdf_error *set_up_parts(struct kdf *d, struct kdump *k, const struct kdf_kdump_header *h)
{
	struct kdf_error *e = NULL;

	k->split = h->split;
	k->nparts = d->nsources;
	k->part = calloc(k->nparts, sizeof(*k->part));
	if (!k->part)
		return kdf_err(KDF_NOMEM, "no memory");
	if (!h->split) {
		if (k->nparts > 1)
			return kdf_err(KDF_USAGE, "'%s' is a whole dump, not a part of a split one: give one file",
				       d->source[0]->name);
		k->part[0].source = d->source[0];
		k->part[0].end_pfn = h->max_pfn;
		k->part[0].descriptor_offset = h->descriptor_offset;
		return NULL;
	}
	for (size_t i = 0; !e && i < k->nparts; i++)
		e = add_part(d, k, i, h);
	return e ? e : order_parts(d, k);
}

/*
 * A writer that was killed, or a file that was cut, often carries no mark. Pages may stand in any order in the
 * file, so some descriptors spread over all of them are asked, the last one of each part among them.
 */
static bool looks_cut(const struct kdf *d, const struct kdump *k)
{
	for (size_t i = 0; i < k->nparts; i++) {
		const struct part *p = &k->part[i];
		uint64_t count = kdf_bitmap_rank(&k->dumped, clamp(p->end_pfn, k->dumped.nbits)) - p->first_rank;
		uint64_t step = count / samples + 1;

		for (uint64_t n = count; n; n = n > step ? n - step : 0) {
			struct descriptor desc;

			if (!read_descriptor(d, p, n - 1, &desc) || !is_written(p, &desc))
				return true;
		}
	}
	return false;
}

static void fill_uts(struct kdf_info *info, const struct kdf_kdump_header *h)
{
	char *const field[6] = { info->sysname, info->nodename,	   info->release,
				 info->version, info->uts_machine, info->domainname };

	for (size_t i = 0; i < 6; i++)
		memcpy(field[i], h->uts[i], KDF_UTS_LEN);
}

static void fill_info(struct kdf *d, const struct kdump *k, const struct kdf_kdump_header *h)
{
	struct kdf_info *info = &d->info;
	const struct kdf_codec *codec = kdf_codec_by_flag(h->status & codec_flags);

	info->format = "kdump-compressed";
	info->compression = codec ? codec->name : h->status & codec_flags ? "other" : "none";
	if (h->old_diskdump) /* other bits, see load() */
		info->compression = h->status & 8 ? "zlib" : "none";
	info->big_endian = h->big_endian;
	info->split = h->split;
	info->header_version = (int)h->version;
	info->dump_level = h->dump_level;
	info->max_pfn = h->max_pfn;
	info->ram_pages = k->ram.set;
	info->dumped_pages = k->dumped.set;
	info->crash_time = h->seconds;
	info->nr_cpus = h->nr_cpus;
	fill_uts(info, h);
	d->machine = kdf_machine_by_name(info->uts_machine);
	d->header_phys_base = h->phys_base;
}

static struct kdf_error *load(struct kdf *d, struct kdump *k, const struct kdf_kdump_header *h)
{
	d->info.big_endian = h->big_endian;
	struct kdf_error *e = kdf_set_page_size(d, h->block_size);
	if (!e)
		e = read_bitmaps(d, k, h);
	if (!e)
		e = set_up_parts(d, k, h);
	if (!e)
		e = read_notes(d, h);
	if (!e)
		e = read_vmcoreinfo(d, h);
	if (e)
		return e;
	fill_info(d, k, h);
	/* In the old format 1 said incomplete and 8 compressed, before the bits got their present meaning. */
	uint32_t mark = h->old_diskdump ? 1 : KDF_FLAG_INCOMPLETE;
	if (h->status & mark || looks_cut(d, k))
		d->info.incomplete = true;
	for (size_t i = 0; i < d->nsources; i++)
		d->info.incomplete |= kdf_source_cut(d->source[i]);
	return NULL;
}

static struct kdf_error *kdump_open(struct kdf *d)
{
	struct kdf_kdump_header h;
	struct kdump *k = calloc(1, sizeof(*k));

	d->state = k;
	if (!k)
		return kdf_err(KDF_NOMEM, "no memory");
	struct kdf_error *e = kdf_kdump_header_read(d->source[0], &h);
	return e ? e : load(d, k, &h);
}

static void kdump_close(struct kdf *d)
{
	struct kdump *k = d->state;

	if (!k)
		return;
	kdf_bitmap_free(&k->ram);
	kdf_bitmap_free(&k->dumped);
	free(k->bitmap_copy);
	free(k->part);
	free(k);
}

#define KDUMP_CALLS \
	.open = kdump_open, .close = kdump_close, .state = kdump_state, .next = kdump_next, .read = kdump_read, \
	.map = kdump_map

const struct kdf_format kdf_format_kdump = { .name = "kdump", .magic = "KDUMP   ", .magic_size = 8, KDUMP_CALLS };
/* The name under which the format began. */
const struct kdf_format kdf_format_diskdump = { .name = "diskdump", .magic = "DISKDUMP", .magic_size = 8, KDUMP_CALLS };
