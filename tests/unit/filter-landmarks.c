// SPDX-License-Identifier: GPL-2.0-or-later
/* What a debugger needs first: found, kept (the self-check), and in what order it is copied. */
#include "filter/landmarks.h"
#include "filter/order.h"
#include "filter/plan.h"
#include "filter/selfcheck.h"

#include "filter-kernel.h"
#include "test.h"

static char warnings[2048];

static void collect(void *arg, const char *text)
{
	(void)arg;
	strncat(warnings, text, sizeof(warnings) - strlen(warnings) - 2);
}

static struct plan make_plan(struct machine *m, const char *info, unsigned level)
{
	struct plan p = { 0 };
	struct plan_options o = { .level = level, .warn = collect };

	warnings[0] = 0;
	CHECK_OK(machine_open(m, info));
	if (m->dump)
		CHECK_OK(plan_make(m->dump, &o, &p));
	return p;
}

static void end(struct machine *m, struct plan *p)
{
	plan_free(p);
	machine_close(m);
}

/* A page that by its struct is page cache. */
static void misread(struct machine *m, uint64_t pfn)
{
	machine_page(m, pfn, 1 << 5, 0xffff888000abc000, UINT32_MAX);
}

/* What the self-check must notice: frames outside the image whose use is certain. */
static void witnesses(void)
{
	static const struct {
		uint64_t pfn;
		const char *name;
	} lost[] = {
		{ MAP / PAGE + IMAGE / PAGE * STRUCT / PAGE, "struct pages of the kernel image" },
		{ (CPU_AREA + PERCPU_RQ) / PAGE, "runqueues" },
		{ (CPU_AREA + CPU_AREA_SIZE + PERCPU_RQ) / PAGE, "runqueues" },
		{ INFO_PAGE / PAGE, "VMCOREINFO page" },
		{ LOG_PAGE / PAGE, "kernel log" },
		{ NODE / PAGE, "pglist_data" },
		{ IDLE / PAGE, "an idle task" },
		{ IDLE_STACK / PAGE + 5, "the stack of an idle task" },
	};
	const struct kernel_recipe r = { .lists = 14 };
	char info[8192];

	snprintf(info, sizeof(info), "%s%sSYMBOL(log_buf)=ffffffff81050000\nSYMBOL(log_buf_len)=ffffffff81050008\n",
		 INFO_6_12, KALLSYMS_INFO);
	for (size_t i = 0; i <= sizeof(lost) / sizeof(*lost); i++) {
		struct machine m;
		kernel_init(&m, &r);
		kernel_poke(&m, IMAGE + 0x50000, DIRECT + LOG_PAGE, 8);
		kernel_poke(&m, IMAGE + 0x50008, PAGE, 4);
		misread(&m, 0xe00); /* a real one */
		kernel_free_listed(&m, 0, 0, 0, 0xe10, 0);
		if (i < sizeof(lost) / sizeof(*lost))
			misread(&m, lost[i].pfn);
		struct plan p = make_plan(&m, info, 31);
		if (i == sizeof(lost) / sizeof(*lost)) {
			CHECK(!p.fell_back && p.level == 31 && p.dumped_pages == FRAMES - 2 && p.checked > 5);
			CHECK_TEXT(warnings, "");
		} else {
			CHECK(p.fell_back && p.level == 1 && p.dumped_pages == FRAMES && !p.usable);
			CHECK(strstr(warnings, lost[i].name) && strstr(warnings, "gets level 1"));
			for (unsigned id = 0; id < CLASS_COUNT; id++)
				CHECK(!p.dropped[id]);
		}
		end(&m, &p);
	}
}

/* Without symbols there are fewer witnesses, but some. */
static void without_symbols(void)
{
	struct machine m;

	machine_init(&m);
	misread(&m, MAP / PAGE + IMAGE / PAGE * STRUCT / PAGE);
	struct plan p = make_plan(&m, INFO_6_12, 10);
	CHECK(p.fell_back && p.level == 0 && p.dumped_pages == FRAMES);
	end(&m, &p);
}

/* Every frame at most once, groups one after the other, image and tables among them. */
static void order_of_machine(void)
{
	const struct kernel_recipe r = { .lists = 14 };
	uint8_t seen[FRAMES] = { 0 };
	struct machine m;
	char info[8192];
	uint64_t n = 0;

	kernel_init(&m, &r);
	snprintf(info, sizeof(info), "%s%s", INFO_6_12, KALLSYMS_INFO);
	struct plan p = make_plan(&m, info, 31);
	for (size_t i = 0; i < p.order.n; i++)
		for (uint64_t pfn = p.order.first[i].first; pfn < p.order.first[i].end; pfn++, n++)
			CHECK(pfn < FRAMES && !seen[pfn]++);
	CHECK(n == p.order.frames);
	for (uint64_t pfn = IMAGE / PAGE; pfn < (IMAGE + IMAGE_SIZE) / PAGE; pfn++)
		CHECK(seen[pfn]);
	CHECK(seen[MAP / PAGE] && seen[INFO_PAGE / PAGE] && seen[(CPU_AREA + PERCPU_RQ) / PAGE] && seen[NODE / PAGE]);
	/* The top-level table first of all. */
	CHECK(p.order.group_end[GROUP_TABLES] > 0 && p.order.first[0].first == IMAGE / PAGE + 1);
	CHECK(p.order.group_end[GROUP_COUNT - 1] == p.order.n);
	end(&m, &p);
}

static void put(struct landmarks *l, enum landmark_group group, uint64_t first, uint64_t end_pfn)
{
	l->mark[l->n++] = (struct landmark){ { first, end_pfn }, group, NULL };
}

/* Overlaps within and between groups, against a model with one byte a frame. */
static void overlaps(void)
{
	uint64_t seed = 88172645463325252;

	for (int round = 0; round < 200; round++) {
		struct landmark mark[64];
		struct landmarks l = { .mark = mark };
		struct copy_order o;
		uint8_t want[512], got[512];
		uint64_t total = 0;
		memset(want, 0xff, sizeof(want));
		memset(got, 0xff, sizeof(got));
		for (int i = 0; i < 1 + round % 60; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			uint64_t at = seed >> 8 & 511;
			put(&l, (enum landmark_group)(seed % GROUP_COUNT), at, at + (seed >> 20 & 63));
		}
		for (size_t i = 0; i < l.n; i++)
			for (uint64_t f = mark[i].frames.first; f < mark[i].frames.end && f < 500; f++)
				if (mark[i].group < want[f])
					want[f] = (uint8_t)mark[i].group;
		CHECK_OK(order_make(&l, 500, &o));
		for (size_t i = 0, g = 0; i < o.n; i++) {
			while (g < GROUP_COUNT && o.group_end[g] <= i)
				g++;
			CHECK(o.first[i].first < o.first[i].end && o.first[i].end <= 500);
			for (uint64_t f = o.first[i].first; f < o.first[i].end; f++, total++)
				got[f] = (uint8_t)g;
		}
		CHECK(!memcmp(want, got, sizeof(want)) && total == o.frames);
		order_free(&o);
	}
}

int main(void)
{
	witnesses();
	without_symbols();
	order_of_machine();
	overlaps();
	TEST_END();
}
