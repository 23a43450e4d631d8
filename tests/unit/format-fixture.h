/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small dumps made in memory, for the unit tests and the fuzz targets of format/: a guest of some pages, and the
 * file formats around it. Whoever wants a damaged dump makes a good one and overwrites a field.
 */
#ifndef KDX_FORMAT_FIXTURE_H
#define KDX_FORMAT_FIXTURE_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "dump.h"

enum { PAGE = 4096, GUEST_PAGES = 64 };

#define UNUSED __attribute__((unused))

/* ---- Bytes ---- */

/* Puts bytes at a place of the file, which grows with zeros. */
static UNUSED void put_at(struct kdf_buf *b, size_t at, const void *bytes, size_t n)
{
	static const char zeros[PAGE];

	while (b->len < at + n && !b->failed)
		kdf_buf_add(b, zeros, at + n - b->len < PAGE ? at + n - b->len : PAGE);
	if (!b->failed && n)
		memcpy(b->data + at, bytes, n);
}

static UNUSED void put_uint(struct kdf_buf *b, size_t at, uint64_t value, size_t size, bool big_endian)
{
	uint8_t raw[8];

	kdf_store_uint(raw, value, size, big_endian);
	put_at(b, at, raw, size);
}

static UNUSED void put_page(struct kdf_buf *b, size_t at, uint64_t pfn)
{
	uint8_t page[PAGE];

	for (size_t i = 0; i < PAGE; i++)
		page[i] = (uint8_t)(pfn * 7 + i / 16 + 1);
	put_at(b, at, page, PAGE);
}

/* Whether the page is what put_page made for pfn. */
static UNUSED bool is_page(const uint8_t *page, uint64_t pfn)
{
	for (size_t i = 0; i < PAGE; i++)
		if (page[i] != (uint8_t)(pfn * 7 + i / 16 + 1))
			return false;
	return true;
}

/* ---- Files ---- */

static UNUSED int memory_file(const void *bytes, size_t n)
{
	int fd = memfd_create("dump", MFD_CLOEXEC);

	for (size_t done = 0; fd >= 0 && done < n;) {
		ssize_t put = write(fd, (const char *)bytes + done, n - done);

		if (put <= 0) {
			close(fd);
			return -1;
		}
		done += (size_t)put;
	}
	return fd;
}

static UNUSED struct kdf_error *open_buf(const struct kdf_buf *b, const struct kdf_options *o, struct kdf **d)
{
	return kdf_open_fd(memory_file(b->data, b->len), "fixture", o, d);
}

/* Several files for kdf_open, which wants paths. */
struct temp_files {
	char path[4][32];
	const char *paths[4];
	size_t n;
};

