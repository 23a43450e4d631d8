// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats.h"

#include <string.h>

#include "base/interrupt.h"
#include "base/num.h"
#include "pages.h"

enum { METHODS_MAX = 8, SIZES = 8 };

struct method {
	uint32_t flags;
	uint64_t pages, bytes;
};

struct counts {
	uint64_t state[4]; /* by enum kdf_page_state */
	uint64_t shared;   /* pages that lie where the first shared page of zeros lies */
	struct method method[METHODS_MAX];
	size_t nmethods;
	uint64_t other; /* more methods than that */
	uint64_t size[SIZES + 1]; /* stored pages by eighths of a page */
};

static const char *const state_name[4] = {
	[KDF_PAGE_PRESENT] = "present",
	[KDF_PAGE_EXCLUDED] = "excluded",
	[KDF_PAGE_HOLE] = "hole",
	[KDF_PAGE_INCOMPLETE] = "missing",
};

static void count_method(struct counts *c, uint32_t flags, uint64_t bytes)
{
	size_t i = 0;

	while (i < c->nmethods && c->method[i].flags != flags)
		i++;
	if (i == METHODS_MAX) {
		c->other++;
		return;
	}
	if (i == c->nmethods)
		c->method[c->nmethods++].flags = flags;
	c->method[i].pages++;
	c->method[i].bytes += bytes;
}

/* The page of zeros comes up again and again; other pages do not lie where the one before lay. */
static void count_stored(struct counts *c, struct kdf_stored *stored, uint64_t pfn, uint32_t page_size,
			 uint64_t *last_raw)
{
	struct kdf_stored_page p;
	struct kdf_error *e = kdf_stored_find(stored, pfn, &p);

	if (e) {
		kdf_error_free(e);
		return;
	}
	bool again = !p.flags && p.offset == *last_raw;
	if (again) {
		c->shared++;
		return;
	}
	if (!p.flags && p.offset < *last_raw)
		*last_raw = p.offset;
	count_method(c, p.flags, p.size);
	c->size[p.size <= page_size ? (uint64_t)p.size * SIZES / page_size : SIZES]++;
}

static struct kdf_error *count_all(struct kdf *dump, struct kdf_stored *stored, struct counts *c)
{
	const struct kdf_info *info = kdf_info(dump);
	uint64_t lowest_raw = UINT64_MAX;
	struct kdf_error *e = pages_check_count(dump);

	if (e)
		return e;
	for (uint64_t pfn = 0; pages_next_kept(dump, &pfn); pfn++) {
		enum kdf_page_state state = kdf_page_state(dump, pfn);
		c->state[state]++;
		if (stored && state == KDF_PAGE_PRESENT)
			count_stored(c, stored, pfn, info->page_size, &lowest_raw);
		if (pfn % 4096 == 0 && kdf_interrupted())
			break;
	}
	/* A damaged file may have pages where it says that there is no RAM. */
	uint64_t kept = c->state[KDF_PAGE_PRESENT] + c->state[KDF_PAGE_INCOMPLETE];
	c->state[KDF_PAGE_EXCLUDED] = info->ram_pages > kept ? info->ram_pages - kept : 0;
	return kdf_interrupted() ? kdf_err(KDF_INTERRUPTED, "interrupted while counting pages") : NULL;
}

static const char *method_name(uint32_t flags)
{
	const struct kdf_codec *codec = flags ? kdf_codec_by_flag(flags) : NULL;

	return !flags ? "as they are" : codec ? codec->name : "unknown method";
}

static void print_text(FILE *to, const struct kdf *dump, const struct counts *c, uint32_t page_size)
{
	const struct kdf_info *info = kdf_info(dump);
	char size[32];

	fprintf(to, "format %s%s%s, level %d, %s, Linux %s, %u CPUs%s\n", info->format,
		info->flattened ? ", flattened" : "", info->split ? ", split" : "", info->dump_level, info->machine,
		info->release, info->nr_cpus, info->incomplete ? ", INCOMPLETE" : "");
	fprintf(to, "file size %llu bytes, %llu frames of RAM\n", (unsigned long long)info->file_size,
		(unsigned long long)info->ram_pages);
	for (unsigned i = 0; i < 4; i++)
		if (i != KDF_PAGE_HOLE)
			fprintf(to, "  %-16s %12llu pages  %s\n", state_name[i], (unsigned long long)c->state[i],
				kdf_format_size(c->state[i] * page_size, size, sizeof(size)));
	for (size_t i = 0; i < c->nmethods; i++)
		fprintf(to, "  %-16s %12llu pages  %s stored\n", method_name(c->method[i].flags),
			(unsigned long long)c->method[i].pages,
			kdf_format_size(c->method[i].bytes, size, sizeof(size)));
	if (c->shared)
		fprintf(to, "  %-16s %12llu pages\n", "zeros, shared", (unsigned long long)c->shared);
	if (c->other)
		fprintf(to, "  %-16s %12llu pages\n", "other methods", (unsigned long long)c->other);
	for (unsigned i = 0; c->nmethods && i <= SIZES; i++)
		if (c->size[i])
			fprintf(to, "  %s %5u bytes %12llu pages\n", i < SIZES ? "from" : "  of", i * page_size / SIZES,
				(unsigned long long)c->size[i]);
}

static void print_json(FILE *to, const char *path, const struct kdf *dump, const struct counts *c)
{
	const struct kdf_info *info = kdf_info(dump);

	fprintf(to, "{\"file\": ");
	json_text(to, path);
	fprintf(to, ", \"format\": ");
	json_text(to, info->format);
	fprintf(to, ", \"level\": %d, \"incomplete\": %s, \"file_size\": %llu, \"ram_pages\": %llu", info->dump_level,
		info->incomplete ? "true" : "false", (unsigned long long)info->file_size,
		(unsigned long long)info->ram_pages);
	for (unsigned i = 0; i < 4; i++)
		if (i != KDF_PAGE_HOLE)
			fprintf(to, ", \"%s\": %llu", state_name[i], (unsigned long long)c->state[i]);
	fprintf(to, ", \"shared_zeros\": %llu, \"stored\": {", (unsigned long long)c->shared);
	for (size_t i = 0; i < c->nmethods; i++) {
		fprintf(to, "%s", i ? ", " : "");
		json_text(to, method_name(c->method[i].flags));
		fprintf(to, ": {\"pages\": %llu, \"bytes\": %llu}", (unsigned long long)c->method[i].pages,
			(unsigned long long)c->method[i].bytes);
	}
	fprintf(to, "}}\n");
}

struct kdf_error *job_stats(const struct settings *s, struct kdf *dump)
{
	struct counts c = { 0 };
	struct kdf_stored *stored = NULL;
	struct kdf_error *e = NULL;

	if (!strcmp(kdf_info(dump)->format, "kdump-compressed"))
		e = kdf_stored_open(dump, &stored);
	if (!e)
		e = count_all(dump, stored, &c);
	if (!e && s->json)
		print_json(stdout, s->in[0], dump, &c);
	else if (!e)
		print_text(stdout, dump, &c, kdf_info(dump)->page_size);
	kdf_stored_close(stored);
	return e;
}
