// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/progress.h"
#include "compress.h"
#include "output-file.h"
#include "output-head.h"
#include "split.h"
#include "zero.h"

enum { SPLIT_BLOCK = 1 << 20 }; /* bytes between possible boundaries */

static FILE *progress_to(const struct settings *s)
{
	return s->report.says & SAY_PROGRESS ? stderr : NULL;
}

void make_memory_plan(const struct settings *s, const struct kdf_info *info, struct memory_plan *m)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	memory_plan(info, s->threads ? s->threads : cpus > 0 ? (unsigned)cpus : 1, CACHE_BYTES, memory_free(),
		    s->memory_limit, m);
	if (m->tight)
		say(&s->report, SAY_ERROR, "warning: this takes %llu MiB of memory, more than there is (%llu MiB)\n",
		    (unsigned long long)m->peak >> 20,
		    (unsigned long long)(s->memory_limit ? s->memory_limit : m->free) >> 20);
}

/* ---- Choosing ---- */

static void warn(void *arg, const char *text)
{
	say(arg, SAY_ERROR, "warning: %s\n", text);
}

struct kdf_error *make_plan(const struct settings *s, struct kdf *dump, unsigned level, struct plan *plan)
{
	struct plan_options o = {
		.level = level,
		.warn = warn,
		.arg = (void *)(uintptr_t)&s->report,
		.progress = progress_to(s),
	};

	return plan_make(dump, &o, plan);
}

/* A header tells what is missing from the dump, so it holds what earlier filtering left out, too. */
static unsigned combined_level(const struct settings *s, const struct kdf_info *info, unsigned asked)
{
	unsigned level = asked | (info->dump_level > 0 ? (unsigned)info->dump_level & LEVEL_MAX : 0);

	if (asked && level != asked)
		say(&s->report, SAY_COMMON, "dump level becomes %u: the input was made with level %d\n", level,
		    info->dump_level);
	return level;
}

static void debug_plan(const struct settings *s, const struct plan *p)
{
	say(&s->report, SAY_DEBUG, "memory model: %s; %llu of %llu pages stay\n", p->model ? p->model : "not looked at",
	    (unsigned long long)p->dumped_pages, (unsigned long long)p->input_pages);
	for (size_t i = 0; i < p->nimage; i++)
		say(&s->report, SAY_DEBUG, "kernel image: frames %#llx to %#llx\n",
		    (unsigned long long)p->image[i].first, (unsigned long long)p->image[i].end);
}

/* ---- Copying ---- */

/* The frames of one output file. */
struct part {
	const char *path; /* for messages */
	int fd;
	const uint8_t *frames; /* to be copied: bits of the plan's bitmap */
	uint64_t pages, start, end;
	unsigned threads;
};

struct copied {
	uint64_t bytes, zero_pages, unreadable, first_unreadable;
};

static struct kdf_error *write_part(const struct settings *s, struct kdf *dump, const struct plan *plan,
				    const struct output_head *head, const struct part *part, struct copied *sum)
{
	struct kdf_writer_how how = head->how;
	struct kdf_writer *writer;

	how.discard = s->dry_run;
	how.limit = s->limit;
	how.split = s->split;
	how.start_pfn = part->start;
	how.end_pfn = part->end;
	struct kdf_error *e = kdf_writer_open_as(part->fd, &head->head, &how, &writer);
	if (e)
		return kdf_err_wrap(e, "writing '%s'", part->path);
	struct copy_job job = {
		.dump = dump,
		.writer = writer,
		.codec = s->codec,
		.dumped = part->frames,
		.max_pfn = plan->max_pfn,
		.total = part->pages,
		.find_zero = head->head.share_zero_page && s->format->compresses,
		.threads = part->threads,
		.progress = progress_to(s),
	};
	/* An ELF file that was cut short shall end early, not have holes: its frames go in their order. */
	if (s->format->compresses) {
		job.first = plan->order.first;
		job.nfirst = plan->order.n;
	}
	say(&s->report, SAY_DEBUG, "%u threads\n", job.threads);
	e = copy_pages(&job);
	sum->bytes += kdf_writer_bytes(writer);
	sum->zero_pages += job.zero_pages;
	if (job.unreadable && !sum->unreadable)
		sum->first_unreadable = job.first_unreadable;
	sum->unreadable += job.unreadable;
	struct kdf_error *e2 = kdf_writer_finish(writer, !e && !job.unreadable);
	kdf_error_free(e ? e2 : NULL);
	e = e ? e : e2;
	return e ? kdf_err_wrap(e, "writing '%s'", part->path) : NULL;
}

static struct kdf_error *open_part(const struct settings *s, struct part *part)
{
	part->fd = -1;
	if (s->dry_run)
		return NULL;
	return s->format->flattened ? output_stdout(&part->fd) : output_open(s, part->path, &part->fd);
}

static struct kdf_error *write_one(const struct settings *s, struct kdf *dump, const struct plan *plan,
				   const struct output_head *head, struct part *part, struct copied *sum)
{
	struct kdf_error *e = open_part(s, part);

	if (e)
		return e;
	e = write_part(s, dump, plan, head, part, sum);
	if (part->fd > STDERR_FILENO) {
		struct kdf_error *e2 = output_close(part->path, part->fd);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
	}
	return e;
}

