// SPDX-License-Identifier: GPL-2.0-or-later
/* Which frames stay, kernel era by kernel era, on a machine made by hand. */
#include "filter/plan.h"

#include "filter-machine.h"
#include "filter-planned.h"
#include "test.h"

enum { A = 0xb00, NO_TYPE = -1 };

static char warnings[2048];

static void collect(void *arg, const char *text)
{
	(void)arg;
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
	strcat(warnings, "\n");
}

static struct plan make_plan(struct machine *m, const char *info, unsigned level)
{
	struct plan p = { 0 };
	struct plan_options o = { .level = level, .warn = collect };

	warnings[0] = 0;
	CHECK_OK(machine_open(m, info));
	if (m->dump)
		CHECK_OK(plan_make(m->dump, &o, &p));
	CHECK(p.max_pfn == FRAMES);
	return p;
}

/* A compound page with its order where 6.1 keeps it. */
static void compound_6_1(struct machine *m, uint64_t pfn, unsigned order, uint64_t flags, uint64_t mapping)
{
	machine_page(m, pfn, flags | 1 << 16, mapping, UINT32_MAX);
	machine_tails(m, pfn, UINT64_C(1) << order);
	machine_struct(m, pfn + 1)[17] = (uint8_t)order;
}

/* The same for 6.6 and later: low byte of the second struct's flags. */
static void compound_6_12(struct machine *m, uint64_t pfn, unsigned order, uint64_t flags, uint64_t mapping)
{
	machine_page(m, pfn, flags | 64, mapping, UINT32_MAX);
	machine_tails(m, pfn, UINT64_C(1) << order);
	machine_struct(m, pfn + 1)[0] = (uint8_t)order;
}

static void nothing_to_drop(void)
{
	struct machine m;

	machine_init(&m);
	struct plan p = make_plan(&m, INFO_6_1, 31);
	CHECK(p.input_pages == FRAMES && p.dumped_pages == FRAMES && staying(&p, 0, FRAMES) == FRAMES);
	CHECK_TEXT(p.model, "sparsemem (extreme)");
	CHECK(p.nimage == 1 && p.image[0].first == IMAGE / PAGE && p.image[0].end == (IMAGE + IMAGE_SIZE) / PAGE);
	/* This machine has no kallsyms: what is found through it is told, and nothing else. */
	CHECK(!strncmp(warnings, "free pages in per-CPU lists stay", 32) && strchr(warnings, '\n') == strrchr(warnings, '\n'));
	end(&m, &p);
}

/* Levels take exactly their own classes. */
static void levels(void)
{
	const uint64_t lru = 1 << 4, private = 1 << 13, swapcache = 1 << 10, swapbacked = 1 << 19;

	for (unsigned level = 0; level <= 31; level++) {
		struct machine m;
		machine_init(&m);
		machine_page(&m, A, lru, 0xffff888000abc000, UINT32_MAX);
		machine_page(&m, A + 1, lru | private, 0xffff888000abc000, UINT32_MAX);
		machine_page(&m, A + 2, lru, 0xffff888000abc001, 3);
		machine_page(&m, A + 3, swapcache | swapbacked, 0, UINT32_MAX);
		machine_page(&m, A + 4, swapcache, 0, UINT32_MAX); /* that bit alone means something else */
		machine_free_block(&m, A + 8, (uint32_t)-129, 3);
		machine_page(&m, A + 16, 0, 0, (uint32_t)-257);
		machine_page(&m, A + 17, 1 << 23, 0, UINT32_MAX);
		struct plan p = make_plan(&m, INFO_6_1, level);
		CHECK(stays(&p, A) == !(level & 6));
		CHECK(stays(&p, A + 1) == !(level & 4));
		CHECK(stays(&p, A + 2) == !(level & 8));
		CHECK(stays(&p, A + 3) == !(level & 6));
		CHECK(stays(&p, A + 4));
		CHECK(staying(&p, A + 8, 8) == (level & 16 ? 0 : 8));
		CHECK(!stays(&p, A + 16) && !stays(&p, A + 17)); /* offline and hwpoison go at every level */
		CHECK(p.dropped[CLASS_OFFLINE] == 1 && p.dropped[CLASS_HWPOISON] == 1);
		CHECK(p.dumped_pages == staying(&p, 0, FRAMES));
		end(&m, &p);
	}
}

