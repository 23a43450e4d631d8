// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "kernel-view.h"
#include "mapped.h"
#include "memmap.h"
#include "pcplist.h"
#include "selfcheck.h"

static KDF_PRINTF(2, 3) void warn(const struct plan_options *o, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!o->warn)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o->warn(o->arg, text);
}

/* ---- Bitmaps ---- */

#define MAX_FRAMES (UINT64_C(1) << 36)

static bool get_bit(const uint8_t *map, uint64_t pfn)
{
	return map[pfn / 8] >> pfn % 8 & 1;
}

static void set_range(uint8_t *map, uint64_t from, uint64_t to)
{
	for (; from < to && from % 8; from++)
		map[from / 8] |= (uint8_t)(1 << from % 8);
	if (from < to) {
		memset(map + from / 8, 0xff, to / 8 - from / 8);
		from += (to / 8 - from / 8) * 8;
	}
	for (; from < to; from++)
		map[from / 8] |= (uint8_t)(1 << from % 8);
}

static void fill_from_ranges(struct kdf *dump, uint8_t *map, uint64_t max_pfn)
{
	uint64_t first, end;

	for (size_t i = 0; kdf_ram_range(dump, i, &first, &end); i++)
		if (first < end && end <= max_pfn)
			set_range(map, first, end);
}

/* Holes were never written to, and stay memory that does not exist. */
static void clear_ranges(struct kdf *dump, uint8_t *map, uint64_t max_pfn)
{
	uint64_t first, end;

	for (size_t i = 0; kdf_ram_range(dump, i, &first, &end); i++)
		if (first < end && end <= max_pfn)
			memset(map + first / 8, 0, (end + 7) / 8 - first / 8);
}

/* Frames of the input: all of RAM for a vmcore, fewer when it has been filtered before. Holes stay untouched memory. */
static void fill_dumped(struct kdf *dump, struct plan *p)
{
	const struct kdf_info *info = kdf_info(dump);

	p->input_pages = info->ram_pages;
	if (info->dumped_pages == info->ram_pages && !info->incomplete) {
		fill_from_ranges(dump, p->dumped, p->max_pfn);
		return;
	}
	/* A frame that the input lost keeps its place: the output is then incomplete as well, and says so. */
	p->input_pages = 0;
	for (uint64_t pfn = 0; kdf_next_page(dump, pfn, true, &pfn) && pfn < p->max_pfn; pfn++) {
		enum kdf_page_state state = kdf_page_state(dump, pfn);
		if (state != KDF_PAGE_PRESENT && state != KDF_PAGE_INCOMPLETE)
			continue;
		set_range(p->dumped, pfn, pfn + 1);
		p->input_pages++;
	}
}

static struct kdf_error *make_bitmaps(struct kdf *dump, struct plan *p)
{
	const struct kdf_info *info = kdf_info(dump);
	uint64_t bytes = info->max_pfn / 8 + 1;

	/* The limit: 256 TiB of addresses with pages of 4 KiB, 8 GiB of bitmap. Most of it is never touched. */
	if (info->max_pfn > MAX_FRAMES)
		return kdf_err(KDF_UNSUPPORTED, "page frames up to %#llx: more than %#llx are not supported",
			       (unsigned long long)info->max_pfn, (unsigned long long)MAX_FRAMES);
	p->max_pfn = info->max_pfn;
	p->ram = calloc(1, bytes);
	p->dumped = calloc(1, bytes);
	if (!p->ram || !p->dumped)
		return kdf_err(KDF_NOMEM, "no memory for two bitmaps of %llu bytes", (unsigned long long)bytes);
	fill_from_ranges(dump, p->ram, p->max_pfn);
	fill_dumped(dump, p);
	return NULL;
}

/* ---- The kernel image ---- */

#define IMAGE_STEP (UINT64_C(2) << 20)
enum { IMAGE_RANGES_MAX = 1024 };

static struct kdf_error *add_image(struct plan *p, uint64_t first, uint64_t end)
{
	if (p->nimage && p->image[p->nimage - 1].end == first) {
		p->image[p->nimage - 1].end = end;
		return NULL;
	}
	/* An image lies in one piece of memory; one that does not is a damaged page table. */
	if (p->nimage == IMAGE_RANGES_MAX)
		return NULL;
	if (!kdf_grow(&p->image, &p->cap_image, p->nimage + 1, sizeof(*p->image)))
		return kdf_err(KDF_NOMEM, "no memory for the frames of the kernel image");
	p->image[p->nimage++] = (struct frame_range){ first, end };
	return NULL;
}

/*
 * Machines that map the image apart from the direct map (x86_64: start_kernel_map): every frame that the page tables
 * map there. Where page-table isolation is on, the kernel has unmapped what it freed of its image (initialisation
 * code, gaps between sections): those frames are like all others. Page tables are in every dump and program headers
 * are not, and a filtered dump shall filter again to the same result.
 */
