// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "analyze/core/types.h"
#include "analyze/output/json.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "help.h"
#include "redirect.h"
#include "table.h"
#include "words.h"

enum { STATUS_FAILED = 1 };

/* One command on its way: the name as typed, the entry, what stands behind the name. */
struct todo {
	const struct kdx_command *command;
	char name[64];
	char *rest; /* malloc'ed */
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* "NAME: text" for people; for programs a JSON object on standard error. Consumes the error. */
static bool report(struct kdx_shell *shell, const char *name, struct kdf_error *e)
{
	struct kdf_buf b = { 0 };

	if (!e)
		return true;
	shell->status = STATUS_FAILED;
	if (shell->json) {
		kdf_buf_printf(&b, "{\"record\":\"error\",\"command\":");
		kdx_json_quote(&b, name, strlen(name));
		kdf_buf_printf(&b, ",\"error\":\"%s\",\"text\":", kdf_code_name(kdf_error_code(e)));
		kdx_json_quote(&b, kdf_error_text(e), strlen(kdf_error_text(e)));
		kdf_buf_puts(&b, "}");
	} else {
		kdx_visible_text(&b, name, strlen(name));
		kdf_buf_puts(&b, ": ");
		kdx_visible_text(&b, kdf_error_text(e), strlen(kdf_error_text(e)));
	}
	fflush(stdout);
	fprintf(stderr, "%s\n", kdf_buf_text(&b));
	kdf_buf_free(&b);
	kdf_error_free(e);
	return false;
}

/* ---- which command ---- */

static struct kdf_error *set_todo(struct todo *t, const char *name, size_t len, const char *rest)
{
	if (len >= sizeof(t->name))
		return kdf_err(KDF_NOT_FOUND, "command not found: %.60s...", name);
	memcpy(t->name, name, len);
	t->name[len] = '\0';
	free(t->rest);
	t->rest = strdup(rest);
	if (!t->rest)
		return kdf_err(KDF_NOMEM, "out of memory");
	t->command = kdx_command_find(t->name);
	return NULL;
}

/* A struct, union, typedef or enum by its bare name, or a symbol: shown as crash does. */
static struct kdf_error *data_reference(struct kdx_session *s, const char *text, struct todo *t)
{
	const struct kdx_type *type;
	size_t len = strcspn(text, " \t.["), whole = strcspn(text, " \t");
	KDF_AUTO_FREE char *word = strndup(text, len);
	const char *command;
	struct kdf_error *e;

	if (!word)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (!isalpha((unsigned char)word[0]) && word[0] != '_')
		return NULL;
	e = kdx_type_find(s, word, &type);
	if (!e)
		command = type->kind == KDX_STRUCT || type->kind == KDX_UNION ? "struct" : "whatis";
	else
		command = kdx_symbol_by_name(s, word) ? "p" : NULL;
	kdf_error_free(e);
	/* `init_task.comm` is an expression, `task_struct.comm` a type's member; `jiffies foo` is neither. */
	if (!command || (command[0] == 'p' && *skip_blanks(text + whole)))
		return NULL;
	return set_todo(t, command, strlen(command), text);
}

static struct kdf_error *not_found(const char *name)
{
	struct kdf_buf near = { 0 };
	struct kdf_error *e;

	kdx_near_names(name, &near);
	if (near.len)
		e = kdf_err(KDF_NOT_FOUND, "command not found: %s (did you mean %s?)", name, kdf_buf_text(&near));
	else
		e = kdf_err(KDF_NOT_FOUND, "command not found: %s", name);
	kdf_buf_free(&near);
	return e;
}

/* "hex" -> "set radix 16"; the rest of the line follows. */
static struct kdf_error *expand_alias(struct todo *t)
{
	const char *text = kdx_alias_text(t->name);
	KDF_AUTO_FREE char *line = NULL;
	size_t len;

	if (t->command || !text)
		return NULL;
	if (asprintf(&line, "%s %s", text, t->rest) < 0) {
		line = NULL;
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	len = strcspn(line, " ");
	return set_todo(t, line, len, line + len);
}

static struct kdf_error *resolve(struct kdx_session *s, const char *text, struct todo *t)
{
	size_t len = strcspn(text, " \t");
	const char *slash = memchr(text, '/', len);
	struct kdf_error *e;

