// SPDX-License-Identifier: GPL-2.0-or-later
/* Choosing a target, naming a dump, reading mountinfo, superblocks and sysfs, the plan, writing through a target. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/blockdev.h"
#include "capture/files.h"
#include "capture/fsprobe.h"
#include "capture/mounts.h"
#include "capture/plan.h"
#include "capture/target.h"
#include "test.h"
#include "remove-tree.h"

static char scratch[] = "/tmp/kdx-capture-target-XXXXXX";

static void rows(void)
{
	static const char *const good[] = { "ext4", "ext3", "ext2", "xfs", "btrfs", "vfat" };
	const struct target_ops *ops = NULL;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_OK(target_find(good[i], &ops));
		CHECK(ops && !strcmp(ops->type, good[i]) && ops->plan && ops->prepare && ops->free_space && ops->open &&
		      ops->commit && ops->abort && ops->finish);
	}
	CHECK_CODE(target_find("tmpfs", &ops), KDF_UNSUPPORTED);
	CHECK_CODE(target_find("nfs4", &ops), KDF_UNSUPPORTED);
}

static void names(void)
{
	char name[96];

	setenv("TZ", "UTC", 1);
	tzset();
	dump_folder_name(1767225599, false, name);
	CHECK_TEXT(name, "127.0.0.1-2025-12-31-23:59:59");
	setenv("TZ", "XYZ-2", 1); /* two hours east */
	tzset();
	dump_folder_name(1767225599, false, name);
	CHECK_TEXT(name, "127.0.0.1-2026-01-01-01:59:59");
	dump_folder_name(1767225599, true, name);
	CHECK_TEXT(name, "127.0.0.1-2026-01-01-01.59.59");
	incomplete_name("vmcore", name);
	CHECK_TEXT(name, "vmcore-incomplete");
	incomplete_name("vmcore-dmesg.txt", name);
	CHECK_TEXT(name, "vmcore-dmesg-incomplete.txt");
}

static const char mountinfo[] =
	"22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
	"30 22 0:22 / /run rw - tmpfs tmpfs rw\n"
	"31 22 254:2 / /var rw,relatime shared:2 master:3 - xfs /dev/vda2 rw\n"
	"32 31 0:40 /@crash /var/crash\\040dumps rw - btrfs /dev/vdb rw,subvol=/@crash\n"
	"garbage\n"
	"33 22 254:3 / /var rw - ext4 /dev/vda3 rw\n";

static void mounts(void)
{
	struct mount_entry m;

	CHECK_OK(mount_of_folder(mountinfo, "/etc", &m));
	CHECK(m.major == 254 && m.minor == 1);
	/* the later of two mounts on one folder is the one that is seen */
	CHECK_OK(mount_of_folder(mountinfo, "/var/crash", &m));
	CHECK(m.minor == 3 && !strcmp(m.type, "ext4") && !strcmp(m.source, "/dev/vda3"));
	CHECK_OK(mount_of_folder(mountinfo, "/variable", &m));
	CHECK_TEXT(m.point, "/");
	CHECK_OK(mount_of_folder(mountinfo, "/var/crash dumps/x", &m));
	CHECK_TEXT(m.root, "/@crash");
	CHECK(m.major == 0);
	CHECK_CODE(mount_of_folder("", "/etc", &m), KDF_NOT_FOUND);
	CHECK(mount_of_device(mountinfo, 254, 2, &m) && !strcmp(m.point, "/var"));
	CHECK(!mount_of_device(mountinfo, 254, 9, &m));
}

/* A file of `size` zeros with bytes put at offsets. */
static int make_disk(const char *name, off_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	return fd >= 0 && !ftruncate(fd, size) ? fd : -1;
}

static void put(int fd, off_t at, const char *bytes, size_t n)
{
	CHECK(pwrite(fd, bytes, n, at) == (ssize_t)n);
}