static struct kdf_error *image_by_page_tables(struct kdf *dump, struct plan *p)
{
	const struct kdf_layout *l = kdf_layout(dump);
	uint64_t page = kdf_info(dump)->page_size, shift = kdf_info(dump)->page_shift, step;
	struct kdf_error *e = NULL;

	if (!l->start_kernel_map || l->kernel_image_size > UINT64_C(4) << 30)
		return NULL;
	for (uint64_t at = 0; !e && at < l->kernel_image_size; at += step) {
		struct kdf_walk walk = { 0 };
		struct kdf_error *fault = kdf_walk(dump, KDF_KERNEL_PGD, l->start_kernel_map + at, &walk);
		/* A hole in the last level is one page, in the others at least 2 MiB, on which all of them begin. */
		bool last = walk.nsteps && !strcmp(walk.step[walk.nsteps - 1].level, "PTE");
		step = last ? page : IMAGE_STEP - (at & (IMAGE_STEP - 1));
		if (!fault && walk.present && walk.page_size >= page) {
			step = walk.page_size - (walk.phys & (walk.page_size - 1));
			e = add_image(p, walk.phys >> shift, (walk.phys + step) >> shift);
		}
		kdf_error_free(fault);
	}
	return e;
}

/* Elsewhere: the program header that holds _stext, when it is a small one. */
static struct kdf_error *image_by_segment(struct kdf *dump, struct plan *p)
{
	uint64_t stext, shift = kdf_info(dump)->page_shift;

	if (!kdf_vmcoreinfo_symbol(dump, "_stext", &stext))
		return NULL;
	for (size_t i = 0; i < kdf_segment_count(dump); i++) {
		const struct kdf_segment *s = kdf_segment(dump, i);
		if (stext < s->virt || stext - s->virt >= s->mem_size || s->mem_size > UINT64_C(1) << 30)
			continue;
		return add_image(p, s->phys >> shift, (s->phys + s->mem_size + (UINT64_C(1) << shift) - 1) >> shift);
	}
	return NULL;
}

static bool in_image(const struct plan *p, uint64_t pfn)
{
	for (size_t i = 0; i < p->nimage; i++)
		if (pfn >= p->image[i].first && pfn < p->image[i].end)
			return true;
	return false;
}

/* ---- The scan ---- */

enum { SCAN_PIECE = 1 << 20 }; /* frames between two steps of the progress line */

struct scan {
	struct kdf *dump;
	struct plan *plan;
	struct memmap map;
	struct page_facts facts;
	struct kernel_view view;

	/* The compound page whose tails are being dropped. */
	uint64_t compound_end, head_address;
	enum page_class_id compound_class;
	uint8_t head[1024]; /* its first struct: see is_of_compound() */
};

static void drop(struct plan *p, uint64_t pfn, enum page_class_id id)
{
	if (pfn >= p->max_pfn || !get_bit(p->dumped, pfn))
		return;
	if (in_image(p, pfn)) {
		p->kept_image++;
		return;
	}
	p->dumped[pfn / 8] &= (uint8_t)~(1 << pfn % 8);
	p->dropped[id]++;
}

/* 2^order frames from pfn on, when that is a block that the buddy allocator can have. */
static uint64_t block_size(const struct page_facts *f, uint64_t pfn, uint64_t order)
{
	if (order >= f->free_orders || pfn & ((UINT64_C(1) << order) - 1))
		return 0;
	return UINT64_C(1) << order;
}

/* Drops a block; returns how many frames it has. Its inner frames have no meaning of their own. */
static uint64_t drop_block(struct scan *s, uint64_t pfn, uint64_t order, enum page_class_id id)
{
	uint64_t n = block_size(&s->facts, pfn, order);

	if (!n) {
		s->plan->kept_order++;
		return 1;
	}
	uint64_t end = s->plan->max_pfn - pfn < n ? s->plan->max_pfn : pfn + n;
	for (uint64_t i = pfn; i < end; i++)
		drop(s->plan, i, id);
	return end - pfn;
}

/*
 * Tails follow their head. Each one must name it, so a damaged order cannot take foreign pages along. With the
 * hugetlb vmemmap optimisation (5.18) the vmemmap pages behind the first map to the same physical page as that, so
 * among the tails the head's struct is seen again, byte for byte.
 */
static bool is_of_compound(const struct scan *s, const struct page_view *v, uint64_t address)
{
	return page_is_tail_of(v, address, s->head_address) || !memcmp(v->first, s->head, s->facts.size);
}

/* A head whose class goes: its tails go as the scan comes to them. */
static void begin_compound(struct scan *s, uint64_t pfn, uint64_t address, const struct page_view *v,
			   enum page_class_id id)
{
	unsigned order = page_compound_order(v);

