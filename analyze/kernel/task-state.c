// SPDX-License-Identifier: GPL-2.0-or-later
#include "task-state.h"

#include <stddef.h>

/* include/linux/sched.h: the same values from 5.10 to 7.3. */
enum {
	INTERRUPTIBLE = 0x1,
	UNINTERRUPTIBLE = 0x2,
	STOPPED = 0x4,
	TRACED = 0x8,
	EXIT_DEAD = 0x10,
	EXIT_ZOMBIE = 0x20,
	PARKED = 0x40,
	DEAD = 0x80,
	WAKEKILL = 0x100,
	WAKING = 0x200,
	NOLOAD = 0x400,
	NEW = 0x800,
	RTLOCK_WAIT = 0x1000, /* 5.16 */
	FROZEN = 0x8000,      /* 6.1 */
	IDLE = UNINTERRUPTIBLE | NOLOAD,
	/* what /proc tells apart */
	REPORTED = INTERRUPTIBLE | UNINTERRUPTIBLE | STOPPED | TRACED | EXIT_DEAD | EXIT_ZOMBIE | PARKED,
};

char kdx_task_state_letter(uint64_t state)
{
	static const char letters[] = "RSDTtXZP";
	unsigned highest = 0;

	if ((state & IDLE) == IDLE)
		return 'I';
	if (state & (RTLOCK_WAIT | FROZEN)) /* shown as if they slept in an ordinary lock */
		return 'D';
	for (unsigned bits = (unsigned)(state & REPORTED); bits; bits >>= 1)
		highest++;
	return letters[highest];
}

const char *kdx_task_state_name(uint64_t state)
{
	static const struct {
		uint64_t bits;
		const char *name;
	} names[] = {
		/* The first that is set in full: what has ended first, then combinations, then single bits.
		 * WAKEKILL only qualifies another bit (TASK_KILLABLE is UN), as FREEZABLE does. */
		{EXIT_ZOMBIE, "ZO"}, {EXIT_DEAD, "DE"}, {DEAD, "DE"},          {IDLE, "ID"},
		{TRACED, "TR"},      {STOPPED, "ST"},   {PARKED, "PA"},        {UNINTERRUPTIBLE, "UN"},
		{RTLOCK_WAIT, "UN"}, {FROZEN, "UN"},    {INTERRUPTIBLE, "IN"}, {WAKING, "WA"},
		{NEW, "NE"},         {WAKEKILL, "SW"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((state & names[i].bits) == names[i].bits)
			return names[i].name;
	return state ? "??" : "RU";
}
