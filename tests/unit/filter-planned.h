/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan over the hand-made machine decided. */
#ifndef FILTER_PLANNED_H
#define FILTER_PLANNED_H

#include "filter-machine.h"
#include "filter/plan.h"

static inline bool stays(const struct plan *p, uint64_t pfn)
{
	return p->dumped && p->dumped[pfn / 8] >> pfn % 8 & 1;
}

static inline unsigned staying(const struct plan *p, uint64_t pfn, uint64_t n)
{
	unsigned count = 0;

	for (uint64_t i = 0; i < n; i++)
		count += stays(p, pfn + i);
	return count;
}

static inline void end(struct machine *m, struct plan *p)
{
	plan_free(p);
	machine_close(m);
}

#endif
