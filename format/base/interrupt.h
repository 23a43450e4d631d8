/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C and SIGTERM as a flag that long work asks for. The handler only sets the flag; whoever works returns
 * KDF_INTERRUPTED and leaves things in order. Signal state belongs to the process, so this is the one global of
 * the base; only a program's main calls the install and clear functions.
 */
#ifndef KDF_BASE_INTERRUPT_H
#define KDF_BASE_INTERRUPT_H

#include <stdbool.h>

void kdf_interrupt_install(void); /* SIGINT and SIGTERM set the flag from now on; SIGPIPE is ignored */
void kdf_interrupt_clear(void);	  /* before the next command */
bool kdf_interrupted(void);	  /* cheap; any thread */

#endif
