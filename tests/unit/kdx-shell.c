// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines taken apart; the command table; lines run against a session without dump or symbols. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyze/expr/expr.h"
#include "analyze/shell/command.h"
#include "analyze/shell/run.h"
#include "analyze/shell/table.h"
#include "analyze/shell/words.h"
#include "base/cleanup.h"
#include "kdx-session.h"

static void words_are(const char *line, const char *joined)
{
	struct kdf_buf b = { 0 };
	struct kdx_words w;

	if (!CHECK_OK(kdx_words_split(line, &w)))
		return;
	for (size_t i = 0; i < w.count; i++)
		kdf_buf_printf(&b, "<%s>", w.word[i]);
	CHECK_TEXT(kdf_buf_text(&b), joined);
	kdf_buf_free(&b);
	kdx_words_free(&w);
}

static void words(void)
{
	struct kdx_words w;

	words_are("", "");
	words_are("  a  b\t c ", "<a><b><c>");
	words_are("a \"b c\" 'd e'f", "<a><b c><d ef>");
	words_are("rd (init_task + 8) 4", "<rd><(init_task + 8)><4>");
	words_are("\"\"", "<>");
	words_are("\"a\\\"b\"", "<a\"b>");
	words_are("p (a(b c) d)", "<p><(a(b c) d)>");
	words_are("a ) b", "<a><)><b>");
	CHECK_CODE(kdx_words_split("a \"b", &w), KDF_USAGE);
}

static void redirected_as(const char *line, enum kdx_redirect how, const char *command, const char *rest)
{
	const char *found;
	size_t n;

	CHECK(kdx_redirect_find(line, &n, &found) == how);
	CHECK(n == strlen(command) && !strncmp(line, command, n));
	if (rest)
		CHECK_TEXT(found, rest);
	else
		CHECK(!found);
}

static void redirection(void)
{
	redirected_as("log", KDX_TO_OUTPUT, "log", NULL);
	redirected_as("log | grep -c a | wc > x", KDX_TO_PIPE, "log ", "grep -c a | wc > x");
	redirected_as("log|tail", KDX_TO_PIPE, "log", "tail");
	redirected_as("log > file", KDX_TO_FILE, "log ", "file");
	redirected_as("log >>file", KDX_TO_FILE_END, "log ", "file");
	redirected_as("rd < addresses", KDX_FROM_FILE, "rd ", "addresses");
	redirected_as("log ! wc", KDX_TO_PIPE, "log ", "wc");
	redirected_as("p a->b", KDX_TO_OUTPUT, "p a->b", NULL);
	redirected_as("p a || b", KDX_TO_OUTPUT, "p a || b", NULL);
	redirected_as("p a >= b", KDX_TO_OUTPUT, "p a >= b", NULL);
	redirected_as("p a <= b << c", KDX_TO_OUTPUT, "p a <= b << c", NULL);
	redirected_as("p a != b", KDX_TO_OUTPUT, "p a != b", NULL);
	redirected_as("p !0", KDX_TO_OUTPUT, "p !0", NULL);
	redirected_as("p (a > b) | cat", KDX_TO_PIPE, "p (a > b) ", "cat");
	redirected_as("ps \"a|b\" '>'", KDX_TO_OUTPUT, "ps \"a|b\" '>'", NULL);
	CHECK(kdx_command_length("sys; log") == 3);
	CHECK(kdx_command_length("p \"a;b\"; log") == 7);
	CHECK(kdx_command_length("p (a;b)") == 7);
	CHECK(kdx_command_length("p \"a; log") == 4);
}

