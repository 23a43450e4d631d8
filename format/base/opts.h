/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option tables. A program or an analyzer command has one table; parsing, --help, the man page and completion
 * come from it. The table ends with an entry whose id is 0.
 *
 * Parsing follows getopt_long: bundled letters (-sx), attached or separate values (-d31, -d 31), --name=value,
 * unambiguous beginnings of long names, "--" ends the options, a lone "-" is a word. Options may follow words
 * unless KDF_ARGS_STOP is given. "-5" is a word when no option has the id '5' (negative numbers).
 */
#ifndef KDF_BASE_OPTS_H
#define KDF_BASE_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

enum {
	KDF_OPT_ONE_DASH = 1, /* the name is also taken after one dash, whole: rd -16 */
	KDF_OPT_HIDDEN = 2,   /* accepted, not in help */
	KDF_OPT_PLANNED = 4,  /* known from the tool that ours replaces, refused with a clear word: see kdf_args_planned */
};

struct kdf_option {
	int id;		  /* the letter after one dash, or KDF_OPT_LONG + n where there is no letter */
	const char *name; /* the word after two dashes, without them; NULL: none */
	const char *arg;  /* what its value is called: "LEVEL"; NULL: no value; "[LEVEL]": optional, only attached */
	const char *help; /* one or more sentences, without layout */
	unsigned flags;
};

enum { KDF_OPT_LONG = 256 };

struct kdf_arg {
	int id;
	const char *value; /* lent from argv; NULL without one */
};

struct kdf_args {
	struct kdf_arg *opt; /* options as they came */
	size_t nopt, capopt;
	const char **word; /* what is no option, NULL behind the last */
	size_t nword, capword;
};

enum { KDF_ARGS_STOP = 1 /* the first word ends the options */ };

/* argv[0] is the name used in error texts. *out is valid (to be freed) only on success. KDF_USAGE on bad words. */
struct kdf_error *kdf_args_parse(const struct kdf_option *table, unsigned flags, int argc, char *const argv[],
				 struct kdf_args *out) KDF_MUST_CHECK;
void kdf_args_free(struct kdf_args *);

/* KDF_UNSUPPORTED naming the first option given that is marked KDF_OPT_PLANNED; NULL: there is none. */
struct kdf_error *kdf_args_planned(const struct kdf_option *table, const struct kdf_args *) KDF_MUST_CHECK;

/* How often an option was given; its last value (NULL: not given, or given without one). */
size_t kdf_args_count(const struct kdf_args *, int id);
const char *kdf_args_value(const struct kdf_args *, int id);

/* The table as --help shows it: one block an option, text folded at `width` columns. */
void kdf_options_print(const struct kdf_option *table, FILE *, unsigned width);
/* One line: "[-c] [-d LEVEL] [--dump-dmesg]". */
void kdf_options_synopsis(const struct kdf_option *table, FILE *);

#endif
