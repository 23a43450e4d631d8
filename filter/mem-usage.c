// SPDX-License-Identifier: GPL-2.0-or-later
#include "mem-usage.h"

#include "dump.h"
#include "plan.h"
#include "zero.h"

/* The names of makedumpfile's table, where it has the class. */
static const struct {
	enum page_class_id id;
	const char *type, *description;
} rows[] = {
	{ CLASS_ZERO, "ZERO", "Pages filled with zero" },
	{ CLASS_CACHE, "NON_PRI_CACHE", "Cache pages without private flag" },
	{ CLASS_CACHE_PRIVATE, "PRI_CACHE", "Cache pages with private flag" },
	{ CLASS_USER, "USER", "User process pages" },
	{ CLASS_FREE, "FREE", "Free pages" },
};

enum { NROWS = sizeof(rows) / sizeof(*rows) };

static void print_row(FILE *to, const char *type, uint64_t pages, bool excludable, const char *what)
{
	fprintf(to, "%-15s %-23llu %-15s %s\n", type, (unsigned long long)pages, excludable ? "yes" : "no", what);
}

static bool has_row(unsigned id)
{
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].id == id)
			return true;
	return false;
}

static void print_table(FILE *to, const struct plan *p, uint32_t page_size)
{
	fprintf(to, "%-15s %-23s %-15s %s\n", "TYPE", "PAGES", "EXCLUDABLE", "DESCRIPTION");
	fprintf(to, "----------------------------------------------------------------------\n");
	for (size_t i = 0; i < NROWS; i++)
		print_row(to, rows[i].type, p->dropped[rows[i].id], true, rows[i].description);
	for (unsigned id = 0; id < CLASS_COUNT; id++)
		if (!has_row(id) && p->dropped[id])
			print_row(to, page_classes[id].name, p->dropped[id], true, page_classes[id].report);
	print_row(to, "KERN_DATA", p->dumped_pages, false, "Dumpable kernel data");
	fprintf(to, "\n%-23s %-16u\n", "page size:", page_size);
	fprintf(to, "%-23s %-16llu\n", "Total pages on system:", (unsigned long long)p->input_pages);
	fprintf(to, "%-23s %llu Byte\n", "Total size on system:", (unsigned long long)p->input_pages * page_size);
}

struct kdf_error *job_mem_usage(const struct settings *s, struct kdf *dump)
{
	const struct kdf_info *info = kdf_info(dump);
	struct plan plan;
	struct kdf_error *e = make_plan(s, dump, LEVEL_MAX, &plan);

	if (e)
		return e;
	e = zero_pages_drop(dump, &plan, s->report.says & SAY_PROGRESS ? stderr : NULL);
	if (!e && s->json) {
		const struct run_facts run = { .in = s->in[0], .format = info->format, .codec = info->compression,
					       .complete = !info->incomplete };
		report_json(stdout, &plan, &run);
	} else if (!e) {
		print_table(stdout, &plan, info->page_size);
	}
	plan_free(&plan);
	return e;
}