static void table(void)
{
	struct kdf_buf b = { 0 };
	const char *before = "";

	for (const struct kdx_command *const *c = kdx_commands; *c; c++) {
		CHECK(strcmp(before, (*c)->name) < 0);
		before = (*c)->name;
		CHECK((*c)->summary && *(*c)->summary && (*c)->summary[strlen((*c)->summary) - 1] != '.');
		CHECK((*c)->about && *(*c)->about);
		CHECK((*c)->run != NULL);
		CHECK((*c)->examples && (*c)->examples[0].line);
		CHECK(kdx_command_find((*c)->name) == *c);
		for (const struct kdf_option *o = (*c)->options; o && o->id; o++)
			CHECK(o->help && *o->help);
	}
	CHECK(kdx_command_find("union") && kdx_command_find("union") == kdx_command_find("struct"));
	CHECK(kdx_command_find("dmesg") == kdx_command_find("log"));
	CHECK(!kdx_command_find("lo"));
	CHECK(!kdx_command_find(""));
	CHECK_TEXT(kdx_alias_text("hex"), "set radix 16");
	CHECK(!kdx_alias_text("nosuch"));
	kdx_near_names("stuct", &b);
	CHECK_TEXT(kdf_buf_text(&b), "struct");
	kdf_buf_free(&b);
	CHECK(kdx_in_list("a bb c", "bb") && !kdx_in_list("a bb c", "b") && !kdx_in_list(NULL, "b"));
}

/* Standard output and error of a line, caught in a file; malloc'ed. */
static char *caught(struct kdx_shell *shell, const char *line, bool *ok)
{
	char *text = calloc(1, 65536);
	FILE *f = tmpfile();
	int out, err;

	fflush(stdout);
	fflush(stderr);
	out = dup(1);
	err = dup(2);
	dup2(fileno(f), 1);
	dup2(fileno(f), 2);
	*ok = kdx_shell_lines(shell, line);
	fflush(stdout);
	fflush(stderr);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	rewind(f);
	if (text && !fread(text, 1, 65535, f))
		text[0] = '\0';
	fclose(f);
	return text;
}

static void line_gives(struct kdx_shell *shell, const char *line, bool want, const char *part)
{
	bool ok;
	KDF_AUTO_FREE char *text = caught(shell, line, &ok);

	if (!CHECK(ok == want) || !CHECK(text && strstr(text, part)))
		fprintf(stderr, "line '%s' gave: %s\n", line, text ? text : "nothing");
}

static void lines(void)
{
	struct kdx_session session;
	struct kdx_shell shell = { .session = &session, .radix = 10, .silent = true };

	test_session_open(&session);
	line_gives(&shell, "p 1 + 2", true, "$1 = 3\n");
	line_gives(&shell, "p $1 * 2; p/x 255 --json", true, "\"value\":255");
	line_gives(&shell, "p (3 > 2) | tr 1 7", true, "= 7\n");
	line_gives(&shell, "# a comment; p 1", true, "");
	line_gives(&shell, "hlep", false, "kdx: command not found: hlep (did you mean help?)");
	line_gives(&shell, "set -z", false, "set: unknown option -z\nUsage:\n  set ");
	line_gives(&shell, "sym", false, "sym: needs symbols");
	line_gives(&shell, "log", false, "log: needs a dump");
	line_gives(&shell, "struct list_head", false, "struct: needs debug info");
	line_gives(&shell, "help log", true, "NAME\n  log - ");
	line_gives(&shell, "rd --help", true, "SYNOPSIS\n  rd ");
	line_gives(&shell, "hex", true, "output radix: 16 (hex)");
	line_gives(&shell, "p 255", true, "= 0xff\n");
	line_gives(&shell, "dec; p 255", true, "= 255\n");
	line_gives(&shell, "p 1 | no-such-program-here", false, "kdx: the shell could not run the command");
	line_gives(&shell, "p 1 > /no/such/folder/x", false, "kdx: cannot write '/no/such/folder/x'");
	line_gives(&shell, "p 1 > /dev/full", false, "cannot write output: No space left on device");
	line_gives(&shell, "!echo from the shell", true, "from the shell\n");
	line_gives(&shell, "< /no/such/file", false, "cannot read '/no/such/file'");
	CHECK(shell.status == 1);
	line_gives(&shell, "quit; p 77", true, "");
	CHECK(shell.quit);
	shell.json = true;
	shell.quit = false;
	line_gives(&shell, "nosuch", false, "{\"record\":\"error\",\"command\":\"kdx\",\"error\":\"not-found\"");
	kdx_history_free(&shell);
	test_session_close(&session);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN); /* as the program's main does */
	words();
	redirection();
	table();
	lines();
	TEST_END();
}
