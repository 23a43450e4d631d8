/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crash initramfs: made by dracut with our module alone, kept as /var/lib/kdump/initramfs-RELkdump.img, and
 * made again when anything it was made of has changed. What it was made of stands beside it in IMAGE.key: one line
 * for each input with size and time, and the plan; two equal keys are equal images.
 */
#ifndef KDX_CAPTURE_IMAGE_H
#define KDX_CAPTURE_IMAGE_H

#include <limits.h>
#include <stdbool.h>

#include "conf.h"
#include "plan.h"
#include "settings.h"

#define CONF_FILE "/etc/kdump.conf"
#define STATE_FOLDER "/var/lib/kdump"

struct image {
	char release[65];	/* of the crash kernel */
	char kernel[PATH_MAX];	/* its image */
	char initramfs[PATH_MAX];
	char key_file[PATH_MAX];
	struct plan plan;
	char *key; /* what it has to be made of now */
};

/* Finds kernel and target, makes plan and key. Nothing is written. */
struct kdf_error *image_plan(const struct conf *, const struct settings *, struct image *out) KDF_MUST_CHECK;
/* *why: what differs ("/etc/kdump.conf changed"), "" when it is up to date. */
struct kdf_error *image_outdated(const struct image *, char why[512]) KDF_MUST_CHECK;
/* Runs dracut; the old image stays until the new one is whole. */
struct kdf_error *image_build(const struct conf *, const struct image *) KDF_MUST_CHECK;
void image_free(struct image *);

#endif
