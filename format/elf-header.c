// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf-header.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* QEMU's dump with paging of a large guest has millions; beyond this it is damage. */
enum { MAX_SEGMENTS = 1 << 25 };

/* Where things stand in the headers of the two classes. */
struct shape {
	size_t word; /* size of addresses and offsets */
	size_t file_header, phoff, shoff, flags, phentsize, phnum;
	size_t program_header, section_header, sh_info;
};

static const struct shape shape32 = { 4, 52, 28, 32, 36, 42, 44, 32, 40, 28 };
static const struct shape shape64 = { 8, 64, 32, 40, 48, 54, 56, 56, 64, 44 };

static uint64_t field(const void *p, size_t at, size_t size, const struct kdf_elf_header *h)
{
	return kdf_load_uint((const uint8_t *)p + at, size, h->big_endian);
}

static const char *type_name(uint64_t type)
{
	switch (type) {
	case ET_REL:
		return "an object file or kernel module";
	case ET_EXEC:
		return "a program or vmlinux";
	case ET_DYN:
		return "a program or shared library";
	default:
		return "of unknown type";
	}
}

static struct kdf_error *check_ident(const uint8_t *ident, struct kdf_elf_header *h)
{
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return kdf_err(KDF_CORRUPT, "ELF header: class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return kdf_err(KDF_CORRUPT, "ELF header: data encoding %u", ident[EI_DATA]);
	h->is64 = ident[EI_CLASS] == ELFCLASS64;
	h->big_endian = ident[EI_DATA] == ELFDATA2MSB;
	return NULL;
}

/* PN_XNUM: the count did not fit in 16 bits and stands in sh_info of the first section header. */
static struct kdf_error *extended_count(const struct kdf_source *s, const struct kdf_elf_header *h,
					const struct shape *shape, uint64_t shoff, uint64_t *count)
{
	uint8_t section[64];

	if (!shoff)
		return kdf_err(KDF_CORRUPT, "ELF header: the number of program headers is missing (no section header)");
	struct kdf_error *e = kdf_source_read(s, shoff, section, shape->section_header);
	if (e)
		return kdf_err_wrap(e, "ELF section header");
	*count = field(section, shape->sh_info, 4, h);
	return NULL;
}

static struct kdf_elf_segment decode_segment(const uint8_t *p, const struct kdf_elf_header *h)
{
	/* The classes differ in the place of p_flags. */
	size_t at = h->is64 ? 8 : 4, word = h->is64 ? 8 : 4;

	return (struct kdf_elf_segment){
		.type = (uint32_t)field(p, 0, 4, h),
		.offset = field(p, at, word, h),
		.vaddr = field(p, at + word, word, h),
		.paddr = field(p, at + 2 * word, word, h),
		.filesz = field(p, at + 3 * word, word, h),
		.memsz = field(p, at + 4 * word, word, h),
	};
}

static struct kdf_error *read_segments(const struct kdf_source *s, struct kdf_elf_header *h, const struct shape *shape,
				       uint64_t phoff, uint64_t count)
{
	if (!count)
		return kdf_err(KDF_CORRUPT, "ELF header: no program headers");
	if (count > MAX_SEGMENTS || !kdf_source_has(s, phoff, count * shape->program_header))
		return kdf_err(count > MAX_SEGMENTS ? KDF_CORRUPT : KDF_INCOMPLETE,
			       "ELF header: %" PRIu64 " program headers at %" PRIu64
			       " do not fit in the file of %" PRIu64 " bytes",
			       count, phoff, s->size);
	KDF_AUTO_FREE void *table = NULL;
	struct kdf_error *e = kdf_source_copy(s, phoff, count * shape->program_header, &table);
	if (e)
		return kdf_err_wrap(e, "ELF program headers");
	h->segment = calloc(count, sizeof(*h->segment));
	if (!h->segment)
		return kdf_err(KDF_NOMEM, "no memory for %" PRIu64 " program headers", count);
	for (uint64_t i = 0; i < count; i++)
		h->segment[i] = decode_segment((const uint8_t *)table + i * shape->program_header, h);
	h->nsegments = count;
	return NULL;
}

struct kdf_error *kdf_elf_header_read(const struct kdf_source *s, struct kdf_elf_header *h)
{
	uint8_t head[64];

	*h = (struct kdf_elf_header){ 0 };
	struct kdf_error *e = kdf_source_read(s, 0, head, EI_NIDENT);
	if (!e)
		e = check_ident(head, h);
	const struct shape *shape = h->is64 ? &shape64 : &shape32;
	if (!e)
		e = kdf_source_read(s, 0, head, shape->file_header);
	if (e)
		return e;
	uint64_t type = field(head, 16, 2, h);
	if (type != ET_CORE)
		return kdf_err(KDF_UNSUPPORTED, "this ELF file is %s, not a dump: name the vmcore file",
			       type_name(type));
	h->machine = (uint16_t)field(head, 18, 2, h);
	h->flags = (uint32_t)field(head, shape->flags, 4, h);
	uint64_t entry_size = field(head, shape->phentsize, 2, h), count = field(head, shape->phnum, 2, h);
	uint64_t phoff = field(head, shape->phoff, shape->word, h), shoff = field(head, shape->shoff, shape->word, h);
	if (entry_size != shape->program_header)
		return kdf_err(KDF_CORRUPT, "ELF header: program headers of %" PRIu64 " bytes", entry_size);
	if (count == PN_XNUM)
		e = extended_count(s, h, shape, shoff, &count);
	return e ? e : read_segments(s, h, shape, phoff, count);
}

void kdf_elf_header_free(struct kdf_elf_header *h)
{
	free(h->segment);
	*h = (struct kdf_elf_header){ 0 };
}
