// SPDX-License-Identifier: GPL-2.0-or-later
#include "pcplist.h"

#include "base/bytes.h"
#include "base/interrupt.h"
#include "mapped.h"

enum {
	POINTER = 8,
	MAX_NODES = 1024,
	MAX_ZONES = 16,
	MAX_LISTS = 64,
	MAX_PCP_SIZE = 8192,
	MAX_COUNT = 1 << 30, /* frames of one CPU in one zone: 4 TiB; the kernel keeps an eighth of a zone at most */
	LOOKS_MAX = 128,      /* each may map 64 KiB of the input: 8 MiB */
	/* Orders that have lists of their own below the huge-page one: PAGE_ALLOC_COSTLY_ORDER + 1. */
	LOW_ORDERS = 4,
};

/* The lists of one CPU in one zone. */
struct pcp {
	uint64_t address;
	uint64_t count; /* frames in all lists, as the kernel counts them */
	uint64_t found; /* the same as we do */
	struct pcp_list {
		uint64_t head, first, last; /* addresses of list entries */
		int order;		    /* of its blocks; -1: unknown */
		bool whole;		    /* a closed ring of free blocks */
	} list[MAX_LISTS];
};

const char *pcp_lacks(const struct page_facts *f, const struct kernel_view *v)
{
	const struct view_place *lists = &v->member[MEM_PCP_LISTS], *count = &v->member[MEM_PCP_COUNT];

	if (!v->symbol[SYM_PER_CPU_OFFSET] || !v->symbol[SYM_NODE_DATA] || !v->symbol[SYM_CPU_POSSIBLE_MASK])
		return v->lacks[0] ? v->lacks : "no symbols of per-CPU data and nodes";
	if (!lists->known || !count->known || !v->member[MEM_NODE_ZONES].known || !v->member[MEM_NR_ZONES].known ||
	    !(v->member[MEM_ZONE_PER_CPU_PAGESET].known ||
	      (v->member[MEM_ZONE_PAGESET].known && v->member[MEM_PAGESET_PCP].known)))
		return v->lacks[0] ? v->lacks : "BTF knows no lists of pages in zones";
	if (!lists->elements || lists->elements > MAX_LISTS || lists->element_size != 2 * POINTER ||
	    v->size[SIZE_PCP] > MAX_PCP_SIZE || count->element_size != 4 || count->offset + 4 > v->size[SIZE_PCP] ||
	    lists->offset + (uint64_t)lists->elements * 2 * POINTER > v->size[SIZE_PCP])
		return "struct per_cpu_pages looks unlike any known";
	if (!f->size || f->off_refcount < 0 || f->off_lru < 0 || f->off_mapping < 0 || f->off_mapcount < 0 ||
	    f->off_flags < 0 || f->bit_lru < 0 || (!f->slab.known && f->bit_slab < 0))
		return "VMCOREINFO tells too little of struct page";
	return NULL;
}

/*
 * The order of the blocks in list i. Until 5.12 all lists hold single pages, one list for each migrate type. Since
 * 5.13 these are repeated for the orders 0 to 3, and behind them come lists of huge pages (one for each type, one in
 * all, two since 6.10). -1: unknown.
 */
static int list_order(const struct kernel_view *v, uint32_t page_size, unsigned i)
{
	unsigned lists = v->member[MEM_PCP_LISTS].elements, types = (unsigned)v->pcp_types;

	if (v->pcp_types < 1 || v->pcp_types > MAX_LISTS)
		return -1;
	if (i < types)
		return 0;
	if (lists < LOW_ORDERS * types || lists > (LOW_ORDERS + 1) * types)
		return -1;
	if (i < LOW_ORDERS * types)
		return (int)(i / types);
	/* A huge page is what one entry of the last but one table maps: as many frames as a table has entries. */
	return __builtin_ctz(page_size / POINTER);
}

/* ---- One page ---- */

