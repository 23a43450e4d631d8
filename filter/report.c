// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <stdarg.h>

void say(const struct report *r, unsigned level, const char *fmt, ...)
{
	va_list ap;

	if (!(r->says & level))
		return;
	va_start(ap, fmt);
	if (level & (SAY_COMMON | SAY_REPORT)) {
		vprintf(fmt, ap);
	} else {
		fputs("kdx-filter: ", stderr);
		vfprintf(stderr, fmt, ap);
	}
	va_end(ap);
}

/* Order of the lines, as makedumpfile has them; the classes it does not know come behind. */
static const enum page_class_id report_order[] = {
	CLASS_ZERO,	CLASS_CACHE,   CLASS_CACHE_PRIVATE, CLASS_USER, CLASS_FREE,
	CLASS_HWPOISON, CLASS_OFFLINE, CLASS_UNACCEPTED,
};

static uint64_t excluded_pages(const struct plan *p)
{
	uint64_t n = 0;

	for (unsigned id = 0; id < CLASS_COUNT; id++)
		n += p->dropped[id];
	return n;
}

void report_statistics(FILE *to, const struct plan *p, uint64_t bytes_written)
{
	uint64_t excluded = excluded_pages(p), remaining = p->input_pages - excluded;
	const char *line = "%-*s: 0x%016llx\n";

	fprintf(to, line, 16, "Original pages", (unsigned long long)p->input_pages);
	fprintf(to, line, 19, "  Excluded pages", (unsigned long long)excluded);
	for (size_t i = 0; i < sizeof(report_order) / sizeof(*report_order); i++) {
		uint64_t n = p->dropped[report_order[i]];
		if (n || report_order[i] != CLASS_UNACCEPTED)
			fprintf(to, "    %-24s: 0x%016llx\n", page_classes[report_order[i]].report,
				(unsigned long long)n);
	}
	fprintf(to, line, 19, "  Remaining pages", (unsigned long long)remaining);
	fprintf(to, "  (The number of pages is reduced to %llu%%.)\n",
		(unsigned long long)(p->input_pages ? remaining * 100 / p->input_pages : 0));
	fprintf(to, line, 16, "Memory Hole", (unsigned long long)(p->max_pfn - p->input_pages));
	fprintf(to, "--------------------------------------------------\n");
	fprintf(to, line, 16, "Total pages", (unsigned long long)p->max_pfn);
	fprintf(to, "Write bytes     : %llu\n", (unsigned long long)bytes_written);
	if (p->kept_image || p->kept_unreadable || p->kept_order)
		fprintf(to, "Kept for safety : %llu of the kernel image, %llu without a readable page struct, "
			    "%llu free blocks of impossible order\n",
			(unsigned long long)p->kept_image, (unsigned long long)p->kept_unreadable,
			(unsigned long long)p->kept_order);
}
