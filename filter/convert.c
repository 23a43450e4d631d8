// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "compress.h"
#include "dump.h"
#include "output-file.h"
#include "output-head.h"
#include "pages.h"

/* ---- Pages as they are stored ---- */

struct stored_copy {
	const struct settings *settings;
	struct kdf *dump;
	struct kdf_stored *stored;
	struct kdf_writer *writer;
	struct kdf_progress progress;
	const struct plan *plan;
	bool share_zero, check; /* check: only pages whose content can be read */
	uint32_t page_size;
	uint8_t *bytes, *content; /* one page each */
	uint64_t done, lost;
};

/* What is stored, into c->bytes. */
static struct kdf_error *fetch(struct stored_copy *c, uint64_t pfn, struct kdf_stored_page *page)
{
	struct kdf_error *e = kdf_stored_find(c->stored, pfn, page);

	if (!e)
		e = kdf_stored_read(c->stored, page, c->bytes);
	/* A page that nobody could decompress is a lost one. */
	if (!e && c->check)
		e = kdf_page_read(c->dump, pfn, c->content, NULL);
	return e;
}

static struct kdf_error *copy_page(struct stored_copy *c, uint64_t pfn)
{
	struct kdf_stored_page page;
	struct kdf_error *e = fetch(c, pfn, &page);

	if (e) {
		/* Not the file's fault: it would all be missing. */
		if (kdf_error_code(e) == KDF_NOMEM || kdf_error_code(e) == KDF_UNSUPPORTED)
			return e;
		kdf_error_free(e);
		c->lost++;
		return NULL;
	}
	if (!page.flags && c->share_zero && page.size == c->page_size && kdf_all_zero(c->bytes, c->page_size))
		return kdf_writer_zero_page(c->writer, pfn);
	return kdf_writer_page(c->writer, pfn, c->bytes, page.size, page.flags);
}

static struct kdf_error *copy_frames(struct stored_copy *c, uint64_t from, uint64_t to)
{
	struct kdf_error *e = NULL;

	for (uint64_t pfn = from; !e && pages_next(c->plan, &pfn) && pfn < to; pfn++) {
		e = copy_page(c, pfn);
		if (!e && kdf_interrupted())
			e = kdf_err(KDF_INTERRUPTED, "interrupted while copying pages");
		kdf_progress_update(&c->progress, ++c->done);
	}
	return e;
}

/* In the order in which copy_pages() would have put them. */
static struct kdf_error *copy_in_order(struct stored_copy *c)
{
	const struct copy_order *o = &c->plan->order;
	struct frame_range *sorted KDF_AUTO_FREE = calloc(o->n + 1, sizeof(*sorted));
	struct kdf_error *e = NULL;
	uint64_t at = 0;

	if (!sorted)
		return kdf_err(KDF_NOMEM, "no memory for the order of the pages");
	for (size_t i = 0; !e && i < o->n; i++) {
		sorted[i] = o->first[i];
		e = copy_frames(c, o->first[i].first, o->first[i].end);
	}
	qsort(sorted, o->n, sizeof(*sorted), frame_range_compare);
	for (size_t i = 0; !e && i < o->n; i++) {
		e = copy_frames(c, at, sorted[i].first);
		at = sorted[i].end;
	}
	return e ? e : copy_frames(c, at, c->plan->max_pfn);
}

static struct kdf_error *open_copy(struct stored_copy *c)
{
	c->page_size = kdf_info(c->dump)->page_size;
	c->bytes = malloc(c->page_size);
	c->content = malloc(c->page_size);
	if (!c->bytes || !c->content)
		return kdf_err(KDF_NOMEM, "no memory for two pages");
	return kdf_stored_open(c->dump, &c->stored);
}

static void close_copy(struct stored_copy *c)
{
	free(c->bytes);
	free(c->content);
	kdf_stored_close(c->stored);
}

/* ---- One output ---- */

/* All pages of the plan into OUT. codec: what the header says. */
static struct kdf_error *copy_to(struct stored_copy *c, int fd, const struct kdf_codec *codec)
{
	const struct settings *s = c->settings;
	struct output_head head;
	struct kdf_error *e = output_head_make(c->dump, c->plan, s->format, codec, &head);

	if (!e)
		e = open_copy(c);
	if (!e) {
		head.how.limit = s->limit;
		c->share_zero = head.head.share_zero_page;
		e = kdf_writer_open_as(fd, &head.head, &head.how, &c->writer);
	}
	if (!e) {
		kdf_progress_start(&c->progress, s->report.says & SAY_PROGRESS ? stderr : NULL, "Copying pages",
				   c->plan->dumped_pages, c->page_size);
		e = copy_in_order(c);
		kdf_progress_end(&c->progress);
		struct kdf_error *e2 = kdf_writer_finish(c->writer, !e && !c->lost);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
	}
	output_head_free(&head);
	return e;
}

static const struct kdf_codec *codec_of(const struct kdf *dump)
{
	return kdf_codec_by_name(kdf_info(dump)->compression);
}

static const char *out_name(const struct settings *s)
{
	return s->nout ? s->out[0] : "standard output";
}

