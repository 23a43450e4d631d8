// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooks.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files.h"

enum { HOOKS_MAX = 64, WORDS_MAX = 64 };

static struct kdf_error *run_hook(const struct hooks *h, const char *command)
{
	KDF_AUTO_FREE char *copy = strdup(command), *argument = strdup(h->argument ? h->argument : "");
	char program[PATH_MAX], why[64], *words[WORDS_MAX + 2];
	struct run_result result;

	if (!copy || !argument)
		return kdf_err(KDF_NOMEM, "out of memory");
	size_t n = split_words(copy, words, WORDS_MAX);
	if (!n || n == WORDS_MAX)
		return kdf_err(KDF_USAGE, "'%s': no program, or too many words", command);
	struct kdf_error *e = find_program(words[0], program);
	if (e)
		return e;
	words[0] = program;
	if (h->argument)
		words[n++] = argument;
	words[n] = NULL;
	console_line(h->console, "  running %s", command);
	const struct run_request request = { .argv = words, .env_name = "KDX_DUMP_DIR", .env_value = h->dump_folder,
					     .memory = h->memory };
	e = run_program(&request, &result);
	if (!e && result.exit_code)
		e = kdf_err(KDF_IO, "%s: %s", command, run_outcome(result.exit_code, why, sizeof(why)));
	return e;
}

/* Not what an editor leaves behind. */
static int wanted(const struct dirent *d)
{
	return d->d_name[0] != '.' && d->d_name[strlen(d->d_name) - 1] != '~';
}

struct kdf_error *hooks_run(const struct hooks *h)
{
	char path[PATH_MAX];
	struct dirent **entry = NULL;
	struct kdf_error *e = *h->command ? run_hook(h, h->command) : NULL;
	int n = e ? 0 : scandir(h->folder, &entry, wanted, alphasort);

	for (int i = 0; i < n; i++) {
		if (!e && i >= HOOKS_MAX)
			e = kdf_err(KDF_LIMIT, "more than %d scripts in %s", HOOKS_MAX, h->folder);
		if (!e)
			e = path_make(path, "%s/%s", h->folder, entry[i]->d_name);
		if (!e && !access(path, X_OK))
			e = run_hook(h, path);
		free(entry[i]);
	}
	free(entry);
	return e;
}