static struct kdf_error *write_parts(const struct settings *s, struct kdf *dump, const struct plan *plan,
				     const struct output_head *head, unsigned threads, struct copied *sum)
{
	size_t n = s->nout ? s->nout : 1;
	uint64_t *end KDF_AUTO_FREE = calloc(n, sizeof(*end)), from = 0;
	struct kdf_error *e = NULL;
	uint64_t block = (s->split_block ? s->split_block : SPLIT_BLOCK) / kdf_info(dump)->page_size;

	if (!end)
		return kdf_err(KDF_NOMEM, "no memory for %zu parts", n);
	split_make(plan, block ? block : 1, n, end);
	for (size_t i = 0; !e && i < n; from = end[i++]) {
		struct part part = { .path = s->nout ? s->out[i] : "nothing", .start = from, .end = end[i],
				     .threads = threads };
		uint8_t *frames = split_bitmap(plan, from, end[i], &part.pages);
		part.frames = frames;
		e = frames ? write_one(s, dump, plan, head, &part, sum) : kdf_err(KDF_NOMEM, "no memory for a bitmap");
		free(frames);
	}
	return e;
}

struct kdf_error *write_outputs(const struct settings *s, struct kdf *dump, struct plan *plan, unsigned threads,
				uint64_t *bytes, bool *complete)
{
	struct output_head head;
	struct copied sum = { 0 };
	struct part whole = { .frames = plan->dumped, .pages = plan->dumped_pages, .end = plan->max_pfn,
			      .threads = threads };

	whole.path = s->nout ? s->out[0] : s->dry_run ? "nothing" : "standard output";
	*complete = false;
	struct kdf_error *e = output_head_make(dump, plan, s->format, s->codec, &head);
	if (!e && !s->format->compresses && plan->level & LEVEL_ZERO) {
		e = zero_pages_drop(dump, plan, progress_to(s));
		whole.pages = plan->dumped_pages;
	}
	if (!e && s->split)
		e = write_parts(s, dump, plan, &head, threads, &sum);
	else if (!e)
		e = write_one(s, dump, plan, &head, &whole, &sum);
	output_head_free(&head);
	*bytes = sum.bytes;
	plan->dropped[CLASS_ZERO] += sum.zero_pages;
	if (e || !sum.unreadable) {
		*complete = !e;
		return e;
	}
	return kdf_err(KDF_INCOMPLETE,
		       "%llu pages of '%s' could not be read (first: frame %#llx): the dump is marked as incomplete",
		       (unsigned long long)sum.unreadable, s->in[0], (unsigned long long)sum.first_unreadable);
}

/* ---- Telling ---- */

static void tell_run(const struct settings *s, const struct plan *plan, const struct run_facts *run,
		     const struct memory_plan *memory)
{
	if (s->json)
		report_json(stdout, plan, run);
	if (!s->statistics && !(s->report.says & SAY_REPORT))
		return;
	FILE *to = report_stream(&s->report);
	report_statistics(to, plan, run->bytes_written);
	fprintf(to, "Time            : pages chosen in %.2f s, copied in %.2f s\n", run->seconds_plan,
		run->seconds_copy);
	memory_report(to, memory);
}

static void tell_saved(const struct settings *s)
{
	if (s->dry_run)
		say(&s->report, SAY_COMMON, "Nothing was written (--dry-run).\n");
	for (size_t i = 0; !s->dry_run && i < s->nout; i++)
		say(&s->report, SAY_COMMON, "The dumpfile is saved to %s.\n", s->out[i]);
}

/* Takes away what the last try left, so that the next one has the room. */
static void remove_outputs(const struct settings *s)
{
	for (size_t i = 0; i < s->nout; i++)
		if (truncate(s->out[i], 0))
			unlink(s->out[i]);
}

/* One level, from the choice of pages to the last byte. */
static struct kdf_error *dump_at_level(const struct settings *s, struct kdf *dump, unsigned asked, bool last)
{
	const struct kdf_info *info = kdf_info(dump);
	struct plan plan;
	struct memory_plan memory;
	double start = kdf_monotonic_seconds();

	make_memory_plan(s, info, &memory);
	struct kdf_error *e = make_plan(s, dump, combined_level(s, info, asked), &plan);

	if (e)
		return e;
	struct run_facts run = {
		.in = s->in[0],
		.format = s->format->name,
		.codec = s->codec ? s->codec->name : "none",
		.threads = memory.threads,
		.memory = memory.peak,
		.seconds_plan = kdf_monotonic_seconds() - start,
	};
	debug_plan(s, &plan);
	e = write_outputs(s, dump, &plan, memory.threads, &run.bytes_written, &run.complete);
	run.seconds_copy = kdf_monotonic_seconds() - start - run.seconds_plan;
	if (last || kdf_error_code(e) != KDF_NO_SPACE)
		tell_run(s, &plan, &run, &memory);
	plan_free(&plan);
	return e;
}

struct kdf_error *job_dump(const struct settings *s, struct kdf *dump)
{
	/* A stream cannot be taken back: the first level is the only one. */
	size_t n = s->format->flattened ? 1 : s->nlevels;
	struct settings again = *s;
	struct kdf_error *e = NULL;

	if (n < s->nlevels)
		say(&s->report, SAY_COMMON, "of the levels only %u is used: a stream cannot be begun again\n",
		    s->level[0]);
	for (size_t i = 0; i < n; i++) {
		kdf_error_free(e);
		e = dump_at_level(&again, dump, s->level[i], i + 1 == n);
		if (kdf_error_code(e) != KDF_NO_SPACE || i + 1 == n)
			break;
		say(&s->report, SAY_ERROR, "%s\n", kdf_error_text(e));
		say(&s->report, SAY_ERROR, "no space at level %u: begins again with level %u\n", s->level[i],
		    s->level[i + 1]);
		if (!s->dry_run)
			remove_outputs(s);
		again.force = true; /* what is there now is ours */
	}
	if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
		tell_saved(s);
	return e;
}
