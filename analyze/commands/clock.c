// SPDX-License-Identifier: GPL-2.0-or-later
#include "clock.h"

#include <stdio.h>

#include "context.h"

enum { NS = 1000000000 };

/* Years 2000 to 2200, up for less than 100 years: else these are no times, but what damage left there. */
static bool likely_date(uint64_t sec)
{
	return sec >= 946684800ull && sec <= 7258118400ull;
}

static bool likely_uptime(uint64_t ns)
{
	return ns <= 3155760000ull * NS;
}

/*
 * Where the system's struct timekeeper lies. A variable's own type is known from DWARF alone; BTF names the types of
 * per-CPU variables only, so the others are casts. struct tk_data with a shadow timekeeper: 6.13; the array
 * timekeeper_data in place of tk_core: 6.17. In front of it is a seqcount of 4 bytes, padded to 8.
 */
static const char *const place[] = {
	"&tk_core.timekeeper",
	"&timekeeper_data[0].timekeeper",
	"&((struct tk_data *)&timekeeper_data)->timekeeper",
	"&((struct tk_data *)&tk_core)->timekeeper",
	"(struct timekeeper *)((char *)&tk_core + 8)",
};

static bool field(struct kdx_session *s, uint64_t tk, const char *member, uint64_t *out)
{
	char text[160];

	snprintf(text, sizeof(text), "((struct timekeeper *)0x%llx)->%s", (unsigned long long)tk, member);
	return kdx_global_uint(s, text, out);
}

/*
 * The time at the last update of the timekeeper, at most a tick before the end. tkr_mono.base is CLOCK_MONOTONIC in ns
 * without the part in xtime_nsec, which is shifted left by `shift`; offs_boot is the time spent asleep
 * (include/linux/timekeeper_internal.h, 5.10 to 7.3).
 */
static bool of_timekeeper(struct kdx_session *s, uint64_t tk, struct kdx_clock *out)
{
	uint64_t xtime_sec, base, xtime_nsec, shift, offs_boot, part;

	if (!field(s, tk, "xtime_sec", &xtime_sec) || !field(s, tk, "tkr_mono.base", &base) ||
	    !field(s, tk, "tkr_mono.xtime_nsec", &xtime_nsec) || !field(s, tk, "tkr_mono.shift", &shift) ||
	    !field(s, tk, "offs_boot", &offs_boot) || shift > 63)
		return false;
	part = xtime_nsec >> shift;
	if (!likely_date(xtime_sec) || part > 2ull * NS || !likely_uptime(base + offs_boot))
		return false;
	*out = (struct kdx_clock){ (int64_t)(xtime_sec * NS + part), (int64_t)(base + part + offs_boot), true };
	return true;
}

static struct kdf_error *keep_last(void *arg, const struct kdf_log_record *r)
{
	*(uint64_t *)arg = r->ts_nsec;
	return NULL;
}

struct kdf_error *kdx_clock_read(struct kdx_session *s, struct kdx_clock *out)
{
	const struct kdf_info *info = s->dump ? kdf_info(s->dump) : NULL;
	uint64_t tk, last = 0;

	*out = (struct kdx_clock){ .exact = false };
	if (!info)
		return kdf_err(KDF_NOT_FOUND, "no dump, no time");
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		if (kdx_global_uint(s, place[i], &tk) && of_timekeeper(s, tk, out))
			return NULL;
	kdf_error_free(kdf_log_walk(s->dump, false, keep_last, &last, NULL));
	if (!likely_uptime(last))
		last = 0;
	if (likely_date((uint64_t)info->crash_time))
		out->real_ns = info->crash_time * NS;
	else if (!last)
		return kdf_err(KDF_NOT_FOUND,
			       "neither the timekeeper nor CRASHTIME and the log tell the time of the dump");
	out->boot_ns = (int64_t)last;
	return NULL;
}
