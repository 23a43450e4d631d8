// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ORC tables and stacks are bytes of the dump. The first byte chooses the layout, the next two how many rows there
 * are; rows follow, and what is left is the stack that is walked with them.
 */
#include <stdlib.h>
#include <string.h>

#include "analyze/core/machine.h"
#include "analyze/core/orc.h"
#include "analyze/core/unwind.h"
#include "base/bytes.h"

#define STACK 0xffffc90000000000ull
#define TABLE 0xffffffff82000000ull

struct world {
	struct kdx_orc_table table;
	enum kdx_orc_version version;
	const uint8_t *stack;
	size_t size;
};

static struct kdf_error *word(void *arg, uint64_t kva, uint64_t *out)
{
	const struct world *world = arg;

	if (kva < STACK || kva - STACK >= world->size || world->size - (kva - STACK) < 8)
		return kdf_err(KDF_FAULT, "not mapped");
	*out = kdf_load_uint(world->stack + (kva - STACK), 8, false);
	return NULL;
}

static bool orc(void *arg, uint64_t pc, struct kdx_orc_entry *out)
{
	const struct world *world = arg;

	return kdx_orc_table_find(&world->table, world->version, pc, out);
}

static bool text(void *arg, uint64_t pc)
{
	(void)arg;
	return pc >> 31 == 0xffffffff80000000ull >> 31;
}

static bool function(void *arg, uint64_t pc, uint64_t *start)
{
	*start = pc & ~63ull;
	return text(arg, pc);
}

static struct kdf_error *code(void *arg, uint64_t kva, void *buf, size_t len)
{
	const struct world *world = arg;

	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = world->size ? world->stack[(kva + i) % world->size] : 0x90;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {0};
	struct kdx_unwind_env env = {word, orc, text, function, code, &world};
	struct kdx_unwind_start start = {.exact = size & 1, .origin = KDX_FROM_NOTE};
	struct kdx_backtrace trace = {0};
	size_t rows;

	if (size < 3 + sizeof(start.regs.value))
		return 0;
	rows = data[1] | (size_t)(data[2] & 3) << 8;
	world.version = (enum kdx_orc_version)(data[0] % 5);
	start.checked_only = data[0] & 0x80;
	data += 3;
	size -= 3;
	memcpy(start.regs.value, data, sizeof(start.regs.value));
	start.regs.known = ~0ull;
	if (rows * 10 > size)
		rows = size / 10;
	world.table = (struct kdx_orc_table){malloc(rows * 4 + 1), malloc(rows * 6 + 1), rows, TABLE, false};
	memcpy(world.table.ip, data, rows * 4);
	memcpy(world.table.entry, data + rows * 4, rows * 6);
	world.stack = data + rows * 10;
	world.size = (size - rows * 10) & ~(size_t)7;
	kdf_error_free(kdx_orc_table_check(&world.table));
	kdx_orc_version_by_entries(world.table.entry, rows, false);
	kdx_orc_version_by_header(data, size);
	kdx_segment_add(&trace, STACK, STACK + world.size / 2 / 8 * 8, NULL, KDX_STACK_TASK);
	kdx_segment_add(&trace, STACK + world.size / 2 / 8 * 8, STACK + world.size, "IRQ", KDX_STACK_IRQ);
	if (world.size) {
		start.regs.value[kdx_machine_x86_64.sp] = STACK + start.regs.value[kdx_machine_x86_64.sp] % world.size;
		start.regs.value[kdx_machine_x86_64.pc] |= 0xffffffff80000000ull;
	}
	kdf_error_free(kdx_unwind(&env, &kdx_machine_x86_64, &start, &trace));
	kdx_backtrace_free(&trace);
	kdx_orc_table_free(&world.table);
	return 0;
}