static void free_blocks(const char *info, uint32_t mapcount)
{
	struct machine m;

	machine_init(&m);
	machine_free_block(&m, 0xc00, mapcount, 10);
	machine_free_block(&m, A + 4, mapcount, 3);  /* not aligned to its order */
	machine_free_block(&m, A + 16, mapcount, 11); /* no such order */
	machine_free_block(&m, A + 17, mapcount, UINT64_MAX);
	machine_free_block(&m, A + 18, mapcount, 64);
	machine_free_block(&m, A + 20, mapcount, 0);
	machine_page(&m, A + 21, 0, 0, mapcount - 1); /* some other type */
	machine_free_block(&m, IMAGE / PAGE + 64, mapcount, 5); /* inside the kernel image */
	struct plan p = make_plan(&m, info, 16);
	CHECK(staying(&p, 0xc00, 1024) == 0);
	CHECK(staying(&p, A, 20) == 20 && !stays(&p, A + 20));
	CHECK(staying(&p, IMAGE / PAGE, 512) == 512 && p.kept_image == 32);
	CHECK(p.kept_order == 4);
	CHECK(p.dropped[CLASS_FREE] == 1025);
	end(&m, &p);
}

/* Since 6.12 the low 24 bits of a typed page belong to the owner. */
static void owner_bits(void)
{
	struct machine m;

	machine_init(&m);
	machine_free_block(&m, A, 0xf0000007, 0);
	machine_page(&m, A + 1, 0, 0xffff888000abc001, 0xf5000123); /* slab whose words look anonymous */
	machine_page(&m, A + 2, 1 << 5, 0xffff888000abc000, 0xf2000000); /* page table with a stray LRU bit */
	machine_page(&m, A + 3, 0, 0xffff888000abc001, 0xf2000000);
	machine_page(&m, A + 4, 0, 0, 0xf1000001);
	machine_page(&m, A + 5, 0, 0, 0xff000000);
	struct plan p = make_plan(&m, INFO_6_12, 31);
	CHECK(!stays(&p, A) && staying(&p, A + 1, 3) == 3 && !stays(&p, A + 4) && stays(&p, A + 5));
	end(&m, &p);
}

static void slab_by_flag(void)
{
	struct machine m;

	machine_init(&m);
	machine_page(&m, A, 1 << 9, 0xffff888000abc001, UINT32_MAX);
	machine_page(&m, A + 1, 1 << 9 | 1 << 4, 0, UINT32_MAX);
	compound_6_1(&m, A + 8, 3, 1 << 9, 1);
	struct plan p = make_plan(&m, INFO_6_1, 31);
	CHECK(staying(&p, A, 16) == 16);
	end(&m, &p);
}

static void compounds_6_1(void)
{
	struct machine m;

	machine_init(&m);
	compound_6_1(&m, 0xc00, 9, 1 << 4, 0xffff888000abc001);
	/* A tail that names another head stays, and so do those behind it. */
	compound_6_1(&m, A, 3, 1 << 4, 0xffff888000abc001);
	put64(machine_struct(&m, A + 4) + OFF_HEAD, machine_struct_address(A - 8) | 1);
	/* An order that reaches over the next page, which is one of the kernel's. */
	compound_6_1(&m, A + 16, 2, 1 << 4, 0xffff888000abc001);
	machine_struct(&m, A + 17)[17] = 4;
	/* Impossible orders: the head alone. */
	compound_6_1(&m, A + 32, 1, 1 << 4, 0xffff888000abc001);
	machine_struct(&m, A + 33)[17] = 200;
	/* hugetlb: destructor 2, no mapping. */
	compound_6_1(&m, A + 64, 3, 0, 0);
	machine_struct(&m, A + 65)[16] = 2;
	/* Another destructor: some driver's. */
	compound_6_1(&m, A + 72, 3, 0, 0);
	machine_struct(&m, A + 73)[16] = 1;
	/* Tails without a head. */
	machine_tails(&m, A + 96, 4);
	struct plan p = make_plan(&m, INFO_6_1, 8);
	CHECK(staying(&p, 0xc00, 512) == 0);
	CHECK(staying(&p, A, 4) == 0 && staying(&p, A + 4, 4) == 4);
	CHECK(staying(&p, A + 16, 4) == 0 && staying(&p, A + 20, 12) == 12);
	CHECK(!stays(&p, A + 32) && stays(&p, A + 33));
	CHECK(staying(&p, A + 64, 8) == 0 && staying(&p, A + 72, 8) == 8);
	CHECK(staying(&p, A + 96, 4) == 4);
	CHECK(p.dropped[CLASS_USER] == 512 + 4 + 4 + 1 + 8);
	end(&m, &p);
}

