// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmdline.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

/* Without a KDUMP_COMMANDLINE_REMOVE: parameters that cost memory, hide messages or belong to a first boot. */
static const char default_remove[] = "hugepages hugepagesz default_hugepagesz slub_debug quiet log_buf_len swiotlb "
				     "hugetlb_cma ignition.firstboot cma";

/*
 * Taken out in every case. crashkernel: no reservation inside the reservation. panic_on_warn, *_panic: a warning
 * must not end the capture. root and what goes with it, init, resume: our initramfs mounts the target by itself.
 * BOOT_IMAGE and initrd are the boot loader's notes about the host.
 */
static const char *const never[] = {
	"crashkernel", "panic", "panic_on_warn", "panic_on_taint", "oops", "softlockup_panic", "hardlockup_panic",
	"hung_task_panic", "root", "rootfstype", "rootflags", "rootdelay", "rootwait", "ro", "rw", "resume",
	"resume_offset", "init", "rdinit", "initrd", "BOOT_IMAGE", "splash", "nr_cpus", "maxcpus", "elfcorehdr",
};
/* The same by their beginning: all of these are read by programs that our initramfs does not have. */
static const char *const never_prefix[] = { "rd.", "systemd.", "plymouth.", "fsck." };

/* One parameter at *p: blanks inside double quotes belong to it (lib/cmdline.c, next_arg). 0: no more. */
static size_t next_parameter(const char **p)
{
	bool quoted = false;
	size_t n = 0;

	*p += strspn(*p, " \t\n");
	for (; (*p)[n]; n++) {
		if ((*p)[n] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" \t\n", (*p)[n]))
			break;
	}
	return n;
}

/* The kernel takes '-' and '_' in names for the same. */
static bool same_name(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

static bool listed(const char *list, const char *parameter, size_t len)
{
	size_t name = 0, n;

	while (name < len && parameter[name] != '=')
		name++;
	for (const char *p = list; (n = next_parameter(&p)) > 0; p += n) {
		/* "name" takes every value out, "name=value" only that one. */
		size_t want = memchr(p, '=', n) ? len : name;

		if (n == want && same_name(p, parameter, n))
			return true;
	}
	return false;
}

static bool unwanted(const char *parameter, size_t len, const char *remove)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (listed(never[i], parameter, len))
			return true;
	for (size_t i = 0; i < sizeof(never_prefix) / sizeof(never_prefix[0]); i++)
		if (!strncmp(parameter, never_prefix[i], strlen(never_prefix[i])))
			return true;
	return listed(remove, parameter, len);
}

struct kdf_error *cmdline_build(const char *host_cmdline, const struct settings *s, const struct machine *m, char **out)
{
	const char *start = s->value[SETTING_COMMANDLINE] ? s->value[SETTING_COMMANDLINE] : host_cmdline;
	const char *remove =
		s->value[SETTING_COMMANDLINE_REMOVE] ? s->value[SETTING_COMMANDLINE_REMOVE] : default_remove;
	const char *append = s->value[SETTING_COMMANDLINE_APPEND] ? s->value[SETTING_COMMANDLINE_APPEND] : m->append;
	struct kdf_buf line = { 0 };
	size_t n;

	/* What follows a lone "--" is for the host's init. */
	for (const char *p = start; (n = next_parameter(&p)) > 0 && !(n == 2 && !memcmp(p, "--", 2)); p += n) {
		if (unwanted(p, n, remove))
			continue;
		kdf_buf_add(&line, p, n);
		kdf_buf_putc(&line, ' ');
	}
	kdf_buf_puts(&line, append);
	struct kdf_error *e = kdf_buf_error(&line);
	/* kexec puts its own elfcorehdr= behind it (kexec_load): 64 bytes are kept free. */
	if (!e && line.len + 64 > m->cmdline_limit)
		e = kdf_err(KDF_LIMIT,
			    "the crash kernel's command line has %zu bytes, the kernel takes %u: shorten it with "
			    "KDUMP_COMMANDLINE_REMOVE",
			    line.len, m->cmdline_limit - 64);
	if (e) {
		kdf_buf_free(&line);
		return e;
	}
	*out = kdf_buf_take(&line);
	return *out ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}
