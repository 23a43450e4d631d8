// SPDX-License-Identifier: GPL-2.0-or-later
#include "compress.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "mapped.h"

enum {
	BATCH_BYTES = 1 << 20, /* of input; 256 pages of 4 KiB */
	BATCH_PAGES_MIN = 16,
};

enum page_kind { PAGE_STORED, PAGE_ZERO, PAGE_UNREADABLE };

struct batch_page {
	uint64_t pfn;
	const uint8_t *data; /* into the batch's room, or into the mapped input */
	uint32_t size, flags;
	enum page_kind kind;
};

/* FREE -> (a worker takes it) -> WORKING -> READY -> (the writer has written it) -> FREE */
enum batch_state { BATCH_FREE, BATCH_WORKING, BATCH_READY };

struct batch {
	enum batch_state state;
	struct batch_page *page;
	size_t npages;
	uint8_t *room; /* compressed or copied pages */
	/* What the batch looked at of a mapped input, when that is one piece. */
	const uint8_t *mapped;
	size_t mapped_len;
};

struct pool {
	struct copy_job *job;
	uint32_t page_size;
	size_t batch_pages;
	struct batch *batch; /* a ring: batch number n lies in n % nbatch */
	size_t nbatch;

	/* Under the lock. Taken once per batch to take it, once to hand it over, once to have it back. */
	pthread_mutex_t lock;
	pthread_cond_t has_free, has_ready;
	size_t next_range;	 /* of job->first; those behind have been taken */
	uint64_t next_pfn;	 /* where the next batch begins to look for frames: in that range, then in all */
	struct frame_range *skip; /* the ranges that went first, sorted */
	size_t next_skip;
	uint64_t taken, written; /* numbers of batches */
	bool all_taken, stop;
};

/* What a worker has for itself. */
struct worker {
	struct pool *pool;
	pthread_t thread;
	void *codec_work;
	uint8_t *bounce; /* one page */
};

static size_t pages_per_batch(uint32_t page_size)
{
	size_t n = BATCH_BYTES / page_size;

	return n < BATCH_PAGES_MIN ? BATCH_PAGES_MIN : n;
}

uint64_t copy_memory_per_thread(uint32_t page_size)
{
	return 2 * (pages_per_batch(page_size) * (page_size + sizeof(struct batch_page))) + (512 << 10);
}

/* ---- Filling a batch ---- */

/* Frames of the bitmap in [p->next_pfn, end), until the batch is full. */
static void take_from(struct pool *p, struct batch *b, uint64_t end)
{
	const struct copy_job *job = p->job;
	uint64_t pfn = p->next_pfn;

	while (pfn < end && b->npages < p->batch_pages) {
		if (pfn % 64 == 0 && end - pfn >= 64) {
			uint64_t word;
			memcpy(&word, job->dumped + pfn / 8, 8);
			if (!word) {
				pfn += 64;
				continue;
			}
		}
		if (job->dumped[pfn / 8] >> pfn % 8 & 1)
			b->page[b->npages++].pfn = pfn;
		pfn++;
	}
	p->next_pfn = pfn;
}

/* Frames that go first. A batch holds ascending frames, so it ends where the ranges turn back. */
static void take_first(struct pool *p, struct batch *b)
{
	while (p->next_range < p->job->nfirst && b->npages < p->batch_pages) {
		const struct frame_range *r = &p->job->first[p->next_range];
		if (p->next_pfn < r->first || p->next_pfn > r->end)
			p->next_pfn = r->first;
		if (b->npages && p->next_pfn <= b->page[b->npages - 1].pfn)
			return;
		take_from(p, b, r->end);
		if (p->next_pfn < r->end)
			return;
		p->next_range++;
		p->next_pfn = 0;
	}
}

