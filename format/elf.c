// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ELF core files: /proc/vmcore and copies of it, makedumpfile -E, QEMU dump-guest-memory, /proc/kcore.
 * Segments are taken by physical address. They may overlap (the kernel image lies in RAM and has a segment of its
 * own), begin and end inside a page, and be longer in memory than in the file (a filter dropped the rest).
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "dump.h"
#include "elf-header.h"
#include "machine.h"
#include "notes.h"

enum { INCOMPLETE_FLAG = 1 }; /* e_flags of makedumpfile -E that ran out of space */

/* All notes together; a device dump (vmcoredd) may be some megabytes. */
static const uint64_t max_notes = 1u << 30;
/* Above any physical address; kcore's segments without one say all ones. */
static const uint64_t max_phys = (uint64_t)1 << 56;

/* Physical bytes [start, end) lie at offset of the file. */
struct extent {
	uint64_t start, end, offset;
};

struct elf {
	struct extent *extent; /* sorted, without overlap, all inside the file */
	size_t count, cap;
	struct kdf_ranges cut;	   /* physical bytes that lie beyond the end of the file */
	struct kdf_ranges present; /* frames that have bytes in the file */
};

static bool add_extent(struct elf *m, struct extent x)
{
	if (x.start >= x.end)
		return true;
	if (!kdf_grow(&m->extent, &m->cap, m->count + 1, sizeof(*m->extent)))
		return false;
	m->extent[m->count++] = x;
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Where segments overlap they hold the same bytes: the first one counts. */
static void remove_overlap(struct elf *m)
{
	size_t kept = 0;
	uint64_t end = 0;

	if (!m->count)
		return;
	qsort(m->extent, m->count, sizeof(*m->extent), by_start);
	for (size_t i = 0; i < m->count; i++) {
		struct extent x = m->extent[i];

		if (x.start < end) {
			uint64_t skip = (x.end < end ? x.end : end) - x.start;

			x.start += skip;
			x.offset += skip;
		}
		if (x.start == x.end)
			continue;
		end = x.end;
		struct extent *last = kept ? &m->extent[kept - 1] : NULL;
		if (last && last->end == x.start && last->offset + (last->end - last->start) == x.offset)
			last->end = x.end;
		else
			m->extent[kept++] = x;
	}
	m->count = kept;
}

/* Index of the first extent that ends behind phys; count when there is none. */
static size_t find_extent(const struct elf *m, uint64_t phys)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->extent[middle].end > phys)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool add_frames(const struct kdf *d, struct kdf_ranges *r, uint64_t start, uint64_t end)
{
	uint64_t mask = kdf_page_size(d) - 1;

	return start >= end || kdf_ranges_add(r, start >> d->info.page_shift, (end + mask) >> d->info.page_shift);
}

/* Takes one PT_LOAD into the map of memory. */
static bool add_load(struct kdf *d, struct elf *m, const struct kdf_source *s, const struct kdf_elf_segment *seg)
{
	uint64_t filesz = seg->filesz < seg->memsz ? seg->filesz : seg->memsz;
	uint64_t in_file = seg->offset < s->size ? s->size - seg->offset : 0;

	if (in_file > filesz)
		in_file = filesz;
	return add_frames(d, &d->ram, seg->paddr, seg->paddr + seg->memsz) &&
	       add_extent(m, (struct extent){ seg->paddr, seg->paddr + in_file, seg->offset }) &&
	       kdf_ranges_add(&m->cut, seg->paddr + in_file, seg->paddr + filesz);
}

/* Whether another segment has the same distance of virtual and physical address: both lie in the direct map. */
static bool same_map(const struct kdf_elf_header *h, const struct kdf_elf_segment *seg)
{
	for (size_t i = 0; i < h->nsegments; i++) {
		const struct kdf_elf_segment *other = &h->segment[i];

		if (other->type == PT_LOAD && other->paddr && other->paddr <= max_phys &&
		    other->vaddr - other->paddr == seg->vaddr - seg->paddr)
			return true;
	}
	return false;
}

/* Segments of /proc/kcore that map vmalloc, modules, vmemmap carry no physical address: all ones, or 0. */
static bool has_phys(const struct kdf_source *s, const struct kdf_elf_header *h, const struct kdf_elf_segment *seg)
{
	if (seg->paddr > max_phys || seg->memsz > max_phys - seg->paddr)
		return false;
	return !s->live || seg->paddr || same_map(h, seg);
}

static struct kdf_error *map_memory(struct kdf *d, struct elf *m, const struct kdf_elf_header *h)
{
	const struct kdf_source *s = d->source[0];
	bool ok = true;