/* From opening OUT to closing it. */
static struct kdf_error *write_copy(struct stored_copy *c, const struct kdf_codec *codec)
{
	const struct settings *s = c->settings;
	int fd = -1;
	struct kdf_error *e = s->format->flattened ? output_stdout(&fd) : output_open(s, s->out[0], &fd);

	if (e)
		return e;
	e = copy_to(c, fd, codec);
	if (e)
		e = kdf_err_wrap(e, "writing '%s'", out_name(s));
	if (!s->format->flattened) {
		struct kdf_error *e2 = output_close(s->out[0], fd);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
	}
	return e;
}

static void tell_lost(struct stored_copy *c)
{
	if (c->lost)
		say(&c->settings->report, SAY_ERROR,
		    "%llu of %llu pages are missing (kdx-filter verify tells which)\n", (unsigned long long)c->lost,
		    (unsigned long long)c->plan->dumped_pages);
}

static void tell_saved(const struct settings *s)
{
	for (size_t i = 0; i < s->nout; i++)
		say(&s->report, SAY_COMMON, "The dumpfile is saved to %s.\n", s->out[i]);
}

static struct kdf_error *lost_error(const struct stored_copy *c)
{
	if (c->lost == c->plan->dumped_pages)
		return kdf_err(KDF_CORRUPT, "no page of '%s' could be read", c->settings->in[0]);
	return kdf_err(KDF_INCOMPLETE, "%llu pages of '%s' could not be read: the dump is marked as incomplete",
		       (unsigned long long)c->lost, c->settings->in[0]);
}

/* ---- The jobs ---- */

/* Without a decompressed page in between. */
static struct kdf_error *copy_as_stored(const struct settings *s, struct kdf *dump, struct plan *plan, bool check)
{
	struct stored_copy c = { .settings = s, .dump = dump, .plan = plan, .check = check };
	struct kdf_error *e = write_copy(&c, codec_of(dump));
	if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
		tell_lost(&c);
	if (!e && c.lost)
		e = lost_error(&c);
	close_copy(&c);
	return e;
}

/* Through the workers. */
static struct kdf_error *copy_anew(const struct settings *s, struct kdf *dump, struct plan *plan)
{
	struct memory_plan memory;
	uint64_t bytes;
	bool complete;
	/* Zeros of an ELF file's short gaps and of a level 0 dump stay what they are: pages. */
	unsigned level = plan->level;

	if (!s->format->compresses)
		plan->level &= ~(unsigned)LEVEL_ZERO; /* none is to be taken out now */
	make_memory_plan(s, kdf_info(dump), &memory);
	struct kdf_error *e = write_outputs(s, dump, plan, memory.threads, &bytes, &complete);
	plan->level = level;
	return e;
}

/* With which level the pages were compressed is not known: only one that was asked for is a reason to do it anew. */
static bool keeps_codec(const struct settings *s, const struct kdf *dump)
{
	const struct kdf_codec *has = codec_of(dump);

	if (!s->codec_given)
		return true;
	if (!s->codec || !has)
		return !s->codec && !has;
	return s->codec->flag == has->flag && s->codec->default_level == has->default_level;
}

struct kdf_error *job_convert(const struct settings *s, struct kdf *dump)
{
	bool kdump = !strcmp(kdf_info(dump)->format, "kdump-compressed");
	struct plan plan;
	struct kdf_error *e = pages_as_they_are(dump, &plan);

	if (e)
		return e;
	if (s->format->compresses)
		pages_order(dump, &plan);
	if (kdump && s->format->compresses && keeps_codec(s, dump))
		e = copy_as_stored(s, dump, &plan, false);
	else
		e = copy_anew(s, dump, &plan);
	if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
		tell_saved(s);
	plan_free(&plan);
	return e;
}

struct kdf_error *job_reassemble(const struct settings *s, struct kdf *dump)
{
	struct plan plan;
	struct kdf_error *e = pages_as_they_are(dump, &plan);

	if (e)
		return e;
	pages_order(dump, &plan);
	e = copy_as_stored(s, dump, &plan, false);
	if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
		tell_saved(s);
	plan_free(&plan);
	return e;
}

struct kdf_error *job_salvage(const struct settings *s, struct kdf *dump)
{
	bool kdump = !strcmp(kdf_info(dump)->format, "kdump-compressed");
	struct plan plan;
	struct kdf_error *e = pages_as_they_are(dump, &plan);

	if (e)
		return e;
	pages_order(dump, &plan);
	if (kdump)
		e = copy_as_stored(s, dump, &plan, true);
	else
		e = copy_anew(s, dump, &plan);
	if (!e)
		say(&s->report, SAY_COMMON, "No page is missing.\n");
	/* An incomplete dump is what was to be made. */
	if (kdf_error_code(e) == KDF_INCOMPLETE) {
		say(&s->report, SAY_ERROR, "%s\n", kdf_error_text(e));
		kdf_error_free(e);
		e = NULL;
	}
	if (!e)
		tell_saved(s);
	plan_free(&plan);
	return e;
}
