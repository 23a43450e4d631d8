/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user is told: message levels and the statistics, in the form that users of makedumpfile read. */
#ifndef FILTER_REPORT_H
#define FILTER_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "kdf.h"
#include "plan.h"

/* Bits of --message-level. */
enum {
	SAY_PROGRESS = 1, /* stderr */
	SAY_COMMON = 2,	  /* stdout */
	SAY_ERROR = 4,	  /* stderr; warnings too */
	SAY_DEBUG = 8,	  /* stderr */
	SAY_REPORT = 16,  /* stdout */
	SAY_DEFAULT = SAY_PROGRESS | SAY_COMMON | SAY_ERROR,
	SAY_ALL = 31,
};

struct report {
	unsigned says;
};

void say(const struct report *, unsigned level, const char *fmt, ...) KDF_PRINTF(3, 4);
void report_statistics(FILE *, const struct plan *, uint64_t bytes_written);

#endif
