// SPDX-License-Identifier: GPL-2.0-or-later
/* Targets on a file system of a block device of this machine. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/progress.h"
#include "blockdev.h"
#include "files.h"
#include "fsprobe.h"
#include "mounts.h"
#include "target.h"

#define TARGET_MOUNT_POINT "/run/kdx/target"

enum {
	DEVICE_WAIT_SECONDS = 90, /* disk controllers that reset take most of a minute */
	DEVICE_NOTICE_SECONDS = 5,
	SAME_SECOND_LIMIT = 100,
	HELD_BYTES = 512 << 10, /* enough for the crash kernel's log and the status file */
};

/* ---- healthy system ---- */

static struct kdf_error *add_driver(void *plan, const char *module)
{
	return plan_add(plan, PLAN_DRIVER, module);
}

/* Persistent name, drivers and file system modules of the device with that number. */
static struct kdf_error *plan_device(const struct target_ops *ops, dev_t dev, struct plan *p)
{
	struct fs_identity id;
	char name[PATH_MAX], tag[64];
	struct kdf_error *e = blockdev_plain("/sys", major(dev), minor(dev));

	if (!e)
		e = blockdev_name("/sys", major(dev), minor(dev), name);
	if (e)
		return e;
	KDF_AUTO_CLOSE int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return kdf_err_sys(errno, "cannot open %s", name);
	if (!fs_identify(fd, &id))
		return kdf_err(KDF_UNSUPPORTED, "no %s file system is on %s: make one, or name another device",
			       ops->type, name);
	if (strcmp(id.type, ops->mount_type))
		return kdf_err(KDF_USAGE, "%s holds %s, not %s: correct the line", name, id.type, ops->type);
	if (id.devices > 1)
		return kdf_err(KDF_UNSUPPORTED,
			       "the file system on %s is spread over several disks, which is not supported "
			       "yet: name one on a single partition",
			       name);
	snprintf(tag, sizeof(tag), "UUID=%s", id.uuid);

	e = plan_set(p, PLAN_FILESYSTEM, ops->type);
	if (!e)
		e = plan_set(p, PLAN_DEVICE, tag);
	if (!e)
		e = plan_set(p, PLAN_DEVICE_WAS, name);
	if (!e && ops->mount_options)
		e = plan_set(p, PLAN_MOUNT_OPTIONS, ops->mount_options);
	if (!e)
		e = plan_add(p, PLAN_MODULE, ops->mount_type);
	if (!e && ops->modules)
		e = plan_add_words(p, PLAN_MODULE, ops->modules);
	if (!e)
		e = blockdev_drivers("/sys", major(dev), minor(dev), add_driver, p);
	return e;
}

/* A target directive: the device it names, `path` counts from the root of its file system. */
static struct kdf_error *plan_named(const struct target_ops *ops, const struct conf *c, struct plan *p)
{
	char device[PATH_MAX], folder[PATH_MAX];
	struct stat st;
	const char *path = conf_text(c, CONF_PATH);
	struct kdf_error *e = find_device(conf_text(c, CONF_TARGET), device);

	if (!e && stat(device, &st))
		e = kdf_err_sys(errno, "device %s", device);
	if (!e)
		e = plan_device(ops, st.st_rdev, p);
	if (!e)
		e = path_make(folder, "%s%s", *path == '/' ? "" : "/", path);
	if (!e)
		e = plan_set(p, PLAN_FOLDER, folder);
	return e;
}

/* No directive: the mounted file system that holds `path`. */
static struct kdf_error *plan_mounted(const struct target_ops *ops, const struct conf *c, struct plan *p)
{
	KDF_AUTO_FREE char *mountinfo = NULL;
	char path[PATH_MAX], folder[PATH_MAX];
	struct mount_entry m;
	struct stat st = { 0 };
	struct kdf_error *e = file_read("/proc/self/mountinfo", 8 << 20, &mountinfo);

	if (!e)
		e = resolve_folder(conf_text(c, CONF_PATH), path);
	if (!e)
		e = mount_of_folder(mountinfo, path, &m);
	if (e)
		return e;
	dev_t dev = makedev(m.major, m.minor);
	if (!m.major) { /* btrfs has no device number of its own, but names its device */
		if (stat(m.source, &st) || !S_ISBLK(st.st_mode))
			return kdf_err(KDF_UNSUPPORTED, "%s, which holds %s, lies on no disk of this machine", m.point,
				       path);
		dev = st.st_rdev;
	}
	e = plan_device(ops, dev, p);
	/* m.root: what of the file system is mounted there, a bind mount or a subvolume. */
	if (!e)
		e = path_make(folder, "%s%s", strcmp(m.root, "/") ? m.root : "",
			      strcmp(m.point, "/") ? path + strlen(m.point) : path);
	if (!e)
		e = plan_set(p, PLAN_FOLDER, *folder ? folder : "/");
	if (!e && ops->top_options)
		e = plan_set(p, PLAN_MOUNT_OPTIONS, ops->top_options);
	return e;
}

