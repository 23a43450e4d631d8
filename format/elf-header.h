/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of an ELF core file, 32 or 64 bits, either byte order, decoded into one form. Program headers may
 * stand anywhere in the file, and there may be more of them than e_phnum can say (PN_XNUM).
 */
#ifndef KDF_ELF_HEADER_H
#define KDF_ELF_HEADER_H

#include "source.h"

struct kdf_elf_segment {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

struct kdf_elf_header {
	bool is64, big_endian;
	uint16_t machine;
	uint32_t flags;
	struct kdf_elf_segment *segment;
	size_t nsegments;
};

/* KDF_UNSUPPORTED for ELF files that are no dumps, KDF_CORRUPT and KDF_INCOMPLETE for damaged ones. */
struct kdf_error *kdf_elf_header_read(const struct kdf_source *, struct kdf_elf_header *) KDF_MUST_CHECK;
void kdf_elf_header_free(struct kdf_elf_header *);

#endif