/* 6.3: order and destructor are members of struct folio, counted from the head. */
static void compounds_6_3(void)
{
	struct machine m;
	char info[4096];

	snprintf(info, sizeof(info), "%s%s", COMMON_INFO,
		 "OFFSET(page.compound_head)=8\nOFFSET(folio._folio_dtor)=80\nOFFSET(folio._folio_order)=81\n"
		 "NUMBER(PG_lru)=4\nNUMBER(PG_private)=13\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=19\n"
		 "NUMBER(PG_slab)=9\nNUMBER(PG_head_mask)=65536\nNUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\n"
		 "NUMBER(HUGETLB_PAGE_DTOR)=2\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n");
	machine_init(&m);
	compound_6_1(&m, A, 3, 0, 0);
	machine_struct(&m, A + 1)[16] = 2;
	compound_6_1(&m, A + 8, 3, 0, 1);
	compound_6_1(&m, A + 16, 3, 0, 0);
	struct plan p = make_plan(&m, info, 8);
	CHECK(staying(&p, A, 16) == 0 && staying(&p, A + 16, 8) == 8);
	CHECK_TEXT(warnings, "");
	end(&m, &p);
}

/* 6.6: PG_hugetlb and the order in the second struct's flags. */
static void compounds_6_6(void)
{
	struct machine m;
	char info[4096];

	snprintf(info, sizeof(info), "%s%s", COMMON_INFO,
		 "OFFSET(page.compound_head)=8\nNUMBER(PG_lru)=5\nNUMBER(PG_private)=14\nNUMBER(PG_swapcache)=10\n"
		 "NUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=9\nNUMBER(PG_hugetlb)=8\nNUMBER(PG_head_mask)=64\n"
		 "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-129\nNUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-257\n");
	machine_init(&m);
	compound_6_12(&m, A, 3, 0, 0);
	machine_struct(&m, A + 1)[1] = 1; /* bit 8 */
	compound_6_12(&m, A + 8, 3, 0, 0);
	compound_6_12(&m, A + 16, 3, 0, 1);
	struct plan p = make_plan(&m, info, 8);
	CHECK(staying(&p, A, 8) == 0 && staying(&p, A + 8, 8) == 8 && staying(&p, A + 16, 8) == 0);
	end(&m, &p);
}

static void compounds_6_12(void)
{
	struct machine m;
	const uint32_t hugetlb = 0xf4000000;

	machine_init(&m);
	/* hugetlb with the vmemmap optimisation: every 64th struct is the head's again. */
	compound_6_12(&m, 0xc00, 9, 0, 0);
	memcpy(machine_struct(&m, 0xc00) + OFF_MAPCOUNT, &hugetlb, 4);
	for (uint64_t i = 64; i < 512; i++)
		memcpy(machine_struct(&m, 0xc00 + i), machine_struct(&m, 0xc00 + i % 64), STRUCT);
	compound_6_12(&m, A, 4, 1 << 5, 0xffff888000abc000); /* large folio of the page cache */
	compound_6_12(&m, A + 16, 2, 0, 0);		     /* a driver's */
	machine_page(&m, 0xe00, 0, 0, 0xf7000000);	     /* unaccepted: not aligned to its block */
	struct plan p = make_plan(&m, INFO_6_12, 2 | 8 | 16);
	CHECK(staying(&p, 0xc00, 512) == 0);
	CHECK(staying(&p, A, 16) == 0 && staying(&p, A + 16, 4) == 4);
	CHECK(p.dropped[CLASS_USER] == 512 && p.dropped[CLASS_CACHE] == 16);
	CHECK(stays(&p, 0xe00) && p.kept_order == 1);
	end(&m, &p);

	machine_init(&m);
	machine_page(&m, 0xc00, 0, 0, 0xf7000000);
	p = make_plan(&m, INFO_6_12, 16);
	CHECK(staying(&p, 0xc00, 1024) == 0 && p.dropped[CLASS_UNACCEPTED] == 1024);
	end(&m, &p);
}

/* 7.1: compound_info, a pointer or a mask; slab tails stay. */
static void compounds_7_1(void)
{
	struct machine m;

	for (int mask = 0; mask < 2; mask++) {
		machine_init(&m);
		compound_6_12(&m, 0xc00, 6, 1 << 5, 0xffff888000abc001);
		compound_6_12(&m, 0xc40, 3, 0, 0);
		const uint32_t slab = 0xf5000000;
		memcpy(machine_struct(&m, 0xc40) + OFF_MAPCOUNT, &slab, 4);
		for (uint64_t i = 1; mask && i < 64; i++)
			put64(machine_struct(&m, 0xc00 + i) + OFF_HEAD, ~(uint64_t)(64 * STRUCT - 1) | 1);
		for (uint64_t i = 1; mask && i < 8; i++) {
			put64(machine_struct(&m, 0xc40 + i) + OFF_HEAD, ~(uint64_t)(8 * STRUCT - 1) | 1);
			put64(machine_struct(&m, 0xc40 + i) + OFF_MAPPING, 1);
		}
		struct plan p = make_plan(&m, INFO_7_1, 31);
		CHECK(staying(&p, 0xc00, 64) == 0 && staying(&p, 0xc40, 8) == 8);
		end(&m, &p);
	}
}

