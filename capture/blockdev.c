// SPDX-License-Identifier: GPL-2.0-or-later
#include "blockdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files.h"

/* sys/dev/block/MAJ:MIN with its link resolved: .../0000:00:04.0/virtio1/block/vda/vda1 */
static struct kdf_error *device_folder(const char *sys, unsigned major, unsigned minor, char out[PATH_MAX])
{
	char link[PATH_MAX];
	struct kdf_error *e = path_make(link, "%s/dev/block/%u:%u", sys, major, minor);

	if (!e && !realpath(link, out))
		e = kdf_err_sys(errno, "block device %u:%u", major, minor);
	return e;
}

struct kdf_error *blockdev_name(const char *sys, unsigned major, unsigned minor, char out[PATH_MAX])
{
	char folder[PATH_MAX];
	struct kdf_error *e = device_folder(sys, major, minor, folder);

	if (e)
		return e;
	char *name = strrchr(folder, '/') + 1;
	/* sysfs writes '!' where the device name has '/' (cciss!c0d0). */
	for (char *p = name; *p; p++)
		if (*p == '!')
			*p = '/';
	return path_make(out, "/dev/%s", name);
}

struct kdf_error *blockdev_plain(const char *sys, unsigned major, unsigned minor)
{
	static const struct {
		const char *folder, *what;
	} stacked[] = { { "dm", "a device-mapper volume (LVM, LUKS, multipath)" }, { "md", "a RAID (md) array" } };
	char folder[PATH_MAX], probe[PATH_MAX];
	struct kdf_error *e = device_folder(sys, major, minor, folder);

	for (size_t i = 0; !e && i < sizeof(stacked) / sizeof(stacked[0]); i++) {
		/* A partition of such a device has it one folder up. */
		e = path_make(probe, "%s/%s", folder, stacked[i].folder);
		bool is = !e && !access(probe, F_OK);
		if (!e && !is)
			e = path_make(probe, "%s/../%s", folder, stacked[i].folder);
		if (!e && (is || !access(probe, F_OK)))
			e = kdf_err(KDF_UNSUPPORTED,
				    "%s is %s, which is not supported yet: name a plain partition as target, "
				    "like 'ext4 UUID=...'",
				    strrchr(folder, '/') + 1, stacked[i].what);
	}
	return e;
}

struct kdf_error *blockdev_drivers(const char *sys, unsigned major, unsigned minor, driver_fn *fn, void *arg)
{
	char folder[PATH_MAX], link[PATH_MAX], module[PATH_MAX], top[PATH_MAX];
	struct kdf_error *e = device_folder(sys, major, minor, folder);

	if (!e && !realpath(sys, top))
		e = kdf_err_sys(errno, "%s", sys);
	if (e)
		return e;
	/* With native multipath an NVMe disk hangs below a virtual subsystem that has no driver (5.x and newer). */
	if (strstr(folder, "/nvme-subsystem/"))
		e = fn(arg, "nvme");
	while (!e && strlen(folder) > strlen(top)) {
		e = path_make(link, "%s/driver/module", folder);
		if (!e && realpath(link, module))
			e = fn(arg, strrchr(module, '/') + 1);
		*strrchr(folder, '/') = '\0';
	}
	return e;
}
