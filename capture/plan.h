/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what kdxctl found out on the healthy system that the crash kernel needs, as `key value` lines. It is
 * written to PLAN_FILE, from where the dracut module takes it into the initramfs under the same name; kdx-capture
 * reads it there. kdump.conf says what is wanted, the plan says how that looks on this machine.
 *
 *	kernel 6.1.0-42-amd64		crash kernel the initramfs is for
 *	host web7			host name
 *	filesystem ext4			what to mount
 *	device UUID=...			where it lies
 *	device_was /dev/vda1		its name when the plan was made, for messages
 *	mount_options subvolid=5	optional
 *	folder /var/crash		inside the file system
 *	driver virtio_blk		kernel module that may also be built in or absent
 *	module ext4			kernel module that must be there, unless built in
 *	program /usr/bin/kdx-filter	goes into the initramfs with its libraries
 *	optional /usr/bin/sed		the same, if it is there
 */
#ifndef KDX_CAPTURE_PLAN_H
#define KDX_CAPTURE_PLAN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

#define PLAN_FILE "/var/lib/kdump/kdx.plan"

enum plan_key { PLAN_KERNEL, PLAN_HOST, PLAN_FILESYSTEM, PLAN_DEVICE, PLAN_DEVICE_WAS, PLAN_MOUNT_OPTIONS, PLAN_FOLDER,
		PLAN_SINGLE_MAX };
enum plan_list { PLAN_DRIVER, PLAN_MODULE, PLAN_PROGRAM, PLAN_OPTIONAL, PLAN_LIST_MAX };

struct plan_words {
	char **word;
	size_t n, cap;
};

struct plan {
	char *single[PLAN_SINGLE_MAX]; /* NULL: not known */
	struct plan_words list[PLAN_LIST_MAX];
};

/* Sets a single value, once again replacing it. A line break in the value is KDF_USAGE. */
struct kdf_error *plan_set(struct plan *, enum plan_key, const char *value) KDF_MUST_CHECK;
/* Adds to a list unless it is there already. */
struct kdf_error *plan_add(struct plan *, enum plan_list, const char *value) KDF_MUST_CHECK;
/* Each blank-separated word. */
struct kdf_error *plan_add_words(struct plan *, enum plan_list, const char *words) KDF_MUST_CHECK;
/* "" when not set; lent. */
const char *plan_text(const struct plan *, enum plan_key);

struct kdf_error *plan_write(const struct plan *, struct kdf_buf *out) KDF_MUST_CHECK;
/* *out is valid only on success. */
struct kdf_error *plan_parse(const char *file, const char *text, struct plan *out) KDF_MUST_CHECK;
void plan_free(struct plan *);

#endif
