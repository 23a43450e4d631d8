// SPDX-License-Identifier: GPL-2.0-or-later
#include "memmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "mapped.h"

enum {
	BUFFER_SIZE = 256 << 10, /* struct pages copied at a time where the file cannot be mapped */
	/* Low bits of section_mem_map are flags: 2 in 4.12, 6 in 6.15 (include/linux/mmzone.h). The map is aligned
	 * to far more. */
	SECTION_FLAGS = 0x3f,
	SECTION_HAS_MAP = 0x2, /* SECTION_HAS_MEM_MAP */
	POINTER = 8,
};

static struct kdf_error *read_pointer(struct memmap *m, uint64_t address, uint64_t *out)
{
	uint8_t b[POINTER];
	struct kdf_error *e = kdf_read_virt(m->dump, address, b, sizeof(b));

	*out = e ? 0 : kdf_load_uint(b, sizeof(b), m->big_endian);
	return e;
}

static bool try_pointer(struct memmap *m, uint64_t address, uint64_t *out)
{
	struct kdf_error *e = read_pointer(m, address, out);

	kdf_error_free(e);
	return !e;
}

/* ---- FLATMEM ---- */

static struct kdf_error *open_flatmem(struct memmap *m)
{
	uint64_t symbol, node, off_map, off_first, map, first;

	/* The only node says where the map begins and with which frame. */
	if (kdf_vmcoreinfo_symbol(m->dump, "contig_page_data", &node) &&
	    kdf_vmcoreinfo_offset(m->dump, "pglist_data.node_mem_map", &off_map) &&
	    kdf_vmcoreinfo_offset(m->dump, "pglist_data.node_start_pfn", &off_first) &&
	    try_pointer(m, node + off_map, &map) && try_pointer(m, node + off_first, &first) && map) {
		m->model = "flatmem";
		m->flat_map = map;
		m->flat_first = first;
		return NULL;
	}
	if (!kdf_vmcoreinfo_symbol(m->dump, "mem_map", &symbol))
		return kdf_err(KDF_NOT_FOUND, "VMCOREINFO has neither SYMBOL(mem_section) nor SYMBOL(mem_map)");
	struct kdf_error *e = read_pointer(m, symbol, &map);
	if (e)
		return kdf_err_wrap(e, "reading mem_map");
	if (!map)
		return kdf_err(KDF_NOT_FOUND, "mem_map is a NULL pointer");
	m->model = "flatmem";
	m->flat_map = map;
	return NULL;
}

/* ---- SPARSEMEM ---- */

/* mem_section.section_mem_map of a section, 0 when there is no such section. */
static struct kdf_error *read_section(struct memmap *m, uint64_t nr, uint64_t *map)
{
	uint64_t root = nr / m->sections_per_root, at = m->sections;

	*map = 0;
	if (root >= m->roots)
		return NULL;
	if (m->sections_per_root > 1) {
		struct kdf_error *e = read_pointer(m, m->sections + root * POINTER, &at);
		if (e || !at)
			return e;
		at += nr % m->sections_per_root * m->section_size;
	} else {
		at += root * m->section_size;
	}
	return read_pointer(m, at + m->off_map, map);
}

/*
 * The first RAM frame must have a section whose map can be read. SYMBOL(mem_section) is the address of the table
 * itself: of the array up to 4.14, the pointer's value since; kernels between 4.15 and the repair of that line gave
 * the address of the pointer.
 */
static bool sections_look_right(struct memmap *m)
{
	size_t ranges = kdf_ram_range_count(m->dump);

	for (size_t i = 0; i < ranges && i < 64; i++) {
		uint64_t first, end, map;
		if (!kdf_ram_range(m->dump, i, &first, &end))
			break;
		struct kdf_error *e = read_section(m, first >> m->section_shift, &map);
		kdf_error_free(e);
		if (!e && map & SECTION_HAS_MAP && (map & ~(uint64_t)SECTION_FLAGS))
			return true;
	}
	return false;
}

