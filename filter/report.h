/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user is told: message levels and the statistics, in the form that users of makedumpfile read. */
#ifndef FILTER_REPORT_H
#define FILTER_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kdf.h"
#include "plan.h"

/* Bits of --message-level. */
enum {
	SAY_PROGRESS = 1, /* stderr */
	SAY_COMMON = 2,	  /* stdout, unless that carries something else */
	SAY_ERROR = 4,	  /* stderr; warnings too */
	SAY_DEBUG = 8,	  /* stderr */
	SAY_REPORT = 16,  /* stdout */
	SAY_DEFAULT = SAY_PROGRESS | SAY_COMMON | SAY_ERROR,
	SAY_ALL = 31,
};

struct report {
	unsigned says;
	bool to_stderr; /* standard output carries the dump, or JSON */
};

void say(const struct report *, unsigned level, const char *fmt, ...) KDF_PRINTF(3, 4);
/* Where messages of SAY_COMMON and SAY_REPORT go. */
FILE *report_stream(const struct report *);
void report_statistics(FILE *, const struct plan *, uint64_t bytes_written);

/* What a run did, beyond the plan. */
struct run_facts {
	const char *in, *format, *codec; /* codec "none": pages as they are */
	uint64_t bytes_written;
	double seconds_plan, seconds_copy;
	unsigned threads;
	uint64_t memory; /* bytes, planned */
	bool complete;
};

/* One JSON object; counts of pages are true ones: each frame once. */
void report_json(FILE *, const struct plan *, const struct run_facts *);
/* Text as a JSON string, with quotes. */
void json_text(FILE *, const char *);

#endif
