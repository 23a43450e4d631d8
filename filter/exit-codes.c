// SPDX-License-Identifier: GPL-2.0-or-later
#include "exit-codes.h"

static const struct {
	int code;
	const char *meaning;
} table[] = {
	{ EXIT_OK, "done; verify: whole; diff: the same pages and bytes" },
	{ EXIT_OTHER, "wrong words, unsupported option, file not found or already there, no memory, I/O error" },
	{ EXIT_MISMATCH, "-x: debug information of another kernel; diff: the dumps differ" },
	{ EXIT_NO_SPACE, "the target is full (or -L reached): OUT is an incomplete, openable dump" },
	{ EXIT_INCOMPLETE, "pages are missing from the input: OUT is marked as incomplete; verify: pages are missing" },
	{ EXIT_BAD_INPUT, "IN is damaged or of an unsupported format" },
	{ EXIT_INTERRUPTED, "stopped by a signal: OUT is an incomplete, openable dump" },
};

void exit_codes_print(FILE *to)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		fprintf(to, "  %d  %s\n", table[i].code, table[i].meaning);
}

int exit_code_of(enum kdf_code code)
{
	switch (code) {
	case KDF_OK:
		return EXIT_OK;
	case KDF_MISMATCH:
		return EXIT_MISMATCH;
	case KDF_NO_SPACE:
		return EXIT_NO_SPACE;
	case KDF_INCOMPLETE:
		return EXIT_INCOMPLETE;
	case KDF_CORRUPT:
	case KDF_UNSUPPORTED:
	case KDF_FAULT:
	case KDF_HOLE:
	case KDF_EXCLUDED:
	case KDF_LIMIT:
		return EXIT_BAD_INPUT;
	case KDF_INTERRUPTED:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_OTHER;
	}
}
