// SPDX-License-Identifier: GPL-2.0-or-later
#include "flattened.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "source.h"

enum { HEADER_SIZE = 4096, RECORD_HEADER = 16, SIGNATURE_SIZE = 16 };

/* Content beyond this is no dump: larger than any file of Linux. */
static const uint64_t max_content = INT64_MAX;

struct record {
	uint64_t start, end, position;
	uint64_t order; /* of writing */
};

struct records {
	struct record *all;
	size_t count, cap;
	bool cut;
};

struct kdf_error *kdf_flat_probe(const struct kdf_source *s, bool *flattened)
{
	static const char signature[SIGNATURE_SIZE] = "makedumpfile";
	char head[SIGNATURE_SIZE];

	*flattened = false;
	if (s->file_size < sizeof(head))
		return NULL;
	struct kdf_error *e = kdf_source_read_raw(s, 0, head, sizeof(head));
	if (!e)
		*flattened = !memcmp(head, signature, sizeof(head));
	return e;
}

static struct kdf_error *check_header(const struct kdf_source *s)
{
	uint8_t head[32];

	if (s->file_size < HEADER_SIZE + RECORD_HEADER)
		return kdf_err(KDF_INCOMPLETE, "only %" PRIu64 " bytes, the stream ended in its header", s->file_size);
	struct kdf_error *e = kdf_source_read_raw(s, 0, head, sizeof(head));
	if (e)
		return e;
	uint64_t type = kdf_load_uint(head + 16, 8, true), version = kdf_load_uint(head + 24, 8, true);
	if (type != 1 || version != 1)
		return kdf_err(KDF_UNSUPPORTED, "type %" PRIu64 " version %" PRIu64 ", only 1 and 1 are known", type,
			       version);
	return NULL;
}

/* One record at *position, which moves behind it. *end is set by the end record and by a cut stream. */
static struct kdf_error *next_record(const struct kdf_source *s, uint64_t *position, struct records *r, bool *end)
{
	uint8_t head[RECORD_HEADER];

	if (s->file_size - *position < RECORD_HEADER) {
		*end = r->cut = true;
		return NULL;
	}
	struct kdf_error *e = kdf_source_read_raw(s, *position, head, sizeof(head));
	if (e)
		return e;
	uint64_t offset = kdf_load_uint(head, 8, true), size = kdf_load_uint(head + 8, 8, true);
	if (offset == UINT64_MAX && size == UINT64_MAX) {
		*end = true;
		return NULL;
	}
	if (offset > max_content || size > max_content - offset)
		return kdf_err(KDF_CORRUPT, "record at byte %" PRIu64 " claims %" PRIu64 " bytes for offset %" PRIu64,
			       *position, size, offset);
	*position += RECORD_HEADER;
	uint64_t left = s->file_size - *position;
	if (size > left) {
		size = left;
		*end = r->cut = true;
	}
	if (size) {
		if (!kdf_grow(&r->all, &r->cap, r->count + 1, sizeof(*r->all)))
			return kdf_err(KDF_NOMEM, "no memory for the index of %zu records", r->count);
		r->all[r->count] = (struct record){ offset, offset + size, *position, r->count };
		r->count++;
	}
	*position += size;
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* A heap of the records that cover the point of the sweep, newest on top. */
struct heap {
	const struct record **slot;
	size_t count;
};

static void heap_push(struct heap *h, const struct record *r)
{
	size_t i = h->count++;

	for (; i && h->slot[(i - 1) / 2]->order < r->order; i = (i - 1) / 2)
		h->slot[i] = h->slot[(i - 1) / 2];
	h->slot[i] = r;
}

static void heap_pop(struct heap *h)
{
	const struct record *last = h->slot[--h->count];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < h->count; i = child) {
		if (child + 1 < h->count && h->slot[child + 1]->order > h->slot[child]->order)
			child++;
		if (h->slot[child]->order < last->order)
			break;
		h->slot[i] = h->slot[child];
	}
	h->slot[i] = last;
}

static bool add_extent(struct kdf_flat *f, size_t *cap, struct kdf_flat_extent x)
{
	struct kdf_flat_extent *last = f->count ? &f->extent[f->count - 1] : NULL;

	if (last && last->end == x.start && last->position + (last->end - last->start) == x.position) {
		last->end = x.end;
		return true;
	}
	if (!kdf_grow(&f->extent, cap, f->count + 1, sizeof(*f->extent)))
		return false;
	f->extent[f->count++] = x;
	return true;
}

/* Sweeps over the sorted records: at each point the newest record that covers it is the one that counts. */
static bool resolve(const struct records *r, struct heap *heap, struct kdf_flat *f)
{
	size_t next = 0, cap = 0;
	uint64_t at = 0;

	for (;;) {
		while (heap->count && heap->slot[0]->end <= at)
			heap_pop(heap);
		if (!heap->count && next < r->count && r->all[next].start > at)
			at = r->all[next].start;
		while (next < r->count && r->all[next].start <= at)
			heap_push(heap, &r->all[next++]);
		if (!heap->count)
			return true;
		const struct record *top = heap->slot[0];
		if (top->end <= at)
			continue;
		uint64_t end = next < r->count && r->all[next].start < top->end ? r->all[next].start : top->end;
		if (!add_extent(f, &cap, (struct kdf_flat_extent){ at, end, top->position + (at - top->start) }))
			return false;
		at = end;
	}
}

static struct kdf_error *make_index(struct records *r, struct kdf_flat *f)
{
	if (!r->count)
		return kdf_err(KDF_INCOMPLETE, "the stream holds no record");
	KDF_AUTO_FREE const struct record **slot = calloc(r->count, sizeof(const struct record *));
	struct heap heap = { slot, 0 };

	qsort(r->all, r->count, sizeof(*r->all), by_start);
	if (!slot || !resolve(r, &heap, f))
		return kdf_err(KDF_NOMEM, "no memory for the index of %zu records", r->count);
	f->size = f->extent[f->count - 1].end;
	f->cut = r->cut;
	return NULL;
}

struct kdf_error *kdf_flat_build(const struct kdf_source *s, struct kdf_flat **out)
{
	struct kdf_error *e = check_header(s);
	struct records r = { 0 };
	uint64_t position = HEADER_SIZE;

	for (bool end = false; !e && !end;)
		e = next_record(s, &position, &r, &end);
	struct kdf_flat *f = e ? NULL : calloc(1, sizeof(*f));
	if (!e)
		e = f ? make_index(&r, f) : kdf_err(KDF_NOMEM, "no memory");
	free(r.all);
	if (e) {
		kdf_flat_free(f);
		return e;
	}
	*out = f;
	return NULL;
}

void kdf_flat_free(struct kdf_flat *f)
{
	if (!f)
		return;
	free(f->extent);
	free(f);
}

size_t kdf_flat_find(const struct kdf_flat *f, uint64_t offset)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->extent[middle].end > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}
