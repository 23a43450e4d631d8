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
		vfprintf(report_stream(r), fmt, ap);
	} else {
		fputs("kdx-filter: ", stderr);
		vfprintf(stderr, fmt, ap);
	}
	va_end(ap);
}

FILE *report_stream(const struct report *r)
{
	return r->to_stderr ? stderr : stdout;
}

/* Order of the lines, as makedumpfile has them; the classes it does not know come behind. */
static const enum page_class_id first_classes[] = {
	CLASS_ZERO, CLASS_CACHE, CLASS_CACHE_PRIVATE, CLASS_USER, CLASS_FREE, CLASS_HWPOISON, CLASS_OFFLINE,
};

enum { NFIRST = sizeof(first_classes) / sizeof(*first_classes) };

static bool comes_first(unsigned id)
{
	for (size_t i = 0; i < NFIRST; i++)
		if (first_classes[i] == id)
			return true;
	return false;
}

static void class_line(FILE *to, const struct plan *p, unsigned id)
{
	fprintf(to, "    %-24s: 0x%016llx\n", page_classes[id].report, (unsigned long long)p->dropped[id]);
}

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
	for (size_t i = 0; i < NFIRST; i++)
		class_line(to, p, first_classes[i]);
	for (unsigned id = 0; id < CLASS_COUNT; id++)
		if (p->dropped[id] && !comes_first(id))
			class_line(to, p, id);
	fprintf(to, line, 19, "  Remaining pages", (unsigned long long)remaining);
	fprintf(to, "  (The number of pages is reduced to %llu%%.)\n",
		(unsigned long long)(p->input_pages ? remaining * 100 / p->input_pages : 0));
	fprintf(to, line, 16, "Memory Hole", (unsigned long long)(p->max_pfn - p->input_pages));
	fprintf(to, "--------------------------------------------------\n");
	fprintf(to, line, 16, "Total pages", (unsigned long long)p->max_pfn);
	fprintf(to, "Write bytes     : %llu\n", (unsigned long long)bytes_written);
	if (p->kept_image || p->kept_unreadable || p->kept_order || p->kept_lists)
		fprintf(to, "Kept for safety : %llu of the kernel image, %llu without a readable page struct, "
			    "%llu free blocks of impossible order, %llu lists of free pages\n",
			(unsigned long long)p->kept_image, (unsigned long long)p->kept_unreadable,
			(unsigned long long)p->kept_order, (unsigned long long)p->kept_lists);
	if (p->checked)
		fprintf(to, "Self-check      : %llu frames that the kernel cannot do without%s\n",
			(unsigned long long)p->checked,
			p->fell_back ? ", some were about to go: nothing is left out by its kind" : " are in the dump");
}

/* ---- JSON ---- */

void json_text(FILE *to, const char *text)
{
	putc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < ' ' || c >= 127) /* file names may be in any encoding: each byte as a Latin-1 character */
			fprintf(to, "\\u%04x", c);
		else
			putc(c, to);
	}
	putc('"', to);
}

static void json_number(FILE *to, const char *key, uint64_t value)
{
	fprintf(to, ",\n  \"%s\": %llu", key, (unsigned long long)value);
}

static void json_string(FILE *to, const char *key, const char *value)
{
	fprintf(to, ",\n  \"%s\": ", key);
	json_text(to, value);
}

void report_json(FILE *to, const struct plan *p, const struct run_facts *run)
{
	uint64_t excluded = excluded_pages(p);
	const char *comma = "";

	fprintf(to, "{\n  \"input\": ");
	json_text(to, run->in);
	json_string(to, "format", run->format);
	json_string(to, "compression", run->codec);
	json_number(to, "level", p->level);
	fprintf(to, ",\n  \"complete\": %s", run->complete ? "true" : "false");
	json_number(to, "frames", p->max_pfn);
	json_number(to, "input_pages", p->input_pages);
	json_number(to, "excluded_pages", excluded);
	json_number(to, "remaining_pages", p->input_pages - excluded);
	fprintf(to, ",\n  \"excluded\": {");
	for (unsigned id = 0; id < CLASS_COUNT; id++) {
		fprintf(to, "%s", comma);
		json_text(to, page_classes[id].name);
		fprintf(to, ": %llu", (unsigned long long)p->dropped[id]);
		comma = ", ";
	}
	fprintf(to, "},\n  \"kept_for_safety\": {\"kernel_image\": %llu, \"unreadable_struct\": %llu, "
		    "\"impossible_order\": %llu, \"lists_of_free_pages\": %llu}",
		(unsigned long long)p->kept_image, (unsigned long long)p->kept_unreadable,
		(unsigned long long)p->kept_order, (unsigned long long)p->kept_lists);
	json_number(to, "self_check_frames", p->checked);
	fprintf(to, ",\n  \"fell_back\": %s", p->fell_back ? "true" : "false");
	json_number(to, "bytes_written", run->bytes_written);
	json_number(to, "threads", run->threads);
	json_number(to, "memory_planned", run->memory);
	fprintf(to, ",\n  \"seconds_choosing\": %.3f,\n  \"seconds_copying\": %.3f\n}\n", run->seconds_plan,
		run->seconds_copy);
}
