// SPDX-License-Identifier: GPL-2.0-or-later
/* kdxctl: the crash kernel's service on the healthy system. A command is a row of the table; service.c does it. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/opts.h"
#include "kdf.h"
#include "service.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_OPERATIONAL = 3 };
enum { OPT_JSON = KDF_OPT_LONG + 1, OPT_HELP, OPT_VERSION };

static const struct kdf_option options[] = {
	{ OPT_JSON, "json", NULL, "Output for programs (status, list).", 0 },
	{ OPT_HELP, "help", NULL, "This text.", 0 },
	{ OPT_VERSION, "version", NULL, "Version and what this build can read.", 0 },
	{ 0 },
};

/* *rc is the exit status when no error is returned. */
typedef struct kdf_error *command_fn(bool json, int *rc);

static struct kdf_error *do_start(bool json, int *rc) { (void)json, (void)rc; return service_start(); }
static struct kdf_error *do_stop(bool json, int *rc) { (void)json, (void)rc; return service_stop(); }
static struct kdf_error *do_restart(bool json, int *rc) { (void)json, (void)rc; return service_restart(); }
static struct kdf_error *do_reload(bool json, int *rc) { (void)json, (void)rc; return service_reload(); }
static struct kdf_error *do_rebuild(bool json, int *rc) { (void)json, (void)rc; return service_rebuild(); }
static struct kdf_error *do_check(bool json, int *rc) { (void)json, (void)rc; return service_check(); }
static struct kdf_error *do_showmem(bool json, int *rc) { (void)json, (void)rc; return service_showmem(); }
static struct kdf_error *do_list(bool json, int *rc) { (void)rc; return service_list(json); }

static struct kdf_error *do_status(bool json, int *rc)
{
	bool operational;
	struct kdf_error *e = service_status(json, &operational);

	*rc = operational ? 0 : EXIT_NOT_OPERATIONAL;
	return e;
}

static const struct command {
	const char *name;
	command_fn *run; /* NULL: not supported yet */
	const char *help; /* or what works in its place */
	bool json;
} commands[] = {
	{ "start", do_start, "check, build the initramfs when it is missing or outdated, load the crash kernel",
	  false },
	{ "stop", do_stop, "unload it", false },
	{ "restart", do_restart, "unload and load, building what is outdated", false },
	{ "reload", do_reload, "unload and load, building nothing", false },
	{ "status", do_status, "is it loaded? exit status 0: yes, 3: no", true },
	{ "rebuild", do_rebuild, "build the initramfs in any case", false },
	{ "check", do_check, "show what is in effect and where it was set; would a start work?", false },
	{ "list", do_list, "the dumps that are there, with size and state", true },
	{ "showmem", do_showmem, "memory that is reserved for the crash kernel", false },
	{ "estimate", NULL, "the peak of a real capture is in kdx-status.json beside the dump", false },
	{ "test", NULL, "run /usr/lib/kdx/kdx-capture --root DIR --vmcore FILE against a saved vmcore", false },
	{ "show", NULL, "use 'kdxctl list' and read kdx-status.json", false },
	{ "prune", NULL, "remove folders under the dump path by hand", false },
	{ "import", NULL, "an existing kdump.conf of kdump-utils is read as it is", false },
	{ "setup", NULL, "edit /etc/kdump.conf and run 'kdxctl check'", false },
	{ "propagate", NULL, "it belongs to the ssh target, which is not supported yet", false },
	{ "reset-crashkernel", NULL, "set crashkernel= in the boot loader's configuration", false },
	{ "get-default-crashkernel", NULL, "256M suits machines up to 64 GiB on a local disk", false },
};

enum { NCOMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int help(void)
{
	printf("Usage: kdxctl COMMAND [--json]\nThe kdump service: keeps a crash kernel loaded that saves the memory "
	       "of this one.\n\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (commands[i].run)
			printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\n");
	kdf_options_print(options, stdout, 80);
	printf("\nExit status: 0 done, 1 failed, 2 wrong words, 3 (status) no crash kernel is loaded.\n"
	       "Configuration: /etc/kdump.conf; loading: /etc/sysconfig/kdump or /etc/default/kdx.\n");
	return 0;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int fail(struct kdf_error *e)
{
	fflush(stdout);
	fprintf(stderr, "kdxctl: %s\n", kdf_error_text(e));
	int rc = kdf_error_code(e) == KDF_USAGE ? EXIT_USAGE : EXIT_FAILED;
	kdf_error_free(e);
	return rc;
}

static int run(const struct kdf_args *args)
{
	bool json = kdf_args_count(args, OPT_JSON);
	int rc = 0;

	if (kdf_args_count(args, OPT_HELP))
		return help();
	if (kdf_args_count(args, OPT_VERSION)) {
		printf("kdxctl %s\ncodecs: %s\n", KDX_VERSION, kdf_features());
		return 0;
	}
	if (!args->nword)
		return fail(kdf_err(KDF_USAGE, "which command? Try 'kdxctl --help'"));
	const struct command *cmd = find_command(args->word[0]);
	if (!cmd)
		return fail(kdf_err(KDF_USAGE, "unknown command '%s'; try 'kdxctl --help'", args->word[0]));
	if (!cmd->run)
		return fail(kdf_err(KDF_UNSUPPORTED, "'%s' is not supported yet: %s", cmd->name, cmd->help));
	if (args->nword > 1)
		return fail(kdf_err(KDF_USAGE, "'%s' takes no words behind it: '%s'", cmd->name, args->word[1]));
	if (json && !cmd->json)
		return fail(kdf_err(KDF_USAGE, "'%s' has no --json", cmd->name));
	struct kdf_error *e = cmd->run(json, &rc);
	return e ? fail(e) : rc;
}

int main(int argc, char *argv[])
{
	struct kdf_args args;
	struct kdf_error *e = kdf_args_parse(options, 0, argc, argv, &args);

	if (e)
		return fail(e);
	/* `test --dry-run` and its like are not there yet, their options neither. */
	int rc = run(&args);
	kdf_args_free(&args);
	/* A report that a full disk has cut must not look whole. */
	if (fflush(stdout) || ferror(stdout))
		return fail(kdf_err(KDF_IO, "cannot write the output"));
	return rc;
}
