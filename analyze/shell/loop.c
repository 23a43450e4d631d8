// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "analyze/core/symbols.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "command.h"
#include "table.h"

enum { HISTORY_LINES = 2000 };
static const char PROMPT[] = "kdx> ";

/* ---- history file ---- */

/* $XDG_STATE_HOME/kdx/history, else ~/.local/state/kdx/history, its folders made; NULL when there is no home. */
static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if ((!state || !*state) && (!home || !*home))
		return NULL;
	if (state && *state ? asprintf(&path, "%s/kdx/history", state) < 0 :
			      asprintf(&path, "%s/.local/state/kdx/history", home) < 0)
		return NULL;
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0700); /* what is there already stays; a failure shows when the file is opened */
		*p = '/';
	}
	return path;
}

/* The file exists and is private, or there is no history file. */
static char *history_open(void)
{
	char *path = history_path();
	KDF_AUTO_CLOSE int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (fd < 0 || fchmod(fd, 0600)) {
		free(path);
		return NULL;
	}
	using_history();
	stifle_history(HISTORY_LINES);
	read_history(path);
	return path;
}

static void remember(const char *line, const char *path)
{
	const HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1) : NULL;

	if (!*line || (last && !strcmp(last->line, line)))
		return;
	add_history(line);
	/* At once, so that a killed session keeps its lines; a full disk only loses history. */
	if (path)
		(void)append_history(1, path);
}

/* ---- completion ---- */

/* readline's callbacks carry no argument: this is the shell whose line is being edited. */
static struct kdx_shell *editing;
static const struct kdx_command *editing_command;

static char *next_command(const char *text, int again)
{
	static size_t at;

	at = again ? at : 0;
	while (kdx_commands[at]) {
		const char *name = kdx_commands[at++]->name;

		if (!strncmp(name, text, strlen(text)))
			return strdup(name);
	}
	return NULL;
}

static char *next_option(const char *text, int again)
{
	static size_t at;
	size_t own = 0;

	at = again ? at : 0;
	while (editing_command->options && editing_command->options[own].id)
		own++;
	for (;;) {
		const struct kdf_option *o = at < own ? &editing_command->options[at] : &kdx_common_options[at - own];
		char *name = NULL;

		if (!o->id)
			return NULL;
		at++;
		if ((o->name ? asprintf(&name, o->flags & KDF_OPT_ONE_DASH ? "-%s" : "--%s", o->name) :
			       asprintf(&name, "-%c", o->id)) < 0)
			return NULL;
		if (!strncmp(name, text, strlen(text)))
			return name;
		free(name);
	}
}

static char *next_symbol(const char *text, int again)
{
	static size_t at;
	size_t n = kdx_symbol_count(editing->session);

	at = again ? at : 0;
	while (*text && at < n) {
		const char *name = kdx_symbol_at(editing->session, at++)->name;

		if (!strncmp(name, text, strlen(text)))
			return strdup(name);
	}
	return NULL;
}

static char **complete(const char *text, int start, int end)
{
	size_t blanks = strspn(rl_line_buffer, " \t"), n = strcspn(rl_line_buffer + blanks, " \t");
	const char *redirection = strpbrk(rl_line_buffer, "|>");
	char word[64];

	(void)end;
	if (redirection && redirection - rl_line_buffer < start)
		return NULL; /* file names */
	rl_attempted_completion_over = 1;
	if ((size_t)start <= blanks)
		return rl_completion_matches(text, next_command);
	if (n >= sizeof(word))
		return NULL;
	memcpy(word, rl_line_buffer + blanks, n);
	word[n] = '\0';
	editing_command = kdx_command_find(word);
	if (editing_command && text[0] == '-')
		return rl_completion_matches(text, next_option);
	if (editing_command && !strcmp(editing_command->name, "help"))
		return rl_completion_matches(text, next_command);
	return rl_completion_matches(text, next_symbol);
}

/* ---- the loops ---- */

/* Ctrl-C at the prompt drops the line. */
static int on_signal(void)
{
	if (!kdf_interrupted())
		return 0;
	kdf_interrupt_clear();
	rl_replace_line("", 0);
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
	return 0;
}

static void edit_loop(struct kdx_shell *shell)
{
	KDF_AUTO_FREE char *path = history_open();
	char *line;

	editing = shell;
	rl_readline_name = "kdx";
	rl_attempted_completion_function = complete;
	rl_signal_event_hook = on_signal;
	/* At the prompt SIGTERM ends the program; readline puts the terminal in order first. */
	signal(SIGTERM, SIG_DFL);
	while (!shell->quit && (line = readline(PROMPT))) {
		remember(line, path);
		kdx_shell_line(shell, line);
		fflush(stdout);
		free(line);
	}
	if (!shell->quit)
		putchar('\n');
	if (path)
		history_truncate_file(path, HISTORY_LINES);
	editing = NULL;
}

static void stream_loop(struct kdx_shell *shell, FILE *in)
{
	KDF_AUTO_FREE char *line = NULL;
	size_t cap = 0;

	while (!shell->quit && getline(&line, &cap, in) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!shell->silent)
			printf("%s%s\n", PROMPT, line);
		kdx_shell_line(shell, line);
		fflush(stdout);
		if (kdf_interrupted())
			break;
	}
}

void kdx_shell_loop(struct kdx_shell *shell, FILE *in, bool interactive)
{
	if (interactive)
		edit_loop(shell);
	else
		stream_loop(shell, in);
}
