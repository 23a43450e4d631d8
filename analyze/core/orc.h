/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC: the kernel's own table of how to leave a frame (CONFIG_UNWINDER_ORC). Two arrays of the same length, sorted
 * by address: .orc_unwind_ip (4 bytes, where the code is, relative to the array element itself) and .orc_unwind
 * (6 bytes, what to do there). Both are kept in the running kernel, so a dump brings its own.
 *
 * Everything here is pure: bytes in, numbers out. Any thread.
 */
#ifndef KDX_CORE_ORC_H
#define KDX_CORE_ORC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { KDX_ORC_IP_SIZE = 4, KDX_ORC_ENTRY_SIZE = 6, KDX_ORC_HEADER_SIZE = 20 };

/*
 * The entry's third 16-bit word, from bit 0 (struct orc_entry, arch/x86/include/asm/orc_types.h):
 * 1: 4.14 to 6.2	sp_reg:4 bp_reg:4 type:2 end:1
 * 2: 6.3		sp_reg:4 bp_reg:4 type:2 signal:1 end:1
 * 3: 6.4 (RHEL 9.6's 5.14 too)	sp_reg:4 bp_reg:4 type:3 signal:1, types renumbered, the end is a type
 * 4: 7.1		as 3, registers renumbered
 */
enum kdx_orc_version { KDX_ORC_UNKNOWN, KDX_ORC_V1, KDX_ORC_V2, KDX_ORC_V3, KDX_ORC_V4 };

enum kdx_orc_register {
	KDX_ORC_UNDEFINED_REG,
	KDX_ORC_PREV_SP,
	KDX_ORC_AX,
	KDX_ORC_DX,
	KDX_ORC_DI,
	KDX_ORC_BP,
	KDX_ORC_SP,
	KDX_ORC_R10,
	KDX_ORC_R13,
	KDX_ORC_BP_INDIRECT, /* what lies at bp + offset */
	KDX_ORC_SP_INDIRECT, /* what lies at sp, plus offset */
};

enum kdx_orc_type {
	KDX_ORC_UNDEFINED,    /* the kernel's build could not tell */
	KDX_ORC_END_OF_STACK, /* nothing called this: the honest end */
	KDX_ORC_CALL,         /* return address just below the frame */
	KDX_ORC_REGS,         /* struct pt_regs at the frame */
	KDX_ORC_REGS_PARTIAL, /* only what the processor pushed: ip cs flags sp ss */
};

struct kdx_orc_entry {
	int16_t sp_offset, bp_offset; /* bytes */
	enum kdx_orc_register sp_reg, bp_reg;
	enum kdx_orc_type type;
	bool signal; /* the next pc was interrupted there: it is no return address */
};

/* Decodes one entry of KDX_ORC_ENTRY_SIZE bytes; false: not a valid entry of that version. */
bool kdx_orc_decode(enum kdx_orc_version, const void *bytes, bool big_endian, struct kdx_orc_entry *out);

/* The version by .orc_header (a hash of the declaring header, since 6.4, 6.3.10); unknown hashes give
 * KDX_ORC_UNKNOWN. */
enum kdx_orc_version kdx_orc_version_by_header(const void *header, size_t size);
/* The version by what the entries look like: nearly every entry of a kernel is "a call, frame counted from sp". */
enum kdx_orc_version kdx_orc_version_by_entries(const void *entries, size_t count, bool big_endian);

/* One image's table, as copied out of the dump. */
struct kdx_orc_table {
	uint8_t *ip, *entry; /* count * 4 and count * 6 bytes; owned */
	size_t count;
	uint64_t ip_kva; /* where ip[0] lies in the dumped kernel */
	bool big_endian;
};

/* Address of the code that row i begins with. */
uint64_t kdx_orc_table_pc(const struct kdx_orc_table *, size_t i);
/* KDF_CORRUPT when the addresses are not ascending (a search would give nonsense). */
struct kdf_error *kdx_orc_table_check(const struct kdx_orc_table *) KDF_MUST_CHECK;
/* The last row at or below pc; false: pc lies in front of the table, or the row is no valid entry. */
bool kdx_orc_table_find(const struct kdx_orc_table *, enum kdx_orc_version, uint64_t pc, struct kdx_orc_entry *out);
void kdx_orc_table_free(struct kdx_orc_table *);

#endif
