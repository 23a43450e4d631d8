/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kdump.conf: one line, one directive, `name value`; '#' begins a comment at the start of a line or after a
 * blank; one pair of double quotes around the value is taken off. Names and meaning are those of kdump-utils
 * (Fedora, RHEL), so that an existing file works. Each directive stands at most once, and at most one target.
 *
 * Every value keeps the file and the line it came from (line 0: the default), so that whoever uses it can say
 * where it was set. Read only after conf_read; conf_free gives all back.
 */
#ifndef KDX_CAPTURE_CONF_H
#define KDX_CAPTURE_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum conf_key {
	CONF_PATH,
	CONF_CORE_COLLECTOR,
	CONF_KDUMP_PRE,
	CONF_KDUMP_POST,
	CONF_KDUMP_EMERGENCY,
	CONF_EXTRA_BINS,
	CONF_EXTRA_MODULES,
	CONF_FAILURE_ACTION,
	CONF_FINAL_ACTION,
	CONF_FORCE_REBUILD,
	CONF_FORCE_NO_REBUILD,
	CONF_DRACUT_ARGS,
	CONF_AUTO_RESET_CRASHKERNEL,
	CONF_TARGET, /* ext4, xfs, ...: the directive's name is conf.target_type, the value names the device */
	CONF_KEY_MAX
};

/* What to do with the machine when the capture is over. */
enum conf_action { ACTION_REBOOT, ACTION_HALT, ACTION_POWEROFF, ACTION_SHELL };

struct conf_value {
	char *text; /* NULL: not given and without a default */
	unsigned line;
};

struct conf {
	char *file; /* as given to conf_read */
	struct conf_value value[CONF_KEY_MAX];
	const char *target_type; /* "ext4"; NULL: no target directive, the file system that holds `path` */
	enum conf_action failure_action, final_action;
	bool force_rebuild, force_no_rebuild;
};

/* Errors begin with FILE:LINE. KDF_USAGE: wrong words; KDF_UNSUPPORTED: a directive of kdump-utils that is not
 * there yet, or was given up; the text says what works in its place. *out is valid only on success. */
struct kdf_error *conf_read(const char *file, struct conf *out) KDF_MUST_CHECK;
/* The same from text; `file` is for messages. */
struct kdf_error *conf_parse(const char *file, const char *text, struct conf *out) KDF_MUST_CHECK;
void conf_free(struct conf *);

/* Value or default, "" when neither; lent. */
const char *conf_text(const struct conf *, enum conf_key);
/* "FILE:LINE" or "default", for messages; buf is returned. */
const char *conf_where(const struct conf *, enum conf_key, char *buf, size_t cap);
const char *conf_key_name(enum conf_key);
const char *action_name(enum conf_action);

#endif
