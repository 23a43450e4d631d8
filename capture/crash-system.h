/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare system of the crash kernel: nobody has mounted anything or loaded a driver before us, and nobody ends the
 * machine after us. Only for use there.
 */
#ifndef KDX_CAPTURE_CRASH_SYSTEM_H
#define KDX_CAPTURE_CRASH_SYSTEM_H

#include "base/error.h"
#include "conf.h"

#define MODULES_FILE "/etc/kdx/modules"

/* /proc, /sys, /dev, /run where they are not mounted yet; spares this program from the out-of-memory killer. */
struct kdf_error *crash_system_mount(void) KDF_MUST_CHECK;

/* Told of each module that cannot be loaded; loading goes on, the missing disk is what counts. */
typedef void module_trouble_fn(void *arg, const char *path, int errnum);

/*
 * Loads the modules of MODULES_FILE in its order, "PATH [PARAMETERS]" a line: the dracut module has written them
 * with what they depend on in front. KDF_IO when the list cannot be read; a missing list means none are needed.
 */
struct kdf_error *crash_system_modules(const char *list, module_trouble_fn *trouble, void *arg) KDF_MUST_CHECK;

/* A shell on the console; returns when it is left. */
struct kdf_error *crash_system_shell(void) KDF_MUST_CHECK;

/* Ends the machine; comes back only when the kernel refuses. ACTION_SHELL restarts it: the shell was before. */
struct kdf_error *crash_system_end(enum conf_action) KDF_MUST_CHECK;

#endif
