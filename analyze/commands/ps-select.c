// SPDX-License-Identifier: GPL-2.0-or-later
#include "ps-select.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/num.h"

/* One word of the call. */
struct wanted {
	const struct kdx_task *task; /* a pid or address */
	bool by_pid;                 /* every task with task->pid: idle tasks share theirs */
	const char *name;
	regex_t regex;
	bool has_regex;
};

/* The shell takes quotes off the words; the line still has them. */
static bool in_single_quotes(const char *line, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = line ? strchr(line, '\'') : NULL; p; p = strchr(p + 1, '\''))
		if (!strncmp(p + 1, word, len) && p[len + 1] == '\'')
			return true;
	return false;
}

static bool looks_like_number(const char *word)
{
	uint64_t value;

	return kdf_parse_u64(word, 10, &value) ||
	       (isdigit((unsigned char)word[0]) && kdf_parse_u64(word, 16, &value)) ||
	       (strlen(word) >= 8 && kdf_parse_u64(word, 16, &value));
}

static struct kdf_error *parse_word(const struct kdx_call *call, const char *word, struct wanted *out)
{
	uint64_t pid;
	int failed;

	memset(out, 0, sizeof(*out));
	if (in_single_quotes(call->line, word)) {
		failed = regcomp(&out->regex, word, REG_EXTENDED | REG_NOSUB);
		if (failed)
			return kdf_err(KDF_USAGE, "'%s' is no regular expression", word);
		out->has_regex = true;
		return NULL;
	}
	if (word[0] == '\\') {
		out->name = word + 1;
		return NULL;
	}
	if (!looks_like_number(word)) {
		out->name = word;
		return NULL;
	}
	out->by_pid = kdf_parse_u64(word, 10, &pid);
	struct kdf_error *e = kdx_task_parse(call->session, word, &out->task);

	if (!e)
		out->by_pid = out->by_pid && pid == (uint64_t)out->task->pid;
	return e;
}

static bool fits(const struct wanted *want, const struct kdx_task *task)
{
	if (want->has_regex)
		return !regexec(&want->regex, task->comm, 0, NULL, 0);
	if (want->name)
		return !strcmp(want->name, task->comm);
	return want->by_pid ? want->task->pid == task->pid : want->task == task;
}

static bool options_let_through(const struct kdf_args *args, const struct kdx_task *task)
{
	if (kdf_args_count(args, 'k') && !task->kernel_thread)
		return false;
	if (kdf_args_count(args, 'u') && task->kernel_thread)
		return false;
	if (kdf_args_count(args, 'G') && task->pid != task->tgid)
		return false;
	return !kdf_args_count(args, 'A') || task->active;
}

/* By pid; equal ones (idle tasks) stay in the order of the table. */
static int compare(const void *a, const void *b)
{
	const struct kdx_task *x = *(const struct kdx_task *const *)a, *y = *(const struct kdx_task *const *)b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x < y ? -1 : x > y;
}

static struct kdf_error *collect(const struct kdx_call *call, const struct kdx_task_table *table,
				 const struct wanted *want, size_t nwant, struct kdx_selection *out)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct kdx_task *task = &table->task[i];
		bool take = !nwant;

		for (size_t k = 0; k < nwant && !take; k++)
			take = fits(&want[k], task);
		if (!take || !options_let_through(&call->args, task))
			continue;
		if (!kdf_grow(&out->task, &out->cap, out->count + 1, sizeof(*out->task)))
			return kdf_err(KDF_NOMEM, "no memory for the selected tasks");
		out->task[out->count++] = task;
	}
	if (out->count)
		qsort(out->task, out->count, sizeof(*out->task), compare);
	return NULL;
}

struct kdf_error *kdx_select(const struct kdx_call *call, struct kdx_selection *out)
{
	const struct kdx_task_table *table;
	struct wanted *want = calloc(call->args.nword + 1, sizeof(*want));
	size_t nwant = 0;
	struct kdf_error *e = want ? kdx_tasks(call->session, &table) : kdf_err(KDF_NOMEM, "no memory for the words");

	memset(out, 0, sizeof(*out));
	while (!e && nwant < call->args.nword) {
		e = parse_word(call, call->args.word[nwant], &want[nwant]);
		nwant += !e;
	}
	if (!e)
		e = collect(call, table, want, nwant, out);
	for (size_t i = 0; i < nwant; i++)
		if (want[i].has_regex)
			regfree(&want[i].regex);
	free(want);
	if (e)
		kdx_selection_free(out);
	return e;
}

void kdx_selection_free(struct kdx_selection *selection)
{
	free(selection->task);
	memset(selection, 0, sizeof(*selection));
}