static void superblocks(void)
{
	static const char uuid[] = "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef";
	static const char uuid_text[] = "01234567-89ab-cdef-0123-456789abcdef";
	struct fs_identity id;

	int fd = make_disk("ext4", 4096);
	CHECK(!fs_identify(fd, &id));
	put(fd, 1024 + 0x38, "\x53\xef", 2);
	put(fd, 1024 + 0x68, uuid, 16);
	put(fd, 1024 + 0x78, "sixteen-letters!", 16);
	CHECK(fs_identify(fd, &id) && !strcmp(id.type, "ext4"));
	CHECK_TEXT(id.uuid, uuid_text);
	CHECK_TEXT(id.label, "sixteen-letters!");
	CHECK(fs_matches(&id, "UUID=01234567-89AB-CDEF-0123-456789ABCDEF"));
	CHECK(fs_matches(&id, "LABEL=sixteen-letters!"));
	CHECK(!fs_matches(&id, "LABEL=sixteen") && !fs_matches(&id, "UUID=") && !fs_matches(&id, "LABEL=") &&
	      !fs_matches(&id, "/dev/x"));
	close(fd);

	fd = make_disk("xfs", 4096);
	put(fd, 0, "XFSB", 4);
	put(fd, 32, uuid, 16);
	put(fd, 108, "crash", 5);
	CHECK(fs_identify(fd, &id) && !strcmp(id.type, "xfs") && !strcmp(id.uuid, uuid_text) &&
	      !strcmp(id.label, "crash"));
	close(fd);

	fd = make_disk("btrfs", 0x11000);
	put(fd, 0x10040, "_BHRfS_M", 8);
	put(fd, 0x10020, uuid, 16);
	put(fd, 0x10088, "\x02", 1);
	CHECK(fs_identify(fd, &id) && !strcmp(id.type, "btrfs") && !strcmp(id.uuid, uuid_text) && !*id.label);
	CHECK(id.devices == 2);
	close(fd);

	fd = make_disk("vfat", 4096);
	put(fd, 0x1fe, "\x55\xaa", 2);
	CHECK(!fs_identify(fd, &id)); /* only a boot sector */
	put(fd, 82, "FAT32   ", 8);
	put(fd, 67, "\x78\x56\x34\x12NO NAME    ", 15);
	CHECK(fs_identify(fd, &id) && !strcmp(id.type, "vfat") && !strcmp(id.uuid, "1234-5678") && !*id.label);
	close(fd);

	fd = make_disk("short", 100);
	put(fd, 0, "XFSB", 4);
	CHECK(!fs_identify(fd, &id));
	close(fd);
}

static struct kdf_error *collect(void *arg, const char *module)
{
	return plan_add(arg, PLAN_DRIVER, module);
}

static void folder(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/%s", scratch, name);
	CHECK_OK(make_folders(path, 0755));
}

static void link_to(const char *name, const char *to)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/%s", scratch, name);
	CHECK(!symlink(to, path));
}

static void sysfs(void)
{
	char sys[PATH_MAX], name[PATH_MAX];
	struct plan p = { 0 };

	snprintf(sys, sizeof(sys), "%s/sys", scratch);
	folder("dev/block");
	folder("module/virtio_blk");
	folder("module/virtio_pci");
	folder("bus/virtio/drivers/virtio_blk");
	folder("bus/pci/drivers/virtio-pci");
	folder("bus/platform/drivers/plain");
	folder("devices/pci0/0000:00:04.0/virtio1/block/vda/vda1");
	folder("devices/virtual/block/dm-0/dm");
	folder("devices/virtual/block/cciss!c0d0");
	link_to("bus/virtio/drivers/virtio_blk/module", "../../../../module/virtio_blk");
	link_to("bus/pci/drivers/virtio-pci/module", "../../../../module/virtio_pci");
	link_to("devices/pci0/driver", "../../bus/platform/drivers/plain"); /* built in: no module link */
	link_to("devices/pci0/0000:00:04.0/driver", "../../../bus/pci/drivers/virtio-pci");
	link_to("devices/pci0/0000:00:04.0/virtio1/driver", "../../../../bus/virtio/drivers/virtio_blk");
	link_to("dev/block/254:1", "../../devices/pci0/0000:00:04.0/virtio1/block/vda/vda1");
	link_to("dev/block/253:0", "../../devices/virtual/block/dm-0");
	link_to("dev/block/104:0", "../../devices/virtual/block/cciss!c0d0");

	CHECK_OK(blockdev_name(sys, 254, 1, name));
	CHECK_TEXT(name, "/dev/vda1");
	CHECK_OK(blockdev_name(sys, 104, 0, name));
	CHECK_TEXT(name, "/dev/cciss/c0d0");
	CHECK_CODE(blockdev_name(sys, 9, 9, name), KDF_NOT_FOUND);
	CHECK_OK(blockdev_plain(sys, 254, 1));
	CHECK_CODE(blockdev_plain(sys, 253, 0), KDF_UNSUPPORTED);
	CHECK_OK(blockdev_drivers(sys, 254, 1, collect, &p));
	CHECK(p.list[PLAN_DRIVER].n == 2);
	if (p.list[PLAN_DRIVER].n == 2) {
		CHECK_TEXT(p.list[PLAN_DRIVER].word[0], "virtio_blk");
		CHECK_TEXT(p.list[PLAN_DRIVER].word[1], "virtio_pci");
	}
	plan_free(&p);
}

