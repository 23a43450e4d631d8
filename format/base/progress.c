// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <time.h>
#include <unistd.h>

double kdf_monotonic_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void kdf_progress_start(struct kdf_progress *p, FILE *to, const char *label, uint64_t total, unsigned unit_size)
{
	*p = (struct kdf_progress){ .to = to, .label = label, .total = total, .unit_size = unit_size };
	p->start = p->last = kdf_monotonic_seconds();
	p->terminal = to && isatty(fileno(to));
}

static void show(struct kdf_progress *p, double now)
{
	double passed = now - p->start;
	unsigned percent = p->total ? (unsigned)((double)p->done * 100 / (double)p->total) : 100;

	fprintf(p->to, "%s%s: %3u %%", p->terminal ? "\r" : "", p->label, percent > 100 ? 100 : percent);
	if (p->unit_size && passed > 0)
		fprintf(p->to, ", %.0f MB/s", (double)p->done * p->unit_size / passed / 1e6);
	if (p->done && p->done < p->total)
		fprintf(p->to, ", %.0f s left", passed * (double)(p->total - p->done) / (double)p->done);
	fputs(p->terminal ? "\033[K" : "\n", p->to);
	fflush(p->to);
	p->last = now;
	p->shown = true;
	p->next_percent = percent / 10 * 10 + 10;
}

void kdf_progress_update(struct kdf_progress *p, uint64_t done)
{
	p->done = done;
	if (!p->to)
		return;
	double now = kdf_monotonic_seconds();
	if (now - p->start < 1)
		return;
	if (p->terminal ? now - p->last < 0.2 : now - p->last < 2 || done * 100 < p->next_percent * p->total)
		return;
	show(p, now);
}

void kdf_progress_end(struct kdf_progress *p)
{
	if (!p->to || !p->shown)
		return;
	show(p, kdf_monotonic_seconds());
	if (p->terminal) {
		fputc('\n', p->to);
		fflush(p->to);
	}
}
