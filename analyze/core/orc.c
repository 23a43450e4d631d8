// SPDX-License-Identifier: GPL-2.0-or-later
#include "orc.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* Register numbers by their place in the 4-bit field; the later ones are invalid. */
static const enum kdx_orc_register registers_v1[16] = {
	KDX_ORC_UNDEFINED_REG, KDX_ORC_PREV_SP, KDX_ORC_DX,          KDX_ORC_DI,          KDX_ORC_BP, KDX_ORC_SP,
	KDX_ORC_R10,           KDX_ORC_R13,     KDX_ORC_BP_INDIRECT, KDX_ORC_SP_INDIRECT,
};
/* 7.1 renumbered them. */
static const enum kdx_orc_register registers_v4[16] = {
	KDX_ORC_UNDEFINED_REG, KDX_ORC_AX,  KDX_ORC_DX,      KDX_ORC_SP,          KDX_ORC_BP,          KDX_ORC_DI,
	KDX_ORC_R10,           KDX_ORC_R13, KDX_ORC_PREV_SP, KDX_ORC_SP_INDIRECT, KDX_ORC_BP_INDIRECT,
};

static bool decode_register(enum kdx_orc_version version, unsigned number, enum kdx_orc_register *out)
{
	unsigned known = version == KDX_ORC_V4 ? 11 : 10;

	if (number >= known)
		return false;
	*out = version == KDX_ORC_V4 ? registers_v4[number] : registers_v1[number];
	return true;
}

/* Until 6.3 the end of the stack is a bit, and "undefined" is a call frame without a base register. */
static bool decode_type_until_6_3(unsigned type, bool end, struct kdx_orc_entry *out)
{
	static const enum kdx_orc_type types[] = {KDX_ORC_CALL, KDX_ORC_REGS, KDX_ORC_REGS_PARTIAL};

	if (end) {
		out->type = KDX_ORC_END_OF_STACK;
		return true;
	}
	if (type >= sizeof(types) / sizeof(types[0]))
		return false;
	out->type = out->sp_reg == KDX_ORC_UNDEFINED_REG ? KDX_ORC_UNDEFINED : types[type];
	return true;
}

static bool decode_type_since_6_4(unsigned type, struct kdx_orc_entry *out)
{
	static const enum kdx_orc_type types[] = {
		KDX_ORC_UNDEFINED, KDX_ORC_END_OF_STACK, KDX_ORC_CALL, KDX_ORC_REGS, KDX_ORC_REGS_PARTIAL,
	};

	if (type >= sizeof(types) / sizeof(types[0]))
		return false;
	out->type = types[type];
	return true;
}

bool kdx_orc_decode(enum kdx_orc_version version, const void *bytes, bool big_endian, struct kdx_orc_entry *out)
{
	const uint8_t *p = bytes;
	unsigned bits = (unsigned)kdf_load_uint(p + 4, 2, big_endian);

	memset(out, 0, sizeof(*out));
	out->sp_offset = (int16_t)kdf_load_uint(p, 2, big_endian);
	out->bp_offset = (int16_t)kdf_load_uint(p + 2, 2, big_endian);
	if (!decode_register(version, bits & 15, &out->sp_reg) ||
	    !decode_register(version, bits >> 4 & 15, &out->bp_reg))
		return false;
	switch (version) {
	case KDX_ORC_V1:
		if (!decode_type_until_6_3(bits >> 8 & 3, bits >> 10 & 1, out))
			return false;
		out->signal = out->type == KDX_ORC_REGS || out->type == KDX_ORC_REGS_PARTIAL;
		return true;
	case KDX_ORC_V2:
		out->signal = bits >> 10 & 1;
		return decode_type_until_6_3(bits >> 8 & 3, bits >> 11 & 1, out);
	case KDX_ORC_V3:
	case KDX_ORC_V4:
		out->signal = bits >> 11 & 1;
		return decode_type_since_6_4(bits >> 8 & 7, out);
	case KDX_ORC_UNKNOWN:
		break;
	}
	return false;
}

enum kdx_orc_version kdx_orc_version_by_header(const void *header, size_t size)
{
	/* First bytes of the SHA-1 that the build takes of orc_types.h without comments. A changed comment style
	 * changes it without a new layout, so an unknown hash says nothing. */
	static const struct {
		uint8_t begin[4];
		enum kdx_orc_version version;
	} known[] = {
		{{0xdb, 0x84, 0xae, 0xd4}, KDX_ORC_V2}, /* 6.3.10 */
		{{0xfe, 0x5d, 0x32, 0xbf}, KDX_ORC_V3}, /* 6.4 */
		{{0x13, 0x7c, 0x36, 0xad}, KDX_ORC_V4}, /* 7.1 */
	};

	if (size < KDX_ORC_HEADER_SIZE)
		return KDX_ORC_UNKNOWN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!memcmp(header, known[i].begin, sizeof(known[i].begin)))
			return known[i].version;
	return KDX_ORC_UNKNOWN;
}

enum kdx_orc_version kdx_orc_version_by_entries(const void *entries, size_t count, bool big_endian)
{
	const uint8_t *p = entries;
	size_t old = 0, v3 = 0, v4 = 0;
	bool bit11 = false;

	for (size_t i = 0; i < count; i++, p += KDX_ORC_ENTRY_SIZE) {
		unsigned bits = (unsigned)kdf_load_uint(p + 4, 2, big_endian);
		unsigned base = bits & 15, type = bits >> 8 & 7;

		/* "call, from sp": type 0 and register 5 until 6.3, type 2 since 6.4, register 3 since 7.1 */
		old += type == 0 && base == 5;
		v3 += type == 2 && base == 5;
		v4 += type == 2 && base == 3;
		bit11 |= bits >> 11 & 1;
	}
	if (old > v3 && old > v4) /* bit 11 did not exist before 6.3, which marks each end of stack with it */
		return bit11 ? KDX_ORC_V2 : KDX_ORC_V1;
	if (v3 > v4)
		return KDX_ORC_V3;
	return v4 ? KDX_ORC_V4 : KDX_ORC_UNKNOWN;
}

uint64_t kdx_orc_table_pc(const struct kdx_orc_table *table, size_t i)
{
	int32_t relative = (int32_t)kdf_load_uint(table->ip + i * KDX_ORC_IP_SIZE, KDX_ORC_IP_SIZE, table->big_endian);

	return table->ip_kva + i * KDX_ORC_IP_SIZE + (uint64_t)(int64_t)relative;
}

struct kdf_error *kdx_orc_table_check(const struct kdx_orc_table *table)
{
	uint64_t before = 0;

	for (size_t i = 0; i < table->count; i++) {
		uint64_t pc = kdx_orc_table_pc(table, i);

		if (pc < before)
			return kdf_err(KDF_CORRUPT, "ORC table at %#llx: row %zu of %zu is out of order",
				       (unsigned long long)table->ip_kva, i, table->count);
		before = pc;
	}
	return NULL;
}

bool kdx_orc_table_find(const struct kdx_orc_table *table, enum kdx_orc_version version, uint64_t pc,
			struct kdx_orc_entry *out)
{
	size_t low = 0, high = table->count; /* rows below low begin at or below pc, rows from high on behind it */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kdx_orc_table_pc(table, middle) <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	return kdx_orc_decode(version, table->entry + (low - 1) * KDX_ORC_ENTRY_SIZE, table->big_endian, out);
}

void kdx_orc_table_free(struct kdx_orc_table *table)
{
	free(table->ip);
	free(table->entry);
	memset(table, 0, sizeof(*table));
}