static void plans(void)
{
	struct plan p = { 0 }, back;
	struct kdf_buf text = { 0 };

	CHECK_OK(plan_set(&p, PLAN_FOLDER, "/old"));
	CHECK_OK(plan_set(&p, PLAN_FOLDER, "/var/my crash"));
	CHECK_OK(plan_add(&p, PLAN_MODULE, "ext4"));
	CHECK_OK(plan_add(&p, PLAN_MODULE, "ext4"));
	CHECK_OK(plan_add_words(&p, PLAN_MODULE, " loop  dm_mod "));
	CHECK_CODE(plan_set(&p, PLAN_HOST, "a\nfolder /etc"), KDF_USAGE);
	CHECK_CODE(plan_add(&p, PLAN_PROGRAM, "/bin/my program"), KDF_USAGE);
	CHECK_OK(plan_write(&p, &text));
	CHECK_TEXT(kdf_buf_text(&text), "folder /var/my crash\nmodule ext4\nmodule loop\nmodule dm_mod\n");
	if (CHECK_OK(plan_parse("p", kdf_buf_text(&text), &back))) {
		CHECK_TEXT(plan_text(&back, PLAN_FOLDER), "/var/my crash");
		CHECK_TEXT(plan_text(&back, PLAN_DEVICE), "");
		CHECK(back.list[PLAN_MODULE].n == 3);
		plan_free(&back);
	}
	CHECK_CODE(plan_parse("p", "folder /x\nwhat is this\n", &back), KDF_USAGE);
	kdf_buf_free(&text);
	plan_free(&p);
}

/* The functions of a row, on a plain folder in place of the target's file system. */
static void writing(void)
{
	struct plan p = { 0 };
	struct target t = { .plan = &p, .root = scratch, .when = 1000000000 };
	struct target second = t;
	struct target_file f;
	char path[PATH_MAX];
	struct stat st;
	uint64_t free_bytes = 0;

	CHECK_OK(plan_set(&p, PLAN_FOLDER, "/var/crash"));
	CHECK_OK(target_find("ext4", &t.ops));
	second.ops = t.ops;
	if (!CHECK_OK(t.ops->prepare(&t)))
		return;
	CHECK(!stat(t.folder, &st) && (st.st_mode & 07777) == 0700);
	CHECK(!strncmp(t.shown, "/var/crash/127.0.0.1-2001-09-", 29));
	CHECK_OK(second.ops->prepare(&second)); /* the same second */
	CHECK(strlen(second.shown) == strlen(t.shown) + 2 && !strcmp(second.shown + strlen(t.shown), ".2"));
	CHECK_OK(t.ops->free_space(&t, &free_bytes));
	CHECK(free_bytes > 0);

	CHECK_OK(t.ops->open(&t, "a.txt", false, &f));
	CHECK(!access(f.path, F_OK) && strstr(f.path, "/a-incomplete.txt"));
	CHECK_OK(write_all(f.fd, "12345", 5, "a"));
	CHECK_OK(t.ops->commit(&t, &f));
	CHECK_OK(path_make(path, "%s/a.txt", t.folder));
	CHECK(!stat(path, &st) && st.st_size == 5 && (st.st_mode & 07777) == 0600);
	CHECK(access(f.path, F_OK));

	CHECK_OK(t.ops->open(&t, "b", false, &f));
	t.ops->abort(&t, &f);
	CHECK(!access(f.path, F_OK) && f.fd == -1);
	CHECK_CODE(t.ops->open(&t, "b", false, &f), KDF_IO); /* what is there is never overwritten */

	CHECK_OK(t.ops->open(&t, "vmcore", true, &f));
	CHECK(access(f.path, F_OK)); /* the program makes it */
	CHECK_OK(path_make(path, "%s/.held", t.folder));
	CHECK(!stat(path, &st) && st.st_blocks * 512 >= 512 << 10); /* space for the records after it */
	CHECK_CODE(t.ops->commit(&t, &f), KDF_NOT_FOUND);
	CHECK(access(path, F_OK));
	CHECK_OK(t.ops->finish(&t));
	plan_free(&p);
}

int main(void)
{
	if (!CHECK(mkdtemp(scratch) != NULL))
		return 1;
	rows();
	names();
	mounts();
	superblocks();
	sysfs();
	plans();
	writing();
	remove_tree(scratch);
	TEST_END();
}
