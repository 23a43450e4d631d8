// SPDX-License-Identifier: GPL-2.0-or-later
#include "table.h"

#include <string.h>

#define KDX_COMMAND(name) extern const struct kdx_command kdx_command_##name;
#include "analyze/commands/commands.def"
#undef KDX_COMMAND

const struct kdx_command *const kdx_commands[] = {
#define KDX_COMMAND(name) &kdx_command_##name,
#include "analyze/commands/commands.def"
#undef KDX_COMMAND
	NULL
};

const struct kdf_option kdx_common_options[] = {
	{ KDX_OPTION_JSON, "json", NULL, "Prints JSON: one object a line for each record.", 0 },
	{ KDX_OPTION_HELP, "help", NULL, "Shows the command's help page.", 0 },
	{ 0 },
};

/* crash's built-in aliases of commands that kdx has. */
const struct kdx_alias kdx_aliases[] = {
	{ "dec", "set radix 10" }, { "hex", "set radix 16" },  { "last", "ps -l" },       { "pd", "p -d" },
	{ "px", "p -x" },          { "sf", "set scroll off" }, { "sn", "set scroll on" }, { NULL, NULL },
};

const char *kdx_alias_text(const char *name)
{
	for (const struct kdx_alias *a = kdx_aliases; a->name; a++)
		if (!strcmp(a->name, name))
			return a->text;
	return NULL;
}

bool kdx_in_list(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n && n == len && !memcmp(list, name, n))
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

const struct kdx_command *kdx_command_find(const char *name)
{
	for (const struct kdx_command *const *c = kdx_commands; *c; c++)
		if (!strcmp((*c)->name, name) || kdx_in_list((*c)->alias, name))
			return *c;
	return NULL;
}

/* Edit distance of two short words (insert, delete, change, swap of neighbours); more than 2 is just "far". */
static unsigned distance(const char *a, const char *b)
{
	enum { LEN = 24, FAR = 9 };
	size_t na = strlen(a), nb = strlen(b);
	unsigned row[LEN + 1][LEN + 1];

	if (na > LEN || nb > LEN)
		return FAR;
	for (size_t i = 0; i <= na; i++) {
		for (size_t j = 0; j <= nb; j++) {
			unsigned best;

			if (!i || !j) {
				row[i][j] = (unsigned)(i + j);
				continue;
			}
			best = row[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (row[i - 1][j] + 1 < best)
				best = row[i - 1][j] + 1;
			if (row[i][j - 1] + 1 < best)
				best = row[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    row[i - 2][j - 2] + 1 < best)
				best = row[i - 2][j - 2] + 1;
			row[i][j] = best;
		}
	}
	return row[na][nb];
}

static bool near(const char *word, const char *name)
{
	size_t n = strlen(word);

	if (n > 1 && strlen(name) > 1 && (!strncmp(word, name, n) || !strncmp(word, name, strlen(name))))
		return true;
	return n > 1 && distance(word, name) <= (n > 4 ? 2u : 1u);
}

void kdx_near_names(const char *word, struct kdf_buf *b)
{
	const char *gap = "";

	for (const struct kdx_command *const *c = kdx_commands; *c; c++) {
		if (!near(word, (*c)->name))
			continue;
		kdf_buf_printf(b, "%s%s", gap, (*c)->name);
		gap = ", ";
	}
}
