// SPDX-License-Identifier: GPL-2.0-or-later
/* help: the command table as text. */
#include <stdlib.h>
#include <string.h>

#include "analyze/shell/help.h"
#include "analyze/shell/table.h"

static const struct kdf_option options[] = {
	{ 'a', NULL, NULL, "The aliases that stand for more than a command's name.", 0 },
	{ 'e', NULL, NULL, "The examples of all commands, one a line.", 0 },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "help", "the commands" },
	{ "help rd", "one command" },
	{ "help -e", "every example of every command" },
	{ "help input", "how lines are read" },
	{ NULL, NULL },
};

static const char about_input[] =
	"\nINPUT\n"
	"  COMMAND [OPTIONS] [WORDS]   options may stand behind words; -- ends them\n"
	"  \"two words\"  'two words'    one word; (a + b) is one word too\n"
	"  TYPE, TYPE.member, SYMBOL   shown without a command in front (struct, whatis, p)\n"
	"  # text                      a comment\n"
	"  !LINE                       run by /bin/sh; ! alone starts a shell\n"
	"  < FILE                      runs the commands of a file\n"
	"  COMMAND < FILE              runs the command for each line of a file, the line behind it\n"
	"  An address is hex digits, a symbol, symbol+offset, or any C expression of an address.\n"
	"  :CPU behind a per-CPU symbol picks instances: runqueues:0, runqueues:1-3, runqueues:a; a bare ':' is the\n"
	"  CPU of the context task.\n"
	"  On the command line, -c takes several commands with ';' between them.\n\n";

static const char about_output[] =
	"\nOUTPUT\n"
	"  COMMAND | LINE    read by a shell line: log | grep -i bug | tail\n"
	"  COMMAND > FILE    written to a file; >> appends\n"
	"  COMMAND --json    JSON, one object a line for each record; kdx --json does it for every command\n"
	"  Inside quotes and parentheses the signs are nothing special: p (a > b).\n"
	"  Long output goes through a pager on a terminal: `set scroll off` stops that, KDX_PAGER names another.\n\n";

static void show_examples(struct kdx_out *out)
{
	for (const struct kdx_command *const *c = kdx_commands; *c; c++)
		for (const struct kdx_example *e = (*c)->examples; e && e->line; e++) {
			kdx_record_kind(out, "example");
			kdx_str(out, "command", (*c)->name, NULL);
			kdx_str(out, "line", e->line, "%s\n", e->line);
			kdx_str(out, "what", e->what, NULL);
			kdx_record_end(out);
		}
}

static void show_aliases(struct kdx_out *out)
{
	for (const struct kdx_alias *a = kdx_aliases; a->name; a++) {
		kdx_record_kind(out, "alias");
		kdx_str(out, "name", a->name, "%-8s", a->name);
		kdx_str(out, "text", a->text, "%s\n", a->text);
		kdx_record_end(out);
	}
}

static struct kdf_error *one_word(struct kdx_call *call, const char *word)
{
	const struct kdx_command *c = kdx_command_find(word);
	const char *alias = kdx_alias_text(word);
	struct kdf_buf near = { 0 };
	struct kdf_error *e;

	if (c) {
		kdx_help_page(call->out, c);
		return NULL;
	}
	if (alias) {
		kdx_str(call->out, "alias", alias, "%s is short for: %s\n", word, alias);
		return NULL;
	}
	if (!strcmp(word, "input") || !strcmp(word, "output")) {
		kdx_str(call->out, "text", word[0] == 'i' ? about_input : about_output, "%s",
			word[0] == 'i' ? about_input : about_output);
		return NULL;
	}
	kdx_near_names(word, &near);
	e = kdf_err(KDF_NOT_FOUND, "no help data for \"%s\" is available%s%s%s", word,
		    near.len ? " (did you mean " : "", kdf_buf_text(&near), near.len ? "?)" : "");
	kdf_buf_free(&near);
	return e;
}

static struct kdf_error *run(struct kdx_call *call)
{
	struct kdf_error *e = NULL;

	if (kdf_args_count(&call->args, 'e'))
		show_examples(call->out);
	else if (kdf_args_count(&call->args, 'a'))
		show_aliases(call->out);
	else if (!call->args.nword)
		kdx_help_list(call->out);
	for (size_t i = 0; !e && i < call->args.nword; i++)
		e = one_word(call, call->args.word[i]);
	return e;
}

const struct kdx_command kdx_command_help = {
	.name = "help",
	.alias = "man ?",
	.summary = "what the commands do",
	.words = "[command | input | output]...",
	.about = "Lists the commands, or shows the page of those named: synopsis, options, and examples that work on "
		 "every dump. "
		 "With --json, the pages as records.",
	.options = options,
	.examples = examples,
	.run = run,
};
