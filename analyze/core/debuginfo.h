/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's ELF file (vmlinux, or the debug file split off from it) as symbols, types and the build check see
 * it: sections, bytes at link-time addresses, build-id. Nothing here knows what the sections mean.
 *
 * The file is mapped; section bytes are lent until the file is closed. One thread at a time.
 */
#ifndef KDX_CORE_DEBUGINFO_H
#define KDX_CORE_DEBUGINFO_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kdf.h"

enum { KDX_BUILD_ID_MAX = 64, KDX_BUILD_ID_TEXT = 2 * KDX_BUILD_ID_MAX + 1 };

struct kdx_elf {
	char *path;
	int fd;
	Elf *elf;
	bool big_endian;
	unsigned pointer_size; /* bytes */
	uint16_t machine;      /* e_machine */
	uint8_t build_id[KDX_BUILD_ID_MAX];
	size_t build_id_size; /* 0: the file has none */
};

struct kdx_elf_section {
	const void *data;
	size_t size;
	uint64_t address, flags;
	uint32_t index, link, type;
	uint64_t entry_size;
};

enum kdx_file_kind {
	KDX_FILE_VMLINUX, /* an ELF executable */
	KDX_FILE_DUMP,	  /* what kdf_open may know */
};

/*
 * Tells by content what a file given on the command line is. Directories, empty files, text, kernel modules,
 * boot images and packed files are KDF_USAGE or KDF_UNSUPPORTED with the way out.
 */
struct kdf_error *kdx_file_identify(const char *path, enum kdx_file_kind *out) KDF_MUST_CHECK;

struct kdf_error *kdx_elf_open(const char *path, struct kdx_elf **out) KDF_MUST_CHECK;
void kdx_elf_close(struct kdx_elf *); /* NULL is fine */

/* A section by name (`type` 0) or the first of a type (name NULL), unpacked when it is compressed. KDF_NOT_FOUND:
 * none with bytes in this file. */
struct kdf_error *kdx_elf_section(struct kdx_elf *, const char *name, uint32_t type, struct kdx_elf_section *out)
	KDF_MUST_CHECK;
/* The section with that index; its bytes are not loaded (data NULL). */
bool kdx_elf_section_at(struct kdx_elf *, size_t index, struct kdx_elf_section *out);
/* Bytes at a link-time address. KDF_NOT_FOUND where the file stores none. */
struct kdf_error *kdx_elf_read(struct kdx_elf *, uint64_t address, void *buf, size_t len) KDF_MUST_CHECK;

/* "7f76f39f...", or "" without one; buf of KDX_BUILD_ID_TEXT bytes, returned. */
const char *kdx_elf_build_id_text(const struct kdx_elf *, char *buf);

#endif
