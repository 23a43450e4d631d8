// SPDX-License-Identifier: GPL-2.0-or-later
/* Free pages in per-CPU lists: eras of the lists, and every way in which a list can be wrong. */
#include "filter/plan.h"

#include "filter-kernel.h"
#include "filter-planned.h"
#include "test.h"

enum { A = 0xc00 };

static char warnings[2048];

static void collect(void *arg, const char *text)
{
	(void)arg;
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
	strcat(warnings, "\n");
}

static struct plan make_plan(struct machine *m, const char *more, unsigned level)
{
	struct plan p = { 0 };
	struct plan_options o = { .level = level, .warn = collect };
	char info[8192];

	warnings[0] = 0;
	snprintf(info, sizeof(info), "%s%s", INFO_6_12, more);
	CHECK_OK(machine_open(m, info));
	if (m->dump)
		CHECK_OK(plan_make(m->dump, &o, &p));
	return p;
}

/* Single pages on both CPUs and in both zones; other levels leave them alone. */
static void single_pages(void)
{
	for (int old = 0; old < 2; old++)
		for (unsigned level = 15; level <= 31; level += 16) {
			struct machine m;
			const struct kernel_recipe r = { .lists = 3, .old_pageset = old };
			kernel_init(&m, &r);
			for (unsigned i = 0; i < 40; i++)
				kernel_free_listed(&m, i % 2, i / 2 % 2, i % 3, A + 2 * i, 0);
			struct plan p = make_plan(&m, KALLSYMS_INFO, level);
			CHECK(p.dropped[CLASS_FREE_LISTED] == (level == 31 ? 40 : 0) && !p.kept_lists);
			for (unsigned i = 0; i < 40; i++)
				CHECK(stays(&p, A + 2 * i) == (level == 15) && stays(&p, A + 2 * i + 1));
			CHECK(p.dumped_pages == staying(&p, 0, FRAMES));
			CHECK_TEXT(warnings, "");
			end(&m, &p);
		}
}

/* Since 5.13: lists for each order, and behind them huge pages. */
static void orders(void)
{
	const unsigned lists[] = { 12, 13, 14, 15 };

	for (size_t n = 0; n < 4; n++) {
		struct machine m;
		const struct kernel_recipe r = { .lists = lists[n] };
		kernel_init(&m, &r);
		for (unsigned order = 0; order < 4; order++)
			kernel_free_listed(&m, order % 2, 0, order * 3 + order % 3, A + 16 * order, order);
		for (unsigned k = 12; k < lists[n]; k++)
			kernel_free_listed(&m, 0, 1, k, 0xe00, 9); /* all share one: it can be dropped but once */
		struct plan p = make_plan(&m, KALLSYMS_INFO, 16);
		for (unsigned order = 0; order < 4; order++)
			CHECK(staying(&p, A + 16 * order, 16) == 16 - (1u << order));
		if (lists[n] == 13)
			CHECK(staying(&p, 0xe00, 512) == 0);
		CHECK(lists[n] > 13 || !p.kept_lists);
		end(&m, &p);
	}
}

/* The count disagrees with our reading of orders: single pages go, larger blocks stay. */
static void wrong_count(void)
{
	struct machine m;
	const struct kernel_recipe r = { .lists = 14 };

	kernel_init(&m, &r);
	kernel_free_listed(&m, 0, 0, 0, A, 0);
	kernel_free_listed(&m, 0, 0, 4, A + 8, 1);
	kernel_poke(&m, kernel_pcp(0, 0) + PCP_COUNT, 30, 4);
	kernel_free_listed(&m, 1, 0, 4, A + 16, 1);
	struct plan p = make_plan(&m, KALLSYMS_INFO, 16);
	CHECK(!stays(&p, A) && staying(&p, A + 8, 2) == 2 && staying(&p, A + 16, 2) == 0);
	CHECK(p.kept_lists == 1);
	end(&m, &p);
	/* A count below what the lists hold, and one that no machine has. */
	for (int huge = 0; huge < 2; huge++) {
		kernel_init(&m, &r);
		kernel_free_listed(&m, 0, 0, 0, A, 0);
		kernel_free_listed(&m, 0, 0, 0, A + 1, 0);
		kernel_poke(&m, kernel_pcp(0, 0) + PCP_COUNT, huge ? 0xfffffff0 : 1, 4);
		p = make_plan(&m, KALLSYMS_INFO, 16);
		CHECK(staying(&p, A, 2) == 2 && p.kept_lists == 1);
		end(&m, &p);
	}
}

