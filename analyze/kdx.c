// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdx: opens a kernel dump and answers questions about it.
 *
 * Exit status:
 *	0  every command succeeded (or the session was interactive)
 *	1  a command failed, was interrupted, or output could not be written
 *	2  the words of the call are off
 *	3  the dump, the vmlinux or an input file could not be opened
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/readline.h>

#include "analyze/commands/context.h"
#include "analyze/core/symbols.h"
#include "analyze/core/types.h"
#include "analyze/expr/expr.h"
#include "analyze/shell/command.h"
#include "analyze/shell/run.h"
#include "base/interrupt.h"
#include "base/opts.h"

enum { EXIT_OK, EXIT_COMMAND, EXIT_USAGE, EXIT_OPEN };

enum { OPT_JSON = KDF_OPT_LONG, OPT_FORCE };

static const struct kdf_option options[] = {
	{ 's', "silent", NULL, "No start-up screen, no prompt for input that is not typed.", 0 },
	{ 'c', "command", "COMMANDS", "Runs commands, separated by ';', and ends. May be given several times.", 0 },
	{ 'i', "input", "FILE", "Runs the commands of FILE, one a line, before what comes next.", 0 },
	{ OPT_JSON, "json", NULL, "Every command prints JSON, one object a line for each record.", 0 },
	{ OPT_FORCE, "force", NULL, "Goes on with a vmlinux of another build: names and offsets may be wrong.", 0 },
	{ 'h', "help", NULL, "Shows this text.", 0 },
	{ 'v', "version", NULL, "Shows the version and what this build can do.", 0 },
	{ 0 },
};

static void synopsis(FILE *f)
{
	fprintf(f, "usage: kdx ");
	kdf_options_synopsis(options, f);
	fprintf(f, " [vmlinux] dump...\n");
}

static int help(void)
{
	synopsis(stdout);
	printf("\nOpens a Linux kernel dump (ELF or kdump-compressed; all parts of a split one) and explains it.\n"
	       "Without a vmlinux, symbols and types come from inside the dump, as far as they are there.\n\n");
	kdf_options_print(options, stdout, 78);
	printf("\nExit status: 0 all commands succeeded, 1 a command failed, 2 wrong usage, 3 a file could not be "
	       "opened.\n"
	       "In a session, \"help\" lists the commands.\n");
	return fflush(stdout) ? EXIT_COMMAND : EXIT_OK;
}

static int version(void)
{
	printf("kdx %s\nfeatures: %s readline-%s DWARF BTF\n", KDX_VERSION, kdf_features(), rl_library_version);
	return fflush(stdout) ? EXIT_COMMAND : EXIT_OK;
}

static int complain(struct kdf_error *e, int status)
{
	fprintf(stderr, "kdx: %s\n", kdf_error_text(e));
	kdf_error_free(e);
	return status;
}

static void warnings(const struct kdx_session *s)
{
	for (size_t i = 0; i < s->nwarnings; i++)
		fprintf(stderr, "kdx: WARNING: %s\n", s->warning[i]);
}

/* The panic task's block under the sys block. A dump whose tasks cannot be read still has a session. */
static void context_block(struct kdx_shell *shell)
{
	enum { LABEL_WIDTH = 12 };
	struct kdx_out *out;
	struct kdf_error *e = kdx_out_new(stdout, shell->json, &out);

	if (e) {
		kdf_error_free(e);
		return;
	}
	e = kdx_context_show(out, shell->session, shell->task, LABEL_WIDTH);
	if (e)
		kdx_problem(out, "context", e);
	kdx_text(out, "\n");
	kdf_error_free(kdx_out_close(out));
}

static void start_screen(struct kdx_shell *shell)
{
	printf("\nkdx %s\n", KDX_VERSION);
	if (shell->session->dump && kdf_info(shell->session->dump)->release[0])
		printf("symbols: %s, types: %s\n", kdx_symtab_source(shell->session),
		       kdx_typedb_source(shell->session));
	printf("\n");
	fflush(stdout);
	if (kdx_shell_line(shell, "sys"))
		context_block(shell);
	/* A block that is not whole is no command of the user's that failed. */
	shell->status = EXIT_OK;
}

static struct kdf_error *open_session(const struct kdf_args *args, struct kdx_session **s)
{
	struct kdx_open_args open = { .path = args->word,
				      .npaths = args->nword,
				      .force = kdf_args_count(args, OPT_FORCE) };

	return kdx_session_open(&open, s);
}

/* -i files and -c commands in the order given. */
static int batch(struct kdx_shell *shell, const struct kdf_args *args)
{
	for (size_t i = 0; i < args->nopt && !shell->quit; i++) {
		const struct kdf_arg *o = &args->opt[i];
		struct kdf_error *e = NULL;
		bool ok;

		if (o->id == 'c')
			kdx_shell_lines(shell, o->value);
		else if (o->id == 'i')
			e = kdx_run_file(shell, o->value, &ok);
		if (e)
			return complain(e, EXIT_OPEN);
		if (kdf_interrupted()) {
			shell->status = EXIT_COMMAND;
			shell->quit = true;
		}
	}
	return shell->status;
}

static int session(struct kdx_shell *shell, const struct kdf_args *args)
{
	bool commands = kdf_args_count(args, 'c');
	bool typed = !commands && isatty(STDIN_FILENO);
	struct kdf_error *e = kdx_context_default(shell->session, &shell->task);
	int status;

	/* No task table: every command that needs one says so itself. */
	kdf_error_free(e);
	if (!shell->silent)
		start_screen(shell);
	shell->silent = shell->silent || commands;
	status = batch(shell, args);
	shell->scroll = typed && isatty(STDOUT_FILENO) && !shell->silent;
	if (!commands && !shell->quit && status != EXIT_OPEN) {
		kdx_shell_loop(shell, stdin, typed);
		status = typed ? EXIT_OK : shell->status;
	}
	errno = 0;
	if (fflush(stdout) && errno != EPIPE)
		return complain(kdf_err_sys(errno ? errno : EIO, "cannot write output"), EXIT_COMMAND);
	return status;
}

static int run(const struct kdf_args *args)
{
	struct kdx_shell shell = { .radix = 10 };
	struct kdf_error *e;
	int status;

	if (!args->nword) {
		synopsis(stderr);
		return EXIT_USAGE;
	}
	kdf_interrupt_install();
	shell.json = kdf_args_count(args, OPT_JSON);
	shell.silent = shell.json || kdf_args_count(args, 's') || kdf_args_count(args, 'c');
	e = open_session(args, &shell.session);
	if (e)
		return complain(e, EXIT_OPEN);
	if (!kdf_args_count(args, 's'))
		warnings(shell.session);
	status = session(&shell, args);
	kdx_history_free(&shell);
	kdx_session_close(shell.session);
	return status;
}

int main(int argc, char *argv[])
{
	struct kdf_args args;
	struct kdf_error *e;
	int status;

	setlocale(LC_CTYPE, "");
	e = kdf_args_parse(options, 0, argc, argv, &args);
	if (e) {
		status = complain(e, EXIT_USAGE);
		synopsis(stderr);
		return status;
	}
	if (kdf_args_count(&args, 'h'))
		status = help();
	else if (kdf_args_count(&args, 'v'))
		status = version();
	else
		status = run(&args);
	kdf_args_free(&args);
	return status;
}
