/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which file system holds a folder: /proc/self/mountinfo (proc_pid_mountinfo(5)), octal escapes undone. */
#ifndef KDX_CAPTURE_MOUNTS_H
#define KDX_CAPTURE_MOUNTS_H

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"

struct mount_entry {
	unsigned major, minor;	 /* of the device; major 0: none of its own (btrfs, tmpfs, overlay, nfs) */
	char root[PATH_MAX];	 /* folder inside the file system that is mounted */
	char point[PATH_MAX];	 /* where */
	char type[32];		 /* "ext4" */
	char source[PATH_MAX];	 /* "/dev/vda1" */
};

/* The mount that holds folder (absolute, without symbolic links; need not exist itself). mountinfo is the text of
 * that file. KDF_NOT_FOUND, KDF_CORRUPT. */
struct kdf_error *mount_of_folder(const char *mountinfo, const char *folder, struct mount_entry *out) KDF_MUST_CHECK;
/* The first mount of the device; false: not mounted. */
bool mount_of_device(const char *mountinfo, unsigned major, unsigned minor, struct mount_entry *out);

/* folder with its symbolic links resolved as far as it exists, the rest behind it. */
struct kdf_error *resolve_folder(const char *folder, char out[PATH_MAX]) KDF_MUST_CHECK;

#endif
