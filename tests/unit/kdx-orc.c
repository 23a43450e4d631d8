// SPDX-License-Identifier: GPL-2.0-or-later
/* ORC entries of all four layouts, telling them apart, and searching a table. */
#include "analyze/core/orc.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "test.h"

static void entry(uint8_t *p, int sp_offset, int bp_offset, unsigned bits)
{
	kdf_store_uint(p, (uint64_t)(int64_t)sp_offset, 2, false);
	kdf_store_uint(p + 2, (uint64_t)(int64_t)bp_offset, 2, false);
	kdf_store_uint(p + 4, bits, 2, false);
}

static bool decode(enum kdx_orc_version version, int sp_offset, int bp_offset, unsigned bits, struct kdx_orc_entry *out)
{
	uint8_t bytes[KDX_ORC_ENTRY_SIZE];

	entry(bytes, sp_offset, bp_offset, bits);
	return kdx_orc_decode(version, bytes, false, out);
}

static void test_offsets(void)
{
	struct kdx_orc_entry e;

	CHECK(decode(KDX_ORC_V3, 96, -32, 0x215, &e));
	CHECK(e.sp_offset == 96 && e.bp_offset == -32);
	CHECK(e.sp_reg == KDX_ORC_SP && e.bp_reg == KDX_ORC_PREV_SP);
	CHECK(e.type == KDX_ORC_CALL && !e.signal);
	CHECK(decode(KDX_ORC_V1, -32768, 32767, 0x05, &e));
	CHECK(e.sp_offset == -32768 && e.bp_offset == 32767);
}

static void test_v1(void)
{
	struct kdx_orc_entry e;

	CHECK(decode(KDX_ORC_V1, 8, 0, 0x005, &e) && e.type == KDX_ORC_CALL && e.sp_reg == KDX_ORC_SP && !e.signal);
	CHECK(decode(KDX_ORC_V1, 0, 0, 0x105, &e) && e.type == KDX_ORC_REGS && e.signal);
	CHECK(decode(KDX_ORC_V1, 0, 0, 0x205, &e) && e.type == KDX_ORC_REGS_PARTIAL && e.signal);
	CHECK(!decode(KDX_ORC_V1, 0, 0, 0x305, &e));
	CHECK(decode(KDX_ORC_V1, 0, 0, 0x400, &e) && e.type == KDX_ORC_END_OF_STACK);
	CHECK(decode(KDX_ORC_V1, 0, 0, 0x000, &e) && e.type == KDX_ORC_UNDEFINED);
	CHECK(decode(KDX_ORC_V1, 0, 0, 0x009, &e) && e.sp_reg == KDX_ORC_SP_INDIRECT);
	CHECK(!decode(KDX_ORC_V1, 0, 0, 0x00a, &e)); /* register 10 does not exist */
	CHECK(!decode(KDX_ORC_V1, 0, 0, 0x0f5, &e));
}

static void test_v2(void)
{
	struct kdx_orc_entry e;

	CHECK(decode(KDX_ORC_V2, 8, 0, 0x405, &e) && e.type == KDX_ORC_CALL && e.signal); /* bit 10 is the signal now */
	CHECK(decode(KDX_ORC_V2, 0, 0, 0x800, &e) && e.type == KDX_ORC_END_OF_STACK);
	CHECK(decode(KDX_ORC_V2, 0, 0, 0x505, &e) && e.type == KDX_ORC_REGS && e.signal);
	CHECK(decode(KDX_ORC_V2, 0, 0, 0x105, &e) && e.type == KDX_ORC_REGS && !e.signal);
}

static void test_v3_and_v4(void)
{
	static const enum kdx_orc_register v3[] = {
		KDX_ORC_UNDEFINED_REG, KDX_ORC_PREV_SP, KDX_ORC_DX,          KDX_ORC_DI,         KDX_ORC_BP, KDX_ORC_SP,
		KDX_ORC_R10,           KDX_ORC_R13,     KDX_ORC_BP_INDIRECT, KDX_ORC_SP_INDIRECT};
	static const enum kdx_orc_register v4[] = {KDX_ORC_UNDEFINED_REG,
						   KDX_ORC_AX,
						   KDX_ORC_DX,
						   KDX_ORC_SP,
						   KDX_ORC_BP,
						   KDX_ORC_DI,
						   KDX_ORC_R10,
						   KDX_ORC_R13,
						   KDX_ORC_PREV_SP,
						   KDX_ORC_SP_INDIRECT,
						   KDX_ORC_BP_INDIRECT};
	static const enum kdx_orc_type types[] = {KDX_ORC_UNDEFINED, KDX_ORC_END_OF_STACK, KDX_ORC_CALL, KDX_ORC_REGS,
						  KDX_ORC_REGS_PARTIAL};
	struct kdx_orc_entry e;

	for (unsigned i = 0; i < 16; i++) {
		CHECK(decode(KDX_ORC_V3, 0, 0, 0x200 | i, &e) == (i < 10) && (i >= 10 || e.sp_reg == v3[i]));
		CHECK(decode(KDX_ORC_V4, 0, 0, 0x200 | i, &e) == (i < 11) && (i >= 11 || e.sp_reg == v4[i]));
		CHECK(decode(KDX_ORC_V4, 0, 0, 0x203 | i << 4, &e) == (i < 11) && (i >= 11 || e.bp_reg == v4[i]));
	}
	for (unsigned i = 0; i < 8; i++)
		CHECK(decode(KDX_ORC_V3, 0, 0, i << 8 | 5, &e) == (i < 5) && (i >= 5 || e.type == types[i]));
	CHECK(decode(KDX_ORC_V3, 0, 0, 0xb05, &e) && e.type == KDX_ORC_REGS && e.signal);
	CHECK(!decode(KDX_ORC_UNKNOWN, 8, 0, 0x205, &e));
}