	if (text[0] == '*')
		len = 1; /* the type's name may be glued to it */
	else if (slash && slash - text == 1 && text[0] == 'p')
		len = 1; /* p/x EXPRESSION */
	e = set_todo(t, text, len, text + len);
	if (!e)
		e = expand_alias(t);
	if (!e && !t->command)
		e = data_reference(s, text, t);
	if (!e && !t->command)
		e = not_found(t->name);
	return e;
}

/* ---- running it ---- */

/* What opening the session said of them, where it looked and what was wrong. */
static struct kdf_error *no_symbols(const struct kdx_session *s)
{
	for (size_t i = 0; i < s->nwarnings; i++)
		if (!strncmp(s->warning[i], "no symbols", 10))
			return kdf_err(KDF_NO_DEBUG, "needs symbols: %s (name the vmlinux on the command line)",
				       s->warning[i]);
	return kdf_err(KDF_NO_DEBUG,
		       "needs symbols, and there are none: no vmlinux%s%s was given and kallsyms were not found "
		       "in the dump",
		       s->dump && kdf_info(s->dump)->release[0] ? " of " : "",
		       s->dump ? kdf_info(s->dump)->release : "");
}

static struct kdf_error *check_needs(struct kdx_session *s, unsigned needs)
{
	const struct kdx_type *type;

	if (needs & KDX_NEEDS_DUMP && !s->dump)
		return kdf_err(KDF_NOT_FOUND, "needs a dump, and none was given: kdx VMLINUX DUMP");
	if (needs & KDX_NEEDS_SYMBOLS && !kdx_symbol_count(s))
		return no_symbols(s);
	if (needs & KDX_NEEDS_TYPES && !strcmp(kdx_typedb_source(s), "none")) {
		struct kdf_error *e = kdx_type_find(s, "int", &type);

		return e ? kdf_err_wrap(e, "needs debug info") :
			   kdf_err(KDF_NO_DEBUG, "needs debug info (DWARF or BTF), and there is none");
	}
	if (needs & KDX_NEEDS_LINES && strncmp(kdx_typedb_source(s), "DWARF", 5))
		return kdf_err(KDF_NO_DEBUG,
			       "needs DWARF debug info (types come from: %s); name the vmlinux with debug info",
			       kdx_typedb_source(s));
	return NULL;
}

/* The entry's options and the common ones behind them; malloc'ed. */
static struct kdf_option *all_options(const struct kdx_command *c)
{
	size_t own = 0, common = 0;
	struct kdf_option *all;

	while (c->options && c->options[own].id)
		own++;
	while (kdx_common_options[common].id)
		common++;
	all = calloc(own + common + 1, sizeof(*all));
	if (!all)
		return NULL;
	if (own)
		memcpy(all, c->options, own * sizeof(*all));
	memcpy(all + own, kdx_common_options, common * sizeof(*all));
	return all;
}

/* The synopsis behind an error in the command's words. */
static struct kdf_error *usage(const struct kdx_call *call, struct kdf_error *e)
{
	const struct kdx_command *c = call->command;
	KDF_AUTO_FREE char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f || call->shell->json || kdf_error_code(e) != KDF_USAGE) {
		if (f)
			fclose(f);
		return e;
	}
	kdx_help_synopsis(c, f);
	fclose(f);
	struct kdf_error *full = kdf_err(KDF_USAGE, "%s\nUsage:\n  %s\nEnter \"help %s\" for details.",
					 kdf_error_text(e), text, c->name);
	kdf_error_free(e);
	return full;
}

static struct kdf_error *run_entry(struct kdx_call *call, FILE *to, bool json)
{
	struct kdx_shell *shell = call->shell;
	struct kdf_error *e = kdx_out_new(to, json, &call->out), *closed;
	bool stopped;

	if (e)
		return e;
	if (!(e = check_needs(call->session, call->command->needs)))
		e = call->command->run(call);
	/* A command without words that wanted some. */
	if (e && !*call->line)
		e = usage(call, e);
	stopped = kdx_out_stopped(call->out);
	closed = kdx_out_close(call->out);
	if (stopped && to == stdout)
		shell->quit = true; /* nobody reads any more, or nothing can be written */
	if (e)
		kdf_error_free(closed);
	return e ? e : closed;
}

static struct kdf_error *show_page(const struct kdx_command *c, FILE *to, bool json)
{
	struct kdx_out *out;
	struct kdf_error *e = kdx_out_new(to, json, &out);

