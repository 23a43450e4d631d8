// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "mapped.h"
#include "pages.h"

struct check {
	struct kdf *dump;
	struct kdf_stored *stored; /* NULL: pages have no descriptors */
	uint32_t page_size;
	uint8_t *buf;
	struct frame_runs missing, damaged;
	struct verify_result *result;
	char first_damage[512];
};

static void note_damage(struct check *c, uint64_t pfn, const char *why)
{
	if (!c->result->damaged++)
		snprintf(c->first_damage, sizeof(c->first_damage), "%s", why);
	frame_runs_add(&c->damaged, pfn);
}

/* What a reader would trip over even though the bytes can be had. NULL: nothing. */
static const char *descriptor_fault(const struct check *c, const struct kdf_stored_page *p)
{
	uint64_t headers = 2 * (uint64_t)c->page_size;

	if (p->offset < headers)
		return "its bytes lie in the header";
	if (p->size > c->page_size)
		return "stored in more bytes than a page has";
	return NULL;
}

/* Only running out of memory and the like are errors. */
static struct kdf_error *check_page(struct check *c, uint64_t pfn)
{
	const uint8_t *mapped = c->stored ? NULL : kdf_pages_mapped(c->dump, pfn, 1);
	struct kdf_stored_page page;
	struct kdf_error *e = NULL;

	c->result->pages++;
	if (kdf_page_state(c->dump, pfn) == KDF_PAGE_INCOMPLETE) {
		c->result->missing++;
		frame_runs_add(&c->missing, pfn);
		return NULL;
	}
	if (c->stored) {
		e = kdf_stored_find(c->stored, pfn, &page);
		const char *fault = e ? NULL : descriptor_fault(c, &page);
		if (fault) {
			note_damage(c, pfn, fault);
			return NULL;
		}
	}
	/* ELF: the bytes are there, and there is nothing to check them by. */
	if (!e && !mapped)
		e = kdf_page_read(c->dump, pfn, c->buf, NULL);
	switch (kdf_error_code(e)) {
	case KDF_OK:
		return NULL;
	case KDF_NOMEM:
	case KDF_INTERRUPTED:
	case KDF_UNSUPPORTED:
		return e;
	default:
		note_damage(c, pfn, kdf_error_text(e));
		kdf_error_free(e);
		return NULL;
	}
}

static struct kdf_error *check_pages(struct check *c, const struct plan *plan, FILE *to)
{
	struct kdf_progress progress;
	struct kdf_error *e = NULL;
	uint64_t done = 0;

	kdf_progress_start(&progress, to, "Verifying", plan->dumped_pages, c->page_size);
	for (uint64_t pfn = 0; !e && pages_next(plan, &pfn); pfn++) {
		e = check_page(c, pfn);
		kdf_progress_update(&progress, ++done);
		if (!e && kdf_interrupted())
			e = kdf_err(KDF_INTERRUPTED, "interrupted while verifying");
	}
	kdf_progress_end(&progress);
	return e;
}

struct kdf_error *verify_dump(struct kdf *dump, FILE *to, FILE *progress, struct verify_result *result)
{
	const struct kdf_info *info = kdf_info(dump);
	struct check c = {
		.dump = dump,
		.page_size = info->page_size,
		.missing = { .to = to, .text = "missing" },
		.damaged = { .to = to, .text = "damaged" },
		.result = result,
	};
	struct plan plan;
	struct kdf_error *e = pages_as_they_are(dump, &plan);

	*result = (struct verify_result){ .marked = info->incomplete };
	if (e)
		return e;
	c.buf = malloc(info->page_size);
	if (!c.buf)
		e = kdf_err(KDF_NOMEM, "no memory for one page");
	if (!e && !strcmp(info->format, "kdump-compressed"))
		e = kdf_stored_open(dump, &c.stored);
	if (!e)
		e = check_pages(&c, &plan, progress);
	frame_runs_end(&c.missing);
	frame_runs_end(&c.damaged);
	if (c.first_damage[0])
		fprintf(to, "  first damage: %s\n", c.first_damage);
	kdf_stored_close(c.stored);
	free(c.buf);
	plan_free(&plan);
	return e;
}

