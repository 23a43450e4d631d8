/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture itself, from the first notice to the end of the machine. kdx-capture's main calls it in the crash
 * kernel; a test run does the same on a saved vmcore, below a folder, and leaves the machine alone.
 */
#ifndef KDX_CAPTURE_STAGE_H
#define KDX_CAPTURE_STAGE_H

#include <stdbool.h>

#include "status.h"

struct stage_request {
	bool crash_kernel;  /* the real thing; false: test run below root */
	bool no_reboot;	    /* leave the machine alone at the end */
	const char *root;   /* stands for '/' of configuration, plan and target; "" in the crash kernel */
	const char *vmcore; /* what to save */
};

/* Tells every step on the console (test run: stderr). What was saved is the result; with an end of the machine that
 * the kernel grants, it does not come back. */
enum capture_result stage_run(const struct stage_request *);

#endif
