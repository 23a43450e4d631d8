// SPDX-License-Identifier: GPL-2.0-or-later
#include "opts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

static bool value_optional(const struct kdf_option *o)
{
	return o->arg && o->arg[0] == '[';
}

static struct kdf_error *push_option(struct kdf_args *a, int id, const char *value)
{
	if (!kdf_grow(&a->opt, &a->capopt, a->nopt + 1, sizeof(*a->opt)))
		return kdf_err(KDF_NOMEM, "out of memory");
	a->opt[a->nopt++] = (struct kdf_arg){ id, value };
	return NULL;
}

static struct kdf_error *push_word(struct kdf_args *a, const char *word)
{
	/* One more than needed: the NULL behind the last. */
	if (!kdf_grow(&a->word, &a->capword, a->nword + 2, sizeof(*a->word)))
		return kdf_err(KDF_NOMEM, "out of memory");
	a->word[a->nword++] = word;
	a->word[a->nword] = NULL;
	return NULL;
}

static const struct kdf_option *by_letter(const struct kdf_option *table, char c)
{
	for (const struct kdf_option *o = table; o->id; o++)
		if (o->id == (unsigned char)c)
			return o;
	return NULL;
}

/* The option whose name is text[0..len), or the only one that begins so; *many tells why there is none. */
static const struct kdf_option *by_name(const struct kdf_option *table, const char *text, size_t len, bool *many)
{
	const struct kdf_option *found = NULL;

	*many = false;
	for (const struct kdf_option *o = table; o->id; o++) {
		if (!o->name || strncmp(o->name, text, len))
			continue;
		if (!o->name[len])
			return o;
		*many = *many || found;
		found = o;
	}
	return *many ? NULL : found;
}

struct words {
	const struct kdf_option *table;
	int argc, i;
	char *const *argv;
	struct kdf_args *out;
};

static struct kdf_error *long_option(struct words *w, const char *text)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : NULL;
	bool many;
	const struct kdf_option *o = by_name(w->table, text, len, &many);

	if (!o)
		return kdf_err(KDF_USAGE, "%s option --%.*s", many ? "ambiguous" : "unknown", (int)len, text);
	if (value && !o->arg)
		return kdf_err(KDF_USAGE, "option --%s takes no value", o->name);
	if (!value && o->arg && !value_optional(o)) {
		if (w->i + 1 >= w->argc)
			return kdf_err(KDF_USAGE, "option --%s needs a value: %s", o->name, o->arg);
		value = w->argv[++w->i];
	}
	return push_option(w->out, o->id, value);
}

static struct kdf_error *letters(struct words *w, const char *text)
{
	for (; *text; text++) {
		const struct kdf_option *o = by_letter(w->table, *text);
		const char *value = NULL;

		if (!o)
			return kdf_err(KDF_USAGE, "unknown option -%c", *text);
		if (o->arg && text[1])
			value = text[1] == '=' ? text + 2 : text + 1;
		else if (o->arg && !value_optional(o)) {
			if (w->i + 1 >= w->argc)
				return kdf_err(KDF_USAGE, "option -%c needs a value: %s", *text, o->arg);
			value = w->argv[++w->i];
		}
		struct kdf_error *e = push_option(w->out, o->id, value);
		if (e || value)
			return e;
	}
	return NULL;
}

static const struct kdf_option *one_dash(const struct kdf_option *table, const char *text)
{
	for (const struct kdf_option *o = table; o->id; o++)
		if (o->flags & KDF_OPT_ONE_DASH && o->name && !strcmp(o->name, text))
			return o;
	return NULL;
}

static struct kdf_error *one_word(struct words *w, bool *words_only)
{
	const char *text = w->argv[w->i];
	const struct kdf_option *whole;

	if (*words_only || text[0] != '-' || !text[1])
		return push_word(w->out, text);
	if (text[1] == '-') {
		if (text[2])
			return long_option(w, text + 2);
		*words_only = true;
		return NULL;
	}
	whole = one_dash(w->table, text + 1);
	if (whole)
		return push_option(w->out, whole->id, NULL);
	if (isdigit((unsigned char)text[1]) && !by_letter(w->table, text[1]))
		return push_word(w->out, text);
	return letters(w, text + 1);
}

