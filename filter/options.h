/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the command line as settings: makedumpfile's options under their letters and names, a long name for
 * each, and the sub commands. Checks the words only, looks at no file.
 */
#ifndef FILTER_OPTIONS_H
#define FILTER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/opts.h"
#include "kdf.h"
#include "report.h"

enum job {
	JOB_DUMP, /* also --split, --dry-run */
	JOB_DMESG,
	JOB_MEM_USAGE,
	JOB_VTOP,
	JOB_UNFLATTEN,
	JOB_REASSEMBLE,
	JOB_CONVERT, /* this and below: sub commands, by the first word */
	JOB_VERIFY,
	JOB_SALVAGE,
	JOB_STATS,
	JOB_DIFF,
};

enum { LEVELS_MAX = 32 };
/* Of libkdf: page tables and little else go through it, and a crash kernel has no memory to spare. */
enum { CACHE_BYTES = 4 << 20 };

struct settings {
	enum job job;
	struct report report;
	bool help, version, check, partial, force, statistics, json, dry_run, split;
	unsigned level[LEVELS_MAX]; /* tried in this order when the space is short */
	size_t nlevels;
	unsigned threads; /* 0: as many as there are CPUs */
	const struct kdf_writer_format *format;
	bool format_given;
	const struct kdf_codec *codec; /* NULL: pages are stored as they are; points to codec_used */
	bool codec_given;
	struct kdf_codec codec_used; /* the codec with the level that was asked for as its default */
	uint64_t limit, split_block, memory_limit; /* bytes; 0: not given */
	uint64_t address;	     /* of --vtop */
	const char *vmcoreinfo, *vmlinux;
	const char *const *in; /* words, lent from args */
	size_t nin;
	const char *const *out; /* none: standard output */
	size_t nout;
	struct kdf_args args;
	char **argv; /* as parsed; see options.c */
};

/* KDF_USAGE, KDF_UNSUPPORTED. *out is to be freed in any case; its report says how errors are told. */
struct kdf_error *settings_read(int argc, char *argv[], struct settings *out) KDF_MUST_CHECK;
void settings_free(struct settings *);
void print_help(void);

#endif
