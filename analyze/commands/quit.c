// SPDX-License-Identifier: GPL-2.0-or-later
/* quit: ends the session. */
#include "analyze/shell/command.h"

static struct kdf_error *run(struct kdx_call *call)
{
	call->shell->quit = true;
	return NULL;
}

static const struct kdx_example examples[] = {
	{ "quit", "ends the session; commands behind it on the line are not run" },
	{ NULL, NULL },
};

const struct kdx_command kdx_command_quit = {
	.name = "quit",
	.alias = "q exit",
	.summary = "end the session",
	.about = "Ends the session. The exit status of a session without a terminal is 1 when one of its commands "
		 "failed.",
	.examples = examples,
	.run = run,
};
