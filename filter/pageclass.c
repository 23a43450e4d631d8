// SPDX-License-Identifier: GPL-2.0-or-later
#include "pageclass.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* ---- What VMCOREINFO tells ---- */

static int read_offset(const struct kdf *dump, const char *member)
{
	uint64_t v;

	return kdf_vmcoreinfo_offset(dump, member, &v) && v < 4096 ? (int)v : -1;
}

static int read_bit(const struct kdf *dump, const char *name)
{
	int64_t v;

	return kdf_vmcoreinfo_number(dump, name, &v) && v >= 0 && v < 64 ? (int)v : -1;
}

/*
 * Page types are printed as signed longs of a 32-bit word. Until 6.11 a type is a cleared bit and the whole word
 * counts; since 6.12 the top byte is the type and the low 24 bits belong to its owner (include/linux/page-flags.h).
 */
static struct page_type read_type(const struct kdf *dump, const char *name)
{
	struct page_type t = { 0 };
	int64_t v;

	if (!kdf_vmcoreinfo_number(dump, name, &v) || v < INT32_MIN || v > UINT32_MAX)
		return t;
	t.known = true;
	t.value = (uint32_t)v;
	t.mask = t.value & 0xffffff ? UINT32_MAX : 0xff000000;
	return t;
}

static void read_order_era(const struct kdf *dump, struct page_facts *f)
{
	int dtor = read_offset(dump, "page.compound_dtor");

	f->off_order = read_offset(dump, "folio._folio_order");
	if (f->off_order >= 0) {
		f->order_era = ORDER_FOLIO;
		return;
	}
	f->off_order = read_offset(dump, "page.compound_order");
	if (f->off_order >= 0) {
		/* The two members are neighbours, both u16 and then both u8. */
		f->order_era = dtor >= 0 && f->off_order - dtor == 1 ? ORDER_SECOND_U8 : ORDER_SECOND_U16;
		return;
	}
	/* 6.6 stopped exporting an order; what it exports instead tells the era. */
	if (f->bit_hugetlb >= 0 || f->hugetlb.known)
		f->order_era = ORDER_FLAGS_1;
}

static void read_hugetlb_era(const struct kdf *dump, struct page_facts *f)
{
	int64_t dtor;

	f->off_dtor = f->hugetlb_dtor = -1;
	if (f->hugetlb.known) {
		f->hugetlb_era = HUGETLB_TYPE;
		return;
	}
	if (f->bit_hugetlb >= 0) {
		f->hugetlb_era = HUGETLB_FLAG_1;
		return;
	}
	if (!kdf_vmcoreinfo_number(dump, "HUGETLB_PAGE_DTOR", &dtor) || dtor < 0 || dtor > 255)
		return;
	f->hugetlb_dtor = (int)dtor;
	f->off_dtor = read_offset(dump, "folio._folio_dtor");
	if (f->off_dtor >= 0) {
		f->hugetlb_era = HUGETLB_FOLIO;
		return;
	}
	f->off_dtor = read_offset(dump, "page.compound_dtor");
	if (f->off_dtor >= 0)
		f->hugetlb_era = HUGETLB_DTOR;
}

/* Everything that is looked at must lie inside the struct (the folio members: inside the first four structs). */
static bool offsets_fit(const struct page_facts *f)
{
	const int in_first[] = { f->off_flags, f->off_mapping, f->off_private, f->off_head };
	const int words[] = { f->off_mapcount, f->off_refcount };

	for (size_t i = 0; i < sizeof(in_first) / sizeof(*in_first); i++)
		if (in_first[i] > (int)f->size - 8)
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i] > (int)f->size - 4)
			return false;
	if (f->off_lru > (int)f->size - 16)
		return false;
	int end = f->order_era == ORDER_FOLIO || f->hugetlb_era == HUGETLB_FOLIO ? 2 * (int)f->size : (int)f->size;
	return f->off_order <= end - 2 && f->off_dtor <= end - 2;
}