static bool read_section_facts(struct memmap *m)
{
	uint64_t size, off;
	int64_t bits;

	if (!kdf_vmcoreinfo_size(m->dump, "mem_section", &size) || size < POINTER || size > 4096 ||
	    !kdf_vmcoreinfo_offset(m->dump, "mem_section.section_mem_map", &off) || off > size - POINTER)
		return false;
	/* Exported since 5.13; x86_64 has had 27 since 2.6. */
	if (!kdf_vmcoreinfo_number(m->dump, "SECTION_SIZE_BITS", &bits))
		bits = 27;
	if (bits <= m->page_shift || bits > 40)
		return false;
	m->section_size = (uint32_t)size;
	m->off_map = (uint32_t)off;
	m->section_shift = (unsigned)bits - m->page_shift;
	return true;
}

/* The table's length counts roots, each one page of sections, with CONFIG_SPARSEMEM_EXTREME; else sections. */
static struct kdf_error *open_sparsemem(struct memmap *m, uint64_t symbol)
{
	uint64_t length, through_pointer;

	if (!read_section_facts(m) || !kdf_vmcoreinfo_length(m->dump, "mem_section", &length) || !length)
		return kdf_err(KDF_NOT_FOUND, "VMCOREINFO describes mem_section insufficiently "
					      "(SIZE, OFFSET, LENGTH or SECTION_SIZE_BITS)");
	if (!try_pointer(m, symbol, &through_pointer))
		through_pointer = 0;
	const uint64_t starts[] = { symbol, through_pointer };
	const uint64_t per_root[] = { m->page_size > m->section_size ? m->page_size / m->section_size : 1, 1 };
	m->roots = length;
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++) {
			m->sections = starts[j];
			m->sections_per_root = per_root[i];
			if (m->sections && sections_look_right(m)) {
				m->model = i ? "sparsemem" : "sparsemem (extreme)";
				return NULL;
			}
		}
	return kdf_err(KDF_NOT_FOUND, "the section table at %#llx has no entry for this machine's memory",
		       (unsigned long long)symbol);
}

static bool section_base(struct memmap *m, uint64_t nr, uint64_t *base)
{
	uint64_t map;

	if (!m->cached_valid || m->cached_section != nr) {
		struct kdf_error *e = read_section(m, nr, &map);
		m->cached_valid = true;
		m->cached_section = nr;
		m->cached_present = !e && map & SECTION_HAS_MAP;
		m->cached_base = map & ~(uint64_t)SECTION_FLAGS;
		kdf_error_free(e);
	}
	*base = m->cached_base;
	return m->cached_present;
}

/* ---- Structs ---- */

struct kdf_error *memmap_open(struct kdf *dump, uint32_t struct_size, struct memmap *m)
{
	const struct kdf_info *info = kdf_info(dump);
	uint64_t symbol;

	*m = (struct memmap){
		.dump = dump,
		.big_endian = info->big_endian,
		.page_size = info->page_size,
		.page_shift = info->page_shift,
		.struct_size = struct_size,
		.max_pfn = info->max_pfn,
	};
	if (!struct_size)
		return kdf_err(KDF_NOT_FOUND, "VMCOREINFO does not describe struct page");
	/* Whole pages, and room for a struct behind the inside of the first. */
	m->buffer_size = BUFFER_SIZE > 4 * m->page_size ? BUFFER_SIZE : 4 * m->page_size;
	m->buffer = malloc(m->buffer_size);
	if (!m->buffer)
		return kdf_err(KDF_NOMEM, "no memory for a window of struct pages");
	struct kdf_error *e = kdf_vmcoreinfo_symbol(dump, "mem_section", &symbol) ? open_sparsemem(m, symbol)
										  : open_flatmem(m);
	if (e)
		memmap_close(m);
	return e;
}

void memmap_close(struct memmap *m)
{
	mapped_release(m->mapped, m->mapped_len);
	m->mapped_len = 0;
	free(m->buffer);
	m->buffer = NULL;
}

/* section_mem_map is coded: the map's address less the section's first frame, in structs. */
bool memmap_address(struct memmap *m, uint64_t pfn, uint64_t *address)
{
	uint64_t base;

	if (m->flat_map) {
		if (pfn < m->flat_first)
			return false;
		*address = m->flat_map + (pfn - m->flat_first) * m->struct_size;
		return true;
	}
	if (!section_base(m, pfn >> m->section_shift, &base))
		return false;
	*address = base + pfn * m->struct_size;
	return true;
}