static void test_version(void)
{
	static const uint8_t v3_header[KDX_ORC_HEADER_SIZE] = {0xfe, 0x5d, 0x32, 0xbf},
			     other[KDX_ORC_HEADER_SIZE] = {1};
	uint8_t table[100 * KDX_ORC_ENTRY_SIZE];
	struct {
		unsigned call, end;
		enum kdx_orc_version version;
	} eras[] = {{0x005, 0x400, KDX_ORC_V1},
		    {0x005, 0x800, KDX_ORC_V2},
		    {0x205, 0x100, KDX_ORC_V3},
		    {0x203, 0x100, KDX_ORC_V4}};

	CHECK(kdx_orc_version_by_header(v3_header, sizeof(v3_header)) == KDX_ORC_V3);
	CHECK(kdx_orc_version_by_header(v3_header, 19) == KDX_ORC_UNKNOWN);
	CHECK(kdx_orc_version_by_header(other, sizeof(other)) == KDX_ORC_UNKNOWN);
	for (size_t k = 0; k < sizeof(eras) / sizeof(eras[0]); k++) {
		for (unsigned i = 0; i < 100; i++)
			entry(table + i * KDX_ORC_ENTRY_SIZE, 8, 0, i % 10 ? eras[k].call : eras[k].end);
		CHECK(kdx_orc_version_by_entries(table, 100, false) == eras[k].version);
	}
	memset(table, 0, sizeof(table));
	CHECK(kdx_orc_version_by_entries(table, 100, false) == KDX_ORC_UNKNOWN);
	CHECK(kdx_orc_version_by_entries(table, 0, false) == KDX_ORC_UNKNOWN);
}

/* Rows at these addresses, in a table that lies at `kva`. */
static void make_table(struct kdx_orc_table *table, uint64_t kva, const uint64_t *pc, size_t count)
{
	*table = (struct kdx_orc_table){
		.ip = malloc(count * 4 + 1), .entry = malloc(count * 6 + 1), .count = count, .ip_kva = kva};
	for (size_t i = 0; i < count; i++) {
		kdf_store_uint(table->ip + i * 4, pc[i] - (kva + i * 4), 4, false);
		entry(table->entry + i * 6, (int)i, 0, 0x205);
	}
}

static void test_table(void)
{
	static const uint64_t pc[] = {0xffffffff81000000, 0xffffffff81000010, 0xffffffff81000010, 0xffffffff81000400};
	static const uint64_t mixed[] = {0xffffffff81000010, 0xffffffff81000000};
	struct kdx_orc_table table;
	struct kdx_orc_entry e;

	make_table(&table, 0xffffffff82c5d5c0, pc, 4);
	CHECK(kdx_orc_table_pc(&table, 3) == pc[3]);
	CHECK_OK(kdx_orc_table_check(&table));
	CHECK(!kdx_orc_table_find(&table, KDX_ORC_V3, pc[0] - 1, &e));
	CHECK(kdx_orc_table_find(&table, KDX_ORC_V3, pc[0], &e) && e.sp_offset == 0);
	CHECK(kdx_orc_table_find(&table, KDX_ORC_V3, pc[1] - 1, &e) && e.sp_offset == 0);
	CHECK(kdx_orc_table_find(&table, KDX_ORC_V3, pc[1], &e) && e.sp_offset == 2); /* the last of equal rows */
	CHECK(kdx_orc_table_find(&table, KDX_ORC_V3, UINT64_MAX, &e) && e.sp_offset == 3);
	kdx_orc_table_free(&table);
	CHECK(!kdx_orc_table_find(&table, KDX_ORC_V3, pc[1], &e));

	make_table(&table, 0xffffffffc0000000, mixed, 2);
	CHECK_CODE(kdx_orc_table_check(&table), KDF_CORRUPT);
	kdx_orc_table_free(&table);
}

int main(void)
{
	test_offsets();
	test_v1();
	test_v2();
	test_v3_and_v4();
	test_version();
	test_table();
	TEST_END();
}