void page_facts_read(const struct kdf *dump, struct page_facts *f)
{
	uint64_t size, length;
	int64_t mask;

	*f = (struct page_facts){ .big_endian = kdf_info(dump)->big_endian };
	f->off_flags = read_offset(dump, "page.flags");
	f->off_mapping = read_offset(dump, "page.mapping");
	f->off_mapcount = read_offset(dump, "page._mapcount");
	f->off_private = read_offset(dump, "page.private");
	f->off_refcount = read_offset(dump, "page._refcount");
	f->off_lru = read_offset(dump, "page.lru");
	/* 7.1 renamed the member: compound_info holds a pointer or a mask, see page_is_tail_of(). */
	f->off_head = read_offset(dump, "page.compound_head");
	if (f->off_head < 0)
		f->off_head = read_offset(dump, "page.compound_info");
	f->bit_lru = read_bit(dump, "PG_lru");
	f->bit_private = read_bit(dump, "PG_private");
	f->bit_swapcache = read_bit(dump, "PG_swapcache");
	f->bit_swapbacked = read_bit(dump, "PG_swapbacked");
	f->bit_slab = read_bit(dump, "PG_slab");
	f->bit_hwpoison = read_bit(dump, "PG_hwpoison");
	f->bit_hugetlb = read_bit(dump, "PG_hugetlb");
	if (kdf_vmcoreinfo_number(dump, "PG_head_mask", &mask) && mask > 0)
		f->head_mask = (uint64_t)mask;
	f->buddy = read_type(dump, "PAGE_BUDDY_MAPCOUNT_VALUE");
	f->offline = read_type(dump, "PAGE_OFFLINE_MAPCOUNT_VALUE");
	f->slab = read_type(dump, "PAGE_SLAB_MAPCOUNT_VALUE");
	f->hugetlb = read_type(dump, "PAGE_HUGETLB_MAPCOUNT_VALUE");
	f->unaccepted = read_type(dump, "PAGE_UNACCEPTED_MAPCOUNT_VALUE");
	read_hugetlb_era(dump, f);
	read_order_era(dump, f);
	if (kdf_vmcoreinfo_length(dump, "zone.free_area", &length) && length > 0 && length < 64)
		f->free_orders = (unsigned)length;
	if (kdf_vmcoreinfo_size(dump, "page", &size) && size >= 32 && size <= 1024)
		f->size = (uint32_t)size;
	if (!offsets_fit(f))
		f->size = 0;
}

/* ---- One struct page ---- */

static uint64_t load64(const struct page_facts *f, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return f->big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) ? v : __builtin_bswap64(v);
}

void page_view_init(struct page_view *v, const struct page_facts *f, const uint8_t *first)
{
	*v = (struct page_view){ .facts = f, .first = first, .mapcount = UINT32_MAX };
	if (f->off_flags >= 0)
		v->flags = load64(f, first + f->off_flags);
	if (f->off_mapping >= 0)
		v->mapping = load64(f, first + f->off_mapping);
	if (f->off_head >= 0)
		v->head = load64(f, first + f->off_head);
	if (f->off_private >= 0)
		v->private = load64(f, first + f->off_private);
	if (f->off_mapcount >= 0)
		v->mapcount = (uint32_t)kdf_load_uint(first + f->off_mapcount, 4, f->big_endian);
}

bool page_is_head(const struct page_view *v)
{
	return v->flags & v->facts->head_mask;
}

bool page_is_tail(const struct page_view *v)
{
	return v->head & 1;
}

/*
 * A tail's word is the address of the head's struct page with bit 0 set; since 7.1, where the hugetlb vmemmap
 * optimisation is built in, it may be a mask with bit 0 set: head = tail & mask (page.compound_info). Which of the
 * two a kernel uses is not exported; both are tried, only one can come out at this head.
 */
bool page_is_tail_of(const struct page_view *v, uint64_t addr, uint64_t head_addr)
{
	uint64_t word = v->head & ~UINT64_C(1);

	return v->head & 1 && (word == head_addr || (addr & word) == head_addr);
}

unsigned page_compound_order(const struct page_view *v)
{
	const struct page_facts *f = v->facts;
	uint64_t order = 64;

	if (!v->second)
		return 64;
	switch (f->order_era) {
	case ORDER_UNKNOWN:
		return 64;
	case ORDER_SECOND_U16:
		order = kdf_load_uint(v->second + f->off_order, 2, f->big_endian);
		break;
	case ORDER_SECOND_U8:
		order = v->second[f->off_order];
		break;
	case ORDER_FOLIO: /* counted from the head, and in the second struct */
		if (f->off_order >= (int)f->size)
			order = v->second[f->off_order - (int)f->size];
		break;
	case ORDER_FLAGS_1:
		order = load64(f, v->second + f->off_flags) & 0xff;
		break;
	}
	return order < 64 ? (unsigned)order : 64;
}

