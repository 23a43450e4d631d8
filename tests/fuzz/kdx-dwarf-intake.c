// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile vmlinux: ELF headers, symbol table, notes, DWARF and BTF of a file that somebody handed over. Seeds are
 * small object files with -g, whose type field the target turns into that of an executable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "analyze/core/symbols.h"
#include "analyze/core/types.h"
#include "base/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("vmlinux", MFD_CLOEXEC);
	/* ET_EXEC, in either byte order: another type never reaches the readers. */
	uint8_t type[2] = { size > 5 && data[5] == 2 ? 0 : 2, size > 5 && data[5] == 2 ? 2 : 0 };

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || (size > 18 && pwrite(fd, type, 2, 16) != 2))
		abort();
	return fd;
}

static void look_at(struct kdx_session *s, const char *name)
{
	const struct kdx_type *type, *target;
	const struct kdx_member *member;
	const struct kdx_enumerator *enumerator;
	struct kdx_member m;
	size_t n = 0;
	char *text = NULL;
	int64_t value;
	struct kdf_error *e = kdx_type_find(s, name, &type);

	if (e)
		kdf_error_free(e);
	else {
		kdf_error_free(kdx_type_declare(s, type, "x", &text));
		kdf_error_free(kdx_type_strip(s, type, &target));
		if (type->kind == KDX_STRUCT || type->kind == KDX_UNION)
			kdf_error_free(kdx_type_members(s, type, &member, &n));
		for (size_t i = 0; i < n && i < 64; i++) {
			kdf_error_free(kdx_type_strip(s, member[i].type, &target));
			if (member[i].name)
				kdf_error_free(kdx_type_member(s, type, member[i].name, &m));
		}
		if (type->kind == KDX_ENUM)
			kdf_error_free(kdx_type_enumerators(s, type, &enumerator, &n));
	}
	free(text);
	kdf_error_free(kdx_variable_type(s, name, &type));
	kdf_error_free(kdx_enumerator(s, name, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const name[] = { "task_struct", "list_head", "int", "unsigned long", "sample", "sample_enum",
					    "sample_table", "SAMPLE_ONE", "struct nowhere" };
	struct kdx_session *s;
	char path[64];
	int fd = as_file(data, size);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const char *p = path;
	struct kdf_error *e = kdx_session_open(&(struct kdx_open_args){ .path = &p, .npaths = 1 }, &s);
	if (!e) {
		for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
			look_at(s, name[i]);
		for (size_t i = 0; i < kdx_symbol_count(s) && i < 64; i++)
			(void)kdx_symbol_by_address(s, kdx_symbol_at(s, i)->address, NULL);
		kdx_session_close(s);
	}
	kdf_error_free(e);
	close(fd);
	return 0;
}
