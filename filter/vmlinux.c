// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmlinux.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"

enum { BUILD_ID_MAX = 64, HEADERS_MAX = 65536 };

struct image {
	const uint8_t *p;
	size_t size;
	bool big_endian;
	char build_id[2 * BUILD_ID_MAX + 1]; /* hex; "" when there is none */
	char release[KDF_UTS_LEN];
};

/* NT_GNU_BUILD_ID (3) of "GNU" among the notes. */
static void find_build_id(struct image *im, const uint8_t *notes, size_t size)
{
	struct kdf_bytes b = kdf_bytes(notes, size, im->big_endian);

	while (!im->build_id[0] && !b.bad && b.len - b.pos >= 12) {
		uint32_t namesz = kdf_get_u32(&b), descsz = kdf_get_u32(&b), type = kdf_get_u32(&b);
		const uint8_t *name = kdf_get_bytes(&b, namesz);
		kdf_skip(&b, -namesz & 3);
		const uint8_t *desc = kdf_get_bytes(&b, descsz);
		kdf_skip(&b, -descsz & 3);
		if (!name || !desc || type != NT_GNU_BUILD_ID || namesz != 4 || memcmp(name, "GNU", 4) != 0 ||
		    descsz > BUILD_ID_MAX)
			continue;
		for (uint32_t i = 0; i < descsz; i++)
			snprintf(im->build_id + 2 * i, 3, "%02x", desc[i]);
	}
}

/* linux_banner: "Linux version RELEASE (builder@host) ..." */
static void find_release(struct image *im, const uint8_t *p, size_t size)
{
	static const char prefix[] = "Linux version ";
	const uint8_t *found = im->release[0] ? NULL : memmem(p, size, prefix, sizeof(prefix) - 1);

	if (!found)
		return;
	found += sizeof(prefix) - 1;
	size_t left = size - (size_t)(found - p), n = 0;
	while (n < left && n < sizeof(im->release) - 1 && found[n] > ' ' && found[n] < 127)
		n++;
	/* A format string ("Linux version %s") is no release. */
	if (n && found[0] != '%')
		memcpy(im->release, found, n);
}

static uint64_t get(const struct image *im, size_t at, size_t n)
{
	return at <= im->size && n <= im->size - at ? kdf_load_uint(im->p + at, n, im->big_endian) : 0;
}

/* Both loops: what does not lie inside the file is passed over. */
static void read_headers(struct image *im, uint64_t table, uint64_t count, uint64_t entry, uint32_t note_type,
			 size_t type_at, size_t offset_at, size_t size_at)
{
	for (uint64_t i = 0; i < count && i < HEADERS_MAX; i++) {
		uint64_t at = table + i * entry;
		if (at > im->size || entry > im->size - at)
			return;
		uint32_t type = (uint32_t)get(im, at + type_at, 4);
		uint64_t offset = get(im, at + offset_at, 8), size = get(im, at + size_at, 8);
		if (offset > im->size || size > im->size - offset)
			continue;
		if (type == note_type)
			find_build_id(im, im->p + offset, size);
		else if (note_type == PT_NOTE && type == PT_LOAD)
			find_release(im, im->p + offset, size);
	}
}

static struct kdf_error *read_image(struct image *im, const char *path)
{
	if (im->size < sizeof(Elf64_Ehdr) || memcmp(im->p, ELFMAG, SELFMAG) != 0)
		return kdf_err(KDF_UNSUPPORTED, "'%s' is no ELF file: vmlinux is wanted (not vmlinuz)", path);
	if (im->p[EI_CLASS] != ELFCLASS64)
		return kdf_err(KDF_UNSUPPORTED, "'%s' is no 64-bit kernel", path);
	im->big_endian = im->p[EI_DATA] == ELFDATA2MSB;
	read_headers(im, get(im, offsetof(Elf64_Ehdr, e_phoff), 8), get(im, offsetof(Elf64_Ehdr, e_phnum), 2),
		     sizeof(Elf64_Phdr), PT_NOTE, offsetof(Elf64_Phdr, p_type), offsetof(Elf64_Phdr, p_offset),
		     offsetof(Elf64_Phdr, p_filesz));
	read_headers(im, get(im, offsetof(Elf64_Ehdr, e_shoff), 8), get(im, offsetof(Elf64_Ehdr, e_shnum), 2),
		     sizeof(Elf64_Shdr), SHT_NOTE, offsetof(Elf64_Shdr, sh_type), offsetof(Elf64_Shdr, sh_offset),
		     offsetof(Elf64_Shdr, sh_size));
	return NULL;
}

static struct kdf_error *compare(const struct kdf *dump, const struct image *im, const char *path)
{
	const char *build_id = kdf_vmcoreinfo_value(dump, "BUILD-ID"); /* 5.9 */
	const char *release = kdf_vmcoreinfo_value(dump, "OSRELEASE");

	if (!release && kdf_info(dump)->release[0])
		release = kdf_info(dump)->release;
	if (build_id && *build_id && im->build_id[0]) {
		if (!strcasecmp(build_id, im->build_id))
			return NULL;
		return kdf_err(KDF_MISMATCH, "'%s' is not the kernel of this dump: build-id %s, the dump has %s", path,
			       im->build_id, build_id);
	}
	if (release && im->release[0]) {
		if (!strcmp(release, im->release))
			return NULL;
		return kdf_err(KDF_MISMATCH, "'%s' is not the kernel of this dump: release %s, the dump has %s", path,
			       im->release, release);
	}
	return kdf_err(KDF_NOT_FOUND, "'%s' and the dump have neither build-id nor release in common: leave out -x",
		       path);
}

struct kdf_error *vmlinux_check(const struct kdf *dump, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	struct image im = { 0 };

	if (fd < 0)
		return kdf_err_sys(errno, "cannot open '%s'", path);
	struct kdf_error *e = fstat(fd, &st) ? kdf_err_sys(errno, "cannot look at '%s'", path) : NULL;
	if (!e && (!S_ISREG(st.st_mode) || !st.st_size))
		e = kdf_err(KDF_UNSUPPORTED, "'%s' is no ELF file", path);
	if (!e) {
		im.size = (size_t)st.st_size;
		im.p = mmap(NULL, im.size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (im.p == MAP_FAILED)
			e = kdf_err_sys(errno, "cannot map '%s'", path);
	}
	close(fd);
	if (e)
		return e;
	e = read_image(&im, path);
	if (!e)
		e = compare(dump, &im, path);
	munmap((void *)(uintptr_t)im.p, im.size);
	return e;
}
