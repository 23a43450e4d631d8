// SPDX-License-Identifier: GPL-2.0-or-later
#include "words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Walks a line and knows whether a character is inside quotes or parentheses. */
struct scan {
	char quote;
	unsigned parens;
	bool escaped; /* the character behind a backslash in quotes */
};

/* Takes one character in; true when it stands free. */
static bool step(struct scan *s, char c)
{
	if (s->quote) {
		if (s->escaped)
			s->escaped = false;
		else if (c == '\\')
			s->escaped = true;
		else if (c == s->quote)
			s->quote = '\0';
		return false;
	}
	if (c == '"' || c == '\'')
		s->quote = c;
	else if (c == '(')
		s->parens++;
	else if (c == ')' && s->parens)
		s->parens--;
	return !s->quote && !s->parens;
}

size_t kdx_command_length(const char *text)
{
	struct scan s = { 0 };
	size_t i;

	for (i = 0; text[i]; i++)
		if (step(&s, text[i]) && text[i] == ';')
			break;
	/* A quote or parenthesis that never closes hides no `;`: the command itself says what is wrong. */
	if (!text[i] && (s.quote || s.parens))
		return strcspn(text, ";");
	return i;
}

/* What sign stands at p (not the line's first character), and how long it is. */
static enum kdx_redirect sign_at(const char *p, size_t *n)
{
	char before = p[-1];

	*n = 1;
	switch (*p) {
	case '|':
		*n = p[1] == '|' ? 2 : 1;
		return p[1] == '|' ? KDX_TO_OUTPUT : KDX_TO_PIPE;
	case '!':
		return blank(before) && blank(p[1]) ? KDX_TO_PIPE : KDX_TO_OUTPUT;
	case '>':
		if (before == '-' || p[1] == '=')
			return KDX_TO_OUTPUT;
		*n = p[1] == '>' ? 2 : 1;
		return p[1] == '>' ? KDX_TO_FILE_END : KDX_TO_FILE;
	case '<':
		*n = p[1] == '<' || p[1] == '=' ? 2 : 1;
		return *n == 1 && blank(before) ? KDX_FROM_FILE : KDX_TO_OUTPUT;
	default:
		return KDX_TO_OUTPUT;
	}
}

enum kdx_redirect kdx_redirect_find(const char *line, size_t *length, const char **rest)
{
	struct scan s = { 0 };

	for (size_t i = 0; line[i]; i++) {
		enum kdx_redirect what;
		size_t n;

		if (!step(&s, line[i]) || !i)
			continue;
		what = sign_at(line + i, &n);
		if (what == KDX_TO_OUTPUT) {
			i += n - 1;
			continue;
		}
		*length = i;
		*rest = line + i + n;
		*rest += strspn(*rest, " \t");
		return what;
	}
	*length = strlen(line);
	*rest = NULL;
	return KDX_TO_OUTPUT;
}

/* The word at *text into b; *text moves behind it. */
static bool one_word(const char **text, struct kdf_buf *b)
{
	struct scan s = { 0 };
	const char *p = *text;

	for (; *p; p++) {
		char open = s.quote;
		bool was_escape = s.escaped;

		if (!s.quote && !s.parens && blank(*p))
			break;
		step(&s, *p);
		/* Inside parentheses quotes belong to the expression and stay. */
		if (!s.parens && (open != s.quote || (s.escaped && !was_escape)))
			continue;
		kdf_buf_putc(b, *p);
	}
	*text = p;
	return !s.quote;
}

static bool push(struct kdx_words *w, char *word)
{
	if (!word || !kdf_grow(&w->word, &w->cap, w->count + 2, sizeof(*w->word))) {
		free(word);
		return false;
	}
	w->word[w->count++] = word;
	w->word[w->count] = NULL;
	return true;
}

struct kdf_error *kdx_words_split(const char *text, struct kdx_words *out)
{
	struct kdx_words w = { 0 };

	for (;;) {
		struct kdf_buf b = { 0 };

		while (blank(*text))
			text++;
		if (!*text)
			break;
		kdf_buf_puts(&b, "");
		if (!one_word(&text, &b)) {
			kdf_buf_free(&b);
			kdx_words_free(&w);
			return kdf_err(KDF_USAGE, "a quote is not closed");
		}
		if (!push(&w, kdf_buf_take(&b))) {
			kdx_words_free(&w);
			return kdf_err(KDF_NOMEM, "out of memory");
		}
	}
	*out = w;
	return NULL;
}

void kdx_words_free(struct kdx_words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->word[i]);
	free(w->word);
	*w = (struct kdx_words){ 0 };
}