/*
 * With a vmemmap all sections have one base, so the first one with a map tells it; other layouts have no cheap way
 * back. The way there is the proof.
 */
bool memmap_pfn(struct memmap *m, uint64_t address, uint64_t *pfn)
{
	uint64_t first, end, there;

	for (size_t i = 0; !m->linear_base && kdf_ram_range(m->dump, i, &first, &end); i++)
		if (memmap_address(m, first, &there))
			m->linear_base = there - first * m->struct_size;
	uint64_t distance = address - m->linear_base;
	if (!m->linear_base || distance % m->struct_size || distance / m->struct_size >= m->max_pfn)
		return false;
	*pfn = distance / m->struct_size;
	return memmap_address(m, *pfn, &there) && there == address;
}

/*
 * Up to *want bytes at a physical address, in one piece; NULL when they cannot be read. Whole frames past the page
 * cache: each is looked at once.
 */
static const uint8_t *physical_window(struct memmap *m, uint64_t phys, size_t *want)
{
	uint64_t first = phys >> m->page_shift, inside = phys & (m->page_size - 1);
	const uint8_t *mapped = kdf_pages_mapped(m->dump, first, (inside + *want + m->page_size - 1) >> m->page_shift);

	if (mapped) {
		m->mapped = mapped;
		m->mapped_len = inside + *want;
		return mapped + inside;
	}
	if (inside + *want > m->buffer_size)
		*want = (m->buffer_size - inside) / m->struct_size * m->struct_size;
	for (size_t got = 0; got < inside + *want; got += m->page_size, first++) {
		struct kdf_error *e = kdf_page_read(m->dump, first, m->buffer + got, NULL);
		if (e) {
			kdf_error_free(e);
			return NULL;
		}
	}
	return m->buffer + inside;
}

/* How many frames from pfn on lie in one section, and below end. */
static uint64_t frames_in_section(const struct memmap *m, uint64_t pfn, uint64_t end)
{
	uint64_t section_end = m->flat_map ? end : ((pfn >> m->section_shift) + 1) << m->section_shift;

	return (section_end < end ? section_end : end) - pfn;
}

/* A struct that crosses a mapping or sits on an unreadable page: alone, through the page tables. */
static const uint8_t *single_struct(struct memmap *m, uint64_t address)
{
	struct kdf_error *e = kdf_read_virt(m->dump, address, m->buffer, m->struct_size);

	kdf_error_free(e);
	return e ? NULL : m->buffer;
}

const uint8_t *memmap_window(struct memmap *m, uint64_t pfn, uint64_t end, uint64_t *n)
{
	struct kdf_walk walk;
	uint64_t address;

	mapped_release(m->mapped, m->mapped_len);
	m->mapped_len = 0;
	*n = frames_in_section(m, pfn, end);
	if (!memmap_address(m, pfn, &address))
		return NULL;
	struct kdf_error *e = kdf_walk(m->dump, KDF_KERNEL_PGD, address, &walk);
	bool mapped = !e && walk.present && walk.page_size >= m->page_size;
	kdf_error_free(e);

	/* Whole structs up to the end of this mapping (2 MiB for most vmemmaps, one page for others). */
	uint64_t mapping = mapped ? walk.page_size : m->page_size;
	uint64_t left = mapping - (address & (mapping - 1));
	uint64_t fit = left / m->struct_size;
	if (fit < *n)
		*n = fit ? fit : 1;
	if (!mapped || !fit)
		return fit && !mapped ? NULL : single_struct(m, address);

	size_t want = *n * m->struct_size;
	const uint8_t *structs = physical_window(m, walk.phys, &want);
	if (structs) {
		*n = want / m->struct_size;
		return structs;
	}
	/* Something in there cannot be read: up to the end of this page of structs only. */
	uint64_t in_page = (m->page_size - (address & (m->page_size - 1))) / m->struct_size;
	*n = !in_page ? 1 : in_page < *n ? in_page : *n;
	want = *n * m->struct_size;
	return physical_window(m, walk.phys, &want);
}
