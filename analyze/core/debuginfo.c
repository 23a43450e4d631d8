// SPDX-License-Identifier: GPL-2.0-or-later
#include "debuginfo.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* No section of a kernel that is read whole comes near it (.symtab 5 MiB, .BTF 8 MiB). */
static const uint64_t MAX_UNPACKED = 1ull << 30;

/* ---- telling files apart ---- */

struct foreign_magic {
	const char *bytes;
	size_t size, offset;
	const char *what;
};

/* Files that people hand over by mistake, by their signatures. */
static const struct foreign_magic foreign[] = {
	{ "\x1f\x8b", 2, 0, "packed with gzip: unpack it first (gunzip)" },
	{ "\xfd\x37zXZ", 5, 0, "packed with xz: unpack it first (unxz)" },
	{ "\x28\xb5\x2f\xfd", 4, 0, "packed with zstd: unpack it first (unzstd)" },
	{ "BZh", 3, 0, "packed with bzip2: unpack it first (bunzip2)" },
	/* The x86 boot protocol's header of bzImage files. */
	{ "HdrS", 4, 0x202, "a boot image: the vmlinux of the kernel's debug package is needed" },
};

static bool is_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < 0x20 && !strchr("\t\n\r\f\x1b", p[i])) || p[i] == 0x7f || !p[i])
			return false;
	return true;
}

static struct kdf_error *identify_elf(const char *path, const uint8_t *head, size_t n, enum kdx_file_kind *out)
{
	if (n < EI_NIDENT + 2)
		return kdf_err(KDF_CORRUPT, "'%s': the file ends within its ELF header", path);
	switch (kdf_load_uint(head + EI_NIDENT, 2, head[EI_DATA] == ELFDATA2MSB)) {
	case ET_EXEC:
	case ET_DYN:
		*out = KDX_FILE_VMLINUX;
		return NULL;
	case ET_REL:
		return kdf_err(KDF_USAGE, "'%s' is a kernel module or object file; a vmlinux or a dump is wanted here",
			       path);
	default:
		*out = KDX_FILE_DUMP;
		return NULL;
	}
}

