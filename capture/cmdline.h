/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crash kernel's command line: the host's (or KDUMP_COMMANDLINE), minus what is meant for the host alone,
 * minus KDUMP_COMMANDLINE_REMOVE, plus KDUMP_COMMANDLINE_APPEND or the machine's list. The console= parameters
 * stay, so the capture speaks where the host spoke.
 */
#ifndef KDX_CAPTURE_CMDLINE_H
#define KDX_CAPTURE_CMDLINE_H

#include "base/error.h"
#include "machine.h"
#include "settings.h"

/* *out is the caller's to free. KDF_LIMIT when the kernel would cut it off. */
struct kdf_error *cmdline_build(const char *host_cmdline, const struct settings *, const struct machine *, char **out)
	KDF_MUST_CHECK;

#endif
