/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program's exit code says: one table, for every job and for --help. */
#ifndef FILTER_EXIT_CODES_H
#define FILTER_EXIT_CODES_H

#include <stdio.h>

#include "kdf.h"

enum {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_MISMATCH = 2,
	EXIT_NO_SPACE = 3,
	EXIT_INCOMPLETE = 4,
	EXIT_BAD_INPUT = 5,
	EXIT_INTERRUPTED = 6,
};

int exit_code_of(enum kdf_code);
void exit_codes_print(FILE *);

#endif
