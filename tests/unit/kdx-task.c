// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of task states and taints. */
#include "analyze/kernel/module.h"
#include "analyze/kernel/task-state.h"
#include "test.h"

static void test_states(void)
{
	static const struct {
		uint64_t state;
		char letter;
		const char *name;
	} states[] = {
		{0, 'R', "RU"},           {0x1, 'S', "IN"},      {0x2, 'D', "UN"},
		{0x102, 'D', "UN"},                            /* TASK_KILLABLE */
		{0x402, 'I', "ID"},                            /* TASK_IDLE */
		{0x2001, 'S', "IN"},                           /* freezable */
		{0x2402, 'I', "ID"},      {0x8000, 'D', "UN"}, /* frozen */
		{0x1000, 'D', "UN"},                           /* waits for an rtlock */
		{0x4, 'T', "ST"},         {0x104, 'T', "ST"},    {0x8, 't', "TR"},
		{0x108, 't', "TR"},       {0x10, 'X', "DE"},     {0x20, 'Z', "ZO"},
		{0x80 | 0x20, 'Z', "ZO"}, /* TASK_DEAD with EXIT_ZOMBIE */
		{0x40, 'P', "PA"},        {0x200, 'R', "WA"},    {0x800, 'R', "NE"},
		{0x100, 'R', "SW"},       {0x100000, 'R', "??"},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		CHECK(kdx_task_state_letter(states[i].state) == states[i].letter);
		CHECK_TEXT(kdx_task_state_name(states[i].state), states[i].name);
	}
}

static void test_taints(void)
{
	char text[65];

	kdx_taint_letters(0, text);
	CHECK_TEXT(text, "");
	kdx_taint_letters(1 << 12 | 1 << 13, text);
	CHECK_TEXT(text, "OE");
	kdx_taint_letters(1 << 0 | 1 << 19 | 1ULL << 63, text);
	CHECK_TEXT(text, "PJ?");
	kdx_taint_letters(UINT64_MAX, text);
	CHECK(strlen(text) == 64);
}

int main(void)
{
	test_states();
	test_taints();
	TEST_END();
}
