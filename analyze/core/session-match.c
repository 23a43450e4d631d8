// SPDX-License-Identifier: GPL-2.0-or-later
#include "session-match.h"

#include <stdio.h>
#include <string.h>

#include "debuginfo.h"
#include "memory.h"
#include "symbols.h"

enum { BANNER_MAX = 512 };

/*
 * A bug in the backports of the build-id parser's hardening left stack bytes in VMCOREINFO's BUILD-ID (drgn's
 * notes): stable releases from the first to before the last patch level. 5.15.y and 6.10.y were not repaired.
 */
static const struct bad_range {
	unsigned major, minor, first, end;
} bad_range[] = {
	{ 5, 15, 168, ~0u }, { 6, 1, 113, 119 }, { 6, 6, 55, 63 }, { 6, 10, 14, ~0u }, { 6, 11, 3, 10 },
};

static bool in_bad_range(const char *release)
{
	unsigned major, minor, patch;

	if (sscanf(release, "%3u.%3u.%5u", &major, &minor, &patch) != 3)
		return false;
	for (size_t i = 0; i < sizeof(bad_range) / sizeof(bad_range[0]); i++) {
		const struct bad_range *r = &bad_range[i];

		if (major == r->major && minor == r->minor && patch >= r->first && patch < r->end)
			return true;
	}
	return false;
}

bool kdx_build_id_is_garbage(const char *release, const char *version)
{
	const char *debian = strstr(version, "Debian ");

	return in_bad_range(release) || (debian && in_bad_range(debian + strlen("Debian ")));
}

/* "Linux version 6.1.0-56-cloud-amd64 (...) ...": without the line's end. */
static bool is_banner(char *text)
{
	static const char start[] = "Linux version ";

	text[strcspn(text, "\n")] = '\0';
	return !strncmp(text, start, sizeof(start) - 1);
}

/* What the file itself stores at linux_banner, at its link address. */
static bool banner_of_file(struct kdx_session *s, uint64_t run_time, char *out)
{
	const struct kdf_layout *layout = kdf_layout(s->dump);
	uint64_t link_time = run_time - (layout->known & KDF_KNOWS_KASLR ? layout->kaslr_offset : 0);

	for (size_t n = 0; n + 1 < BANNER_MAX; n++) {
		struct kdf_error *e = kdx_elf_read(s->vmlinux, link_time + n, out + n, 1);

		out[n + 1] = '\0';
		if (e) {
			kdf_error_free(e);
			out[n] = '\0';
			break;
		}
		if (!out[n])
			break;
	}
	return is_banner(out);
}

static bool banner_of_dump(struct kdx_session *s, uint64_t address, char *out)
{
	struct kdf_error *e = kdx_read_string(s, address, out, BANNER_MAX, "linux_banner");

	kdf_error_free(e);
	return !e && is_banner(out);
}

static struct kdf_error *mismatch(struct kdx_session *s, bool force, const char *file, const char *dump)
{
	if (force) {
		kdx_warn(s, "'%s' (%s) is not the kernel of this dump (%s); symbols and types may be wrong",
			 s->vmlinux_path, file, dump);
		return NULL;
	}
	const char *release = kdf_info(s->dump)->release;
	return kdf_err(KDF_MISMATCH, "'%s' (%s) is not the kernel of this dump (%s); give the vmlinux of %s%s, or the "
		       "dump alone", s->vmlinux_path, file, dump, *release ? "kernel " : "its kernel", release);
}

static bool same_banner(struct kdx_session *s)
{
	const struct kdx_symbol *symbol = kdx_symbol_by_name(s, "linux_banner");
	char file[BANNER_MAX], dump[BANNER_MAX];

	return symbol && banner_of_file(s, symbol->address, file) && banner_of_dump(s, symbol->address, dump) &&
	       !strcmp(file, dump);
}

static struct kdf_error *compare_banners(struct kdx_session *s, bool force)
{
	const struct kdx_symbol *symbol = kdx_symbol_by_name(s, "linux_banner");
	const char *release = kdf_info(s->dump)->release;
	char file[BANNER_MAX], dump[BANNER_MAX];

	if (!symbol)
		return kdf_err(KDF_USAGE, "'%s' is no Linux kernel: it has no symbol linux_banner", s->vmlinux_path);
	if (!banner_of_file(s, symbol->address, file)) {
		kdx_warn(s, "'%s' holds no kernel banner, so it was not checked that it belongs to this dump",
			 s->vmlinux_path);
		return NULL;
	}
	if (banner_of_dump(s, symbol->address, dump))
		return strcmp(file, dump) ? mismatch(s, force, file, dump) : NULL;
	/* The banner is not where this vmlinux has it, or that page is not in the dump: the release decides. */
	size_t len = strlen(release);
	const char *of_file = file + strlen("Linux version ");
	if (len && strncmp(of_file, release, len) == 0 && of_file[len] == ' ') {
		kdx_warn(s, "'%s' has the dump's release %s, but its build could not be compared", s->vmlinux_path,
			 release);
		return NULL;
	}
	return mismatch(s, force, file, len ? release : "no banner at its address");
}

struct kdf_error *kdx_check_match(struct kdx_session *s, bool force)
{
	const char *want = kdf_vmcoreinfo_value(s->dump, "BUILD-ID");
	char have[KDX_BUILD_ID_TEXT], file[32 + KDX_BUILD_ID_TEXT], dump[256];

	kdx_elf_build_id_text(s->vmlinux, have);
	if (!want || !*want || !*have)
		return compare_banners(s, force);
	if (!strcmp(want, have))
		return NULL;
	if (kdx_build_id_is_garbage(kdf_info(s->dump)->release, kdf_info(s->dump)->version))
		return compare_banners(s, force);
	/* More kernels may have that bug: the same build time and compiler at the same address weigh more. */
	if (same_banner(s)) {
		kdx_warn(s, "the dump's build-id is %.64s, that of '%s' is %s; taken as the same kernel, because their "
			 "banners are equal", want, s->vmlinux_path, have);
		return NULL;
	}
	snprintf(file, sizeof(file), "build-id %s", have);
	snprintf(dump, sizeof(dump), "build-id %.128s", want);
	return mismatch(s, force, file, dump);
}
