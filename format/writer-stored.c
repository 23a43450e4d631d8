// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages of a kdump-compressed dump in the form in which they are stored: for whoever copies them into another file
 * without decompressing, and for whoever checks a file.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "bitmap.h"
#include "dump.h"
#include "kdump-header.h"

enum { DESCRIPTOR_SIZE = 24 };

struct stored_part {
	uint64_t start_pfn, end_pfn, descriptors_at;
	uint64_t first_rank; /* a part counts its descriptors from its own first frame */
};

struct kdf_stored {
	struct kdf *dump;
	struct stored_part *part;
	struct kdf_bitmap dumped;
	void *bitmap_copy;
};

static struct kdf_error *read_bitmap(struct kdf_stored *s, const struct kdf_kdump_header *h)
{
	const struct kdf_source *source = s->dump->source[0];
	const uint8_t *bits = kdf_source_map(source, h->bitmap_offset, h->bitmap_size);
	uint64_t half = h->bitmap_size / 2;

	if (!bits) {
		if (h->bitmap_size > source->file_size)
			return kdf_err(KDF_CORRUPT, "bitmaps of %llu bytes", (unsigned long long)h->bitmap_size);
		struct kdf_error *e = kdf_source_copy(source, h->bitmap_offset, h->bitmap_size, &s->bitmap_copy);
		if (e)
			return e;
		bits = s->bitmap_copy;
	}
	/* A single bitmap over the whole area, in old files. */
	return kdf_bitmap_init(&s->dumped, h->max_pfn > half * 8 ? bits : bits + half, h->max_pfn);
}

static struct kdf_error *load_part(struct kdf_stored *s, unsigned i)
{
	struct kdf_kdump_header h;
	struct kdf_error *e = kdf_kdump_header_read(s->dump->source[i], &h);

	if (e)
		return e;
	if (!i)
		e = read_bitmap(s, &h);
	if (e)
		return e;
	struct stored_part *p = &s->part[i];
	uint64_t nbits = s->dumped.nbits;
	p->start_pfn = h.split ? (h.start_pfn < nbits ? h.start_pfn : nbits) : 0;
	p->end_pfn = h.split ? (h.end_pfn < nbits ? h.end_pfn : nbits) : nbits;
	p->descriptors_at = h.descriptor_offset;
	p->first_rank = kdf_bitmap_rank(&s->dumped, p->start_pfn);
	return NULL;
}

struct kdf_error *kdf_stored_open(struct kdf *d, struct kdf_stored **out)
{
	*out = NULL;
	if (strcmp(d->info.format, "kdump-compressed") != 0)
		return kdf_err(KDF_UNSUPPORTED, "'%s' is no kdump-compressed dump (it is %s)", d->source[0]->name,
			       d->info.format);
	struct kdf_stored *s = calloc(1, sizeof(*s));
	if (s)
		s->part = calloc(d->nsources, sizeof(*s->part));
	if (!s || !s->part) {
		free(s);
		return kdf_err(KDF_NOMEM, "no memory");
	}
	s->dump = d;
	struct kdf_error *e = NULL;
	for (unsigned i = 0; !e && i < d->nsources; i++)
		e = load_part(s, i);
	if (e) {
		kdf_stored_close(s);
		return e;
	}
	*out = s;
	return NULL;
}

void kdf_stored_close(struct kdf_stored *s)
{
	if (!s)
		return;
	kdf_bitmap_free(&s->dumped);
	free(s->bitmap_copy);
	free(s->part);
	free(s);
}

struct kdf_error *kdf_stored_find(struct kdf_stored *s, uint64_t pfn, struct kdf_stored_page *out)
{
	enum kdf_page_state state = kdf_page_state(s->dump, pfn);
	bool big = s->dump->info.big_endian;
	uint8_t raw[DESCRIPTOR_SIZE];

	if (state != KDF_PAGE_PRESENT)
		return kdf_page_state_error(s->dump, pfn, state);
	for (unsigned i = 0; i < s->dump->nsources; i++) {
		const struct stored_part *p = &s->part[i];
		if (pfn < p->start_pfn || pfn >= p->end_pfn)
			continue;
		uint64_t index = kdf_bitmap_rank(&s->dumped, pfn) - p->first_rank;
		struct kdf_error *e = kdf_source_read(s->dump->source[i], p->descriptors_at + index * sizeof(raw), raw,
						      sizeof(raw));
		if (e)
			return e;
		*out = (struct kdf_stored_page){ kdf_load_uint(raw, 8, big), (uint32_t)kdf_load_uint(raw + 8, 4, big),
						 (uint32_t)kdf_load_uint(raw + 12, 4, big), i };
		return NULL;
	}
	return kdf_page_state_error(s->dump, pfn, KDF_PAGE_INCOMPLETE);
}

struct kdf_error *kdf_stored_read(struct kdf_stored *s, const struct kdf_stored_page *page, void *buf)
{
	if (page->part >= s->dump->nsources || page->size > s->dump->info.page_size || !page->size)
		return kdf_err(KDF_CORRUPT, "a stored page of %u bytes", page->size);
	return kdf_source_read(s->dump->source[page->part], page->offset, buf, page->size);
}
