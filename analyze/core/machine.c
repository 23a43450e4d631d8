// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <string.h>

static const struct kdx_machine *const machines[] = {&kdx_machine_x86_64};
enum { NMACHINES = sizeof(machines) / sizeof(machines[0]) };

const struct kdx_machine *kdx_machine_by_name(const char *name)
{
	for (size_t i = 0; i < NMACHINES; i++)
		if (!strcmp(machines[i]->name, name))
			return machines[i];
	return NULL;
}

struct kdf_error *kdx_machine(struct kdx_session *session, const struct kdx_machine **out)
{
	const char *name = session->dump ? kdf_info(session->dump)->machine : "";

	*out = name ? kdx_machine_by_name(name) : NULL;
	if (*out)
		return NULL;
	return kdf_err(KDF_UNSUPPORTED, "stack walking is not there yet for machine '%s' (known: %s)", name ? name : "",
		       machines[0]->name);
}

void kdx_segment_add(struct kdx_backtrace *trace, uint64_t low, uint64_t high, const char *name,
		     enum kdx_segment_kind kind)
{
	const uint64_t max = 1 << 20;

	if (trace->nsegments == KDX_SEGMENTS_MAX || low >= high || high - low > max || low & 7 || high & 7)
		return;
	trace->segment[trace->nsegments++] = (struct kdx_segment){low, high, name, kind};
}