	d->segment = calloc(h->nsegments, sizeof(*d->segment));
	if (!d->segment)
		return kdf_err(KDF_NOMEM, "no memory for %zu segments", h->nsegments);
	for (size_t i = 0; ok && i < h->nsegments; i++) {
		const struct kdf_elf_segment *seg = &h->segment[i];

		if (seg->type != PT_LOAD)
			continue;
		d->segment[d->nsegments++] =
			(struct kdf_segment){ seg->vaddr, seg->paddr, seg->offset, seg->filesz, seg->memsz };
		if (has_phys(s, h, seg))
			ok = add_load(d, m, s, seg);
		else if (!s->live)
			return kdf_err(KDF_CORRUPT,
				       "program header %zu: %#" PRIx64 " bytes at physical address %#" PRIx64, i,
				       seg->memsz, seg->paddr);
	}
	remove_overlap(m);
	for (size_t i = 0; ok && i < m->count; i++)
		ok = add_frames(d, &m->present, m->extent[i].start, m->extent[i].end);
	if (!ok)
		return kdf_err(KDF_NOMEM, "no memory for the map of %zu segments", h->nsegments);
	kdf_ranges_sort(&d->ram);
	kdf_ranges_sort(&m->cut);
	kdf_ranges_sort(&m->present);
	if (!d->ram.count)
		return kdf_err(KDF_CORRUPT, "the ELF file describes no memory (no PT_LOAD)");
	return NULL;
}

/* All PT_NOTE segments one behind the other. */
static struct kdf_error *read_notes(struct kdf *d, const struct kdf_elf_header *h)
{
	struct kdf_buf notes = { 0 };
	struct kdf_error *e = NULL;

	for (size_t i = 0; !e && i < h->nsegments; i++) {
		const struct kdf_elf_segment *seg = &h->segment[i];
		void *part;

		if (seg->type != PT_NOTE || !seg->filesz)
			continue;
		if (seg->filesz > max_notes - notes.len)
			e = kdf_err(KDF_CORRUPT, "notes of %" PRIu64 " bytes", seg->filesz);
		else
			e = kdf_source_copy(d->source[0], seg->offset, seg->filesz, &part);
		if (e)
			break;
		kdf_buf_add(&notes, part, seg->filesz);
		free(part);
		while (notes.len % 4 && !notes.failed)
			kdf_buf_putc(&notes, 0);
	}
	if (!e)
		e = kdf_buf_error(&notes);
	if (e) {
		kdf_buf_free(&notes);
		return kdf_err_wrap(e, "ELF notes");
	}
	d->notes_size = notes.len;
	d->notes_raw = notes.len ? kdf_buf_take(&notes) : NULL;
	kdf_buf_free(&notes);
	return NULL;
}

/* No header says it: by machine, where the machine has one size; VMCOREINFO is not read yet. */
static struct kdf_error *page_size_of(struct kdf *d)
{
	uint64_t size = d->machine ? d->machine->page_size : 0;
	const struct kdf_note *note = kdf_notes_find(d, "VMCOREINFO");
	struct kdf_vmcoreinfo v = { 0 };

	if (note) {
		struct kdf_error *e = kdf_vmcoreinfo_parse(&v, note->desc, note->size);
		const char *text = kdf_vmcoreinfo_get(&v, "PAGESIZE");

		if (text)
			kdf_parse_u64(text, 10, &size);
		kdf_vmcoreinfo_free(&v);
		kdf_error_free(e);
	}
	if (!size)
		size = 4096;
	return kdf_set_page_size(d, size);
}

static struct kdf_error *load(struct kdf *d, struct elf *m, const struct kdf_elf_header *h)
{
	d->info.big_endian = h->big_endian;
	d->info.live = d->source[0]->live;
	d->info.format = d->info.live ? "/proc/kcore" : "ELF";
	d->elf_machine = h->machine;
	d->machine = kdf_machine_by_elf(h->machine);
	d->info.machine = kdf_machine_name(h->machine, h->is64);
	struct kdf_error *e = read_notes(d, h);
	if (!e)
		e = kdf_notes_split(d);
	if (e)
		return e;
	if (kdf_notes_find(d, "Xen") || kdf_notes_find(d, "VMCOREINFO_XEN"))
		return kdf_err(KDF_UNSUPPORTED,
			       "this is a dump of a Xen host or domain: extract the Linux part with makedumpfile -X");
	e = page_size_of(d);
	if (!e)
		e = map_memory(d, m, h);
	if (e)
		return e;
	d->info.max_pfn = d->ram.range[d->ram.count - 1].end;
	d->info.ram_pages = kdf_ranges_total(&d->ram);
	d->info.dumped_pages = kdf_ranges_total(&m->present);
	d->info.incomplete = h->flags & INCOMPLETE_FLAG || m->cut.count || kdf_source_cut(d->source[0]);
	return NULL;
}

