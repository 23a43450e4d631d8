/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Free pages in the zones' per-CPU lists. Nothing in their struct pages says "free" (no buddy type), so the lists are
 * walked: every zone of every node, every possible CPU. A page is reported when its ring of list entries is closed and
 * consistent in both directions and its own struct says that nobody uses it.
 */
#ifndef FILTER_PCPLIST_H
#define FILTER_PCPLIST_H

#include "kernel-view.h"
#include "memmap.h"
#include "pageclass.h"

struct pcp_walk {
	struct kdf *dump;
	struct memmap *map;
	const struct page_facts *facts;
	const struct kernel_view *view;
	void (*found)(void *arg, uint64_t pfn); /* each free frame once, unless lists share pages */
	void *arg;
	unsigned looks; /* at blocks, since the input's pages were given back */
	/* Results */
	uint64_t lists;	 /* walked */
	uint64_t distrusted; /* lists whose pages stay: damaged, or changed while the CPU was stopped */
};

/* Text of what is missing, NULL: the lists can be walked. Lent from the view or constant. */
const char *pcp_lacks(const struct page_facts *, const struct kernel_view *);
/* KDF_INTERRUPTED. No memory of its own. */
struct kdf_error *pcp_walk(struct pcp_walk *) KDF_MUST_CHECK;

#endif
