// SPDX-License-Identifier: GPL-2.0-or-later
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "files.h"
#include "mounts.h"

static const struct target_ops *const families[] = { disk_targets };

struct kdf_error *target_find(const char *type, const struct target_ops **out)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct target_ops *ops = families[i]; ops->type; ops++)
			if (!strcmp(ops->type, type)) {
				*out = ops;
				return NULL;
			}
	return kdf_err(KDF_UNSUPPORTED,
		       "a target on %s is not supported yet: ext4, xfs, btrfs and vfat on a partition work", type);
}

struct kdf_error *target_plan(const struct conf *c, struct plan *p)
{
	const struct target_ops *ops;
	char where[PATH_MAX], folder[PATH_MAX];
	struct mount_entry m;
	struct kdf_error *e;

	if (c->target_type) {
		e = target_find(c->target_type, &ops);
	} else {
		KDF_AUTO_FREE char *mountinfo = NULL;

		e = file_read("/proc/self/mountinfo", 8 << 20, &mountinfo);
		if (!e)
			e = resolve_folder(conf_text(c, CONF_PATH), folder);
		if (!e)
			e = mount_of_folder(mountinfo, folder, &m);
		if (!e)
			e = target_find(m.type, &ops);
	}
	if (!e)
		e = ops->plan(ops, c, p);
	if (e) {
		enum conf_key key = c->target_type ? CONF_TARGET : CONF_PATH;

		return kdf_err_wrap(e, "target (%s, %s)", conf_text(c, key), conf_where(c, key, where, sizeof(where)));
	}
	return NULL;
}

void dump_folder_name(time_t when, bool no_colon, char out[64])
{
	struct tm t;

	if (!localtime_r(&when, &t) && !gmtime_r(&when, &t))
		memset(&t, 0, sizeof(t));
	if (!strftime(out, 64, no_colon ? "127.0.0.1-%Y-%m-%d-%H.%M.%S" : "127.0.0.1-%Y-%m-%d-%H:%M:%S", &t))
		snprintf(out, 64, "127.0.0.1-unknown-time");
}

void incomplete_name(const char *name, char out[96])
{
	const char *dot = strrchr(name, '.');
	int stem = dot ? (int)(dot - name) : (int)strlen(name);

	snprintf(out, 96, "%.*s-incomplete%s", stem, name, dot ? dot : "");
}
