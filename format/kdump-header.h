/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two headers of a kdump-compressed file, of 32- and 64-bit kernels in either byte order, decoded into one
 * form and checked against the size of the file.
 */
#ifndef KDF_KDUMP_HEADER_H
#define KDF_KDUMP_HEADER_H

#include "kdf.h"
#include "source.h"

struct kdf_kdump_header {
	bool old_diskdump; /* signature "DISKDUMP": the sub header is another structure */
	bool big_endian, is64;
	uint32_t version, status;
	char uts[6][KDF_UTS_LEN]; /* sysname nodename release version machine domainname */
	int64_t seconds;
	uint32_t block_size, nr_cpus;
	uint64_t max_pfn;
	uint64_t bitmap_offset, bitmap_size; /* both bitmaps */
	uint64_t descriptor_offset;
	/* Sub header; 0 where the version has no such field. */
	uint64_t phys_base;
	int32_t dump_level; /* -1: the version has none */
	bool split;
	uint64_t start_pfn, end_pfn; /* of a part */
	uint64_t vmcoreinfo_offset, vmcoreinfo_size, note_offset, note_size;
};

struct kdf_error *kdf_kdump_header_read(const struct kdf_source *, struct kdf_kdump_header *) KDF_MUST_CHECK;

#endif