struct kdf_error *kdf_args_parse(const struct kdf_option *table, unsigned flags, int argc, char *const argv[],
				 struct kdf_args *out)
{
	struct words w = { table, argc, 1, argv, out };
	bool words_only = false;
	struct kdf_error *e = NULL;

	*out = (struct kdf_args){ 0 };
	for (; !e && w.i < argc; w.i++) {
		e = one_word(&w, &words_only);
		if (flags & KDF_ARGS_STOP && out->nword)
			words_only = true;
	}
	if (e)
		kdf_args_free(out);
	return e;
}

void kdf_args_free(struct kdf_args *a)
{
	free(a->opt);
	free(a->word);
	*a = (struct kdf_args){ 0 };
}

struct kdf_error *kdf_args_planned(const struct kdf_option *table, const struct kdf_args *a)
{
	for (size_t i = 0; i < a->nopt; i++)
		for (const struct kdf_option *o = table; o->id; o++) {
			if (o->id != a->opt[i].id || !(o->flags & KDF_OPT_PLANNED))
				continue;
			if (o->id < KDF_OPT_LONG)
				return kdf_err(KDF_UNSUPPORTED, "-%c is not supported yet", o->id);
			return kdf_err(KDF_UNSUPPORTED, "--%s is not supported yet", o->name);
		}
	return NULL;
}

size_t kdf_args_count(const struct kdf_args *a, int id)
{
	size_t n = 0;

	for (size_t i = 0; i < a->nopt; i++)
		n += a->opt[i].id == id;
	return n;
}

const char *kdf_args_value(const struct kdf_args *a, int id)
{
	for (size_t i = a->nopt; i > 0; i--)
		if (a->opt[i - 1].id == id)
			return a->opt[i - 1].value;
	return NULL;
}

/* "-d, --level LEVEL" */
static void head(const struct kdf_option *o, struct kdf_buf *b)
{
	bool letter = o->id < KDF_OPT_LONG;

	if (letter)
		kdf_buf_printf(b, "-%c", o->id);
	if (o->name)
		kdf_buf_printf(b, "%s%s%s", letter ? ", " : "", o->flags & KDF_OPT_ONE_DASH ? "-" : "--", o->name);
	if (o->arg)
		kdf_buf_printf(b, " %s", o->arg);
}

static void folded(const char *text, FILE *f, unsigned indent, unsigned width)
{
	unsigned column = indent;

	while (*text) {
		unsigned n = (unsigned)strcspn(text, " ");

		if (column > indent && column + 1 + n > width) {
			fprintf(f, "\n%*s", (int)indent, "");
			column = indent;
		}
		fprintf(f, "%s%.*s", column > indent ? " " : "", (int)n, text);
		column += n + (column > indent);
		text += n + strspn(text + n, " ");
	}
	fputc('\n', f);
}

void kdf_options_print(const struct kdf_option *table, FILE *f, unsigned width)
{
	enum { INDENT = 26 };

	for (const struct kdf_option *o = table; o->id; o++) {
		struct kdf_buf b = { 0 };

		if (o->flags & KDF_OPT_HIDDEN)
			continue;
		head(o, &b);
		fprintf(f, "  %-*s", INDENT - 3, kdf_buf_text(&b));
		if (b.len > INDENT - 4)
			fprintf(f, "\n%*s", INDENT, "");
		else
			fputc(' ', f);
		struct kdf_buf text = { 0 };
		kdf_buf_printf(&text, "%s%s", o->help, o->flags & KDF_OPT_PLANNED ? " Not supported yet." : "");
		folded(kdf_buf_text(&text), f, INDENT, width);
		kdf_buf_free(&text);
		kdf_buf_free(&b);
	}
}

void kdf_options_synopsis(const struct kdf_option *table, FILE *f)
{
	const char *gap = "";

	for (const struct kdf_option *o = table; o->id; o++) {
		if (o->flags & KDF_OPT_HIDDEN)
			continue;
		if (o->id < KDF_OPT_LONG)
			fprintf(f, "%s[-%c", gap, o->id);
		else
			fprintf(f, "%s[%s%s", gap, o->flags & KDF_OPT_ONE_DASH ? "-" : "--", o->name);
		fprintf(f, "%s%s]", o->arg ? " " : "", o->arg ? o->arg : "");
		gap = " ";
	}
}
