/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which file system lies on a block device, and its UUID and label: read from the superblock, the same way on the
 * healthy system (to write down what to look for) and in the crash kernel (to find it again under another device
 * name). A disk is untrusted input: fixed sizes, no pointers followed.
 */
#ifndef KDX_CAPTURE_FSPROBE_H
#define KDX_CAPTURE_FSPROBE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct fs_identity {
	const char *type; /* "ext4" (also for ext2 and ext3), "xfs", "btrfs", "vfat" */
	char uuid[40];	  /* as `blkid` prints it */
	char label[257];
	uint64_t devices; /* how many it is spread over; 0: not said, one */
};

/* false: none that is known. fd is open for reading. */
bool fs_identify(int fd, struct fs_identity *out);

/* Does the tag, "UUID=..." or "LABEL=...", name it? Letter case of a UUID does not matter. */
bool fs_matches(const struct fs_identity *, const char *tag);

/*
 * The device that a target names, as /dev/NAME: a tag is looked for on every block device of /sys/class/block,
 * anything else is the path itself. KDF_NOT_FOUND when it is not there (yet).
 */
struct kdf_error *find_device(const char *target, char out[PATH_MAX]) KDF_MUST_CHECK;

#endif
