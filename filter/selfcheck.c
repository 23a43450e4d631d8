// SPDX-License-Identifier: GPL-2.0-or-later
#include "selfcheck.h"

static void check_frame(struct kdf *dump, const struct landmark *m, uint64_t pfn, const uint8_t *dumped,
			struct selfcheck *c)
{
	if (kdf_page_state(dump, pfn) != KDF_PAGE_PRESENT)
		return;
	c->checked++;
	if (dumped[pfn / 8] >> pfn % 8 & 1)
		return;
	if (!c->lost_frames++) {
		c->lost = m->witness;
		c->lost_frame = pfn;
	}
}

void selfcheck_run(struct kdf *dump, const struct landmarks *l, const uint8_t *dumped, uint64_t max_pfn,
		   struct selfcheck *c)
{
	*c = (struct selfcheck){ 0 };
	for (size_t i = 0; i < l->n; i++)
		for (uint64_t pfn = l->mark[i].frames.first;
		     l->mark[i].witness && pfn < l->mark[i].frames.end && pfn < max_pfn; pfn++)
			check_frame(dump, &l->mark[i], pfn, dumped, c);
}
