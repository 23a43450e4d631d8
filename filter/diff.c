// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "compress.h"
#include "pages.h"

struct side {
	struct kdf *dump;
	struct plan plan;
	uint8_t *buf;
};

struct difference {
	struct side a, b;
	struct frame_runs only_a, only_b, bytes;
	uint64_t same, unreadable;
	uint64_t zeros; /* of the pages that only one has */
};

static bool has(const struct side *s, uint64_t pfn)
{
	return pfn < s->plan.max_pfn && s->plan.dumped[pfn / 8] >> pfn % 8 & 1 &&
	       kdf_page_state(s->dump, pfn) == KDF_PAGE_PRESENT;
}

static struct kdf_error *open_side(struct side *s, const char *path)
{
	const struct kdf_options small = { .cache_bytes = CACHE_BYTES };
	struct kdf_error *e = kdf_open(&path, 1, &small, &s->dump);

	if (e)
		return e;
	s->buf = malloc(kdf_info(s->dump)->page_size);
	return s->buf ? pages_as_they_are(s->dump, &s->plan) : kdf_err(KDF_NOMEM, "no memory for one page");
}

static void close_side(struct side *s)
{
	plan_free(&s->plan);
	free(s->buf);
	kdf_close(s->dump);
}

/* An ELF dump leaves pages of zeros out, and has zeros in place of short runs that were left out. */
static void count_zeros(struct difference *d, struct side *s, uint64_t pfn)
{
	bool zero = false;
	struct kdf_error *e = kdf_page_read(s->dump, pfn, s->buf, &zero);

	d->zeros += !e && (zero || kdf_all_zero(s->buf, kdf_info(s->dump)->page_size));
	kdf_error_free(e);
}

/* A page that one of them cannot give counts as different. */
static struct kdf_error *compare_page(struct difference *d, uint64_t pfn)
{
	bool a = has(&d->a, pfn), b = has(&d->b, pfn);

	if (!a || !b) {
		if (a || b) {
			frame_runs_add(a ? &d->only_a : &d->only_b, pfn);
			count_zeros(d, a ? &d->a : &d->b, pfn);
		}
		return NULL;
	}
	struct kdf_error *e = kdf_page_read(d->a.dump, pfn, d->a.buf, NULL);
	if (!e)
		e = kdf_page_read(d->b.dump, pfn, d->b.buf, NULL);
	if (kdf_error_code(e) == KDF_NOMEM)
		return e;
	d->unreadable += e != NULL;
	if (e || memcmp(d->a.buf, d->b.buf, kdf_info(d->a.dump)->page_size) != 0)
		frame_runs_add(&d->bytes, pfn);
	else
		d->same++;
	kdf_error_free(e);
	return NULL;
}

static struct kdf_error *compare(struct difference *d, FILE *to)
{
	uint64_t max = d->a.plan.max_pfn > d->b.plan.max_pfn ? d->a.plan.max_pfn : d->b.plan.max_pfn;
	struct kdf_progress progress;
	struct kdf_error *e = NULL;

	if (kdf_info(d->a.dump)->page_size != kdf_info(d->b.dump)->page_size)
		return kdf_err(KDF_MISMATCH, "the dumps have pages of %u and %u bytes", kdf_info(d->a.dump)->page_size,
			       kdf_info(d->b.dump)->page_size);
	kdf_progress_start(&progress, to, "Comparing", max, 0);
	for (uint64_t pfn = 0; !e && pfn < max; pfn++) {
		e = compare_page(d, pfn);
		kdf_progress_update(&progress, pfn);
		if (!e && kdf_interrupted())
			e = kdf_err(KDF_INTERRUPTED, "interrupted while comparing");
	}
	kdf_progress_end(&progress);
	return e;
}

static void tell(const struct settings *s, struct difference *d, FILE *to)
{
	frame_runs_end(&d->only_a);
	frame_runs_end(&d->only_b);
	frame_runs_end(&d->bytes);
	fprintf(to, "%llu pages are the same, %llu differ, %llu are only in %s, %llu only in %s\n",
		(unsigned long long)d->same, (unsigned long long)d->bytes.frames,
		(unsigned long long)d->only_a.frames, s->in[0], (unsigned long long)d->only_b.frames, s->in[1]);
	if (d->zeros)
		fprintf(to, "%llu of the pages that only one has are zeros\n", (unsigned long long)d->zeros);
	if (d->unreadable)
		fprintf(to, "%llu of those that differ cannot be read\n", (unsigned long long)d->unreadable);
	if (s->json)
		printf("{\"same\": %llu, \"different\": %llu, \"only_in_first\": %llu, \"only_in_second\": %llu, "
		       "\"unreadable\": %llu, \"only_in_one_zeros\": %llu}\n",
		       (unsigned long long)d->same, (unsigned long long)d->bytes.frames,
		       (unsigned long long)d->only_a.frames, (unsigned long long)d->only_b.frames,
		       (unsigned long long)d->unreadable, (unsigned long long)d->zeros);
}

struct kdf_error *job_diff(const struct settings *s)
{
	FILE *to = report_stream(&s->report);
	struct difference d = {
		.only_a = { .to = to, .text = "only in the first" },
		.only_b = { .to = to, .text = "only in the second" },
		.bytes = { .to = to, .text = "different" },
	};
	struct kdf_error *e = open_side(&d.a, s->in[0]);

	if (!e)
		e = open_side(&d.b, s->in[1]);
	if (!e)
		e = compare(&d, s->report.says & SAY_PROGRESS ? stderr : NULL);
	if (!e) {
		tell(s, &d, to);
		if (d.bytes.frames || d.only_a.frames || d.only_b.frames)
			e = kdf_err(KDF_MISMATCH, "'%s' and '%s' differ", s->in[0], s->in[1]);
	}
	close_side(&d.b);
	close_side(&d.a);
	return e;
}
