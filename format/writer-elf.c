// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes an ELF core file of 64 bits in the byte order of the machine it runs on:
 *
 *	ELF header	e_flags is 1 until the dump is whole: what makedumpfile marks an incomplete one with
 *	program headers	PT_NOTE, then PT_LOADs; a section header behind them when there are too many for e_phnum
 *	notes
 *	memory		each frame once
 *
 * Memory lies in the file as extents: frames that are dumped, joined where fewer than GAP_MIN frames lie between (these
 * read as zeros). A segment becomes one PT_LOAD for each extent in it; what is missing up to the next one is the
 * difference of p_memsz and p_filesz. Segments that overlap (the kernel image lies in RAM) share the bytes.
 *
 * Memory does not begin on a page boundary. makedumpfile (1.7.9) maps an aligned file in windows of p_memsz bytes and
 * takes what lies in one for consecutive memory: behind p_filesz it would read another segment's bytes. Files like its
 * own it reads with read().
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "machine.h"
#include "writer-format.h"

/* As makedumpfile: a hole is worth a program header from there on. */
enum { GAP_MIN = 256, FILL_MAX = 16 };
enum { INCOMPLETE_FLAG = 1 };
enum { MAX_HEADERS = 1 << 24 };

/* Frames [start, end) lie at offset. */
struct extent {
	uint64_t start, end, offset;
};

struct elf_writer {
	struct extent *extent; /* sorted */
	size_t nextents, cap;
	size_t cursor; /* where the last frame was */
	uint64_t file_size;
	uint8_t *data;
	size_t data_len;
	uint64_t data_at; /* file offset of data[0] */
};

/* ---- Extents ---- */

static bool add_run(struct elf_writer *m, uint64_t start, uint64_t end, bool may_join)
{
	struct extent *last = m->nextents ? &m->extent[m->nextents - 1] : NULL;

	if (last && may_join && start - last->end < GAP_MIN) {
		last->end = end;
		return true;
	}
	if (m->nextents == MAX_HEADERS || !kdf_grow(&m->extent, &m->cap, m->nextents + 1, sizeof(*m->extent)))
		return false;
	m->extent[m->nextents++] = (struct extent){ start, end, 0 };
	return true;
}

/* The first frame >= from whose bit is `value`; max when there is none. */
static uint64_t next_bit(const uint8_t *map, uint64_t from, uint64_t max, bool value)
{
	uint8_t skip = value ? 0 : 0xff;

	while (from < max) {
		if (from % 8 == 0 && map[from / 8] == skip)
			from += 8;
		else if (kdf_bit(map, from) == value)
			return from;
		else
			from++;
	}
	return max;
}

/* Runs of dumped frames; they join inside one range of RAM only. */
static struct kdf_error *find_extents(const struct kdf_writer *w, const struct kdf_writer_head *head,
				      struct elf_writer *m)
{
	uint64_t ram_end = 0;

	for (uint64_t start = 0; (start = next_bit(head->dumped, start, w->max_pfn, true)) < w->max_pfn;) {
		uint64_t end = next_bit(head->dumped, start, w->max_pfn, false);
		bool same_ram = start < ram_end;
		if (!same_ram)
			ram_end = next_bit(head->ram, start, w->max_pfn, false);
		if (!add_run(m, start, end, same_ram))
			return kdf_err(KDF_NOMEM, "no memory for %zu pieces of memory", m->nextents);
		start = end;
	}
	return NULL;
}

static void place_extents(struct elf_writer *m, uint64_t offset, uint32_t page_size)
{
	for (size_t i = 0; i < m->nextents; i++) {
		m->extent[i].offset = offset;
		offset += (m->extent[i].end - m->extent[i].start) * page_size;
	}
	m->file_size = offset;
}

