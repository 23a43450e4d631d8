/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command table. One entry per command, defined in analyze/commands/NAME.c as
 * `const struct kdx_command kdx_command_NAME` and listed once in analyze/commands/commands.def; help, man page,
 * completion, the option parser and the smoke test of the examples come from the entry.
 */
#ifndef KDX_SHELL_COMMAND_H
#define KDX_SHELL_COMMAND_H

#include "analyze/core/session.h"
#include "analyze/output/output.h"
#include "base/opts.h"

/* What persists from one command to the next: the shell's own state. */
struct kdx_shell {
	struct kdx_session *session;
	uint64_t task;	/* kva of the current context's task_struct; 0: none yet (see analyze/kernel/task.h) */
	unsigned radix; /* 10 or 16: `set radix` */
	bool silent, scroll, json; /* json: --json given for the whole run */
	int status;	/* what the program will exit with */
	bool quit;
	void *history;	/* expression values $1, $2...: owned by analyze/expr */
};

/* One run of a command. */
struct kdx_call {
	struct kdx_shell *shell;
	struct kdx_session *session;
	struct kdx_out *out;
	const struct kdx_command *command;
	const char *name;	/* the name it was called by: the entry's own or an alias ("union") */
	struct kdf_args args;	/* options and words by the entry's table */
	const char *line;	/* the text behind the command's name, for p and eval */
};

enum kdx_needs {
	KDX_NEEDS_DUMP = 1,    /* memory: not vmlinux alone */
	KDX_NEEDS_SYMBOLS = 2,
	KDX_NEEDS_TYPES = 4,   /* DWARF or BTF */
	KDX_NEEDS_LINES = 8,   /* DWARF */
};

struct kdx_example {
	const char *line; /* as typed; run by the smoke test on every lab dump */
	const char *what; /* what it shows */
};

struct kdx_command {
	const char *name;
	const char *alias;   /* blank-separated other names, NULL: none */
	const char *summary; /* one line, no full stop */
	const char *words;   /* what follows the options: "[pid | task | command]..." ; NULL: nothing */
	const char *about;   /* paragraphs, separated by '\n' */
	const struct kdf_option *options; /* NULL: only the common ones (--json, --help) */
	const struct kdx_example *examples; /* ends with line NULL; at least one */
	unsigned needs;	     /* enum kdx_needs; checked before run */
	bool raw_line;	     /* no option parsing: the command takes call->line itself (p) */
	struct kdf_error *(*run)(struct kdx_call *);
};

/* The table, sorted by name; NULL-terminated. */
extern const struct kdx_command *const kdx_commands[];
const struct kdx_command *kdx_command_find(const char *name); /* exact name or alias; NULL: none */

/* Options that every command takes; the shell deals with them. */
enum { KDX_OPTION_JSON = KDF_OPT_LONG + 1000, KDX_OPTION_HELP };
extern const struct kdf_option kdx_common_options[];

/* One line as typed: pipes and redirection, then the command. Errors are printed as "NAME: text" (or a JSON
 * record) to stderr and remembered in shell->status; the return value only tells whether the line succeeded. */
bool kdx_shell_line(struct kdx_shell *, const char *line);
/* Interactive loop (readline on a terminal), or lines from a stream, until EOF or quit. */
void kdx_shell_loop(struct kdx_shell *, FILE *in, bool interactive);

#endif