/* The others: what lies between the ranges that went first. */
static void take_rest(struct pool *p, struct batch *b)
{
	while (p->next_pfn < p->job->max_pfn && b->npages < p->batch_pages) {
		bool more = p->next_skip < p->job->nfirst;
		if (more && p->next_pfn == p->skip[p->next_skip].first) {
			p->next_pfn = p->skip[p->next_skip++].end;
			continue;
		}
		take_from(p, b, more ? p->skip[p->next_skip].first : p->job->max_pfn);
	}
}

/* The next frames; how many. Called under the lock: a walk over bits and ranges, nothing else. */
static size_t take_frames(struct pool *p, struct batch *b)
{
	b->npages = 0;
	take_first(p, b);
	if (!b->npages)
		take_rest(p, b);
	return b->npages;
}

static struct kdf_error *sort_first(struct pool *p)
{
	const struct copy_job *job = p->job;

	if (!job->nfirst)
		return NULL;
	p->skip = calloc(job->nfirst, sizeof(*p->skip));
	if (!p->skip)
		return kdf_err(KDF_NOMEM, "no memory for the order of the pages");
	memcpy(p->skip, job->first, job->nfirst * sizeof(*p->skip));
	qsort(p->skip, job->nfirst, sizeof(*p->skip), frame_range_compare);
	for (size_t i = 0; i < job->nfirst; i++)
		if (p->skip[i].first >= p->skip[i].end || p->skip[i].end > job->max_pfn ||
		    (i && p->skip[i].first < p->skip[i - 1].end)) {
			free(p->skip);
			return kdf_err(KDF_USAGE, "the frames that go first are not disjoint ranges");
		}
	return NULL;
}

/*
 * One page, whose content is at `content`, into its form for the file. stays: the content is still there when the
 * batch is written.
 */
static void shape_page(struct worker *w, struct batch_page *page, const uint8_t *content, bool stays, uint8_t *room)
{
	const struct copy_job *job = w->pool->job;
	uint32_t page_size = w->pool->page_size;

	page->kind = PAGE_STORED;
	page->flags = 0;
	page->size = page_size;
	if (job->find_zero && kdf_all_zero(content, page_size)) {
		page->kind = PAGE_ZERO;
		return;
	}
	if (job->codec) {
		/* Not smaller than the page: stored as it is, which readers tell by flags 0. */
		size_t size = job->codec->compress(w->codec_work, content, page_size, room, page_size - 1);
		if (size) {
			page->data = room;
			page->size = (uint32_t)size;
			page->flags = job->codec->flag;
			return;
		}
	}
	page->data = content;
	if (!stays) {
		memcpy(room, content, page_size);
		page->data = room;
	}
}

static void read_and_shape(struct worker *w, struct batch_page *page, uint8_t *room)
{
	struct pool *p = w->pool;
	bool zero = false;
	uint8_t *to = p->job->codec ? w->bounce : room;
	struct kdf_error *e = kdf_page_read(p->job->dump, page->pfn, to, &zero);

	if (e) {
		page->kind = PAGE_UNREADABLE;
		kdf_error_free(e);
	} else if (zero && p->job->find_zero) {
		page->kind = PAGE_ZERO;
	} else {
		shape_page(w, page, to, !p->job->codec, room);
	}
}

static void fill_batch(struct worker *w, struct batch *b)
{
	struct pool *p = w->pool;
	uint64_t span = b->page[b->npages - 1].pfn - b->page[0].pfn + 1;

	b->mapped = kdf_pages_mapped(p->job->dump, b->page[0].pfn, span);
	b->mapped_len = b->mapped ? span * p->page_size : 0;
	for (size_t i = 0; i < b->npages;) {
		size_t run = 1;
		while (i + run < b->npages && b->page[i + run].pfn == b->page[i].pfn + run)
			run++;
		/* Neighbours in memory are neighbours in the file: one look-up for all. */
		const uint8_t *mapped =
			b->mapped ? b->mapped + (b->page[i].pfn - b->page[0].pfn) * p->page_size
				  : kdf_pages_mapped(p->job->dump, b->page[i].pfn, run);
		for (size_t k = 0; k < run; k++, i++) {
			uint8_t *room = b->room + i * p->page_size;
			const uint8_t *content =
				mapped ? mapped + k * p->page_size : kdf_pages_mapped(p->job->dump, b->page[i].pfn, 1);
			if (content)
				shape_page(w, &b->page[i], content, true, room);
			else
				read_and_shape(w, &b->page[i], room);
		}
	}
}

