// SPDX-License-Identifier: GPL-2.0-or-later
#include "pages.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"

static void set_bit(uint8_t *map, uint64_t pfn)
{
	map[pfn / 8] |= (uint8_t)(1 << pfn % 8);
}

static void set_range(uint8_t *map, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		if (from % 8 == 0 && to - from >= 8) {
			map[from / 8] = 0xff;
			from += 7;
		} else {
			set_bit(map, from);
		}
}

struct kdf_error *pages_check_count(const struct kdf *dump)
{
	const struct kdf_info *info = kdf_info(dump);

	if (info->max_pfn > PAGES_MAX_FRAMES)
		return kdf_err(KDF_UNSUPPORTED, "page frames up to %#llx: more than %#llx are not supported",
			       (unsigned long long)info->max_pfn, (unsigned long long)PAGES_MAX_FRAMES);
	return NULL;
}

bool pages_next_kept(const struct kdf *dump, uint64_t *pfn)
{
	/* Frames that are not there are passed over in one step, unless one of them may be a lost one. */
	if (!kdf_info(dump)->incomplete)
		return kdf_next_page(dump, *pfn, false, pfn);
	for (; kdf_next_page(dump, *pfn, true, pfn); ++*pfn) {
		enum kdf_page_state state = kdf_page_state(dump, *pfn);
		if (state == KDF_PAGE_PRESENT || state == KDF_PAGE_INCOMPLETE)
			return true;
		if (*pfn % 65536 == 0 && kdf_interrupted())
			return false;
	}
	return false;
}

static struct kdf_error *fill(struct kdf *dump, struct plan *p)
{
	uint64_t first, end, pfn;

	for (size_t i = 0; kdf_ram_range(dump, i, &first, &end); i++)
		if (first < p->max_pfn)
			set_range(p->ram, first, end < p->max_pfn ? end : p->max_pfn);
	for (pfn = 0; pages_next_kept(dump, &pfn) && pfn < p->max_pfn; pfn++) {
		set_bit(p->dumped, pfn);
		p->input_pages++;
	}
	return kdf_interrupted() ? kdf_err(KDF_INTERRUPTED, "interrupted while looking for pages") : NULL;
}

struct kdf_error *pages_as_they_are(struct kdf *dump, struct plan *p)
{
	const struct kdf_info *info = kdf_info(dump);
	struct kdf_error *e = pages_check_count(dump);

	*p = (struct plan){ .max_pfn = info->max_pfn };
	p->level = info->dump_level > 0 ? (unsigned)info->dump_level & LEVEL_MAX : 0;
	if (e)
		return e;
	p->ram = calloc(1, info->max_pfn / 8 + 9);
	p->dumped = calloc(1, info->max_pfn / 8 + 9);
	if (!p->ram || !p->dumped)
		e = kdf_err(KDF_NOMEM, "no memory for two bitmaps of %llu frames", (unsigned long long)info->max_pfn);
	else
		e = fill(dump, p);
	if (e)
		plan_free(p);
	else
		p->dumped_pages = p->input_pages;
	return e;
}

void pages_order(struct kdf *dump, struct plan *p)
{
	const struct plan_options quiet = { 0 };
	struct plan fresh;
	struct kdf_error *e = plan_make(dump, &quiet, &fresh);

	if (!e) {
		p->order = fresh.order;
		fresh.order = (struct copy_order){ 0 };
		plan_free(&fresh);
	}
	kdf_error_free(e);
}

bool pages_next(const struct plan *p, uint64_t *pfn)
{
	for (; *pfn < p->max_pfn; ++*pfn) {
		if (!(*pfn % 8) && !p->dumped[*pfn / 8]) {
			*pfn += 7;
			continue;
		}
		if (p->dumped[*pfn / 8] >> *pfn % 8 & 1)
			return true;
	}
	return false;
}

/* ---- Runs ---- */

enum { LINES_MAX = 50 };

static void print_run(struct frame_runs *r)
{
	if (r->first == r->end)
		return;
	if (r->lines++ < LINES_MAX)
		fprintf(r->to, "  %#llx-%#llx (%llu pages): %s\n", (unsigned long long)r->first,
			(unsigned long long)r->end - 1, (unsigned long long)(r->end - r->first), r->text);
}

void frame_runs_add(struct frame_runs *r, uint64_t pfn)
{
	r->frames++;
	if (r->first != r->end && r->end == pfn) {
		r->end++;
		return;
	}
	print_run(r);
	r->first = pfn;
	r->end = pfn + 1;
}

void frame_runs_end(struct frame_runs *r)
{
	print_run(r);
	r->first = r->end = 0;
	if (r->lines > LINES_MAX)
		fprintf(r->to, "  ... and %llu more ranges: %s\n", (unsigned long long)r->lines - LINES_MAX, r->text);
}
