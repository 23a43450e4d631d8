// SPDX-License-Identifier: GPL-2.0-or-later
/* kdx-capture: runs in the crash kernel and saves the dead kernel's memory. stage.c does it. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/opts.h"
#include "crash-system.h"
#include "kdf.h"
#include "stage.h"

enum { OPT_CRASH_KERNEL = KDF_OPT_LONG + 1, OPT_ROOT, OPT_VMCORE, OPT_NO_REBOOT, OPT_HELP, OPT_VERSION };

static const struct kdf_option options[] = {
	{ OPT_CRASH_KERNEL, "crash-kernel", NULL,
	  "The real thing: this is the crash kernel, mount, save and end the machine.", 0 },
	{ OPT_ROOT, "root", "DIR", "Test run: DIR/etc/kdump.conf is read, the dump goes below DIR.", 0 },
	{ OPT_VMCORE, "vmcore", "FILE", "What to save; default /proc/vmcore.", 0 },
	{ OPT_NO_REBOOT, "no-reboot", NULL, "The machine goes on; implied by --root.", 0 },
	{ OPT_HELP, "help", NULL, "This text.", 0 },
	{ OPT_VERSION, "version", NULL, "Version and what this build can read.", 0 },
	{ 0 },
};

static int usage_error(const char *text)
{
	fprintf(stderr, "kdx-capture: %s\nTry 'kdx-capture --help'.\n", text);
	return 2;
}

static int help(void)
{
	printf("Usage: kdx-capture ");
	kdf_options_synopsis(options, stdout);
	printf("\nSaves the memory of a crashed kernel as kdump.conf says. Started by the crash initramfs.\n\n");
	kdf_options_print(options, stdout, 80);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}

int main(int argc, char *argv[])
{
	struct stage_request r = { .root = "", .vmcore = "/proc/vmcore" };
	struct kdf_args args;
	struct kdf_error *e = kdf_args_parse(options, 0, argc, argv, &args);

	if (e) {
		int rc = usage_error(kdf_error_text(e));

		kdf_error_free(e);
		return rc;
	}
	bool want_help = kdf_args_count(&args, OPT_HELP), want_version = kdf_args_count(&args, OPT_VERSION);
	r.crash_kernel = kdf_args_count(&args, OPT_CRASH_KERNEL);
	if (kdf_args_value(&args, OPT_ROOT))
		r.root = kdf_args_value(&args, OPT_ROOT);
	if (kdf_args_value(&args, OPT_VMCORE))
		r.vmcore = kdf_args_value(&args, OPT_VMCORE);
	r.no_reboot = kdf_args_count(&args, OPT_NO_REBOOT) || *r.root;
	bool words = args.nword;
	kdf_args_free(&args);
	if (want_help)
		return help();
	if (want_version)
		return printf("kdx-capture %s\ncodecs: %s\n", KDX_VERSION, kdf_features()) < 0;
	if (words)
		return usage_error("no words are expected, only options");
	if (r.crash_kernel == (*r.root != '\0'))
		return usage_error("either --crash-kernel (only there!) or --root DIR is needed");
	/* By hand on a healthy machine it would end in a restart for nothing. */
	if (r.crash_kernel && access(MODULES_FILE, F_OK))
		return usage_error(
			"--crash-kernel works inside the crash initramfs only; use --root DIR for a test run");

	umask(077);
	enum capture_result result = stage_run(&r);
	return result == CAPTURE_SAVED || result == CAPTURE_SKIPPED ? 0 : 1;
}
