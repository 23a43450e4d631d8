/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sysfs tells of a block device: its name, what it is built on, and the drivers that must be loaded for it. */
#ifndef KDX_CAPTURE_BLOCKDEV_H
#define KDX_CAPTURE_BLOCKDEV_H

#include <limits.h>

#include "base/error.h"

/* Called with the name of a kernel module, possibly built in, outermost bus first not guaranteed; names may repeat. */
typedef struct kdf_error *driver_fn(void *arg, const char *module);

/* /dev name of device major:minor, from sysfs under `sys` ("/sys"). */
struct kdf_error *blockdev_name(const char *sys, unsigned major, unsigned minor, char out[PATH_MAX]) KDF_MUST_CHECK;
/* KDF_UNSUPPORTED when it is stacked (device mapper, md), so that its parts would have to be assembled first. */
struct kdf_error *blockdev_plain(const char *sys, unsigned major, unsigned minor) KDF_MUST_CHECK;
/* Drivers of the device and of every bus above it. Stops at fn's error. */
struct kdf_error *blockdev_drivers(const char *sys, unsigned major, unsigned minor, driver_fn *fn, void *arg)
	KDF_MUST_CHECK;

#endif
