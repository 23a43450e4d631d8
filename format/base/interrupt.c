// SPDX-License-Identifier: GPL-2.0-or-later
#include "interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t raised;

static void on_signal(int sig)
{
	(void)sig;
	raised = 1;
}

void kdf_interrupt_install(void)
{
	struct sigaction flag = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

	/* No SA_RESTART: a blocking read or wait returns and sees the flag. */
	sigaction(SIGINT, &flag, NULL);
	sigaction(SIGTERM, &flag, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

void kdf_interrupt_clear(void)
{
	raised = 0;
}

bool kdf_interrupted(void)
{
	return raised;
}
