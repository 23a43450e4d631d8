// SPDX-License-Identifier: GPL-2.0-or-later
#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"

enum { WIDTH = 78, INDENT = 2 };

void kdx_help_synopsis(const struct kdx_command *c, FILE *f)
{
	fprintf(f, "%s", c->name);
	if (c->options && c->options->id) {
		fputc(' ', f);
		kdf_options_synopsis(c->options, f);
	}
	fprintf(f, " [--json]%s%s", c->words ? " " : "", c->words ? c->words : "");
}

/* A text folded at WIDTH columns; its '\n' end paragraphs, lines that begin with a blank stay as they are. */
static void paragraphs(FILE *f, const char *text)
{
	while (*text) {
		size_t line = strcspn(text, "\n");
		unsigned column = 0;

		if (*text == ' ') {
			fprintf(f, "%*s%.*s\n", INDENT, "", (int)line, text);
			text += line + (text[line] == '\n');
			continue;
		}
		for (size_t at = 0; at < line;) {
			size_t n = strcspn(text + at, " \n");

			if (column && column + 1 + n > WIDTH - INDENT) {
				fputc('\n', f);
				column = 0;
			}
			fprintf(f, "%*s%.*s", column ? 1 : INDENT, "", (int)n, text + at);
			column += (unsigned)n + (column > 0);
			at += n + strspn(text + at + n, " ");
		}
		fputc('\n', f);
		text += line + (text[line] == '\n');
	}
}

static void page_text(FILE *f, const struct kdx_command *c)
{
	fprintf(f, "\nNAME\n%*s%s - %s\n", INDENT, "", c->name, c->summary);
	if (c->alias)
		fprintf(f, "%*salso called: %s\n", INDENT, "", c->alias);
	fprintf(f, "\nSYNOPSIS\n%*s", INDENT, "");
	kdx_help_synopsis(c, f);
	fprintf(f, "\n\nDESCRIPTION\n");
	paragraphs(f, c->about ? c->about : c->summary);
	fprintf(f, "\nOPTIONS\n");
	if (c->options)
		kdf_options_print(c->options, f, WIDTH);
	kdf_options_print(kdx_common_options, f, WIDTH);
	fprintf(f, "\nEXAMPLES\n");
	for (const struct kdx_example *e = c->examples; e && e->line; e++)
		fprintf(f, "%*s%s\n%*s%s\n", INDENT, "", e->line, 3 * INDENT, "", e->what);
	fputc('\n', f);
}

static void page_record(struct kdx_out *out, const struct kdx_command *c)
{
	static const struct {
		unsigned bit;
		const char *name;
	} needs[] = {
		{ KDX_NEEDS_DUMP, "dump" },
		{ KDX_NEEDS_SYMBOLS, "symbols" },
		{ KDX_NEEDS_TYPES, "types" },
		{ KDX_NEEDS_LINES, "lines" },
	};

	kdx_record(out);
	kdx_str(out, "name", c->name, NULL);
	kdx_str(out, "alias", c->alias ? c->alias : "", NULL);
	kdx_str(out, "summary", c->summary, NULL);
	kdx_str(out, "words", c->words ? c->words : "", NULL);
	kdx_str(out, "about", c->about ? c->about : "", NULL);
	kdx_array(out, "needs");
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (c->needs & needs[i].bit)
			kdx_str(out, NULL, needs[i].name, NULL);
	kdx_array_end(out);
	kdx_array(out, "options");
	for (const struct kdf_option *o = c->options; o && o->id; o++) {
		char letter[2] = { o->id < KDF_OPT_LONG ? (char)o->id : '\0', '\0' };

		kdx_object(out, NULL);
		kdx_str(out, "letter", letter, NULL);
		kdx_str(out, "name", o->name ? o->name : "", NULL);
		kdx_str(out, "argument", o->arg ? o->arg : "", NULL);
		kdx_str(out, "help", o->help, NULL);
		kdx_object_end(out);
	}
	kdx_array_end(out);
	kdx_array(out, "examples");
	for (const struct kdx_example *e = c->examples; e && e->line; e++) {
		kdx_object(out, NULL);
		kdx_str(out, "line", e->line, NULL);
		kdx_str(out, "what", e->what, NULL);
		kdx_object_end(out);
	}
	kdx_array_end(out);
	kdx_record_end(out);
}

void kdx_help_page(struct kdx_out *out, const struct kdx_command *c)
{
	if (kdx_out_json(out))
		page_record(out, c);
	else
		page_text(kdx_out_stream(out), c);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void kdx_help_list(struct kdx_out *out)
{
	enum { NAMES = 256, COLUMNS = 5 };
	static const char *const more[] = { "*", "union", "q" }; /* aliases that people look for in the list */
	const char *name[NAMES];
	size_t n = 0, rows;

	if (kdx_out_json(out)) {
		for (const struct kdx_command *const *c = kdx_commands; *c; c++)
			page_record(out, *c);
		return;
	}
	for (const struct kdx_command *const *c = kdx_commands; *c && n < NAMES - 3; c++)
		name[n++] = (*c)->name;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if (kdx_command_find(more[i]))
			name[n++] = more[i];
	qsort(name, n, sizeof(name[0]), by_text);
	rows = (n + COLUMNS - 1) / COLUMNS;
	kdx_text(out, "\n");
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = r; i < n; i += rows)
			kdx_text(out, "%-15s", name[i]);
		kdx_text(out, "\n");
	}
	kdx_text(out, "\nkdx version: " KDX_VERSION "\n"
		      "\"help COMMAND\" explains a command, \"help input\" how lines are read, \"help output\" where "
		      "output can go.\n\n");
}