	/* An order that cannot be leaves the head alone; one that is not known is replaced by the tails' own word. */
	if (s->facts.order_era == ORDER_UNKNOWN)
		order = 30;
	if (!page_is_head(v) || order >= 64 || order > 40 || (s->facts.order_era && pfn & ((UINT64_C(1) << order) - 1)))
		return;
	s->compound_end = pfn + (UINT64_C(1) << order);
	s->head_address = address;
	s->compound_class = id;
	memcpy(s->head, v->first, s->facts.size);
}

/* The struct behind a head, when the window ends between the two. */
static const uint8_t *fetch_second(struct scan *s, uint64_t address, uint8_t *buf)
{
	struct kdf_error *e = kdf_read_virt(s->dump, address + s->facts.size, buf, s->facts.size);

	kdf_error_free(e);
	return e ? NULL : buf;
}

/* Judges one frame; returns by how many to go on. */
static uint64_t judge(struct scan *s, uint64_t pfn, uint64_t address, const uint8_t *first, bool more)
{
	struct page_view v;
	uint8_t second[1024];

	page_view_init(&v, &s->facts, first);
	if (pfn < s->compound_end) {
		if (is_of_compound(s, &v, address)) {
			drop(s->plan, pfn, s->compound_class);
			return 1;
		}
		s->compound_end = 0;
	}
	if (page_is_tail(&v))
		return 1; /* its head stays, or could not be read */
	if (page_is_head(&v))
		v.second = more ? first + s->facts.size : fetch_second(s, address, second);
	enum page_class_id id = page_classify(&v, s->plan->usable);
	if (id == CLASS_COUNT)
		return 1;
	switch (page_classes[id].extent) {
	case EXTENT_BUDDY:
		return drop_block(s, pfn, v.private, id);
	case EXTENT_MAX_ORDER:
		return drop_block(s, pfn, s->facts.free_orders - 1u, id);
	case EXTENT_COMPOUND:
		drop(s->plan, pfn, id);
		begin_compound(s, pfn, address, &v, id);
		return 1;
	case EXTENT_LISTED:
	case EXTENT_CONTENT:
		break;
	}
	return 1;
}

/* One stretch of RAM; a free block may reach beyond a window. */
static struct kdf_error *scan_range(struct scan *s, uint64_t pfn, uint64_t end)
{
	uint64_t n, address;

	while (pfn < end) {
		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted while choosing pages");
		const uint8_t *structs = memmap_window(&s->map, pfn, end, &n);
		if (!structs || !memmap_address(&s->map, pfn, &address)) {
			s->plan->kept_unreadable += n;
			s->compound_end = 0;
			pfn += n;
			continue;
		}
		uint64_t i = 0;
		while (i < n)
			i += judge(s, pfn + i, address + i * s->facts.size, structs + i * s->facts.size, i + 1 < n);
		pfn += i;
	}
	return NULL;
}

/* ---- Lists ---- */

static void drop_listed(void *arg, uint64_t pfn)
{
	drop(arg, pfn, CLASS_FREE_LISTED);
}

static struct kdf_error *drop_listed_pages(struct scan *s, const struct plan_options *o)
{
	struct pcp_walk w = {
		.dump = s->dump, .map = &s->map, .facts = &s->facts, .view = &s->view,
		.found = drop_listed, .arg = s->plan,
	};
	const char *lacks = pcp_lacks(&s->facts, &s->view);

	if (!(s->plan->level & LEVEL_FREE))
		return NULL;
	if (lacks) {
		warn(o, "free pages in per-CPU lists stay: %s", lacks);
		return NULL;
	}
	struct kdf_error *e = pcp_walk(&w);
	s->plan->kept_lists = w.distrusted;
	return e;
}

/* Classes that the level wants and this kernel's VMCOREINFO can tell. */
static unsigned usable_classes(struct kdf *dump, const struct plan_options *o)
{
	unsigned usable = 0;

	for (unsigned id = 0; id < CLASS_COUNT; id++) {
		const struct page_class *c = &page_classes[id];
		char lacks[128];
		if (!c->test || !page_class_wanted(c, o->level))
			continue;
		if (!page_class_lacks(c, dump, lacks, sizeof(lacks)))
			usable |= 1u << id;
		else if (c->levels && id != CLASS_UNACCEPTED) /* most kernels have none of the rest */
			warn(o, "%s pages stay: VMCOREINFO has no %s", c->name, lacks);
	}
	return usable;
}

static struct kdf_error *find_image(struct kdf *dump, struct plan *p, const struct plan_options *o)
{
	struct kdf_error *e = image_by_page_tables(dump, p);