/* A struct page that nobody uses: no references, no type, on no LRU list, of no file and nobody's memory. */
static bool looks_free(const struct page_facts *f, const uint8_t *p, bool first)
{
	struct page_view v;

	page_view_init(&v, f, p);
	return kdf_load_uint(p + f->off_refcount, 4, f->big_endian) == 0 && v.mapcount == UINT32_MAX && !v.mapping &&
	       !(v.flags >> f->bit_lru & 1) && !(f->bit_slab >= 0 && v.flags >> f->bit_slab & 1) &&
	       !(f->bit_hwpoison >= 0 && v.flags >> f->bit_hwpoison & 1) && (!page_is_head(&v)) &&
	       (first || !page_is_tail(&v));
}

/* Lists lead all over the struct pages. */
static void give_back(struct pcp_walk *w)
{
	if (++w->looks < LOOKS_MAX)
		return;
	w->looks = 0;
	mapped_release_ram(w->dump);
}

/* All structs of a block; *next and *prev of its first one. */
static bool check_block(struct pcp_walk *w, uint64_t pfn, unsigned order, uint64_t *next, uint64_t *prev)
{
	const struct page_facts *f = w->facts;
	uint64_t end = pfn + (UINT64_C(1) << order), n;

	if (pfn & ((UINT64_C(1) << order) - 1))
		return false;
	give_back(w);
	for (uint64_t at = pfn; at < end; at += n) {
		const uint8_t *structs = memmap_window(w->map, at, end, &n);
		if (!structs)
			return false;
		for (uint64_t i = 0; i < n; i++)
			if (!looks_free(f, structs + i * f->size, at + i == pfn))
				return false;
		if (at != pfn)
			continue;
		*next = kdf_load_uint(structs + f->off_lru, POINTER, f->big_endian);
		*prev = kdf_load_uint(structs + f->off_lru + POINTER, POINTER, f->big_endian);
	}
	return true;
}

/* ---- One list ---- */

/* Is the ring closed, both ways, and is every block in it free? Counts its frames. */
static bool check_list(struct pcp_walk *w, struct pcp *p, const struct pcp_list *l)
{
	uint64_t at = l->first, before = l->head, pfn, next = 0, prev = 0, n = 0;

	while (at != l->head) {
		/* The count bounds the walk: a ring that leads elsewhere ends here. */
		n += UINT64_C(1) << l->order;
		if (n > p->count || !memmap_pfn(w->map, at - (uint64_t)w->facts->off_lru, &pfn) ||
		    !check_block(w, pfn, (unsigned)l->order, &next, &prev) || prev != before)
			return false;
		before = at;
		at = next;
	}
	if (l->last != before)
		return false;
	p->found += n;
	return true;
}

/* The same way again: nothing was kept of it, for a CPU of a large machine may have millions of pages. */
static void report_list(struct pcp_walk *w, const struct pcp_list *l)
{
	uint64_t pfn, n;

	for (uint64_t at = l->first; at != l->head;) {
		if (!memmap_pfn(w->map, at - (uint64_t)w->facts->off_lru, &pfn))
			return;
		give_back(w);
		const uint8_t *first = memmap_window(w->map, pfn, pfn + 1, &n);
		if (!first)
			return;
		at = kdf_load_uint(first + w->facts->off_lru, POINTER, w->facts->big_endian);
		for (uint64_t i = 0; i < UINT64_C(1) << l->order; i++)
			w->found(w->arg, pfn + i);
	}
}

/* ---- One CPU in one zone ---- */

/* false: not readable, or more frames than any CPU has. */
static bool read_pcp(struct pcp_walk *w, struct pcp *p)
{
	const struct view_place *lists = &w->view->member[MEM_PCP_LISTS];
	bool big_endian = w->facts->big_endian;
	uint8_t bytes[MAX_PCP_SIZE];
	struct kdf_error *e = kdf_read_virt(w->dump, p->address, bytes, w->view->size[SIZE_PCP]);

	kdf_error_free(e);
	if (e)
		return false;
	p->found = 0;
	p->count = kdf_load_uint(bytes + w->view->member[MEM_PCP_COUNT].offset, 4, big_endian);
	for (unsigned i = 0; i < lists->elements; i++) {
		uint32_t at = lists->offset + i * 2 * POINTER;
		p->list[i] = (struct pcp_list){
			.head = p->address + at,
			.first = kdf_load_uint(bytes + at, POINTER, big_endian),
			.last = kdf_load_uint(bytes + at + POINTER, POINTER, big_endian),
			.order = list_order(w->view, kdf_info(w->dump)->page_size, i),
		};
	}
	return p->count <= MAX_COUNT;
}

