/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the dumped kernel stopped: time of day and time since boot. One thread. */
#ifndef KDX_COMMANDS_CLOCK_H
#define KDX_COMMANDS_CLOCK_H

#include "analyze/core/session.h"

struct kdx_clock {
	int64_t real_ns; /* since 1970, UTC; 0: unknown */
	int64_t boot_ns; /* since boot, time asleep included, as /proc/uptime; 0: unknown */
	bool exact;      /* from the timekeeper; else from CRASHTIME and the last log record */
};

/* KDF_NOT_FOUND when nothing in the dump tells. */
struct kdf_error *kdx_clock_read(struct kdx_session *, struct kdx_clock *out) KDF_MUST_CHECK;

#endif