/* A line that is missing takes the test with it: pages stay, and the user is told. */
static void missing_lines(void)
{
	static const struct {
		const char *line;
		bool cache, user, freed; /* what still goes */
	} cases[] = {
		{ "NUMBER(PG_lru)", false, true, true },
		{ "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", true, true, false },
		{ "NUMBER(PG_slab)", false, false, true },
		{ "OFFSET(page.compound_head)", false, false, true },
		{ "OFFSET(page.mapping)", false, false, true },
		{ "LENGTH(zone.free_area)", true, true, false },
		{ "SIZE(page)", false, false, false },
		{ "SYMBOL(mem_section)", false, false, false },
		{ "SIZE(mem_section)", false, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct machine m;
		char info[4096];
		strcpy(info, INFO_6_1);
		char *at = strstr(info, cases[i].line);
		CHECK(at != NULL);
		if (!at)
			continue;
		at[0] = 'X';
		machine_init(&m);
		machine_page(&m, A, 1 << 4, 0xffff888000abc000, UINT32_MAX);
		machine_page(&m, A + 1, 1 << 4, 0xffff888000abc001, UINT32_MAX);
		machine_free_block(&m, A + 8, (uint32_t)-129, 3);
		struct plan p = make_plan(&m, info, 31);
		CHECK(stays(&p, A) == !cases[i].cache);
		CHECK(stays(&p, A + 1) == !cases[i].user);
		CHECK(staying(&p, A + 8, 8) == (cases[i].freed ? 0 : 8));
		CHECK(warnings[0] != 0);
		end(&m, &p);
	}
}

/* Kernel image frames stay whatever their struct page says. */
static void kernel_image(void)
{
	struct machine m;

	machine_init(&m);
	for (uint64_t pfn = IMAGE / PAGE; pfn < (IMAGE + IMAGE_SIZE) / PAGE; pfn++)
		machine_page(&m, pfn, 1 << 4, 1, UINT32_MAX);
	struct plan p = make_plan(&m, INFO_6_1, 31);
	CHECK(p.kept_image == 512 && p.dumped_pages == FRAMES);
	end(&m, &p);
}

/* Sections that are not there, maps that point nowhere: everything stays. */
static void broken_map(void)
{
	const uint64_t maps[] = { 0,	      0x3,	  DIRECT | 0x3, (DIRECT + (UINT64_C(1) << 40)) | 0x3,
				  UINT64_MAX, 0x8000000000000003 };

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		struct machine m;
		machine_init(&m);
		put64(m.ram + 0x411000, maps[i]);
		struct plan p = make_plan(&m, INFO_6_1, 31);
		CHECK(p.dumped_pages == FRAMES && staying(&p, 0, FRAMES) == FRAMES);
		end(&m, &p);
	}
}

/* Noise in place of struct pages: no crash, no loop, and the image stays. */
static void noise(void)
{
	uint64_t seed = 88172645463325252;

	for (int round = 0; round < 20; round++) {
		struct machine m;
		machine_init(&m);
		for (size_t i = 0; i < FRAMES * STRUCT; i += 8) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			put64(m.ram + MAP + i, round % 2 ? seed : seed & 0x00ff00ff0000ffff);
		}
		struct plan p = make_plan(&m, round & 2 ? INFO_6_12 : INFO_7_1, 31);
		CHECK(staying(&p, IMAGE / PAGE, 512) == 512);
		CHECK(p.dumped_pages == staying(&p, 0, FRAMES));
		end(&m, &p);
	}
}

int main(void)
{
	nothing_to_drop();
	levels();
	free_blocks(INFO_6_1, (uint32_t)-129);
	free_blocks(INFO_6_12, 0xf0000000);
	char info[4096];
	snprintf(info, sizeof(info), "%s", INFO_6_1);
	char *at = strstr(info, "MAPCOUNT_VALUE)=-129");
	/* 6.11: one bit cleared of a word of ones */
	snprintf(at, sizeof(info) - (size_t)(at - info), "MAPCOUNT_VALUE)=-1073741825\n");
	free_blocks(info, 0xbfffffff);
	owner_bits();
	slab_by_flag();
	compounds_6_1();
	compounds_6_3();
	compounds_6_6();
	compounds_6_12();
	compounds_7_1();
	missing_lines();
	kernel_image();
	broken_map();
	noise();
	TEST_END();
}