	if (e)
		return e;
	kdx_help_page(out, c);
	return kdx_out_close(out);
}

/* A raw command sees its line without the common options, which stand in front or at the end. */
static void take_common(char *line, const char *option, bool *given)
{
	size_t n = strlen(option);
	char *p = line + strspn(line, " \t");

	while (*p == '-') {
		size_t word = strcspn(p, " \t");

		if (word == n && !memcmp(p, option, n)) {
			memset(p, ' ', n);
			*given = true;
		}
		p += word;
		p += strspn(p, " \t");
	}
	n = strlen(line);
	while (n && isspace((unsigned char)line[n - 1]))
		line[--n] = '\0';
	size_t len = strlen(option);
	if (n > len && !strcmp(line + n - len, option) && line[n - len - 1] == ' ') {
		line[n - len] = '\0';
		*given = true;
	}
}

static struct kdf_error *run_raw(struct kdx_call *call, struct todo *t, FILE *to)
{
	bool json = call->shell->json, help = false;

	take_common(t->rest, "--json", &json);
	take_common(t->rest, "--help", &help);
	if (help)
		return show_page(t->command, to, json);
	call->line = skip_blanks(t->rest);
	return run_entry(call, to, json);
}

static struct kdf_error *run_parsed(struct kdx_call *call, struct todo *t, FILE *to)
{
	KDF_AUTO_FREE struct kdf_option *options = all_options(t->command);
	KDF_AUTO_FREE char **argv = NULL;
	struct kdx_words words;
	struct kdf_error *e;

	if (!options)
		return kdf_err(KDF_NOMEM, "out of memory");
	e = kdx_words_split(t->rest, &words);
	if (e)
		return e;
	argv = calloc(words.count + 2, sizeof(*argv));
	if (!argv) {
		kdx_words_free(&words);
		return kdf_err(KDF_NOMEM, "out of memory");
	}
	argv[0] = t->name;
	for (size_t i = 0; i < words.count; i++)
		argv[i + 1] = words.word[i];
	e = kdf_args_parse(options, 0, (int)words.count + 1, argv, &call->args);
	if (e) {
		e = usage(call, e);
	} else {
		bool json = call->shell->json || kdf_args_count(&call->args, KDX_OPTION_JSON);

		call->line = skip_blanks(t->rest);
		if (kdf_args_count(&call->args, KDX_OPTION_HELP))
			e = show_page(t->command, to, json);
		else if (!(e = kdf_args_planned(options, &call->args)))
			e = run_entry(call, to, json);
		kdf_args_free(&call->args);
	}
	kdx_words_free(&words);
	return e;
}

static struct kdf_error *run_todo(struct kdx_shell *shell, struct todo *t, FILE *to)
{
	struct kdx_call call = { .shell = shell, .session = shell->session, .command = t->command, .name = t->name };

