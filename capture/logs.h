/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two kernel logs beside a dump: the dead kernel's, out of the vmcore (vmcore-dmesg.txt), and the crash
 * kernel's own (kexec-dmesg.log). Both look as `dmesg` prints them.
 */
#ifndef KDX_CAPTURE_LOGS_H
#define KDX_CAPTURE_LOGS_H

#include <stdint.h>

#include "base/error.h"

struct crash_facts {
	uint64_t log_bytes, log_records, log_lost;
	int64_t crash_time;    /* seconds since 1970; 0: unknown */
	char release[65];      /* of the dead kernel; "" unknown */
	uint64_t vmcore_bytes; /* size of the vmcore that was read */
};

/* Opens the vmcore, writes its log to fd. *facts is filled as far as it got, also on error. */
struct kdf_error *save_crash_log(const char *vmcore, int fd, struct crash_facts *facts) KDF_MUST_CHECK;

/* When nothing can be saved: the last `lines` lines of the dead kernel's log, one call each. */
typedef void log_line_fn(void *arg, const char *line);
struct kdf_error *show_crash_log_end(const char *vmcore, unsigned lines, log_line_fn *fn, void *arg) KDF_MUST_CHECK;

/* This kernel's log to fd. */
struct kdf_error *save_own_log(int fd) KDF_MUST_CHECK;

#endif
