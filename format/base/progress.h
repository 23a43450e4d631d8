/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A progress line with rate and estimate. On a terminal one line is rewritten, at most five times a second; on
 * anything else (console, journal, file) a line appears at the start of every tenth and at most every 2 seconds.
 * Work that ends within the first second prints nothing. Not shared between threads.
 */
#ifndef KDF_BASE_PROGRESS_H
#define KDF_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct kdf_progress {
	FILE *to; /* NULL: silent */
	const char *label;
	uint64_t total, done;
	unsigned unit_size;    /* bytes that one step stands for; 0: steps are no bytes, no rate in MB/s */
	double start, last;    /* seconds, monotonic */
	unsigned next_percent; /* no terminal: when to print next */
	bool terminal, shown;
};

void kdf_progress_start(struct kdf_progress *, FILE *to, const char *label, uint64_t total, unsigned unit_size);
void kdf_progress_update(struct kdf_progress *, uint64_t done);
/* Ends the line; with what was reached. Safe to call when nothing was shown. */
void kdf_progress_end(struct kdf_progress *);
double kdf_monotonic_seconds(void);

#endif