/*
 * The orders are our own reading of the list numbers; the kernel's count says whether it is right. When it disagrees
 * (the CPU was stopped in the middle of a change), single pages of whole rings are still what they are.
 */
static void walk_pcp(struct pcp_walk *w, struct pcp *p)
{
	unsigned n = w->view->member[MEM_PCP_LISTS].elements;

	if (!read_pcp(w, p)) {
		w->distrusted++;
		return;
	}
	bool exact = true;
	for (unsigned i = 0; p->count && i < n; i++) {
		w->lists++;
		p->list[i].whole = p->list[i].order >= 0 && check_list(w, p, &p->list[i]);
		exact = exact && (p->list[i].whole || p->list[i].first == p->list[i].head);
	}
	exact = exact && p->found == p->count;
	for (unsigned i = 0; p->count && i < n; i++)
		if (p->list[i].whole && (exact || !p->list[i].order))
			report_list(w, &p->list[i]);
	w->distrusted += !exact;
}

/* ---- All of them ---- */

static struct kdf_error *walk_zone(struct pcp_walk *w, uint64_t zone, const struct cpu_list *cpus, struct pcp *p)
{
	const struct view_place *member = &w->view->member[MEM_ZONE_PER_CPU_PAGESET];
	bool old = !member->known; /* 5.14 put the lists into a structure of their own */
	uint64_t percpu, base;
	unsigned cpu;

	if (old)
		member = &w->view->member[MEM_ZONE_PAGESET];
	/* Zones without memory share a static structure, and have no pages in it. */
	if (!view_read_uint(w->dump, zone + member->offset, POINTER, &percpu) || !percpu)
		return NULL;
	for (unsigned next = 0; cpu_list_next(cpus, next, &cpu); next = cpu + 1) {
		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted while looking for free pages");
		if (!cpu_base(w->dump, w->view, cpu, &base))
			continue;
		p->address = percpu + base + (old ? w->view->member[MEM_PAGESET_PCP].offset : 0);
		walk_pcp(w, p);
	}
	return NULL;
}

static struct kdf_error *walk_node(struct pcp_walk *w, uint64_t node, const struct cpu_list *cpus, struct pcp *p)
{
	struct kdf_error *e = NULL;
	uint64_t zone_size, zones;

	if (!kdf_vmcoreinfo_size(w->dump, "zone", &zone_size) || !zone_size || zone_size > 1 << 16 ||
	    !view_read_uint(w->dump, node + w->view->member[MEM_NR_ZONES].offset, 4, &zones) || zones > MAX_ZONES)
		return NULL;
	for (uint64_t i = 0; !e && i < zones; i++)
		e = walk_zone(w, node + w->view->member[MEM_NODE_ZONES].offset + i * zone_size, cpus, p);
	return e;
}

struct kdf_error *pcp_walk(struct pcp_walk *w)
{
	struct cpu_list cpus;
	struct pcp p = { 0 };
	struct kdf_error *e = NULL;
	uint64_t nodes, node;

	if (!cpu_list_read(w->dump, w->view, &cpus))
		return NULL;
	if (!kdf_vmcoreinfo_length(w->dump, "node_data", &nodes) || nodes > MAX_NODES)
		nodes = 1;
	for (uint64_t i = 0; !e && i < nodes; i++)
		if (view_read_uint(w->dump, w->view->symbol[SYM_NODE_DATA] + i * POINTER, POINTER, &node) && node)
			e = walk_node(w, node, &cpus, &p);
	return e;
}