/* ---- The tests ---- */

static bool has_bit(const struct page_view *v, int bit)
{
	return bit >= 0 && v->flags >> bit & 1;
}

static bool has_type(const struct page_view *v, struct page_type t)
{
	return t.known && (v->mapcount & t.mask) == t.value;
}

/*
 * _mapcount of pages that can be mapped starts at -1; anything below is a page type of some owner (page table,
 * guard, zsmalloc, ...), whose other words mean what that owner wants.
 */
static bool has_some_type(const struct page_view *v)
{
	return (int32_t)v->mapcount < -1;
}

/* A flag until 6.9, a page type since 6.10. The bit means other things afterwards: only what is exported counts. */
static bool is_slab(const struct page_view *v)
{
	return has_type(v, v->facts->slab) || has_bit(v, v->facts->bit_slab);
}

/* PAGE_MAPPING_ANON, FOLIO_MAPPING_ANON since 6.16: bit 0 of mapping. Slab uses the word otherwise. */
static bool is_anon(const struct page_view *v)
{
	return v->mapping & 1 && !is_slab(v);
}

static bool is_cache(const struct page_view *v)
{
	const struct page_facts *f = v->facts;

	if (is_anon(v) || is_slab(v) || has_some_type(v))
		return false;
	/* 4.10 gave the swapcache bit a second meaning; with swapbacked set it is the first. */
	return has_bit(v, f->bit_lru) || (has_bit(v, f->bit_swapcache) && has_bit(v, f->bit_swapbacked));
}

static bool is_hugetlb(const struct page_view *v)
{
	const struct page_facts *f = v->facts;

	if (!page_is_head(v))
		return false;
	if (f->hugetlb_era == HUGETLB_TYPE)
		return has_type(v, f->hugetlb);
	if (!v->second || is_slab(v))
		return false;
	switch (f->hugetlb_era) {
	case HUGETLB_FLAG_1:
		return load64(f, v->second + f->off_flags) >> f->bit_hugetlb & 1;
	case HUGETLB_FOLIO:
		return f->off_dtor >= (int)f->size && v->second[f->off_dtor - (int)f->size] == f->hugetlb_dtor;
	case HUGETLB_DTOR:
		return kdf_load_uint(v->second + f->off_dtor, f->order_era == ORDER_SECOND_U8 ? 1 : 2, f->big_endian) ==
		       (unsigned)f->hugetlb_dtor;
	default:
		return false;
	}
}

static bool test_free(const struct page_view *v)
{
	return has_type(v, v->facts->buddy);
}

static bool test_unaccepted(const struct page_view *v)
{
	return has_type(v, v->facts->unaccepted);
}

static bool test_cache(const struct page_view *v)
{
	return is_cache(v) && !has_bit(v, v->facts->bit_private);
}

static bool test_cache_private(const struct page_view *v)
{
	return is_cache(v) && has_bit(v, v->facts->bit_private);
}

static bool test_user(const struct page_view *v)
{
	return (is_anon(v) && !has_some_type(v)) || is_hugetlb(v);
}

static bool test_hwpoison(const struct page_view *v)
{
	return has_bit(v, v->facts->bit_hwpoison);
}

static bool test_offline(const struct page_view *v)
{
	return has_type(v, v->facts->offline) && !is_slab(v);
}

/* ---- The table ---- */

#define PAGE_WORDS "SIZE(page) OFFSET(page.flags) OFFSET(page._mapcount) "
#define SLAB_KEYS "NUMBER(PG_slab)|NUMBER(PAGE_SLAB_MAPCOUNT_VALUE) "
#define COMPOUND_KEYS "OFFSET(page.compound_head)|OFFSET(page.compound_info) NUMBER(PG_head_mask) "

