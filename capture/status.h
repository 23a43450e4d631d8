/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of one capture, written beside the dump as kdx-status.json (fields: capture/README.md). Whoever comes
 * after the restart, program or person, reads there what was saved, where, how long it took and what failed.
 */
#ifndef KDX_CAPTURE_STATUS_H
#define KDX_CAPTURE_STATUS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "logs.h"
#include "run.h"

enum { STATUS_ERRORS_MAX = 16 };

enum capture_result { CAPTURE_FAILED, CAPTURE_SAVED, CAPTURE_SKIPPED, CAPTURE_LOG_ONLY };

struct status {
	enum capture_result result;
	char host[65], crash_kernel[65];
	char folder[PATH_MAX], target_type[32], device[PATH_MAX];
	char collector[512];
	int level;		   /* dump level of the collector's -d; -1 unknown */
	time_t started;
	double uptime_at_start;	   /* seconds since the crash kernel began */
	double seconds, log_seconds, core_seconds;
	uint64_t core_bytes, free_before;
	int collector_exit;	   /* -1: did not run */
	uint64_t collector_peak;
	struct crash_facts crash;
	struct memory_watch memory;
	struct {
		const char *step; /* static text */
		char text[400];
	} error[STATUS_ERRORS_MAX];
	unsigned nerrors; /* may be larger than STATUS_ERRORS_MAX: the later ones have no text */
};

const char *capture_result_name(enum capture_result);
void status_error(struct status *, const char *step, const char *text);
struct kdf_error *status_json(const struct status *, struct kdf_buf *out) KDF_MUST_CHECK;
/* "-d 31", "-d31", "-ld31", "-d 31,17" (the first) among a collector's words; -1: none. */
int collector_level(char *const words[]);

#endif
