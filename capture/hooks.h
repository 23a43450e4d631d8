/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The site's own programs around a dump: a command of kdump.conf, and the executables of a folder. They find the
 * dump's folder in the variable KDX_DUMP_DIR.
 */
#ifndef KDX_CAPTURE_HOOKS_H
#define KDX_CAPTURE_HOOKS_H

#include "base/error.h"
#include "console.h"
#include "run.h"

struct hooks {
	const char *command;  /* words of the directive; "" none */
	const char *folder;   /* /etc/kdump/pre.d; need not exist */
	const char *argument; /* one word behind each command's own; NULL: none */
	const char *dump_folder;
	struct console *console;
	struct memory_watch *memory;
};

/* The command, then the executables by name. The first that does not end with 0 is the error, the rest stays. */
struct kdf_error *hooks_run(const struct hooks *) KDF_MUST_CHECK;

#endif
