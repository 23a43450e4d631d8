// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of formats: what is read, and what is only recognised, so that the user hears a name and a way out
 * instead of "bad signature". Rows are tried from the top.
 */
#include <ctype.h>
#include <string.h>

#include "dump.h"

#define MAGIC_AT(at, bytes) .magic = (bytes), .magic_size = sizeof(bytes) - 1, .magic_at = (at)
#define MAGIC(bytes) MAGIC_AT(0, bytes)

static const char decompress_first[] = "decompress it first";
static const char convert_to_kdump[] = "have the dump taken through kdump, or converted by the tool that wrote it";
static const char dump_guest_memory[] =
	"take the dump with QEMU's dump-guest-memory, or `virsh dump --memory-only`";

static bool is_text(const struct kdf_probe *p)
{
	for (size_t i = 0; i < p->size; i++) {
		uint8_t c = p->head[i];

		if (!isprint(c) && !isspace(c) && c != '\033' && c < 0x80)
			return false;
	}
	return p->size > 0;
}

/* Rows that the files elf.c and kdump.c fill. */
static const struct kdf_format *const readable[] = { &kdf_format_elf, &kdf_format_kdump, &kdf_format_diskdump };

static const struct kdf_format recognised[] = {
	/* LKCD and the s390 stand-alone dump share a magic number but for the last byte; either byte order. */
	{ .name = "LKCD", MAGIC("\xed\x23\x8f\x61\x73\x01\x19\xa8"), .way_out = convert_to_kdump },
	{ .name = "LKCD", MAGIC("\xa8\x19\x01\x73\x61\x8f\x23\xed"), .way_out = convert_to_kdump },
	{ .name = "s390 stand-alone dump", MAGIC("\xa8\x19\x01\x73\x61\x8f\x23\xfd"),
	  .way_out = "convert it to ELF with zgetdump" },
	{ .name = "sadump", MAGIC("sadump\0\0"), .way_out = "convert it with makedumpfile" },
	{ .name = "Xen core (old format)", MAGIC("\xed\xeb\x0f\xf0"), .way_out = convert_to_kdump },
	{ .name = "Xen saved domain", MAGIC("LinuxGuestRecord"), .way_out = "take the dump with `xl dump-core`" },
	{ .name = "QEMU savevm image", MAGIC("QEVM"), .way_out = dump_guest_memory },
	{ .name = "libvirt saved domain", MAGIC("LibvirtQemudSave"), .way_out = dump_guest_memory },
	{ .name = "QEMU disk image (qcow2)", MAGIC("QFI\xfb"), .way_out = dump_guest_memory },
	{ .name = "VMware suspended state", MAGIC("\xd0\xbe\xd2\xbe"), .way_out = "convert it with vmss2core -N" },
	{ .name = "VMware suspended state", MAGIC("\xd1\xba\xd1\xba"), .way_out = "convert it with vmss2core -N" },
	{ .name = "VMware suspended state", MAGIC("\xd2\xbe\xd2\xbe"), .way_out = "convert it with vmss2core -N" },
	{ .name = "VMware suspended state", MAGIC("\xd3\xbe\xd3\xbe"), .way_out = "convert it with vmss2core -N" },
	{ .name = "Windows crash dump", MAGIC("PAGEDU64"), .way_out = "a Linux guest's dump is wanted" },
	{ .name = "Windows crash dump", MAGIC("PAGEDUMP"), .way_out = "a Linux guest's dump is wanted" },
	{ .name = "gzip compressed file", MAGIC("\x1f\x8b"), .way_out = decompress_first },
	{ .name = "xz compressed file", MAGIC("\xfd" "7zXZ"), .way_out = decompress_first },
	{ .name = "zstd compressed file", MAGIC("\x28\xb5\x2f\xfd"), .way_out = decompress_first },
	{ .name = "bzip2 compressed file", MAGIC("BZh"), .way_out = decompress_first },
	{ .name = "lz4 compressed file", MAGIC("\x04\x22\x4d\x18"), .way_out = decompress_first },
	{ .name = "lzop compressed file", MAGIC("\x89LZO"), .way_out = decompress_first },
	{ .name = "7-Zip archive", MAGIC("7z\xbc\xaf\x27\x1c"), .way_out = "unpack it first" },
	{ .name = "zip archive", MAGIC("PK\x03\x04"), .way_out = "unpack it first" },
	{ .name = "tar archive", MAGIC_AT(257, "ustar"), .way_out = "unpack it first" },
	{ .name = "text file", .probe = is_text, .way_out = "name the vmcore file instead" },
};

static bool fits(const struct kdf_format *f, const struct kdf_probe *p)
{
	if (f->probe)
		return f->probe(p);
	return f->magic_at + f->magic_size <= p->size && !memcmp(p->head + f->magic_at, f->magic, f->magic_size);
}

const struct kdf_format *kdf_format_find(const struct kdf_probe *p)
{
	for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++)
		if (fits(readable[i], p))
			return readable[i];
	for (size_t i = 0; i < sizeof(recognised) / sizeof(*recognised); i++)
		if (fits(&recognised[i], p))
			return &recognised[i];
	return NULL;
}
