// SPDX-License-Identifier: GPL-2.0-or-later
#include "uts.h"

#include <ctype.h>
#include <string.h>

#include "dump.h"

enum { FIELDS = 6, SCAN = 64 };

static bool is_text(const char *field)
{
	size_t n = strnlen(field, KDF_UTS_LEN);

	for (size_t i = 0; i < n; i++)
		if (!isprint((unsigned char)field[i]))
			return false;
	return n < KDF_UTS_LEN;
}

/* sysname, nodename, release, version, machine, domainname: six fields of 65 bytes (struct new_utsname). */
static bool is_uts(const char uts[FIELDS][KDF_UTS_LEN], const char *release)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!is_text(uts[i]))
			return false;
	return !strcmp(uts[0], "Linux") && (!*release || !strcmp(uts[2], release));
}

static void take(char *field, const char *value)
{
	size_t n = strnlen(value, KDF_UTS_LEN - 1);

	if (*field)
		return;
	memcpy(field, value, n);
	field[n] = 0;
}

static void take_all(struct kdf_info *info, const char uts[FIELDS][KDF_UTS_LEN])
{
	take(info->sysname, uts[0]);
	take(info->nodename, uts[1]);
	take(info->release, uts[2]);
	take(info->version, uts[3]);
	take(info->uts_machine, uts[4]);
	take(info->domainname, uts[5]);
}

static bool read_at(struct kdf *d, uint64_t address, char uts[FIELDS][KDF_UTS_LEN])
{
	struct kdf_error *e = kdf_read_virt(d, address, uts, FIELDS * KDF_UTS_LEN);

	kdf_error_free(e);
	return !e;
}

/* OFFSET(uts_namespace.name) came with 5.11; before, a reference count of a few bytes stands in front of it. */
static void read_init_uts_ns(struct kdf *d)
{
	char uts[FIELDS][KDF_UTS_LEN];
	uint64_t address, offset, end;

	if (!kdf_vmcoreinfo_symbol(d, "init_uts_ns", &address))
		return;
	if (kdf_vmcoreinfo_offset(d, "uts_namespace.name", &offset)) {
		end = offset;
	} else {
		offset = 0;
		end = SCAN;
	}
	for (; offset <= end; offset += 4) {
		if (read_at(d, address + offset, uts) && is_uts(uts, d->info.release)) {
			take_all(&d->info, uts);
			return;
		}
	}
}

void kdf_uts_fill(struct kdf *d)
{
	const char *release = kdf_vmcoreinfo_value(d, "OSRELEASE");

	if (release)
		take(d->info.release, release);
	if (!*d->info.sysname || !*d->info.nodename || !*d->info.version || !*d->info.uts_machine)
		read_init_uts_ns(d);
}