/* ---- Writing a batch ---- */

static struct kdf_error *write_batch(struct copy_job *job, struct batch *b)
{
	struct kdf_error *e = NULL;

	for (size_t i = 0; !e && i < b->npages; i++) {
		const struct batch_page *page = &b->page[i];
		switch (page->kind) {
		case PAGE_ZERO:
			job->zero_pages++;
			e = kdf_writer_zero_page(job->writer, page->pfn);
			break;
		case PAGE_UNREADABLE:
			if (!job->unreadable++)
				job->first_unreadable = page->pfn;
			break;
		case PAGE_STORED:
			e = kdf_writer_page(job->writer, page->pfn, page->data, page->size, page->flags);
			break;
		}
	}
	mapped_release(b->mapped, b->mapped_len);
	return e;
}

/* ---- Workers ---- */

static struct kdf_error *worker_open(struct worker *w, struct pool *p)
{
	const struct kdf_codec *codec = p->job->codec;

	*w = (struct worker){ .pool = p, .bounce = malloc(p->page_size) };
	if (!w->bounce)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	return codec ? codec->open(codec->default_level, &w->codec_work) : NULL;
}

static void worker_close(struct worker *w)
{
	if (w->codec_work)
		w->pool->job->codec->close(w->codec_work);
	free(w->bounce);
}

/* The next batch of the ring with its frames; NULL: no more. Waits while the writer has not caught up. */
static struct batch *take_batch(struct pool *p)
{
	struct batch *b = NULL;

	pthread_mutex_lock(&p->lock);
	while (!p->stop && !p->all_taken && p->batch[p->taken % p->nbatch].state != BATCH_FREE)
		pthread_cond_wait(&p->has_free, &p->lock);
	if (!p->stop && !p->all_taken) {
		b = &p->batch[p->taken % p->nbatch];
		if (take_frames(p, b)) {
			b->state = BATCH_WORKING;
			p->taken++;
		} else {
			b = NULL;
			p->all_taken = true;
			pthread_cond_broadcast(&p->has_free);
			pthread_cond_signal(&p->has_ready);
		}
	}
	pthread_mutex_unlock(&p->lock);
	return b;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;

	for (struct batch *b; (b = take_batch(p));) {
		fill_batch(w, b);
		pthread_mutex_lock(&p->lock);
		b->state = BATCH_READY;
		if (b == &p->batch[p->written % p->nbatch])
			pthread_cond_signal(&p->has_ready);
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

/* The batch that is to be written next, when it is ready; NULL: all are written. */
static struct batch *wait_for_batch(struct pool *p)
{
	struct batch *b = &p->batch[p->written % p->nbatch];

	pthread_mutex_lock(&p->lock);
	while (b->state != BATCH_READY && !(p->all_taken && p->written == p->taken))
		pthread_cond_wait(&p->has_ready, &p->lock);
	if (b->state != BATCH_READY)
		b = NULL;
	pthread_mutex_unlock(&p->lock);
	return b;
}

static void give_back(struct pool *p, struct batch *b)
{
	pthread_mutex_lock(&p->lock);
	b->state = BATCH_FREE;
	p->written++;
	pthread_cond_signal(&p->has_free);
	pthread_mutex_unlock(&p->lock);
}

static void stop_workers(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->has_free);
	pthread_mutex_unlock(&p->lock);
}

/* ---- The whole ---- */

/* One thread: no locks, no waiting. */
static struct kdf_error *copy_alone(struct pool *p, struct kdf_progress *progress)
{
	struct worker w;
	uint64_t done = 0;
	struct kdf_error *e = worker_open(&w, p);