static ssize_t read_head(int fd, uint8_t *head, size_t cap)
{
	size_t have = 0;

	while (have < cap) {
		ssize_t n = read(fd, head + have, cap - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

struct kdf_error *kdx_file_identify(const char *path, enum kdx_file_kind *out)
{
	uint8_t head[0x206];
	struct stat st;
	KDF_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return kdf_err_sys(errno, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0)
		return kdf_err_sys(errno, "cannot look at '%s'", path);
	if (S_ISDIR(st.st_mode))
		return kdf_err(KDF_USAGE, "'%s' is a directory; give the dump file inside it", path);
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		return kdf_err(KDF_USAGE, "'%s' is a pipe; a dump needs random access: save it to a file first", path);
	ssize_t n = read_head(fd, head, sizeof(head));
	if (n < 0)
		return kdf_err_sys(errno, "cannot read '%s'", path);
	if (!n)
		return kdf_err(KDF_USAGE, "'%s' is empty", path);
	if (n >= 4 && !memcmp(head, ELFMAG, SELFMAG))
		return identify_elf(path, head, (size_t)n, out);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const struct foreign_magic *f = &foreign[i];

		if ((size_t)n >= f->offset + f->size && !memcmp(head + f->offset, f->bytes, f->size))
			return kdf_err(KDF_UNSUPPORTED, "'%s' is %s", path, f->what);
	}
	if (is_text(head, (size_t)n))
		return kdf_err(KDF_USAGE, "'%s' is a text file; a dump or a vmlinux is wanted here", path);
	*out = KDX_FILE_DUMP;
	return NULL;
}

/* ---- the ELF file ---- */

static struct kdf_error *elf_problem(const struct kdx_elf *e, const char *doing)
{
	return kdf_err(KDF_CORRUPT, "'%s': cannot read %s: %s", e->path, doing, elf_errmsg(-1));
}

static bool describe(Elf_Scn *scn, struct kdx_elf_section *out)
{
	GElf_Shdr sh;

	if (!scn || !gelf_getshdr(scn, &sh))
		return false;
	*out = (struct kdx_elf_section){ .size = sh.sh_size, .address = sh.sh_addr, .flags = sh.sh_flags,
					 .index = (uint32_t)elf_ndxscn(scn), .link = sh.sh_link,
					 .type = sh.sh_type, .entry_size = sh.sh_entsize };
	return true;
}

bool kdx_elf_section_at(struct kdx_elf *e, size_t index, struct kdx_elf_section *out)
{
	return describe(elf_getscn(e->elf, index), out);
}

static Elf_Scn *find_section(struct kdx_elf *e, const char *name, uint32_t type, struct kdx_elf_section *out)
{
	size_t names;

	if (elf_getshdrstrndx(e->elf, &names) < 0)
		return NULL;
	for (Elf_Scn *scn = elf_nextscn(e->elf, NULL); scn; scn = elf_nextscn(e->elf, scn)) {
		GElf_Shdr sh;

		if (!gelf_getshdr(scn, &sh) || (type && sh.sh_type != type))
			continue;
		const char *is = name ? elf_strptr(e->elf, names, sh.sh_name) : NULL;
		if (name && (!is || strcmp(is, name)))
			continue;
		return describe(scn, out) ? scn : NULL;
	}
	return NULL;
}

struct kdf_error *kdx_elf_section(struct kdx_elf *e, const char *name, uint32_t type, struct kdx_elf_section *out)
{
	struct kdx_elf_section found;
	Elf_Scn *scn = find_section(e, name, type, &found);

	if (!scn || found.type == SHT_NOBITS || !found.size)
		return kdf_err(KDF_NOT_FOUND, "'%s' has no section %s", e->path, name ? name : "of that type");
	if (found.flags & SHF_COMPRESSED) {
		GElf_Chdr packed;

		if (!gelf_getchdr(scn, &packed))
			return elf_problem(e, name ? name : "a packed section");
		if (packed.ch_size > MAX_UNPACKED)
			return kdf_err(KDF_LIMIT, "'%s': section %s would unpack to %ju bytes", e->path,
				       name ? name : "", (uintmax_t)packed.ch_size);
		if (elf_compress(scn, 0, 0) < 0)
			return elf_problem(e, name ? name : "a packed section");
	}
	Elf_Data *data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf)
		return elf_problem(e, name ? name : "a section");
	found.data = data->d_buf;
	found.size = data->d_size;
	*out = found;
	return NULL;
}

struct kdf_error *kdx_elf_read(struct kdx_elf *e, uint64_t address, void *buf, size_t len)
{
	for (Elf_Scn *scn = elf_nextscn(e->elf, NULL); scn; scn = elf_nextscn(e->elf, scn)) {
		struct kdx_elf_section s;

		if (!describe(scn, &s) || !(s.flags & SHF_ALLOC) || s.type == SHT_NOBITS || address < s.address ||
		    address - s.address >= s.size || len > s.size - (address - s.address))
			continue;
		Elf_Data *data = elf_rawdata(scn, NULL);
		if (!data || !data->d_buf || data->d_size < s.size)
			return elf_problem(e, "a section");
		memcpy(buf, (const uint8_t *)data->d_buf + (address - s.address), len);
		return NULL;
	}
	return kdf_err(KDF_NOT_FOUND, "'%s' stores no bytes for address %#jx", e->path, (uintmax_t)address);
}

/* ELF notes: name size, description size, type, then both padded to 4 bytes. */
static bool note_build_id(struct kdx_elf *e, const void *notes, size_t size)
{
	struct kdf_bytes b = kdf_bytes(notes, size, e->big_endian);

	while (b.len - b.pos >= 12) {
		uint32_t name_size = kdf_get_u32(&b), desc_size = kdf_get_u32(&b), type = kdf_get_u32(&b);
		const uint8_t *name = kdf_get_bytes(&b, ((size_t)name_size + 3) & ~(size_t)3);
		const uint8_t *desc = kdf_get_bytes(&b, desc_size);

		if (b.bad)
			return false;
		if (type == NT_GNU_BUILD_ID && name_size == 4 && !memcmp(name, "GNU", 4) && desc_size &&
		    desc_size <= KDX_BUILD_ID_MAX) {
			memcpy(e->build_id, desc, desc_size);
			e->build_id_size = desc_size;
			return true;
		}
		kdf_skip(&b, -(size_t)desc_size & 3);
	}
	return false;
}

/* vmlinux keeps all its notes in .notes; other files have .note.gnu.build-id: any note section will do. */
static void find_build_id(struct kdx_elf *e)
{
	for (Elf_Scn *scn = elf_nextscn(e->elf, NULL); scn; scn = elf_nextscn(e->elf, scn)) {
		struct kdx_elf_section s;

		if (!describe(scn, &s) || s.type != SHT_NOTE)
			continue;
		Elf_Data *data = elf_rawdata(scn, NULL);
		if (data && data->d_buf && note_build_id(e, data->d_buf, data->d_size))
			return;
	}
}

static struct kdf_error *open_elf(struct kdx_elf *e)
{
	GElf_Ehdr header;
	struct stat st;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return kdf_err(KDF_UNSUPPORTED, "libelf is too old: %s", elf_errmsg(-1));
	e->fd = open(e->path, O_RDONLY | O_CLOEXEC);
	if (e->fd < 0)
		return kdf_err_sys(errno, "cannot open '%s'", e->path);
	/* Private and writable in libelf's sense: packed sections are unpacked in memory. */
	e->elf = elf_begin(e->fd, ELF_C_READ_MMAP_PRIVATE, NULL);
	if (!e->elf || elf_kind(e->elf) != ELF_K_ELF || !gelf_getehdr(e->elf, &header))
		return elf_problem(e, "the ELF header");
	/* Section headers are written last: a file that is cut short has lost them, and would look stripped. */
	if (fstat(e->fd, &st) < 0)
		return kdf_err_sys(errno, "cannot look at '%s'", e->path);
	if (st.st_size < 0 || header.e_shoff > (uint64_t)st.st_size)
		return kdf_err(KDF_CORRUPT, "'%s' is cut short: it has %jd bytes, its section headers would be at %ju",
			       e->path, (intmax_t)st.st_size, (uintmax_t)header.e_shoff);
	e->big_endian = header.e_ident[EI_DATA] == ELFDATA2MSB;
	e->pointer_size = header.e_ident[EI_CLASS] == ELFCLASS32 ? 4 : 8;
	e->machine = header.e_machine;
	find_build_id(e);
	return NULL;
}

struct kdf_error *kdx_elf_open(const char *path, struct kdx_elf **out)
{
	struct kdx_elf *e = calloc(1, sizeof(*e));

	if (!e)
		return kdf_err(KDF_NOMEM, "out of memory");
	e->fd = -1;
	e->path = strdup(path);
	struct kdf_error *error = e->path ? open_elf(e) : kdf_err(KDF_NOMEM, "out of memory");
	if (error) {
		kdx_elf_close(e);
		return error;
	}
	*out = e;
	return NULL;
}

void kdx_elf_close(struct kdx_elf *e)
{
	if (!e)
		return;
	if (e->elf)
		elf_end(e->elf);
	if (e->fd >= 0)
		close(e->fd);
	free(e->path);
	free(e);
}

const char *kdx_elf_build_id_text(const struct kdx_elf *e, char *buf)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < e->build_id_size; i++) {
		buf[2 * i] = digit[e->build_id[i] >> 4];
		buf[2 * i + 1] = digit[e->build_id[i] & 15];
	}
	buf[2 * e->build_id_size] = '\0';
	return buf;
}
