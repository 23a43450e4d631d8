/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the person in front of the machine reads, and what stays in the crash kernel's log. One line a step:
 *
 *	kdx: Saving the kernel log ...
 *	kdx:   done: vmcore-dmesg.txt, 61.2 KB, 812 lines
 *	kdx: FAILED: mount target: cannot mount /dev/vda1 (ext4): Structure needs cleaning
 *
 * In the crash kernel lines go to /dev/console and to /dev/kmsg, in a test run to stderr. No line can fail: there is
 * nobody to tell.
 */
#ifndef KDX_CAPTURE_CONSOLE_H
#define KDX_CAPTURE_CONSOLE_H

#include <stdbool.h>

#include "base/error.h"

struct console {
	int fd;	  /* where lines are shown */
	int kmsg; /* -1: none */
};

/* In the crash kernel: also keeps the kernel's own notices off the console, so that ours can be read. */
void console_open(struct console *, bool crash_kernel);
void console_close(struct console *);
void console_line(struct console *, const char *fmt, ...) KDF_PRINTF(2, 3);

#endif
