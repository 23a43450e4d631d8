/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes of page frames that a dump level can leave out, as one table, and what VMCOREINFO tells about
 * struct page. No debug info, no version numbers: a class whose VMCOREINFO lines are missing has no test, and its
 * pages stay in the dump.
 */
#ifndef FILTER_PAGECLASS_H
#define FILTER_PAGECLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kdf.h"

enum {
	LEVEL_ZERO = 1,		 /* pages full of zeros: found by content while copying */
	LEVEL_CACHE = 2,	 /* page cache without private data */
	LEVEL_CACHE_PRIVATE = 4, /* page cache with private data (and then the one without, too) */
	LEVEL_USER = 8,
	LEVEL_FREE = 16,
	LEVEL_MAX = 31,
};

/* A value of the page-type word, which overlays page._mapcount. */
struct page_type {
	bool known;
	uint32_t value, mask;
};

/* Where the order of a compound page is kept. */
enum order_era {
	ORDER_UNKNOWN,
	ORDER_SECOND_U16, /* 4.4: page[1].compound_order, u16 */
	ORDER_SECOND_U8,  /* 4.16: the same, u8 */
	ORDER_FOLIO,	  /* 6.3: folio._folio_order */
	ORDER_FLAGS_1,	  /* 6.6: low byte of folio._flags_1, which is page[1].flags */
};

/* What tells a hugetlb page, asked of the head of a compound page. */
enum hugetlb_era {
	HUGETLB_UNKNOWN,
	HUGETLB_DTOR,	/* 4.4: page[1].compound_dtor is HUGETLB_PAGE_DTOR (as wide as the order) */
	HUGETLB_FOLIO,	/* 6.3: folio._folio_dtor */
	HUGETLB_FLAG_1, /* 6.6: PG_hugetlb in folio._flags_1 */
	HUGETLB_TYPE,	/* 6.9: page type of the head */
};

/* struct page as VMCOREINFO describes it. Offsets and bits are -1 when unknown. */
struct page_facts {
	bool big_endian;
	uint32_t size; /* of struct page; 0: unknown, nothing can be tested */
	int off_flags, off_mapping, off_mapcount, off_private, off_head, off_refcount, off_lru;
	int bit_lru, bit_private, bit_swapcache, bit_swapbacked, bit_slab, bit_hwpoison;
	uint64_t head_mask; /* 0: unknown */
	struct page_type buddy, offline, slab, hugetlb, unaccepted;
	enum order_era order_era;
	int off_order;
	enum hugetlb_era hugetlb_era;
	int off_dtor, hugetlb_dtor, bit_hugetlb;
	unsigned free_orders; /* number of buddy orders: LENGTH(zone.free_area); 0: unknown */
};

void page_facts_read(const struct kdf *, struct page_facts *out);

/* One struct page. `second` is the struct behind it; NULL unless it is a compound head that could be read. */
struct page_view {
	const struct page_facts *facts;
	const uint8_t *first, *second;
	uint64_t flags, mapping, head, private;
	uint32_t mapcount;
};

/* Decodes the words that the tests look at; unknown ones read as 0 (mapcount: as "no type, not mapped"). */
void page_view_init(struct page_view *, const struct page_facts *, const uint8_t *first);

bool page_is_head(const struct page_view *);
bool page_is_tail(const struct page_view *);
/* Is the page at struct address `addr` a tail of the compound page whose head lies at `head_addr`? */
bool page_is_tail_of(const struct page_view *, uint64_t addr, uint64_t head_addr);
/* Order of a compound head; 64 when it cannot be told. Needs `second`. */
unsigned page_compound_order(const struct page_view *);

/* How many frames one page of a class stands for. */
enum page_extent {
	EXTENT_COMPOUND,  /* itself and its tails */
	EXTENT_BUDDY,	  /* 2^private, when that is a valid order */
	EXTENT_MAX_ORDER, /* a block of the largest buddy order */
	EXTENT_LISTED,	  /* found by walking lists (pcplist.h), not by struct page alone */
	EXTENT_CONTENT,	  /* found by content, not by struct page */
};

struct page_class {
	const char *name;
	const char *report; /* as makedumpfile's statistics call it */
	unsigned levels;    /* dropped when the level has one of these bits; 0: dropped at every level */
	bool (*test)(const struct page_view *);
	enum page_extent extent;
	/* VMCOREINFO lines that the test needs: blank-separated; "A|B" means either. */
	const char *needs;
	const char *eras; /* what changed when, for whoever changes the test */
};

/* In the order in which they are asked: the first that says yes has the page. */
enum page_class_id {
	CLASS_FREE,
	CLASS_UNACCEPTED,
	CLASS_FREE_LISTED,
	CLASS_CACHE,
	CLASS_CACHE_PRIVATE,
	CLASS_USER,
	CLASS_HWPOISON,
	CLASS_OFFLINE,
	CLASS_ZERO,
	CLASS_COUNT
};

extern const struct page_class page_classes[CLASS_COUNT];

/* Does this level drop pages of that class? */
bool page_class_wanted(const struct page_class *, unsigned level);
/* Name of the first VMCOREINFO line (or choice of lines) that the class lacks, into buf; false: nothing is lacking. */
bool page_class_lacks(const struct page_class *, const struct kdf *, char *buf, size_t cap);
/* First class out of the bit set `usable` (1 << id) that the page belongs to; CLASS_COUNT: none, it stays. */
enum page_class_id page_classify(const struct page_view *, unsigned usable);

#endif