	while (!e && take_frames(p, &p->batch[0])) {
		if (kdf_interrupted()) {
			e = kdf_err(KDF_INTERRUPTED, "interrupted while copying pages");
			break;
		}
		fill_batch(&w, &p->batch[0]);
		e = write_batch(p->job, &p->batch[0]);
		done += p->batch[0].npages;
		kdf_progress_update(progress, done);
	}
	worker_close(&w);
	return e;
}

static struct kdf_error *write_all(struct pool *p, struct kdf_progress *progress)
{
	uint64_t done = 0;

	for (struct batch *b; (b = wait_for_batch(p));) {
		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted while copying pages");
		struct kdf_error *e = write_batch(p->job, b);
		if (e)
			return e;
		done += b->npages;
		give_back(p, b);
		kdf_progress_update(progress, done);
	}
	return NULL;
}

static struct kdf_error *copy_threaded(struct pool *p, struct kdf_progress *progress)
{
	unsigned opened = 0, started = 0;
	struct kdf_error *e = NULL;
	struct worker *w = calloc(p->job->threads, sizeof(*w));

	if (!w)
		return kdf_err(KDF_NOMEM, "no memory for %u threads", p->job->threads);
	while (!e && opened < p->job->threads)
		e = worker_open(&w[opened++], p);
	while (!e && started < opened && !pthread_create(&w[started].thread, NULL, worker_main, &w[started]))
		started++;
	if (!e)
		/* Fewer threads than asked for do the same work; with none at all this one does it. */
		e = started ? write_all(p, progress) : copy_alone(p, progress);
	stop_workers(p);
	for (unsigned i = 0; i < started; i++)
		pthread_join(w[i].thread, NULL);
	for (unsigned i = 0; i < opened; i++)
		worker_close(&w[i]);
	free(w);
	return e;
}

static bool make_batches(struct pool *p)
{
	p->batch = calloc(p->nbatch, sizeof(*p->batch));
	for (size_t i = 0; p->batch && i < p->nbatch; i++) {
		p->batch[i].page = calloc(p->batch_pages, sizeof(*p->batch[i].page));
		p->batch[i].room = malloc(p->batch_pages * p->page_size);
		if (!p->batch[i].page || !p->batch[i].room)
			return false;
	}
	return p->batch;
}

static void free_batches(struct pool *p)
{
	for (size_t i = 0; p->batch && i < p->nbatch; i++) {
		free(p->batch[i].page);
		free(p->batch[i].room);
	}
	free(p->batch);
}

struct kdf_error *copy_pages(struct copy_job *job)
{
	uint32_t page_size = kdf_info(job->dump)->page_size;
	struct kdf_progress progress;
	struct pool p = {
		.job = job,
		.page_size = page_size,
		.batch_pages = pages_per_batch(page_size),
		.nbatch = job->threads > 1 ? 2 * (size_t)job->threads + 1 : 1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.has_free = PTHREAD_COND_INITIALIZER,
		.has_ready = PTHREAD_COND_INITIALIZER,
	};

	struct kdf_error *unsorted = sort_first(&p);
	if (unsorted)
		return unsorted;
	if (!make_batches(&p)) {
		free_batches(&p);
		free(p.skip);
		return kdf_err(KDF_NOMEM, "no memory for %zu batches of pages", p.nbatch);
	}
	kdf_progress_start(&progress, job->progress, "Copying pages", job->total, page_size);
	struct kdf_error *e = job->threads > 1 ? copy_threaded(&p, &progress) : copy_alone(&p, &progress);
	kdf_progress_end(&progress);
	free_batches(&p);
	free(p.skip);
	return e;
}