/* Index of the first extent that ends behind pfn. */
static size_t find_extent(const struct elf_writer *m, uint64_t pfn)
{
	size_t low = 0, high = m->nextents;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (m->extent[middle].end > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static uint64_t offset_of(struct elf_writer *m, uint64_t pfn, uint32_t page_size)
{
	const struct extent *x = &m->extent[m->cursor];

	if (m->cursor >= m->nextents || pfn < x->start || pfn >= x->end) {
		m->cursor = find_extent(m, pfn);
		x = &m->extent[m->cursor];
	}
	return x->offset + (pfn - x->start) * page_size;
}

/* ---- Headers ---- */

struct headers {
	Elf64_Phdr *ph;
	size_t n, cap;
};

static bool add_load(struct headers *h, const struct kdf_segment *s, uint64_t from, uint64_t mem, uint64_t offset,
		     uint64_t file)
{
	if (!mem)
		return true;
	if (h->n == MAX_HEADERS || !kdf_grow(&h->ph, &h->cap, h->n + 1, sizeof(*h->ph)))
		return false;
	h->ph[h->n++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = file ? offset : 0,
		.p_vaddr = s->virt + (from - s->phys),
		.p_paddr = from,
		.p_filesz = file,
		.p_memsz = mem,
	};
	return true;
}

/* The PT_LOADs of one segment. */
static bool add_segment(const struct kdf_writer *w, const struct elf_writer *m, struct headers *h,
			const struct kdf_segment *s)
{
	uint64_t page = w->page_size, end = s->phys + s->mem_size, at = s->phys, mem_from = s->phys;
	struct extent held = { 0 }; /* bytes; waits for its p_memsz */
	bool ok = true;

	for (size_t i = find_extent(m, s->phys / page); ok && i < m->nextents && at < end; i++) {
		const struct extent *x = &m->extent[i];
		uint64_t from = x->start * page > s->phys ? x->start * page : s->phys;
		uint64_t to = x->end * page < end ? x->end * page : end;
		if (from >= end)
			break;
		ok = add_load(h, s, mem_from, from - mem_from, held.offset, held.end - held.start);
		held = (struct extent){ from, to, x->offset + (from - x->start * page) };
		mem_from = from;
		at = to;
	}
	return ok && add_load(h, s, mem_from, end - mem_from, held.offset, held.end - held.start);
}

static struct kdf_error *check_segments(const struct kdf_writer *w)
{
	for (size_t i = 0; i < w->how.nsegments; i++) {
		const struct kdf_segment *s = &w->how.segment[i];
		if (s->mem_size > UINT64_MAX / 4 || s->phys > UINT64_MAX / 4)
			return kdf_err(KDF_CORRUPT, "segment of %#llx bytes at physical address %#llx",
				       (unsigned long long)s->mem_size, (unsigned long long)s->phys);
	}
	return NULL;
}

static struct kdf_error *make_headers(const struct kdf_writer *w, const struct elf_writer *m, struct headers *h)
{
	static const Elf64_Phdr note = { .p_type = PT_NOTE };

	if (!kdf_grow(&h->ph, &h->cap, 1, sizeof(*h->ph)))
		return kdf_err(KDF_NOMEM, "no memory for program headers");
	h->ph[h->n++] = note;
	for (size_t i = 0; i < w->how.nsegments; i++)
		if (!add_segment(w, m, h, &w->how.segment[i]))
			return kdf_err(KDF_NOMEM, "no memory for %zu program headers", h->n);
	return NULL;
}

static uint16_t machine_number(const char *name)
{
	for (uint16_t number = 1; name && *name && number < 1024; number++)
		if (!strcmp(kdf_machine_name(number, true), name))
			return number;
	return EM_NONE;
}

static void fill_header(Elf64_Ehdr *eh, const struct kdf_writer *w, const struct headers *h)
{
	bool many = h->n >= PN_XNUM;

	*eh = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = machine_number(w->how.machine),
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(*eh),
		.e_flags = INCOMPLETE_FLAG,
		.e_ehsize = sizeof(*eh),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = many ? PN_XNUM : (uint16_t)h->n,
		.e_shoff = many ? sizeof(*eh) + h->n * sizeof(Elf64_Phdr) : 0,
		.e_shentsize = many ? sizeof(Elf64_Shdr) : 0,
		.e_shnum = many,
	};
}

static struct kdf_error *write_headers(struct kdf_writer *w, struct headers *h, const struct kdf_writer_head *head,
				       uint64_t notes_at)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh = { .sh_info = (uint32_t)h->n };

	fill_header(&eh, w, h);
	h->ph[0].p_offset = notes_at;
	h->ph[0].p_filesz = h->ph[0].p_memsz = head->notes_size;
	struct kdf_error *e = kdf_output_write(&w->out, &eh, sizeof(eh), 0, NULL);
	if (!e)
		e = kdf_output_write(&w->out, h->ph, h->n * sizeof(*h->ph), eh.e_phoff, NULL);
	if (!e && eh.e_shnum)
		e = kdf_output_write(&w->out, &sh, sizeof(sh), eh.e_shoff, NULL);
	if (!e && head->notes_size)
		e = kdf_output_write(&w->out, head->notes, head->notes_size, notes_at, NULL);
	return e ? kdf_err_wrap(e, "dump header") : NULL;
}

static struct kdf_error *write_front(struct kdf_writer *w, struct elf_writer *m, const struct kdf_writer_head *head)
{
	struct headers h = { 0 };
	struct kdf_error *e = check_segments(w);
	if (!e)
		e = find_extents(w, head, m);

