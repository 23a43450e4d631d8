// SPDX-License-Identifier: GPL-2.0-or-later
#include "fsprobe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "files.h"

/* 16 bytes as 8-4-4-4-12 hex digits. */
static void put_uuid(const uint8_t *b, char out[40])
{
	char *p = out;

	for (int i = 0; i < 16; i++)
		p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

static void put_label(const uint8_t *b, size_t n, char *out)
{
	memcpy(out, b, n);
	out[n] = '\0';
	for (size_t len = strlen(out); len && out[len - 1] == ' ';)
		out[--len] = '\0';
}

/* struct ext4_super_block (fs/ext4/ext4.h): s_magic 0x38, s_uuid 0x68, s_volume_name 0x78. */
static bool probe_ext4(const uint8_t *b, struct fs_identity *id)
{
	if (b[0x38] != 0x53 || b[0x39] != 0xef)
		return false;
	put_uuid(b + 0x68, id->uuid);
	put_label(b + 0x78, 16, id->label);
	return true;
}

/* struct xfs_dsb (fs/xfs/libxfs/xfs_format.h): sb_magicnum 0, sb_uuid 32, sb_fname 108. */
static bool probe_xfs(const uint8_t *b, struct fs_identity *id)
{
	if (memcmp(b, "XFSB", 4))
		return false;
	put_uuid(b + 32, id->uuid);
	put_label(b + 108, 12, id->label);
	return true;
}

/* struct btrfs_super_block (fs/btrfs): fsid 0x20, magic 0x40, num_devices 0x88, label 0x12b. */
static bool probe_btrfs(const uint8_t *b, struct fs_identity *id)
{
	if (memcmp(b + 0x40, "_BHRfS_M", 8))
		return false;
	put_uuid(b + 0x20, id->uuid);
	put_label(b + 0x12b, 256, id->label);
	id->devices = kdf_load_uint(b + 0x88, 8, false);
	return true;
}

/* Boot sector of FAT: boot signature 0x1fe; FAT32 has its serial at 67 and type name at 82, FAT12/16 at 39, 54. */
static bool probe_vfat(const uint8_t *b, struct fs_identity *id)
{
	bool fat32 = !memcmp(b + 82, "FAT32   ", 8);
	const uint8_t *serial = b + (fat32 ? 67 : 39);

	if (b[0x1fe] != 0x55 || b[0x1ff] != 0xaa || (!fat32 && memcmp(b + 54, "FAT1", 4)))
		return false;
	sprintf(id->uuid, "%02X%02X-%02X%02X", serial[3], serial[2], serial[1], serial[0]);
	put_label(serial + 4, 11, id->label);
	if (!strcmp(id->label, "NO NAME"))
		id->label[0] = '\0';
	return true;
}

enum { SUPERBLOCK_BYTES = 1024 };

static const struct {
	const char *type;
	off_t offset; /* of the SUPERBLOCK_BYTES that probe gets */
	bool (*probe)(const uint8_t *superblock, struct fs_identity *);
} probes[] = {
	{ "ext4", 1024, probe_ext4 },
	{ "xfs", 0, probe_xfs },
	{ "btrfs", 0x10000, probe_btrfs },
	{ "vfat", 0, probe_vfat },
};

bool fs_identify(int fd, struct fs_identity *out)
{
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		uint8_t block[SUPERBLOCK_BYTES];
		struct fs_identity id = { .type = probes[i].type };

		if (pread(fd, block, sizeof(block), probes[i].offset) != (ssize_t)sizeof(block) ||
		    !probes[i].probe(block, &id))
			continue;
		*out = id;
		return true;
	}
	return false;
}

bool fs_matches(const struct fs_identity *id, const char *tag)
{
	if (!strncmp(tag, "UUID=", 5))
		return tag[5] && !strcasecmp(id->uuid, tag + 5);
	if (!strncmp(tag, "LABEL=", 6))
		return tag[6] && !strcmp(id->label, tag + 6);
	return false;
}

static struct kdf_error *find_tag(const char *tag, char out[PATH_MAX])
{
	DIR *dir = opendir("/sys/class/block");
	struct dirent *d;
	struct kdf_error *e = NULL;
	bool found = false;

	if (!dir)
		return kdf_err_sys(errno, "cannot list /sys/class/block");
	while (!found && !e && (d = readdir(dir))) {
		struct fs_identity id;

		if (d->d_name[0] == '.')
			continue;
		e = path_make(out, "/dev/%s", d->d_name);
		if (e)
			break;
		/* O_NONBLOCK: an empty optical drive must not make us wait. */
		KDF_AUTO_CLOSE int fd = open(out, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		found = fd >= 0 && fs_identify(fd, &id) && fs_matches(&id, tag);
	}
	closedir(dir);
	if (!e && !found)
		e = kdf_err(KDF_NOT_FOUND, "no disk or partition has %s", tag);
	return e;
}

struct kdf_error *find_device(const char *target, char out[PATH_MAX])
{
	struct stat st;

	if (!strncmp(target, "UUID=", 5) || !strncmp(target, "LABEL=", 6))
		return find_tag(target, out);
	struct kdf_error *e = path_make(out, "%s", target);
	if (!e && stat(out, &st))
		e = kdf_err_sys(errno, "device %s", target);
	else if (!e && !S_ISBLK(st.st_mode))
		e = kdf_err(KDF_USAGE, "%s is no block device", target);
	return e;
}