/* One thing wrong with the second of three pages: the whole list stays, the other CPU's goes. */
static void damage(void)
{
	enum { REFERENCED, TYPED, LRU, MAPPED, POISONED, HEAD, SLAB,
	       NEXT_LOOPS, NEXT_NULL, NEXT_ODD, NEXT_FAR, PREV, N };

	for (int kind = 0; kind < N; kind++) {
		struct machine m;
		const struct kernel_recipe r = { .lists = 14 };
		const uint32_t slab = 0xf5000000, table = 0xf2000000;
		kernel_init(&m, &r);
		for (unsigned i = 0; i < 3; i++)
			kernel_free_listed(&m, 0, 0, 1, A + i, 0);
		kernel_free_listed(&m, 1, 0, 1, A + 8, 0);
		uint8_t *second = machine_struct(&m, A + 1);
		switch (kind) {
		case REFERENCED:
			second[OFF_REFCOUNT] = 1;
			break;
		case TYPED:
			memcpy(second + OFF_MAPCOUNT, &table, 4);
			break;
		case SLAB:
			memcpy(second + OFF_MAPCOUNT, &slab, 4);
			break;
		case LRU:
			put64(second, 1 << 5);
			break;
		case POISONED:
			put64(second, 1 << 20);
			break;
		case HEAD:
			put64(second, 64);
			break;
		case MAPPED:
			put64(second + OFF_MAPPING, DIRECT + 0x1000);
			break;
		case NEXT_LOOPS:
			put64(second + OFF_HEAD, machine_struct_address(A + 2) + 8);
			break;
		case NEXT_NULL:
			put64(second + OFF_HEAD, 0);
			break;
		case NEXT_ODD:
			put64(second + OFF_HEAD, machine_struct_address(A) + 12);
			break;
		case NEXT_FAR:
			put64(second + OFF_HEAD, machine_struct_address(FRAMES + 5) + 8);
			break;
		case PREV:
			put64(second + OFF_HEAD + 8, machine_struct_address(A) + 8);
			break;
		}
		struct plan p = make_plan(&m, KALLSYMS_INFO, 16);
		/* A poisoned page goes by itself, at every level. */
		CHECK(staying(&p, A, 3) == (kind == POISONED ? 2 : 3) && stays(&p, A) && !stays(&p, A + 8));
		CHECK(p.kept_lists == 1);
		end(&m, &p);
	}
}

/* A block whose inner pages are in use, and one that is not aligned. */
static void damaged_blocks(void)
{
	struct machine m;
	const struct kernel_recipe r = { .lists = 14 };

	kernel_init(&m, &r);
	kernel_free_listed(&m, 0, 0, 9, A, 3);
	machine_struct(&m, A + 5)[OFF_REFCOUNT] = 2;
	kernel_free_listed(&m, 1, 0, 9, A + 20, 3);
	struct plan p = make_plan(&m, KALLSYMS_INFO, 16);
	CHECK(staying(&p, A, 32) == 32 && p.kept_lists == 2);
	end(&m, &p);
}

/* What cannot be read keeps its pages, and the user is told. */
static void unknown(void)
{
	static const char *const cut[] = { "SYMBOL(kallsyms_names)", "SYMBOL(kallsyms_offsets)", "SIZE(zone)" };

	for (size_t i = 0; i < 6; i++) {
		struct machine m;
		struct kernel_recipe r = { .lists = i == 3 ? 65 : 14, .no_btf = i == 4, .no_kallsyms = i == 5 };
		char info[2048];
		strcpy(info, KALLSYMS_INFO);
		if (i < 3)
			*strstr(info, cut[i]) = 'X';
		kernel_init(&m, &r);
		kernel_free_listed(&m, 0, 0, 0, A, 0);
		struct plan p = make_plan(&m, info, 16);
		CHECK(stays(&p, A) && p.dumped_pages == FRAMES);
		CHECK(i == 2 || strstr(warnings, "per-CPU lists stay") != NULL);
		end(&m, &p);
	}
}

/* Noise in the tables and lists: no crash, no loop. */
static void noise(void)
{
	uint64_t seed = 88172645463325252;

	for (int round = 0; round < 60; round++) {
		struct machine m;
		const struct kernel_recipe r = { .lists = 14 };
		const uint64_t where[] = { IMAGE + K_NAMES, IMAGE + K_TOKENS, IMAGE + K_INDEX, IMAGE + K_BTF,
					   IMAGE + K_DATA, NODE, CPU_AREA + PERCPU_PCP, MAP + A * STRUCT };
		kernel_init(&m, &r);
		for (unsigned i = 0; i < 8; i++)
			kernel_free_listed(&m, 0, 0, i, A + 8 * i, i / 3);
		for (int i = 0; i < 8; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			m.ram[where[round % 8] + seed % 512] = (uint8_t)(seed >> 32);
		}
		struct plan p = make_plan(&m, KALLSYMS_INFO, 31);
		CHECK(staying(&p, IMAGE / PAGE, 512) == 512 && p.dumped_pages == staying(&p, 0, FRAMES));
		end(&m, &p);
	}
}

int main(void)
{
	single_pages();
	orders();
	wrong_count();
	damage();
	damaged_blocks();
	unknown();
	noise();
	TEST_END();
}