	if (!e && !p->nimage)
		e = image_by_segment(dump, p);
	if (!e && !p->nimage && p->usable)
		warn(o, "the frames of the kernel image are not known: they are judged like all others");
	return e;
}

static struct kdf_error *scan_all(struct scan *s, const struct plan_options *o)
{
	uint64_t first, end, done = 0;
	struct kdf_error *e = NULL;
	struct kdf_progress progress;

	kdf_progress_start(&progress, o->progress, "Choosing pages", kdf_info(s->dump)->ram_pages, 0);
	for (size_t i = 0; !e && kdf_ram_range(s->dump, i, &first, &end); i++) {
		end = end < s->plan->max_pfn ? end : s->plan->max_pfn;
		/* In pieces of the largest free block times many, for the sake of the progress line. */
		for (uint64_t next; !e && first < end; first = next) {
			next = end - first > SCAN_PIECE ? (first / SCAN_PIECE + 1) * SCAN_PIECE : end;
			e = scan_range(s, first, next);
			done += next - first;
			kdf_progress_update(&progress, done);
		}
	}
	kdf_progress_end(&progress);
	return e;
}

/* ---- After the scan ---- */

/* The witnesses say that this kernel was misread: everything stays but zeros, which are told by content. */
static void fall_back(struct scan *s, const struct selfcheck *c, const struct plan_options *o)
{
	struct plan *p = s->plan;

	warn(o, "no page is left out by its kind: %llu frames that the kernel cannot do without would have gone "
		"(first: %s, frame %#llx). The dump gets level %u; please report this kernel",
	     (unsigned long long)c->lost_frames, c->lost, (unsigned long long)c->lost_frame, p->level & LEVEL_ZERO);
	clear_ranges(s->dump, p->dumped, p->max_pfn);
	fill_dumped(s->dump, p);
	memset(p->dropped, 0, sizeof(p->dropped));
	p->kept_image = p->kept_order = p->kept_unreadable = p->kept_lists = 0;
	p->level &= LEVEL_ZERO;
	p->usable = 0;
	p->fell_back = true;
}

static struct kdf_error *check_and_order(struct scan *s, const struct plan_options *o)
{
	struct plan *p = s->plan;
	const struct landmark_sources from = {
		.dump = s->dump, .map = s->map.struct_size ? &s->map : NULL, .view = &s->view,
		.image = p->image, .nimage = p->nimage,
	};
	struct landmarks marks;
	struct selfcheck check;
	struct kdf_error *e = landmarks_find(&from, &marks);

	if (e)
		return e;
	selfcheck_run(s->dump, &marks, p->dumped, p->max_pfn, &check);
	p->checked = check.checked;
	if (check.lost)
		fall_back(s, &check, o);
	e = order_make(&marks, p->max_pfn, &p->order);
	landmarks_free(&marks);
	return e;
}

/* Without a map nothing can be told by kind; the order of what stays still can. */
static struct kdf_error *choose(struct scan *s, const struct plan_options *o)
{
	struct plan *p = s->plan;
	struct kdf_error *no_map = memmap_open(s->dump, s->facts.size, &s->map);

	if (no_map) {
		if (p->usable)
			warn(o, "no page is left out by its kind: %s", kdf_error_text(no_map));
		p->usable = 0;
		s->map = (struct memmap){ 0 };
	}
	kdf_error_free(no_map);
	struct kdf_error *e = find_image(s->dump, p, o);
	if (!e && p->usable) {
		p->model = s->map.model;
		e = scan_all(s, o);
	}
	if (!e) {
		kernel_view_read(s->dump, &s->view);
		mapped_release_ram(s->dump);
	}
	if (!e && p->usable)
		e = drop_listed_pages(s, o);
	if (!e)
		e = check_and_order(s, o);
	memmap_close(&s->map);
	mapped_release_ram(s->dump);
	return e;
}

struct kdf_error *plan_make(struct kdf *dump, const struct plan_options *o, struct plan *p)
{
	*p = (struct plan){ .level = o->level };
	struct scan *s = calloc(1, sizeof(*s));
	struct kdf_error *e = s ? make_bitmaps(dump, p) : kdf_err(KDF_NOMEM, "no memory for the page scan");

	if (!e) {
		s->dump = dump;
		s->plan = p;
		page_facts_read(dump, &s->facts);
		p->usable = usable_classes(dump, o);
		e = choose(s, o);
	}
	free(s);
	if (e) {
		plan_free(p);
		return e;
	}
	p->dumped_pages = p->input_pages;
	for (unsigned id = 0; id < CLASS_COUNT; id++)
		p->dumped_pages -= p->dropped[id];
	return NULL;
}

void plan_free(struct plan *p)
{
	free(p->ram);
	free(p->dumped);
	free(p->image);
	order_free(&p->order);
	*p = (struct plan){ 0 };
}