static struct kdf_error *elf_open(struct kdf *d)
{
	struct kdf_elf_header h;

	if (d->nsources > 1)
		return kdf_err(KDF_USAGE, "'%s' is an ELF dump, which has no parts: give one file", d->source[0]->name);
	struct elf *m = calloc(1, sizeof(*m));
	d->state = m;
	if (!m)
		return kdf_err(KDF_NOMEM, "no memory");
	struct kdf_error *e = kdf_elf_header_read(d->source[0], &h);
	if (!e)
		e = load(d, m, &h);
	kdf_elf_header_free(&h);
	return e;
}

static void elf_close(struct kdf *d)
{
	struct elf *m = d->state;

	if (!m)
		return;
	free(m->extent);
	kdf_ranges_free(&m->cut);
	kdf_ranges_free(&m->present);
	free(m);
}

/* Bytes of [start, end) that are in the file. */
static uint64_t covered(const struct elf *m, uint64_t start, uint64_t end)
{
	uint64_t sum = 0;

	for (size_t i = find_extent(m, start); i < m->count && m->extent[i].start < end; i++) {
		const struct extent *x = &m->extent[i];

		sum += (x->end < end ? x->end : end) - (x->start > start ? x->start : start);
	}
	return sum;
}

static enum kdf_page_state elf_state(const struct kdf *d, uint64_t pfn)
{
	const struct elf *m = d->state;
	uint64_t start = pfn << d->info.page_shift, end = start + kdf_page_size(d), have;

	if (pfn >= d->info.max_pfn)
		return KDF_PAGE_HOLE;
	have = covered(m, start, end);
	if (have == end - start)
		return KDF_PAGE_PRESENT;
	if (kdf_ranges_overlap(&m->cut, start, end))
		return KDF_PAGE_INCOMPLETE;
	if (have)
		return KDF_PAGE_PRESENT;
	return kdf_ranges_overlap(&d->ram, pfn, pfn + 1) ? KDF_PAGE_EXCLUDED : KDF_PAGE_HOLE;
}

static bool elf_next(const struct kdf *d, uint64_t from, uint64_t *pfn)
{
	const struct elf *m = d->state;
	size_t i = kdf_ranges_find(&m->present, from);

	if (i == m->present.count)
		return false;
	*pfn = from > m->present.range[i].start ? from : m->present.range[i].start;
	return true;
}

/* A page that is covered only in part: what no segment has is zero. */
static struct kdf_error *elf_read(struct kdf *d, uint64_t pfn, void *buf, bool *zero)
{
	const struct elf *m = d->state;
	uint64_t start = pfn << d->info.page_shift, end = start + kdf_page_size(d), at = start;
	struct kdf_error *e = NULL;

	*zero = false;
	for (size_t i = find_extent(m, start); !e && at < end; i++) {
		const struct extent *x = i < m->count ? &m->extent[i] : NULL;
		uint64_t next = x && x->start < end ? x->start : end;

		if (next > at) {
			memset((uint8_t *)buf + (at - start), 0, next - at);
			at = next;
		}
		if (at == end)
			break;
		next = x->end < end ? x->end : end;
		e = kdf_source_read(d->source[0], x->offset + (at - x->start), (uint8_t *)buf + (at - start),
				    next - at);
		at = next;
	}
	return kdf_err_wrap(e, "frame %#" PRIx64, pfn);
}

static const uint8_t *elf_map(struct kdf *d, uint64_t pfn, uint64_t n)
{
	const struct elf *m = d->state;
	uint64_t start = pfn << d->info.page_shift, size = n << d->info.page_shift;
	size_t i = find_extent(m, start);

	if (i == m->count || start < m->extent[i].start || size > m->extent[i].end - start)
		return NULL;
	return kdf_source_map(d->source[0], m->extent[i].offset + (start - m->extent[i].start), size);
}

const struct kdf_format kdf_format_elf = {
	.name = "ELF",
	.magic = ELFMAG,
	.magic_size = SELFMAG,
	.open = elf_open,
	.close = elf_close,
	.state = elf_state,
	.next = elf_next,
	.read = elf_read,
	.map = elf_map,
};