	/* Twice: how many headers there are tells where the memory begins, which the headers say. */
	if (!e)
		e = make_headers(w, m, &h);
	uint64_t notes_at = sizeof(Elf64_Ehdr) + h.n * sizeof(Elf64_Phdr) + (h.n >= PN_XNUM ? sizeof(Elf64_Shdr) : 0);
	uint64_t data_at = (notes_at + head->notes_size + 7) / 8 * 8;
	if (data_at % w->page_size == 0)
		data_at += 8;
	place_extents(m, data_at, w->page_size);
	m->data_at = data_at;
	h.n = 0;
	if (!e)
		e = make_headers(w, m, &h);
	if (!e)
		e = write_headers(w, &h, head, notes_at);
	free(h.ph);
	return e;
}

/* ---- The calls ---- */

static struct kdf_error *elf_open(struct kdf_writer *w, const struct kdf_writer_head *head)
{
	struct elf_writer *m = calloc(1, sizeof(*m));

	w->state = m;
	if (w->how.split)
		return kdf_err(KDF_USAGE, "an ELF dump cannot be split");
	if (!w->how.nsegments)
		return kdf_err(KDF_USAGE, "an ELF dump without segments");
	if (m)
		m->data = malloc(KDF_WRITE_BUFFER);
	if (!m || !m->data)
		return kdf_err(KDF_NOMEM, "no memory for a dump writer");
	return write_front(w, m, head);
}

static void elf_close(struct kdf_writer *w)
{
	struct elf_writer *m = w->state;

	if (!m)
		return;
	free(m->extent);
	free(m->data);
	free(m);
}

static struct kdf_error *elf_flush(struct kdf_writer *w)
{
	struct elf_writer *m = w->state;

	if (!m->data_len || w->broken)
		return NULL;
	struct kdf_error *e = kdf_output_write(&w->out, m->data, m->data_len, m->data_at, NULL);
	if (e)
		w->broken = true;
	m->data_at += m->data_len;
	m->data_len = 0;
	return e;
}

/* Frames between what is buffered and `offset` that nobody will give, when they are few: as zeros, for one write. */
static bool fill_gap(const struct kdf_writer *w, struct elf_writer *m, uint64_t pfn, uint64_t offset)
{
	uint64_t end = m->data_at + m->data_len, gap = offset - end;

	if (!m->data_len || offset < end || gap > FILL_MAX * w->page_size || gap / w->page_size > pfn)
		return offset == end;
	if (gap + w->page_size > KDF_WRITE_BUFFER - m->data_len ||
	    kdf_count_bits(w->dumped, pfn - gap / w->page_size, pfn))
		return false;
	memset(m->data + m->data_len, 0, gap);
	m->data_len += gap;
	return true;
}

static struct kdf_error *elf_page(struct kdf_writer *w, uint64_t pfn, const void *data, size_t size, uint32_t flags)
{
	struct elf_writer *m = w->state;
	uint64_t offset = offset_of(m, pfn, w->page_size);

	if (flags)
		return kdf_err(KDF_USAGE, "page frame %#llx: an ELF dump has no compressed pages",
			       (unsigned long long)pfn);
	if (m->data_len + size > KDF_WRITE_BUFFER || !fill_gap(w, m, pfn, offset)) {
		struct kdf_error *e = elf_flush(w);
		if (e)
			return e;
		m->data_at = offset;
	}
	memcpy(m->data + m->data_len, data, size);
	m->data_len += size;
	return NULL;
}

/* What is not written reads as zeros. */
static struct kdf_error *elf_zero_page(struct kdf_writer *w, uint64_t pfn)
{
	(void)w;
	(void)pfn;
	return NULL;
}

static struct kdf_error *elf_clear_mark(struct kdf_writer *w)
{
	const struct elf_writer *m = w->state;
	const uint32_t flags = 0;
	struct kdf_error *e = kdf_output_extend(&w->out, m->file_size);

	if (!e)
		e = kdf_output_sync(&w->out);
	return e ? e : kdf_output_write(&w->out, &flags, sizeof(flags), offsetof(Elf64_Ehdr, e_flags), NULL);
}

static uint64_t elf_bytes(const struct kdf_writer *w)
{
	const struct elf_writer *m = w->state;
	uint64_t end = m->data_len ? m->data_at + m->data_len : 0;

	return end > w->out.size ? end : w->out.size;
}

const struct kdf_writer_calls kdf_writer_elf = {
	.open = elf_open,
	.page = elf_page,
	.zero_page = elf_zero_page,
	.flush = elf_flush,
	.clear_mark = elf_clear_mark,
	.bytes = elf_bytes,
	.close = elf_close,
};