static UNUSED void temp_add(struct temp_files *t, const struct kdf_buf *b)
{
	char *path = t->path[t->n];

	strcpy(path, "/tmp/kdx-unit-XXXXXX");
	int fd = mkstemp(path);
	for (size_t done = 0; fd >= 0 && done < b->len;) {
		ssize_t put = write(fd, b->data + done, b->len - done);

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	if (fd >= 0)
		close(fd);
	t->paths[t->n++] = path;
}

static UNUSED void temp_remove(struct temp_files *t)
{
	for (size_t i = 0; i < t->n; i++)
		unlink(t->path[i]);
	t->n = 0;
}

/* ---- Notes ---- */

static UNUSED void put_note(struct kdf_buf *b, const char *name, uint32_t type, const void *desc, size_t size, bool be)
{
	size_t at = b->len, name_size = strlen(name) + 1;

	put_uint(b, at, name_size, 4, be);
	put_uint(b, at + 4, size, 4, be);
	put_uint(b, at + 8, type, 4, be);
	put_at(b, at + 12, name, name_size);
	at += 12 + ((name_size + 3) & ~(size_t)3);
	put_at(b, at, desc, size);
	put_at(b, at + ((size + 3) & ~(size_t)3), "", 0);
}

/* ---- ELF ---- */

struct elf_load {
	uint64_t virt, phys, filesz, memsz;
	uint64_t offset; /* filled by make_elf */
};

struct elf_recipe {
	struct elf_load load[8];
	size_t nloads;
	const struct kdf_buf *notes;
	const uint8_t *memory; /* of the guest: byte i is physical address i; NULL: pages of put_page */
	bool big_endian, xnum, headers_last;
	uint16_t machine; /* 0: x86_64 */
};

/* Where the pieces of the file lie, for tests that damage them. */
struct elf_places {
	size_t phoff, notes, end;
};

static UNUSED void put_memory(struct kdf_buf *b, size_t at, const uint8_t *memory, uint64_t phys, uint64_t n)
{
	uint8_t page[PAGE];

	if (memory) {
		put_at(b, at, memory + phys, n);
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		for (size_t k = 0; !i && k < PAGE; k++)
			page[k] = 0;
		uint64_t address = phys + i;
		uint8_t byte = (uint8_t)(address / PAGE * 7 + address % PAGE / 16 + 1);

		page[i % PAGE] = byte;
		if (i % PAGE == PAGE - 1 || i == n - 1)
			put_at(b, at + i / PAGE * PAGE, page, i % PAGE + 1);
	}
}

static UNUSED void put_segment(struct kdf_buf *b, size_t at, uint32_t type, uint64_t offset, const struct elf_load *l,
			       bool be)
{
	put_uint(b, at, type, 4, be);
	put_uint(b, at + 8, offset, 8, be);
	put_uint(b, at + 16, l->virt, 8, be);
	put_uint(b, at + 24, l->phys, 8, be);
	put_uint(b, at + 32, l->filesz, 8, be);
	put_uint(b, at + 40, l->memsz, 8, be);
	put_uint(b, at + 48, 0, 8, be);
}

static UNUSED struct elf_places make_elf(struct elf_recipe *r, struct kdf_buf *b)
{
	struct elf_places p = { 0 };
	bool be = r->big_endian;
	size_t count = r->nloads + !!r->notes, at = 4096;

	put_at(b, 0, "\177ELF\2", 5);
	put_uint(b, 5, be ? 2 : 1, 1, be);
	put_uint(b, 6, 1, 1, be);
	put_uint(b, 16, 4, 2, be); /* ET_CORE */
	put_uint(b, 18, r->machine ? r->machine : 62, 2, be);
	put_uint(b, 20, 1, 4, be);
	put_uint(b, 54, 56, 2, be);
	put_uint(b, 56, r->xnum ? 0xffff : count, 2, be);
	if (r->xnum) {
		put_uint(b, 40, 64, 8, be); /* e_shoff */
		put_uint(b, 64 + 44, count, 4, be);
	}
	if (r->notes) {
		p.notes = at;
		put_at(b, at, r->notes->data, r->notes->len);
		at += (r->notes->len + 15) & ~(size_t)15;
	}
	for (size_t i = 0; i < r->nloads; i++) {
		r->load[i].offset = at;
		put_memory(b, at, r->memory, r->load[i].phys, r->load[i].filesz);
		at += r->load[i].filesz;
	}
	p.phoff = r->headers_last ? at : 128;
	put_uint(b, 32, p.phoff, 8, be);
	size_t header = p.phoff;
	if (r->notes) {
		struct elf_load note = { .filesz = r->notes->len, .memsz = r->notes->len };

		put_segment(b, header, 4, p.notes, &note, be);
		header += 56;
	}
	for (size_t i = 0; i < r->nloads; i++, header += 56)
		put_segment(b, header, 1, r->load[i].offset, &r->load[i], be);
	p.end = b->len;
	return p;
}

/* ---- kdump-compressed ---- */

struct kdump_recipe {
	int version;
	bool big_endian, bits32, diskdump, single_bitmap;
	const char *machine; /* utsname */
	uint64_t max_pfn;
	uint8_t ram[GUEST_PAGES / 8], dumped[GUEST_PAGES / 8]; /* bitmaps */
	uint32_t flag;					       /* codec of the pages, 0: none */
	uint32_t status;				       /* beside flag */
	const struct kdf_buf *notes;
	size_t vmcoreinfo_at, vmcoreinfo_size; /* inside the notes */
	const uint8_t *memory;		       /* as in elf_recipe; with it frame 0 is zero when its bytes are */
	bool split;
	uint64_t start_pfn, end_pfn;
};

struct kdump_places {
	size_t header, sub_header, notes, bitmap1, bitmap2, descriptors, data;
};

/* The sub header as the machine's compiler lays it out. */
struct sub_writer {
	struct kdf_buf *b;
	size_t start, at, long_size, u64_align;
	bool be;
};

static UNUSED void sub_put(struct sub_writer *w, uint64_t value, size_t size, size_t align)
{
	size_t at = (w->at - w->start + align - 1) / align * align + w->start;

	put_uint(w->b, at, value, size, w->be);
	w->at = at + size;
}

static UNUSED void put_sub_header(const struct kdump_recipe *r, struct kdf_buf *b, size_t notes_at)
{
	struct sub_writer w = {
		b, PAGE, PAGE, r->bits32 ? 4 : 8, r->bits32 && r->machine[0] == 'i' ? 4 : 8, r->big_endian};
	size_t n = r->notes ? r->notes->len : 0;

	if (r->version < 1)
		return;
	sub_put(&w, 0, w.long_size, w.long_size); /* phys_base */
	sub_put(&w, 31, 4, 4);
	if (r->version < 2)
		return;
	sub_put(&w, r->split, 4, 4);
	sub_put(&w, r->start_pfn, w.long_size, w.long_size);
	sub_put(&w, r->end_pfn, w.long_size, w.long_size);
	if (r->version < 3)
		return;
	sub_put(&w, r->vmcoreinfo_size ? notes_at + r->vmcoreinfo_at : 0, 8, w.u64_align);
	sub_put(&w, r->vmcoreinfo_size, w.long_size, w.long_size);
	if (r->version < 4)
		return;
	sub_put(&w, n ? notes_at : 0, 8, w.u64_align);
	sub_put(&w, n, w.long_size, w.long_size);
	if (r->version < 5)
		return;
	sub_put(&w, 0, 8, w.u64_align);
	sub_put(&w, 0, w.long_size, w.long_size);
	if (r->version < 6)
		return;
	sub_put(&w, r->start_pfn, 8, w.u64_align);
	sub_put(&w, r->end_pfn, 8, w.u64_align);
	sub_put(&w, r->max_pfn, 8, w.u64_align);
}

static UNUSED void put_main_header(const struct kdump_recipe *r, struct kdf_buf *b, size_t sub_blocks,
				   size_t bitmap_blocks)
{
	static const char *const uts[] = { "Linux", "node", "6.1.0-test", "#1 SMP", NULL, "(none)" };
	bool be = r->big_endian;
	size_t time = r->bits32 ? 404 : 408, word = r->bits32 ? 4 : 8, f = time + 2 * word;

	put_at(b, 0, r->diskdump ? "DISKDUMP" : "KDUMP   ", 8);
	put_uint(b, 8, (uint64_t)r->version, 4, be);
	for (size_t i = 0; i < 6; i++)
		put_at(b, 12 + 65 * i, uts[i] ? uts[i] : r->machine, strlen(uts[i] ? uts[i] : r->machine));
	put_uint(b, time, 1700000000, word, be);
	put_uint(b, f, r->flag | r->status, 4, be);
	put_uint(b, f + 4, PAGE, 4, be);
	put_uint(b, f + 8, sub_blocks, 4, be);
	put_uint(b, f + 12, bitmap_blocks, 4, be);
	put_uint(b, f + 16, r->max_pfn, 4, be);
	put_uint(b, f + 36, 2, 4, be); /* nr_cpus */
	put_uint(b, PAGE - 1, 0, 1, be);
}

static UNUSED bool in_bitmap(const uint8_t *bits, uint64_t pfn)
{
	return pfn < GUEST_PAGES && bits[pfn / 8] >> pfn % 8 & 1;
}

/* Stores one page and its descriptor. */
static UNUSED void put_dumped(const struct kdump_recipe *r, struct kdf_buf *b, uint64_t pfn, size_t descriptor)
{
	const struct kdf_codec *codec = r->flag ? kdf_codec_by_flag(r->flag) : NULL;
	uint8_t stored[2 * PAGE];
	struct kdf_buf page = { 0 };
	size_t size = 0, at = b->len;
	void *work = NULL;

	put_memory(&page, 0, r->memory, pfn * PAGE, PAGE);
	if (codec) {
		kdf_error_free(codec->open ? codec->open(codec->default_level, &work) : NULL);
		size = codec->compress(work, page.data, PAGE, stored, PAGE - 1);
		if (work)
			codec->close(work);
	}
	put_uint(b, descriptor, at, 8, r->big_endian);
	put_uint(b, descriptor + 8, size ? size : PAGE, 4, r->big_endian);
	put_uint(b, descriptor + 12, size ? r->flag : 0, 4, r->big_endian);
	put_at(b, at, size ? (char *)stored : page.data, size ? size : PAGE);
	kdf_buf_free(&page);
}

static UNUSED struct kdump_places make_kdump(const struct kdump_recipe *r, struct kdf_buf *b)
{
	struct kdump_places p = { .sub_header = PAGE, .notes = PAGE + 104 };
	size_t notes = r->notes ? r->notes->len : 0, sub_blocks = (104 + notes + PAGE - 1) / PAGE;
	size_t bitmap_blocks = r->single_bitmap ? 1 : 2, count = 0;

	p.bitmap1 = PAGE * (1 + sub_blocks);
	p.bitmap2 = p.bitmap1 + (r->single_bitmap ? 0 : PAGE);
	p.descriptors = p.bitmap1 + PAGE * bitmap_blocks;
	put_main_header(r, b, sub_blocks, bitmap_blocks);
	put_sub_header(r, b, p.notes);
	if (notes)
		put_at(b, p.notes, r->notes->data, notes);
	put_at(b, p.bitmap1, r->ram, sizeof(r->ram));
	put_at(b, p.bitmap2, r->dumped, sizeof(r->dumped));
	for (uint64_t pfn = 0; pfn < r->max_pfn; pfn++)
		count += in_bitmap(r->dumped, pfn) && (!r->split || (pfn >= r->start_pfn && pfn < r->end_pfn));
	p.data = p.descriptors + count * 24;
	put_at(b, p.data - 1, "", 1);
	for (uint64_t pfn = 0, i = 0; pfn < r->max_pfn; pfn++) {
		if (!in_bitmap(r->dumped, pfn) || (r->split && (pfn < r->start_pfn || pfn >= r->end_pfn)))
			continue;
		put_dumped(r, b, pfn, p.descriptors + 24 * i++);
	}
	return p;
}

/* ---- Flattened ---- */

static UNUSED void begin_flattened(struct kdf_buf *b)
{
	put_at(b, 0, "makedumpfile", 12);
	put_uint(b, 16, 1, 8, true);
	put_uint(b, 24, 1, 8, true);
	put_at(b, 4095, "", 1);
}

static UNUSED void put_record(struct kdf_buf *b, uint64_t offset, const void *bytes, uint64_t size)
{
	put_uint(b, b->len, offset, 8, true);
	put_uint(b, b->len, size, 8, true);
	put_at(b, b->len, bytes, size);
}

static UNUSED void end_flattened(struct kdf_buf *b)
{
	put_uint(b, b->len, UINT64_MAX, 8, true);
	put_uint(b, b->len, UINT64_MAX, 8, true);
}

#endif
