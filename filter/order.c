// SPDX-License-Identifier: GPL-2.0-or-later
#include "order.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct ranges {
	struct frame_range *r;
	size_t n, cap;
};

static bool add(struct ranges *l, uint64_t first, uint64_t end)
{
	if (first >= end)
		return true;
	if (l->n && l->r[l->n - 1].end == first) {
		l->r[l->n - 1].end = end;
		return true;
	}
	if (!kdf_grow(&l->r, &l->cap, l->n + 1, sizeof(*l->r)))
		return false;
	l->r[l->n++] = (struct frame_range){ first, end };
	return true;
}

/* One group's ranges, sorted, as they come: they may overlap. */
static bool collect(const struct landmarks *l, enum landmark_group group, uint64_t max_pfn, struct ranges *out)
{
	out->n = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct frame_range *r = &l->mark[i].frames;
		if (l->mark[i].group != group || r->first >= max_pfn)
			continue;
		if (!kdf_grow(&out->r, &out->cap, out->n + 1, sizeof(*out->r)))
			return false;
		out->r[out->n++] = (struct frame_range){ r->first, r->end < max_pfn ? r->end : max_pfn };
	}
	if (out->n)
		qsort(out->r, out->n, sizeof(*out->r), frame_range_compare);
	return true;
}

/* What of `group` is not in `taken`, appended to `out` (whose earlier ranges are not touched) frame by frame once. */
static bool subtract(const struct ranges *group, const struct ranges *taken, struct ranges *out)
{
	uint64_t done = 0;
	size_t t = 0;

	out->n = 0;
	for (size_t i = 0; i < group->n; i++) {
		uint64_t at = group->r[i].first > done ? group->r[i].first : done, end = group->r[i].end;
		while (at < end) {
			while (t < taken->n && taken->r[t].end <= at)
				t++;
			uint64_t stop = t < taken->n && taken->r[t].first < end ? taken->r[t].first : end;
			if (stop > at && !add(out, at, stop))
				return false;
			at = t < taken->n && stop < end ? taken->r[t].end : end;
		}
		done = end > done ? end : done;
	}
	return true;
}

/* Two sorted, disjoint lists as one. */
static bool merge(const struct ranges *a, const struct ranges *b, struct ranges *out)
{
	size_t i = 0, k = 0;

	out->n = 0;
	while (i < a->n || k < b->n) {
		const struct frame_range *r =
			k == b->n || (i < a->n && a->r[i].first < b->r[k].first) ? &a->r[i++] : &b->r[k++];
		if (!add(out, r->first, r->end))
			return false;
	}
	return true;
}

static bool append(const struct ranges *fresh, struct ranges *all, uint64_t *frames)
{
	if (!fresh->n)
		return true;
	if (!kdf_grow(&all->r, &all->cap, all->n + fresh->n, sizeof(*all->r)))
		return false;
	memcpy(all->r + all->n, fresh->r, fresh->n * sizeof(*fresh->r));
	all->n += fresh->n;
	for (size_t i = 0; i < fresh->n; i++)
		*frames += fresh->r[i].end - fresh->r[i].first;
	return true;
}

struct kdf_error *order_make(const struct landmarks *l, uint64_t max_pfn, struct copy_order *out)
{
	struct ranges group = { 0 }, fresh = { 0 }, taken = { 0 }, both = { 0 }, all = { 0 };
	bool ok = true;

	*out = (struct copy_order){ 0 };
	for (unsigned g = 0; ok && g < GROUP_COUNT; g++) {
		ok = collect(l, (enum landmark_group)g, max_pfn, &group) && subtract(&group, &taken, &fresh) &&
		     append(&fresh, &all, &out->frames) && merge(&taken, &fresh, &both);
		struct ranges swap = taken;
		taken = both;
		both = swap;
		out->group_end[g] = all.n;
	}
	free(group.r);
	free(fresh.r);
	free(taken.r);
	free(both.r);
	if (!ok) {
		free(all.r);
		*out = (struct copy_order){ 0 };
		return kdf_err(KDF_NOMEM, "no memory for the order of the pages");
	}
	out->first = all.r;
	out->n = all.n;
	return NULL;
}

void order_free(struct copy_order *o)
{
	free(o->first);
	*o = (struct copy_order){ 0 };
}
