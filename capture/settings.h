/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the crash kernel is loaded: KEY="value" lines as in kdump-utils' /etc/sysconfig/kdump. Read from
 * /etc/sysconfig/kdump where that exists (Fedora, SUSE habits), else from /etc/default/kdx (Debian's place); with
 * neither, everything has a default. '#' begins a comment line; the file is not run by a shell, so $VARIABLES and
 * commands are refused. Unknown or doubled keys are errors with the line.
 */
#ifndef KDX_CAPTURE_SETTINGS_H
#define KDX_CAPTURE_SETTINGS_H

#include "base/error.h"

enum setting_key {
	SETTING_KERNELVER,	     /* release of the crash kernel; "" = the running one */
	SETTING_COMMANDLINE,	     /* replaces /proc/cmdline as the starting point */
	SETTING_COMMANDLINE_REMOVE,  /* parameters taken out of it */
	SETTING_COMMANDLINE_APPEND,  /* parameters put behind it; replaces the machine's own list */
	SETTING_KEXEC_ARGS,	     /* given to kexec in place of trying -s, then -c */
	SETTING_BOOTDIR,	     /* where kernel images lie */
	SETTING_KEY_MAX
};

struct settings {
	char *file; /* NULL: no file there, all defaults */
	char *value[SETTING_KEY_MAX]; /* NULL: not set */
	unsigned line[SETTING_KEY_MAX];
};

/* root is put in front of the two file names ("" on a live system). *out is valid only on success. */
struct kdf_error *settings_read(const char *root, struct settings *out) KDF_MUST_CHECK;
struct kdf_error *settings_parse(const char *file, const char *text, struct settings *out) KDF_MUST_CHECK;
void settings_free(struct settings *);
/* "" when not set; lent. */
const char *settings_text(const struct settings *, enum setting_key);

#endif