const struct page_class page_classes[CLASS_COUNT] = {
	[CLASS_FREE] = {
		"free", "Free pages", LEVEL_FREE, test_free, EXTENT_BUDDY,
		PAGE_WORDS "OFFSET(page.private) NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE) LENGTH(zone.free_area)",
		"-129 from 4.18, -1073741825 in 6.11, top byte 0xf0 from 6.12; order in page.private throughout",
	},
	[CLASS_UNACCEPTED] = {
		"unaccepted", "Unaccepted pages", LEVEL_FREE, test_unaccepted, EXTENT_MAX_ORDER,
		PAGE_WORDS "NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE) LENGTH(zone.free_area)",
		"guests with TDX or SEV-SNP; exported from 6.16",
	},
	[CLASS_FREE_LISTED] = {
		"free-pcp", "Free pages in CPU lists", LEVEL_FREE, NULL, EXTENT_LISTED,
		PAGE_WORDS SLAB_KEYS "OFFSET(page._refcount) OFFSET(page.lru) OFFSET(page.mapping) NUMBER(PG_lru)",
		"single pages until 5.12, orders 0 to 3 and huge ones from 5.13; needs kallsyms (6.0) and BTF",
	},
	[CLASS_CACHE] = {
		"cache", "Non-private cache pages", LEVEL_CACHE | LEVEL_CACHE_PRIVATE, test_cache, EXTENT_COMPOUND,
		PAGE_WORDS SLAB_KEYS COMPOUND_KEYS "OFFSET(page.mapping) NUMBER(PG_lru) NUMBER(PG_private)",
		"PG_swapcache shares its bit from 4.10; slab is a page type from 6.10; compound_info from 7.1",
	},
	[CLASS_CACHE_PRIVATE] = {
		"cache-private", "Private cache pages", LEVEL_CACHE_PRIVATE, test_cache_private, EXTENT_COMPOUND,
		PAGE_WORDS SLAB_KEYS COMPOUND_KEYS "OFFSET(page.mapping) NUMBER(PG_lru) NUMBER(PG_private)",
		"as cache",
	},
	[CLASS_USER] = {
		"user", "User process data pages", LEVEL_USER, test_user, EXTENT_COMPOUND,
		PAGE_WORDS SLAB_KEYS COMPOUND_KEYS "OFFSET(page.mapping)",
		"hugetlb: destructor to 6.5, PG_hugetlb 6.6 to 6.8, page type from 6.9; slab as above",
	},
	[CLASS_HWPOISON] = {
		"hwpoison", "Hwpoison pages", 0, test_hwpoison, EXTENT_COMPOUND,
		PAGE_WORDS COMPOUND_KEYS "NUMBER(PG_hwpoison)",
		"only where the kernel has CONFIG_MEMORY_FAILURE",
	},
	[CLASS_OFFLINE] = {
		"offline", "Offline pages", 0, test_offline, EXTENT_COMPOUND,
		PAGE_WORDS COMPOUND_KEYS SLAB_KEYS "NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)",
		"balloon and virtio-mem pages; -257 from 4.18, top byte 0xf1 from 6.12",
	},
	[CLASS_ZERO] = {
		"zero", "Pages filled with zero", LEVEL_ZERO, NULL, EXTENT_CONTENT, "",
		"content alone: the frame keeps its bit and all share one stored page",
	},
};

bool page_class_wanted(const struct page_class *c, unsigned level)
{
	return !c->levels || c->levels & level;
}

/* Is one of the keys in text[0..len), separated by '|', in VMCOREINFO? */
static bool has_one_of(const struct kdf *dump, const char *text, size_t len)
{
	char key[96];

	while (len) {
		const char *bar = memchr(text, '|', len);
		size_t n = bar ? (size_t)(bar - text) : len;
		snprintf(key, sizeof(key), "%.*s", (int)n, text);
		if (kdf_vmcoreinfo_value(dump, key))
			return true;
		text += n + (bar != NULL);
		len -= n + (bar != NULL);
	}
	return false;
}

bool page_class_lacks(const struct page_class *c, const struct kdf *dump, char *buf, size_t cap)
{
	for (const char *p = c->needs; *p;) {
		size_t n = strcspn(p, " ");
		if (n && !has_one_of(dump, p, n)) {
			snprintf(buf, cap, "%.*s", (int)n, p);
			return true;
		}
		p += n + (p[n] == ' ');
	}
	return false;
}

enum page_class_id page_classify(const struct page_view *v, unsigned usable)
{
	for (unsigned id = 0; id < CLASS_COUNT; id++)
		if (usable >> id & 1 && page_classes[id].test && page_classes[id].test(v))
			return (enum page_class_id)id;
	return CLASS_COUNT;
}
