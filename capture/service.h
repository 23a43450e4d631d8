/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kdxctl does to the running system, one function a command. Each prints its own good news to stdout. */
#ifndef KDX_CAPTURE_SERVICE_H
#define KDX_CAPTURE_SERVICE_H

#include <stdbool.h>

#include "base/error.h"

/* Checks, builds the initramfs when it is missing or outdated, loads. Loaded already: says so, success. */
struct kdf_error *service_start(void) KDF_MUST_CHECK;
struct kdf_error *service_stop(void) KDF_MUST_CHECK;
/* Unload and load, building what is outdated (restart) or nothing (reload). */
struct kdf_error *service_restart(void) KDF_MUST_CHECK;
struct kdf_error *service_reload(void) KDF_MUST_CHECK;
/* Builds the initramfs in every case; what is loaded stays. */
struct kdf_error *service_rebuild(void) KDF_MUST_CHECK;
/* Tells the effective configuration with the place of each value, and what stands in the way; errors when a start
 * would fail. */
struct kdf_error *service_check(void) KDF_MUST_CHECK;
/* *operational: a crash kernel is loaded. */
struct kdf_error *service_status(bool json, bool *operational) KDF_MUST_CHECK;
struct kdf_error *service_list(bool json) KDF_MUST_CHECK;
struct kdf_error *service_showmem(void) KDF_MUST_CHECK;

#endif
