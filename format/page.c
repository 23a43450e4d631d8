// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames and physical memory of an open dump, the same for every format. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"

enum kdf_page_state kdf_page_state(const struct kdf *d, uint64_t pfn)
{
	return pfn < d->info.max_pfn ? d->format->state(d, pfn) : KDF_PAGE_HOLE;
}

struct kdf_error *kdf_page_state_error(const struct kdf *d, uint64_t pfn, enum kdf_page_state state)
{
	uint64_t phys = pfn << d->info.page_shift;

	switch (state) {
	case KDF_PAGE_EXCLUDED:
		return kdf_err(KDF_EXCLUDED, "frame %#" PRIx64 " (physical %#" PRIx64 ") was left out by the filter",
			       pfn, phys);
	case KDF_PAGE_INCOMPLETE:
		return kdf_err(KDF_INCOMPLETE, "frame %#" PRIx64 " (physical %#" PRIx64 ") is missing: %s", pfn, phys,
			       d->info.split ? "the dump ended before it, or it is in another part of the split set" :
					       "the dump ended before it");
	default:
		return kdf_err(KDF_HOLE, "frame %#" PRIx64 " (physical %#" PRIx64 ") is no RAM that the dump covers",
			       pfn, phys);
	}
}

static bool next_ram(const struct kdf *d, uint64_t from, uint64_t *pfn)
{
	size_t i = kdf_ranges_find(&d->ram, from);

	if (i == d->ram.count)
		return false;
	*pfn = from > d->ram.range[i].start ? from : d->ram.range[i].start;
	return true;
}

bool kdf_next_page(const struct kdf *d, uint64_t from, bool ram, uint64_t *pfn)
{
	if (ram)
		return next_ram(d, from, pfn);
	while (d->format->next(d, from, pfn)) {
		if (d->format->state(d, *pfn) == KDF_PAGE_PRESENT)
			return true;
		from = *pfn + 1;
	}
	return false;
}

size_t kdf_ram_range_count(const struct kdf *d)
{
	return d->ram.count;
}

bool kdf_ram_range(const struct kdf *d, size_t i, uint64_t *first_pfn, uint64_t *end_pfn)
{
	if (i >= d->ram.count)
		return false;
	*first_pfn = d->ram.range[i].start;
	*end_pfn = d->ram.range[i].end;
	return true;
}

size_t kdf_segment_count(const struct kdf *d)
{
	return d->nsegments;
}

const struct kdf_segment *kdf_segment(const struct kdf *d, size_t i)
{
	return i < d->nsegments ? &d->segment[i] : NULL;
}

const uint8_t *kdf_pages_mapped(struct kdf *d, uint64_t pfn, uint64_t n)
{
	if (!n || pfn >= d->info.max_pfn || n > d->info.max_pfn - pfn)
		return NULL;
	return d->format->map(d, pfn, n);
}

struct kdf_error *kdf_page_read(struct kdf *d, uint64_t pfn, void *buf, bool *zero)
{
	enum kdf_page_state state = kdf_page_state(d, pfn);
	bool is_zero = false;
	struct kdf_error *e = NULL;

	if (state == KDF_PAGE_PRESENT) {
		e = d->format->read(d, pfn, buf, &is_zero);
	} else if (state == KDF_PAGE_EXCLUDED && d->zero_excluded) {
		memset(buf, 0, kdf_page_size(d));
		is_zero = true;
	} else {
		e = kdf_page_state_error(d, pfn, state);
	}
	if (zero)
		*zero = !e && is_zero;
	return e;
}

static struct kdf_error *fill(void *arg, uint64_t pfn, void *buf)
{
	return kdf_page_read(arg, pfn, buf, NULL);
}

/* A live system's memory changes: each call reads it anew, into a page of its own. */
static struct kdf_error *get_live(struct kdf *d, struct kdf_page *page)
{
	uint8_t *copy = malloc(kdf_page_size(d));
	struct kdf_error *e =
		copy ? kdf_page_read(d, page->pfn, copy, NULL) : kdf_err(KDF_NOMEM, "no memory for a page");

	if (e) {
		free(copy);
		return e;
	}
	page->slot = copy;
	page->data = copy;
	return NULL;
}

struct kdf_error *kdf_page_get(struct kdf *d, uint64_t pfn, struct kdf_page *out)
{
	struct kdf_page_slot *slot = NULL;

	out->pfn = pfn;
	out->slot = NULL;
	out->data = kdf_pages_mapped(d, pfn, 1);
	if (out->data)
		return NULL;
	if (d->info.live)
		return get_live(d, out);
	struct kdf_error *e = kdf_page_cache_get(d->cache, pfn, fill, d, &slot, &out->data);
	out->slot = slot;
	return e;
}

void kdf_page_put(struct kdf *d, struct kdf_page *page)
{
	if (page->slot && d->info.live)
		free(page->slot);
	else if (page->slot)
		kdf_page_cache_put(d->cache, page->slot);
	page->slot = NULL;
	page->data = NULL;
}

/* Part of one frame. */
static struct kdf_error *read_part(struct kdf *d, uint64_t pfn, size_t offset, void *buf, size_t n)
{
	struct kdf_page page;
	struct kdf_error *e = kdf_page_get(d, pfn, &page);

	if (e)
		return e;
	memcpy(buf, page.data + offset, n);
	kdf_page_put(d, &page);
	return NULL;
}

struct kdf_error *kdf_read_phys(struct kdf *d, uint64_t phys, void *buf, size_t len)
{
	uint64_t page_size = kdf_page_size(d);
	uint8_t *out = buf;

	if (len && phys > UINT64_MAX - (len - 1))
		return kdf_err(KDF_HOLE, "%zu bytes at physical %#" PRIx64 " go beyond the end of the address space",
			       len, phys);
	while (len) {
		size_t offset = phys & (page_size - 1), n = page_size - offset < len ? page_size - offset : len;
		struct kdf_error *e = read_part(d, phys >> d->info.page_shift, offset, out, n);

		if (e)
			return e;
		out += n;
		phys += n;
		len -= n;
	}
	return NULL;
}