/* ---- Files ---- */

static void tell(FILE *to, const char *path, const struct kdf *dump, const struct verify_result *r)
{
	const struct kdf_info *info = kdf_info(dump);

	fprintf(to, "%s: %s%s, %llu pages: ", path, info->format, info->flattened ? " (flattened)" : "",
		(unsigned long long)r->pages);
	if (r->damaged || r->missing)
		fprintf(to, "%llu damaged, %llu missing\n", (unsigned long long)r->damaged,
			(unsigned long long)r->missing);
	else
		fprintf(to, "%s\n", r->marked ? "all are there, but the dump is marked as incomplete" : "whole");
	if (!kdf_vmcoreinfo(dump, NULL))
		fprintf(to, "  no VMCOREINFO\n");
	if (!kdf_note_count(dump))
		fprintf(to, "  no notes\n");
}

static void tell_json(const char *path, const struct verify_result *r, const char *comma)
{
	printf("%s\n  {\"file\": ", comma);
	json_text(stdout, path);
	printf(", \"pages\": %llu, \"missing\": %llu, \"damaged\": %llu, \"marked_incomplete\": %s}",
	       (unsigned long long)r->pages, (unsigned long long)r->missing, (unsigned long long)r->damaged,
	       r->marked ? "true" : "false");
}

static struct kdf_error *verify_file(const struct settings *s, const char *const *paths, size_t n, const char *comma)
{
	const struct kdf_options small = { .cache_bytes = CACHE_BYTES };
	struct verify_result r;
	struct kdf *dump;
	struct kdf_error *e = kdf_open(paths, n, &small, &dump);

	if (e)
		return e;
	FILE *to = report_stream(&s->report);
	e = verify_dump(dump, to, s->report.says & SAY_PROGRESS ? stderr : NULL, &r);
	if (!e) {
		tell(to, paths[0], dump, &r);
		if (s->json)
			tell_json(paths[0], &r, comma);
	}
	kdf_close(dump);
	if (!e && r.damaged)
		e = kdf_err(KDF_CORRUPT, "'%s' is damaged", paths[0]);
	if (!e && (r.missing || r.marked))
		e = kdf_err(KDF_INCOMPLETE, "'%s' is incomplete", paths[0]);
	return e;
}

/* A part of a split set says so; its set is what was given. */
static bool is_split(const char *path)
{
	const struct kdf_options small = { .cache_bytes = 1 << 20 };
	struct kdf *dump;
	struct kdf_error *e = kdf_open(&path, 1, &small, &dump);
	bool split = !e && kdf_info(dump)->split;

	if (!e)
		kdf_close(dump);
	kdf_error_free(e);
	return split;
}

struct kdf_error *job_verify(const struct settings *s)
{
	struct kdf_error *worst = NULL;

	if (s->json)
		printf("[");
	if (s->nin > 1 && is_split(s->in[0]))
		worst = verify_file(s, s->in, s->nin, "");
	else
		for (size_t i = 0; i < s->nin && kdf_error_code(worst) != KDF_INTERRUPTED; i++) {
			struct kdf_error *e = verify_file(s, &s->in[i], 1, i ? "," : "");
			bool worse = e && (!worst || kdf_error_code(worst) == KDF_INCOMPLETE ||
					   kdf_error_code(e) == KDF_INTERRUPTED);
			if (worst && e)
				say(&s->report, SAY_ERROR, "%s\n", kdf_error_text(worse ? worst : e));
			kdf_error_free(worse ? worst : e);
			worst = worse ? e : worst;
		}
	if (s->json)
		printf("\n]\n");
	return worst;
}
