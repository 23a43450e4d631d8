/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the struct pages of the crashed kernel lie, and their bytes: SPARSEMEM (with or without vmemmap, with or
 * without EXTREME) and FLATMEM, out of VMCOREINFO alone. One thread at a time.
 */
#ifndef FILTER_MEMMAP_H
#define FILTER_MEMMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kdf.h"

struct memmap {
	struct kdf *dump;
	bool big_endian;
	uint32_t page_size, page_shift, struct_size;
	uint64_t max_pfn;
	const char *model; /* "sparsemem", "sparsemem (extreme)", "flatmem" */

	/* FLATMEM: virtual address of the struct of frame flat_first */
	uint64_t flat_map, flat_first;

	/* SPARSEMEM: the section table */
	uint64_t sections;	   /* address of the root table (extreme) or of the sections themselves */
	uint64_t roots;		   /* number of entries in it */
	uint64_t sections_per_root; /* 1: not extreme */
	uint32_t section_size, off_map;
	unsigned section_shift;	   /* frames per section, as a shift */
	uint64_t cached_section, cached_base;
	bool cached_valid, cached_present;
	uint64_t linear_base; /* address of frame 0's struct when all sections agree (vmemmap); 0: not looked for */

	/* The window handed out last: a translated piece of the map, or a copy. */
	uint8_t *buffer;
	size_t buffer_size;
	const uint8_t *mapped;
	size_t mapped_len;
};

/* KDF_NOT_FOUND or KDF_UNSUPPORTED: no way to the struct pages in this dump. */
struct kdf_error *memmap_open(struct kdf *, uint32_t struct_size, struct memmap *out) KDF_MUST_CHECK;
void memmap_close(struct memmap *);

/* Virtual address of a frame's struct page; false: its section has none. */
bool memmap_address(struct memmap *, uint64_t pfn, uint64_t *address);
/* The other way: the frame whose struct page lies at an address; false: none does. */
bool memmap_pfn(struct memmap *, uint64_t address, uint64_t *pfn);
/*
 * The structs of frames [pfn, pfn + *n), *n >= 1 and at most end - pfn, in one piece; lent until the next call.
 * NULL: those *n frames have no readable struct page.
 */
const uint8_t *memmap_window(struct memmap *, uint64_t pfn, uint64_t end, uint64_t *n);

#endif