static struct kdf_error *disk_plan(const struct target_ops *ops, const struct conf *c, struct plan *p)
{
	return c->target_type ? plan_named(ops, c, p) : plan_mounted(ops, c, p);
}

/* ---- crash kernel ---- */

static void tell(const struct target *t, const char *text)
{
	if (t->tell)
		t->tell(t->tell_arg, text);
}

/* Where several disks have the same UUID (clones, snapshots), the one that still has its old name is meant. */
static bool old_name_matches(const struct target *t)
{
	struct fs_identity id;
	KDF_AUTO_CLOSE int fd = open(plan_text(t->plan, PLAN_DEVICE_WAS), O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && fs_identify(fd, &id) && fs_matches(&id, plan_text(t->plan, PLAN_DEVICE));
}

/* Drivers find their disks in their own time: look again until it is there. */
static struct kdf_error *wait_for_device(struct target *t)
{
	const char *wanted = plan_text(t->plan, PLAN_DEVICE);
	double start = kdf_monotonic_seconds();
	bool told = false;

	for (;;) {
		if (old_name_matches(t))
			return path_make(t->device, "%s", plan_text(t->plan, PLAN_DEVICE_WAS));
		struct kdf_error *e = find_device(wanted, t->device);

		if (kdf_error_code(e) != KDF_NOT_FOUND)
			return e;
		double waited = kdf_monotonic_seconds() - start;
		if (waited > DEVICE_WAIT_SECONDS)
			return kdf_err_wrap(e, "the target's disk (was %s) did not appear within %d s",
					    plan_text(t->plan, PLAN_DEVICE_WAS), DEVICE_WAIT_SECONDS);
		kdf_error_free(e);
		if (!told && waited > DEVICE_NOTICE_SECONDS) {
			tell(t, "waiting for the disk to appear");
			told = true;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
}

/* Where another part of the initramfs has mounted it already, that mount is used. */
static struct kdf_error *use_mount(struct target *t, const struct mount_entry *m)
{
	if (mount(NULL, m->point, NULL, MS_REMOUNT, NULL))
		return kdf_err_sys(errno, "cannot make %s writable", m->point);
	return path_make(t->mount_point, "%s", m->point);
}

static struct kdf_error *mount_device(struct target *t)
{
	KDF_AUTO_FREE char *mountinfo = NULL;
	const char *options = plan_text(t->plan, PLAN_MOUNT_OPTIONS);
	struct mount_entry m;
	struct stat st;
	struct kdf_error *e = wait_for_device(t);

	if (!e && stat(t->device, &st))
		e = kdf_err_sys(errno, "device %s", t->device);
	if (!e)
		e = file_read("/proc/self/mountinfo", 8 << 20, &mountinfo);
	if (e)
		return e;
	if (mount_of_device(mountinfo, major(st.st_rdev), minor(st.st_rdev), &m))
		return use_mount(t, &m);
	e = path_make(t->mount_point, TARGET_MOUNT_POINT);
	if (!e)
		e = make_folders(t->mount_point, 0700);
	if (e)
		return e;
	if (mount(t->device, t->mount_point, t->ops->mount_type, MS_NOSUID | MS_NODEV | MS_NOATIME, options))
		return kdf_err_sys(errno, "cannot mount %s (%s)", t->device, t->ops->mount_type);
	t->mounted = true;
	return NULL;
}

/* Two crashes in one second: a second folder with a number behind. */
static struct kdf_error *make_dump_folder(struct target *t)
{
	const char *base = plan_text(t->plan, PLAN_FOLDER);
	int len = (int)strlen(base);
	char name[64];
	struct kdf_error *e = NULL;

	while (len && base[len - 1] == '/')
		len--;
	dump_folder_name(t->when, t->ops->no_colon, name);
	for (int i = 1; !e && i < SAME_SECOND_LIMIT; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), ".%d", i);
		e = path_make(t->shown, "%.*s/%s%s", len, base, name, number);
		if (!e)
			e = path_make(t->folder, "%s%s", t->root ? t->root : t->mount_point, t->shown);
		if (e || !mkdir(t->folder, 0700))
			return e;
		if (errno != EEXIST)
			return kdf_err_sys(errno, "cannot make folder %s", t->shown);
	}
	return e ? e : kdf_err(KDF_LIMIT, "%d dumps of the same second exist", SAME_SECOND_LIMIT);
}

static struct kdf_error *disk_prepare(struct target *t)
{
	char parent[PATH_MAX];
	struct kdf_error *e = t->root ? NULL : mount_device(t);

	if (!e)
		e = path_make(parent, "%s%s", t->root ? t->root : t->mount_point, plan_text(t->plan, PLAN_FOLDER));
	if (e)
		return e;
	e = make_folders(parent, 0755);
	if (!e)
		e = make_dump_folder(t);
	if (!e)
		e = sync_folder(parent);
	return e ? kdf_err_wrap(e, "%s on %s", plan_text(t->plan, PLAN_FOLDER), t->root ? t->root : t->device) : NULL;
}

static struct kdf_error *disk_free_space(const struct target *t, uint64_t *bytes)
{
	struct statvfs v;

	if (statvfs(t->folder, &v))
		return kdf_err_sys(errno, "cannot ask for the free space of %s", t->shown);
	/* f_bfree: root may use the reserved blocks too, and we are root. */
	*bytes = (uint64_t)v.f_bfree * v.f_frsize;
	return NULL;
}

/*
 * While a program fills the disk with the vmcore, a little space is held for what is written after it: a dump that
 * did not fit must at least say so. That it cannot be held is no reason to stop.
 */
static void hold_space(struct target *t)
{
	struct kdf_error *e = path_make(t->held, "%s/.held", t->folder);
	KDF_AUTO_CLOSE int fd = e ? -1 : open(t->held, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || posix_fallocate(fd, 0, HELD_BYTES)) {
		if (fd >= 0)
			unlink(t->held);
		*t->held = '\0';
	}
	kdf_error_free(e);
}

static void give_held_space(struct target *t)
{
	if (*t->held)
		unlink(t->held);
	*t->held = '\0';
}

static struct kdf_error *disk_open(struct target *t, const char *name, bool by_program, struct target_file *f)
{
	char incomplete[96];

	incomplete_name(name, incomplete);
	snprintf(f->name, sizeof(f->name), "%s", name);
	struct kdf_error *e = path_make(f->path, "%s/%s", t->folder, incomplete);
	f->fd = -1;
	if (!e && by_program)
		hold_space(t);
	if (e || by_program)
		return e;
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return f->fd < 0 ? kdf_err_sys(errno, "cannot create %s", f->path) : NULL;
}

static struct kdf_error *disk_commit(struct target *t, struct target_file *f)
{
	char final[PATH_MAX];
	give_held_space(t);
	int fd = f->fd >= 0 ? f->fd : open(f->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	struct kdf_error *e = fd < 0 ? kdf_err_sys(errno, "cannot open %s", f->path) : NULL;

	f->fd = -1;
	if (e)
		return e;
	e = path_make(final, "%s/%s", t->folder, f->name);
	if (!e && fchmod(fd, 0600) && errno != EPERM) /* vfat has no modes */
		e = kdf_err_sys(errno, "cannot protect %s", f->path);
	if (!e && fsync(fd))
		e = kdf_err_sys(errno, "cannot write %s to the disk", f->path);
	if (close(fd) && !e)
		e = kdf_err_sys(errno, "cannot close %s", f->path);
	if (!e && rename(f->path, final))
		e = kdf_err_sys(errno, "cannot rename %s to %s", f->path, f->name);
	return e ? e : sync_folder(t->folder);
}

static void disk_abort(struct target *t, struct target_file *f)
{
	give_held_space(t);
	if (f->fd >= 0) {
		fsync(f->fd);
		close(f->fd);
	}
	f->fd = -1;
}

static struct kdf_error *disk_finish(struct target *t)
{
	struct kdf_error *e = NULL;

	if (!t->mounted)
		return *t->folder ? sync_folder(t->folder) : NULL;
	KDF_AUTO_CLOSE int fd = open(t->mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd))
		e = kdf_err_sys(errno, "cannot sync %s", t->device);
	if (fd >= 0)
		close(kdf_take_fd(&fd));
	/* A hook may have left a program running there; the data is on the disk by now. */
	if (umount2(t->mount_point, 0) && umount2(t->mount_point, MNT_DETACH) && !e)
		e = kdf_err_sys(errno, "cannot unmount %s", t->device);
	t->mounted = false;
	return e;
}

#define DISK_TARGET                                                                                                \
	.plan = disk_plan, .prepare = disk_prepare, .free_space = disk_free_space, .open = disk_open,              \
	.commit = disk_commit, .abort = disk_abort, .finish = disk_finish

/* ext2 and ext3 are served by the ext4 driver (CONFIG_EXT4_USE_FOR_EXT2; ext3's own driver went in 4.3). */
const struct target_ops disk_targets[] = {
	{ .type = "ext4", .mount_type = "ext4", DISK_TARGET },
	{ .type = "ext3", .mount_type = "ext4", DISK_TARGET },
	{ .type = "ext2", .mount_type = "ext4", DISK_TARGET },
	{ .type = "xfs", .mount_type = "xfs", DISK_TARGET },
	/* subvolid=5: the top of the tree, mountinfo's folder counts from there. */
	{ .type = "btrfs", .mount_type = "btrfs", .top_options = "subvolid=5", DISK_TARGET },
	{ .type = "vfat", .mount_type = "vfat", .mount_options = "umask=0077", .no_colon = true,
	  .modules = "nls_cp437 nls_ascii nls_iso8859-1 nls_utf8", DISK_TARGET },
	{ .type = NULL },
};