	if (t->command->raw_line)
		return run_raw(&call, t, to);
	return run_parsed(&call, t, to);
}

/* A command without redirection, to a stream. */
static bool run_text(struct kdx_shell *shell, const char *text, FILE *to)
{
	struct todo t = { 0 };
	struct kdf_error *e = resolve(shell->session, text, &t);
	bool ok;

	if (e) {
		ok = report(shell, "kdx", e);
	} else {
		e = run_todo(shell, &t, to);
		ok = report(shell, t.name, e);
	}
	free(t.rest);
	return ok;
}

/* `cmd < file`: the command once for each line, the line behind it. */
static bool for_lines(struct kdx_shell *shell, const char *text, const char *target)
{
	struct kdx_words w;
	struct kdf_error *e = kdx_words_split(target, &w);
	bool ok = true;

	if (e)
		return report(shell, "kdx", e);
	if (w.count != 1) {
		kdx_words_free(&w);
		return report(shell, "kdx",
			      kdf_err(KDF_USAGE, "'<' takes one file name (a comparison goes into parentheses)"));
	}
	KDF_AUTO_FCLOSE FILE *f = fopen(w.word[0], "re");
	if (!f)
		e = kdf_err_sys(errno, "cannot read '%s'", w.word[0]);
	kdx_words_free(&w);
	if (e)
		return report(shell, "kdx", e);
	KDF_AUTO_FREE char *line = NULL;
	size_t cap = 0;
	while (!shell->quit && !kdf_interrupted() && getline(&line, &cap, f) > 0) {
		KDF_AUTO_FREE char *both = NULL;
		const char *more = skip_blanks(line);

		if (!*more || *more == '#')
			continue;
		if (asprintf(&both, "%s %s", text, more) < 0) {
			both = NULL;
			return report(shell, "kdx", kdf_err(KDF_NOMEM, "out of memory"));
		}
		both[strcspn(both, "\r\n")] = '\0';
		ok = run_text(shell, both, stdout) && ok;
	}
	return ok;
}

static bool redirected(struct kdx_shell *shell, const char *text, enum kdx_redirect how, const char *target)
{
	struct kdx_sink sink;
	struct kdf_error *e = kdx_sink_open(how, target, &sink);
	bool ok;

	if (e)
		return report(shell, "kdx", e);
	ok = run_text(shell, text, sink.to);
	return report(shell, "kdx", kdx_sink_close(&sink)) && ok;
}

/* `< file`: the commands of a file; files do not nest. */
static bool commands_of_file(struct kdx_shell *shell, const char *target)
{
	struct kdx_words w;
	struct kdf_error *e = kdx_words_split(target, &w);
	bool ok = false;

	if (e)
		return report(shell, "kdx", e);
	if (w.count != 1)
		e = kdf_err(KDF_USAGE, "'<' takes one file name");
	else
		e = kdx_run_file(shell, w.word[0], &ok);
	kdx_words_free(&w);
	return e ? report(shell, "kdx", e) : ok;
}

static bool shell_word(const char *line)
{
	char word[8];
	size_t n = strcspn(line, " \t");

	if (n >= sizeof(word))
		return false;
	memcpy(word, line, n);
	word[n] = '\0';
	return kdx_in_list("vi pwd grep cat more less echo ls clear", word);
}

bool kdx_shell_line(struct kdx_shell *shell, const char *line)
{
	KDF_AUTO_FREE char *text = NULL;
	enum kdx_redirect how;
	const char *rest;
	size_t n;

	kdf_interrupt_clear();
	line = skip_blanks(line);
	if (!*line || *line == '#' || (line[0] == '/' && line[1] == '/'))
		return true;
	if (*line == '!' || *line == '|')
		return report(shell, "kdx", kdx_shell_out(skip_blanks(line + 1)));
	if (*line == '<')
		return commands_of_file(shell, line + 1);
	if (shell_word(line))
		return report(shell, "kdx", kdx_shell_out(line));
	how = kdx_redirect_find(line, &n, &rest);
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	text = strndup(line, n);
	if (!text)
		return report(shell, "kdx", kdf_err(KDF_NOMEM, "out of memory"));
	if (how == KDX_TO_OUTPUT && shell->scroll && kdx_pager())
		return redirected(shell, text, KDX_TO_PIPE, kdx_pager());
	if (how == KDX_TO_OUTPUT)
		return run_text(shell, text, stdout);
	if (how == KDX_FROM_FILE)
		return for_lines(shell, text, rest);
	return redirected(shell, text, how, rest);
}

bool kdx_shell_lines(struct kdx_shell *shell, const char *text)
{
	bool ok = true;

	while (*text && !shell->quit) {
		size_t n = kdx_command_length(text);
		KDF_AUTO_FREE char *one = strndup(text, n);

		if (!one)
			return report(shell, "kdx", kdf_err(KDF_NOMEM, "out of memory"));
		ok = kdx_shell_line(shell, one) && ok;
		if (kdf_interrupted())
			break;
		text += n + (text[n] == ';');
	}
	return ok;
}

struct kdf_error *kdx_run_file(struct kdx_shell *shell, const char *path, bool *ok)
{
	KDF_AUTO_FCLOSE FILE *f = fopen(path, "re");
	KDF_AUTO_FREE char *line = NULL;
	size_t cap = 0;

	if (!f)
		return kdf_err_sys(errno, "cannot read '%s'", path);
	*ok = true;
	while (!shell->quit && getline(&line, &cap, f) > 0) {
		const char *p = skip_blanks(line);

		line[strcspn(line, "\r\n")] = '\0';
		if (!*p || *p == '#')
			continue;
		if (!shell->silent) {
			printf("kdx> %s\n", line);
			fflush(stdout);
		}
		if (*p == '<')
			*ok = report(shell, "kdx", kdf_err(KDF_USAGE, "command files do not nest"));
		else
			*ok = kdx_shell_line(shell, line) && *ok;
		if (kdf_interrupted())
			break;
	}
	return NULL;
}
