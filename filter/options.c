// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "exit-codes.h"
#include "pageclass.h"

/* ---- The table ---- */

enum {
	OPT_DUMP_DMESG = KDF_OPT_LONG,
	OPT_PARTIAL_DMESG,
	OPT_NUM_THREADS,
	OPT_MEMORY_LIMIT,
	OPT_MESSAGE_LEVEL,
	OPT_SHOW_STATS,
	OPT_CHECK_PARAMS,
	OPT_DRY_RUN,
	OPT_JSON,
	OPT_COMPRESS,
	OPT_TO,
	OPT_SPLIT,
	OPT_SPLITBLOCK_SIZE,
	OPT_REASSEMBLE,
	OPT_MEM_USAGE,
	OPT_VTOP,
	OPT_CODEC_LEVEL, /* what -z:3 is turned into */
	OPT_CYCLIC_BUFFER,
	OPT_WORK_DIR,
	OPT_NON_MMAP,
	OPT_NON_CYCLIC,
	OPT_CONFIG, /* from here on: refused */
	OPT_EPPIC,
	OPT_EXTENSION,
	OPT_DISKSET,
	OPT_XEN_SYMS,
	OPT_XEN_VMCOREINFO,
	OPT_XEN_PHYS_START,
};

static const struct kdf_option options[] = {
	{ 'c', "zlib", NULL, "Compress each page with zlib. With a level: -c:LEVEL, and so on.", 0 },
	{ 'l', "lzo", NULL, "Compress each page with lzo.", 0 },
	{ 'p', "snappy", NULL, "Compress each page with snappy.", 0 },
	{ 'z', "zstd", NULL,
	  "Compress each page with zstd. Without -c, -l, -p and -z pages are stored as they are.", 0 },
	{ OPT_COMPRESS, "compress", "NAME[:LEVEL]", "The same by name: zlib, lzo, snappy, zstd, none.", 0 },
	{ 'd', "level", "LEVEL[,LEVEL...]",
	  "What to leave out, a sum of 1 (pages of zeros), 2 (page cache without private data), 4 (page cache with "
	  "private data), 8 (user memory), 16 (free pages): 0 to 31, default 0. Of a list the next one is tried when "
	  "the target is full.",
	  0 },
	{ 'E', "elf", NULL, "Write an ELF file, for tools that read no kdump-compressed ones; no compression.", 0 },
	{ 'F', "flatten", NULL, "Write a flattened stream to standard output; takes no OUT. Messages go to stderr.",
	  0 },
	{ 'R', "unflatten", NULL, "Make a normal file OUT of a flattened stream (standard input, or IN).", 0 },
	{ 'f', "force", NULL, "Overwrite OUT.", 0 },
	{ 'L', "size-limit", "SIZE",
	  "Let OUT have that many bytes at most (suffix K, M, G, T); then it counts as full.", 0 },
	{ 'i', "vmcoreinfo", "FILE", "Take the VMCOREINFO text from FILE.", 0 },
	{ 'x', "vmlinux", "VMLINUX",
	  "Check that IN is a dump of this kernel (build-id, else release). Nothing else of it is needed.", 0 },
	{ OPT_SPLIT, "split", NULL, "Spread the dump over several files: IN OUT OUT...", 0 },
	{ OPT_SPLITBLOCK_SIZE, "splitblock-size", "KB", "With --split: parts begin at multiples of this much memory.",
	  0 },
	{ OPT_REASSEMBLE, "reassemble", NULL, "Join the parts of a split dump: PART PART... OUT.", 0 },
	{ OPT_DRY_RUN, "dry-run", NULL, "Do all of it but write nothing; needs no OUT.", 0 },
	{ OPT_DUMP_DMESG, "dump-dmesg", NULL, "Write the kernel log, not a dump. Without OUT: to standard output.", 0 },
	{ OPT_PARTIAL_DMESG, "partial-dmesg", NULL,
	  "With --dump-dmesg: only what came after the log was last cleared.", 0 },
	{ OPT_MEM_USAGE, "mem-usage", NULL,
	  "Print how many pages each level would leave out of IN (/proc/kcore, a dump).", 0 },
	{ OPT_VTOP, "vtop", "ADDRESS", "Print where a kernel virtual address of IN lies in memory.", 0 },
	{ OPT_NUM_THREADS, "num-threads", "N",
	  "Threads that compress; default: one for each CPU that is online. Fewer are used when memory is short.", 0 },
	{ OPT_MEMORY_LIMIT, "memory-limit", "SIZE", "Plan for that much memory at most: fewer threads.", 0 },
	{ OPT_MESSAGE_LEVEL, "message-level", "N",
	  "What to print, a sum of 1 (progress), 2 (common), 4 (errors and warnings), 8 (debug), 16 (statistics); "
	  "default 7.",
	  0 },
	{ OPT_SHOW_STATS, "show-stats", NULL, "Print the statistics whatever the message level.", 0 },
	{ OPT_JSON, "json", NULL, "Print the statistics as JSON to standard output; other messages go to stderr.", 0 },
	{ OPT_TO, "to", "FORMAT", "For convert: kdump (default), elf, kdump-flat, elf-flat.", 0 },
	{ OPT_CHECK_PARAMS, "check-params", NULL, "Only check these words.", 0 },
	{ 'D', "debug", NULL, "Print debug messages.", 0 },
	{ 'b', "block-order", "ORDER", "Accepted: makedumpfile's output buffer; here it always has 2 MiB.", 0 },
	{ OPT_CYCLIC_BUFFER, "cyclic-buffer", "KB", "Accepted: there is one pass whatever the size of the memory.", 0 },
	{ OPT_WORK_DIR, "work-dir", "DIR", "Accepted: no file is needed for the bitmaps.", 0 },
	{ OPT_NON_MMAP, "non-mmap", NULL, "Accepted: what cannot be mapped is read anyway.", 0 },
	{ 'v', "version", NULL, "Print the version and the compressors of this build.", 0 },
	{ 'h', "help", NULL, "Print this text.", 0 },

	{ OPT_NON_CYCLIC, "non-cyclic", NULL, NULL, KDF_OPT_HIDDEN },
	{ OPT_CODEC_LEVEL, "codec-level", "LEVEL", NULL, KDF_OPT_HIDDEN },
	{ 'g', "generate-vmcoreinfo", "FILE", NULL, KDF_OPT_HIDDEN },
	{ 'e', "exclude-vmemmap", NULL, NULL, KDF_OPT_HIDDEN },
	{ 'X', "exclude-xen-user", NULL, NULL, KDF_OPT_HIDDEN },
	{ OPT_CONFIG, "config", "FILE", NULL, KDF_OPT_HIDDEN },
	{ OPT_EPPIC, "eppic", "MACRO", NULL, KDF_OPT_HIDDEN },
	{ OPT_EXTENSION, "extension", "NAME", NULL, KDF_OPT_HIDDEN },
	{ OPT_DISKSET, "diskset", "FILE", NULL, KDF_OPT_HIDDEN },
	{ OPT_XEN_SYMS, "xen-syms", "FILE", NULL, KDF_OPT_HIDDEN },
	{ OPT_XEN_VMCOREINFO, "xen-vmcoreinfo", "FILE", NULL, KDF_OPT_HIDDEN },
	{ OPT_XEN_PHYS_START, "xen_phys_start", "ADDRESS", NULL, KDF_OPT_HIDDEN },
	{ 0 },
};

static const char xen_way_out[] = "not supported: dumps of Xen hosts are not read";

static const struct {
	int id;
	const char *why;
} refused[] = {
	{ 'g', "not supported: VMCOREINFO is in the dump; `makedumpfile -g` makes the text for -i" },
	{ 'e', "not supported yet" },
	{ 'X', xen_way_out },
	{ OPT_XEN_SYMS, xen_way_out },
	{ OPT_XEN_VMCOREINFO, xen_way_out },
	{ OPT_XEN_PHYS_START, xen_way_out },
	{ OPT_DISKSET, "not supported: sadump disk sets are not read; convert them with makedumpfile" },
	{ OPT_CONFIG, "not supported yet" },
	{ OPT_EPPIC, "not supported yet" },
	{ OPT_EXTENSION, "not supported yet" },
};

/* Accepted, so that a line written for makedumpfile works. */
static const struct {
	int id;
	const char *what;
} without_effect[] = {
	{ 'b', "-b has no effect: output goes out in pieces of 2 MiB" },
	{ OPT_CYCLIC_BUFFER, "--cyclic-buffer has no effect: there is one pass over the page structs" },
	{ OPT_WORK_DIR, "--work-dir has no effect: the bitmaps stay in memory" },
	{ OPT_NON_MMAP, "--non-mmap has no effect: what cannot be mapped is read" },
	{ OPT_NON_CYCLIC, "--non-cyclic has no effect: there is one pass over the page structs" },
};

static const struct {
	const char *word;
	enum job job;
	size_t least, most; /* words behind it */
	const char *usage, *what;
} commands[] = {
	{ "convert", JOB_CONVERT, 1, 2, "convert [--to FORMAT] [-c|-l|-p|-z] [-f] IN OUT",
	  "The same pages in another format or with another compressor." },
	{ "verify", JOB_VERIFY, 1, SIZE_MAX, "verify FILE...",
	  "Reads every page back; tells what is missing or damaged." },
	{ "salvage", JOB_SALVAGE, 2, 2, "salvage [-f] IN OUT",
	  "What can be read of a damaged or unfinished dump, as one that opens." },
	{ "stats", JOB_STATS, 1, SIZE_MAX, "stats FILE...", "Pages by state, compressor and stored size." },
	{ "diff", JOB_DIFF, 2, 2, "diff A B", "Which pages two dumps do not have in common." },
};

enum { NCOMMANDS = sizeof(commands) / sizeof(*commands) };

/* ---- Values ---- */

static struct kdf_error *parse_number(const char *text, const char *what, uint64_t max, unsigned *out)
{
	uint64_t v;

	if (!kdf_parse_u64(text, 10, &v) || v > max)
		return kdf_err(KDF_USAGE, "%s '%s': must be a number from 0 to %llu", what, text,
			       (unsigned long long)max);
	*out = (unsigned)v;
	return NULL;
}

/* "31", "1,31" */
static struct kdf_error *parse_levels(const char *text, struct settings *s)
{
	char *copy = strdup(text), *rest = copy;
	struct kdf_error *e = copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");

	s->nlevels = 0;
	for (char *word; !e && (word = strsep(&rest, ","));) {
		if (s->nlevels == LEVELS_MAX)
			e = kdf_err(KDF_USAGE, "dump levels '%s': at most %d", text, LEVELS_MAX);
		else
			e = parse_number(word, "dump level", LEVEL_MAX, &s->level[s->nlevels++]);
	}
	free(copy);
	return e;
}

static struct kdf_error *parse_size(const char *text, const char *what, uint64_t unit, uint64_t *out)
{
	uint64_t v;

	if (!(unit > 1 ? kdf_parse_u64(text, 10, &v) : kdf_parse_size(text, &v)) || !v || v > UINT64_MAX / 2 / unit)
		return kdf_err(KDF_USAGE, "%s '%s': must be a size above 0", what, text);
	*out = v * unit;
	return NULL;
}

static struct kdf_error *choose_codec(struct settings *s, const struct kdf_codec *codec, const char *word)
{
	if (!codec)
		return kdf_err(KDF_UNSUPPORTED, "%s: this build has no such compressor (it has: %s)", word,
			       kdf_features());
	s->codec_used = *codec;
	s->codec = &s->codec_used;
	s->codec_given = true;
	return NULL;
}

static struct kdf_error *choose_codec_level(struct settings *s, const char *text)
{
	int64_t level;
	struct kdf_codec *c = &s->codec_used;

	if (c->min_level == c->max_level)
		return kdf_err(KDF_USAGE, "%s has no levels", c->name);
	if (!kdf_parse_i64(text, 10, &level) || level < c->min_level || level > c->max_level)
		return kdf_err(KDF_USAGE, "%s level '%s': must be a number from %d to %d", c->name, text, c->min_level,
			       c->max_level);
	c->default_level = (int)level;
	return NULL;
}

/* NAME[:LEVEL] */
static struct kdf_error *choose_codec_by_name(struct settings *s, const char *text)
{
	char name[32];
	size_t len = strcspn(text, ":");

	if (!strcmp(text, "none")) {
		s->codec = NULL;
		s->codec_given = true;
		return NULL;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), text);
	struct kdf_error *e = choose_codec(s, kdf_codec_by_name(name), name);
	return e || !text[len] ? e : choose_codec_level(s, text + len + 1);
}

static struct kdf_error *choose_format(struct settings *s, const char *name)
{
	s->format = kdf_writer_format_by_name(name);
	s->format_given = true;
	return s->format ? NULL : kdf_err(KDF_USAGE, "--to %s: formats are kdump, elf, kdump-flat and elf-flat", name);
}

static struct kdf_error *set_job(struct settings *s, enum job job, const char *word)
{
	if (s->job != JOB_DUMP && s->job != job)
		return kdf_err(KDF_USAGE, "%s does not go with another thing to do", word);
	s->job = job;
	return NULL;
}

/* ---- One option ---- */

static struct kdf_error *apply_other(const struct kdf_arg *a)
{
	for (size_t i = 0; i < sizeof(without_effect) / sizeof(*without_effect); i++) {
		unsigned number;
		if (without_effect[i].id != a->id)
			continue;
		return a->value && a->id != OPT_WORK_DIR ? parse_number(a->value, "value", INT32_MAX, &number) : NULL;
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		const struct kdf_option *o = options;
		if (refused[i].id != a->id)
			continue;
		while (o->id != a->id)
			o++;
		return a->id < KDF_OPT_LONG ? kdf_err(KDF_UNSUPPORTED, "-%c is %s", a->id, refused[i].why)
					    : kdf_err(KDF_UNSUPPORTED, "--%s is %s", o->name, refused[i].why);
	}
	return kdf_err(KDF_USAGE, "unknown option");
}

static struct kdf_error *apply_job(const struct kdf_arg *a, struct settings *s)
{
	switch (a->id) {
	case OPT_DUMP_DMESG:
		return set_job(s, JOB_DMESG, "--dump-dmesg");
	case OPT_MEM_USAGE:
		return set_job(s, JOB_MEM_USAGE, "--mem-usage");
	case OPT_REASSEMBLE:
		return set_job(s, JOB_REASSEMBLE, "--reassemble");
	case 'R':
		return set_job(s, JOB_UNFLATTEN, "-R");
	case OPT_VTOP:
		/* Hex with or without 0x, as makedumpfile takes it. */
		if (!kdf_parse_u64(a->value, 16, &s->address))
			return kdf_err(KDF_USAGE, "--vtop %s: must be a hexadecimal address", a->value);
		return set_job(s, JOB_VTOP, "--vtop");
	}
	return apply_other(a);
}

static bool flag_of(int id, struct settings *s, bool **flag)
{
	switch (id) {
	case 'f':
		*flag = &s->force;
		return true;
	case 'v':
		*flag = &s->version;
		return true;
	case 'h':
		*flag = &s->help;
		return true;
	case OPT_PARTIAL_DMESG:
		*flag = &s->partial;
		return true;
	case OPT_SHOW_STATS:
		*flag = &s->statistics;
		return true;
	case OPT_JSON:
		*flag = &s->json;
		return true;
	case OPT_CHECK_PARAMS:
		*flag = &s->check;
		return true;
	case OPT_DRY_RUN:
		*flag = &s->dry_run;
		return true;
	case OPT_SPLIT:
		*flag = &s->split;
		return true;
	default:
		return false;
	}
}

static struct kdf_error *apply_option(const struct kdf_arg *a, struct settings *s)
{
	char letter[3] = { '-', (char)a->id, 0 };
	bool *flag;

	if (flag_of(a->id, s, &flag)) {
		*flag = true;
		return NULL;
	}
	switch (a->id) {
	case 'c':
	case 'l':
	case 'p':
	case 'z':
		return choose_codec(s, kdf_codec_by_letter((char)a->id), letter);
	case OPT_CODEC_LEVEL:
		return s->codec ? choose_codec_level(s, a->value) : kdf_err(KDF_USAGE, "a level without a compressor");
	case OPT_COMPRESS:
		return choose_codec_by_name(s, a->value);
	case 'd':
		return parse_levels(a->value, s);
	case 'L':
		return parse_size(a->value, "size limit", 1, &s->limit);
	case OPT_SPLITBLOCK_SIZE:
		return parse_size(a->value, "--splitblock-size", 1024, &s->split_block);
	case OPT_MEMORY_LIMIT:
		return parse_size(a->value, "--memory-limit", 1, &s->memory_limit);
	case OPT_NUM_THREADS:
		return parse_number(a->value, "number of threads", 1024, &s->threads);
	case OPT_MESSAGE_LEVEL:
		return parse_number(a->value, "message level", SAY_ALL, &s->report.says);
	case OPT_TO:
		return choose_format(s, a->value);
	case 'i':
		s->vmcoreinfo = a->value;
		return NULL;
	case 'x':
		s->vmlinux = a->value;
		return NULL;
	case 'D':
		s->report.says |= SAY_DEBUG;
		return NULL;
	case 'E':
	case 'F':
		return NULL; /* both together make the format: choose_by_letters() */
	}
	return apply_job(a, s);
}

/* ---- Words ---- */

static void choose_by_letters(struct settings *s)
{
	bool elf = kdf_args_count(&s->args, 'E'), flat = kdf_args_count(&s->args, 'F');

	if (elf || flat)
		s->format = kdf_writer_format_by_name(elf ? flat ? "elf-flat" : "elf" : "kdump-flat");
	else if (!s->format)
		s->format = kdf_writer_format_by_name("kdump");
}

static void give_words(struct settings *s, size_t nin, size_t skip)
{
	s->in = s->args.word + skip;
	s->nin = nin;
	s->out = s->in + nin;
	s->nout = s->args.nword - skip - nin;
}

static struct kdf_error *wrong_count(size_t given, const char *wanted)
{
	return kdf_err(KDF_USAGE, "%zu file names given: %s; see --help", given, wanted);
}

static struct kdf_error *dump_words(struct settings *s)
{
	size_t n = s->args.nword;

	if (s->split && s->format->flattened)
		return kdf_err(KDF_USAGE, "--split needs files: it does not go with -F");
	if (s->split && !s->format->compresses)
		return kdf_err(KDF_USAGE, "--split does not go with -E: only kdump-compressed dumps have parts");
	if (s->split_block && !s->split)
		return kdf_err(KDF_USAGE, "--splitblock-size needs --split");
	if (s->split && n < 3 && !s->dry_run)
		return wrong_count(n, "--split takes IN and two or more OUT");
	bool no_out = s->format->flattened || s->dry_run;
	if (n < 1 || (!no_out && n < 2) || (n > 2 && !s->split))
		return wrong_count(n, no_out ? "IN alone is needed" : "IN and OUT are needed");
	if (s->format->flattened && n != 1)
		return wrong_count(n, "-F writes to standard output and takes IN alone");
	if (s->codec && !s->format->compresses)
		return kdf_err(KDF_USAGE, "-E does not go with a compressor: ELF dumps have no compressed pages");
	give_words(s, 1, 0);
	return NULL;
}

static struct kdf_error *command_words(struct settings *s, size_t command)
{
	size_t n = s->args.nword - 1;

	if (n < commands[command].least || n > commands[command].most)
		return wrong_count(n, commands[command].usage);
	give_words(s, commands[command].job == JOB_STATS || commands[command].job == JOB_VERIFY ||
			commands[command].job == JOB_DIFF ? n : 1, 1);
	if (s->job == JOB_CONVERT && s->format->flattened != (n == 1))
		return wrong_count(n, s->format->flattened ? "flattened dumps go to standard output: IN alone is needed"
							   : "IN and OUT are needed");
	if (s->job == JOB_CONVERT && s->codec && !s->format->compresses)
		return kdf_err(KDF_USAGE, "ELF dumps have no compressed pages");
	return NULL;
}

static struct kdf_error *take_words(struct settings *s)
{
	size_t n = s->args.nword;

	if (s->partial && s->job != JOB_DMESG)
		return kdf_err(KDF_USAGE, "--partial-dmesg needs --dump-dmesg");
	if (s->vmlinux && s->vmcoreinfo)
		return kdf_err(KDF_USAGE, "-i and -x do not go together");
	if (s->split && s->job != JOB_DUMP)
		return kdf_err(KDF_USAGE, "--split does not go with another thing to do");
	if (s->dry_run && s->job != JOB_DUMP)
		return kdf_err(KDF_USAGE, "--dry-run is for making dumps");
	if (s->format_given && s->job != JOB_CONVERT)
		return kdf_err(KDF_USAGE, "--to is for convert; use -E and -F");
	switch (s->job) {
	case JOB_DUMP:
		return dump_words(s);
	case JOB_DMESG:
		if (n < 1 || n > 2)
			return wrong_count(n, "--dump-dmesg takes IN and perhaps OUT");
		give_words(s, 1, 0);
		return NULL;
	case JOB_MEM_USAGE:
	case JOB_VTOP:
		if (n != 1)
			return wrong_count(n, "IN alone is needed");
		give_words(s, 1, 0);
		return NULL;
	case JOB_UNFLATTEN:
		if (n < 1 || n > 2)
			return wrong_count(n, "-R takes OUT, or IN and OUT");
		give_words(s, n - 1, 0);
		return NULL;
	case JOB_REASSEMBLE:
		if (n < 2)
			return wrong_count(n, "--reassemble takes the parts and OUT");
		give_words(s, n - 1, 0);
		return NULL;
	default:
		break;
	}
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (commands[i].job == s->job)
			return command_words(s, i);
	return kdf_err(KDF_USAGE, "nothing to do");
}

/* ---- -z:3 ---- */

static bool plain_letter(char c)
{
	for (const struct kdf_option *o = options; o->id; o++)
		if (o->id == (unsigned char)c)
			return !o->arg;
	return false;
}

/*
 * "-fz:3" into "-fz" and "--codec-level=3": levels are our addition, and an optional value of -z would swallow the
 * letters of "-zf", which is makedumpfile's.
 */
static bool split_codec_level(const char *word, char **letters, char **level)
{
	size_t colon = strcspn(word, ":");

	if (word[0] != '-' || word[1] == '-' || !word[colon] || colon < 2 || !strchr("clpz", word[colon - 1]))
		return false;
	for (size_t i = 1; i < colon; i++)
		if (!plain_letter(word[i]))
			return false;
	*letters = strndup(word, colon);
	if (asprintf(level, "--codec-level=%s", word + colon + 1) < 0)
		*level = NULL;
	return true;
}

/* A copy of argv with those words taken apart. */
static bool copy_words(int argc, char *argv[], struct settings *s, int *out)
{
	int n = 0;
	bool words_only = false;

	s->argv = calloc(2 * (size_t)argc + 1, sizeof(*s->argv));
	if (!s->argv)
		return false;
	for (int i = 0; i < argc; i++) {
		words_only = words_only || !strcmp(argv[i], "--");
		if (i && !words_only && split_codec_level(argv[i], &s->argv[n], &s->argv[n + 1])) {
			if (!s->argv[n] || !s->argv[n + 1])
				return false;
			n += 2;
			continue;
		}
		s->argv[n] = strdup(argv[i]);
		if (!s->argv[n++])
			return false;
	}
	*out = n;
	return true;
}

/* ---- The calls ---- */

static void tell_without_effect(const struct settings *s)
{
	for (size_t i = 0; i < sizeof(without_effect) / sizeof(*without_effect); i++)
		if (kdf_args_count(&s->args, without_effect[i].id))
			say(&s->report, SAY_COMMON, "%s\n", without_effect[i].what);
}

static void choose_command(struct settings *s)
{
	for (size_t i = 0; s->args.nword && i < NCOMMANDS; i++)
		if (!strcmp(s->args.word[0], commands[i].word))
			s->job = commands[i].job;
}

struct kdf_error *settings_read(int argc, char *argv[], struct settings *s)
{
	int n = 0;

	*s = (struct settings){ .report.says = SAY_DEFAULT, .nlevels = 1 };
	if (!copy_words(argc, argv, s, &n))
		return kdf_err(KDF_NOMEM, "out of memory");
	struct kdf_error *e = kdf_args_parse(options, 0, n, s->argv, &s->args);
	if (e) {
		s->args = (struct kdf_args){ 0 };
		return e;
	}
	choose_command(s);
	for (size_t i = 0; !e && i < s->args.nopt; i++)
		e = apply_option(&s->args.opt[i], s);
	if (e || s->help || s->version)
		return e;
	choose_by_letters(s);
	s->report.to_stderr = s->json || s->format->flattened;
	e = take_words(s);
	if (!e && !s->check)
		tell_without_effect(s);
	return e;
}

void settings_free(struct settings *s)
{
	kdf_args_free(&s->args);
	for (size_t i = 0; s->argv && s->argv[i]; i++)
		free(s->argv[i]);
	free(s->argv);
}

void print_help(void)
{
	printf("Usage: kdx-filter [-c|-l|-p|-z] [-d LEVEL] [-E] [-f] IN OUT\n"
	       "       kdx-filter -F [-c|-l|-p|-z] [-d LEVEL] IN > STREAM\n"
	       "       kdx-filter -R [-f] OUT < STREAM\n"
	       "       kdx-filter --split [OPTION...] IN OUT OUT...\n"
	       "       kdx-filter --reassemble PART PART... OUT\n"
	       "       kdx-filter --dump-dmesg [--partial-dmesg] [-f] IN [OUT]\n"
	       "       kdx-filter --mem-usage IN\n"
	       "       kdx-filter --vtop ADDRESS IN\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		printf("       kdx-filter %s\n", commands[i].usage);
	printf("\nMakes a small dump (kdump-compressed format) out of a vmcore or of another dump.\n\n");
	kdf_options_print(options, stdout, 80);
	printf("\nThe first word may be a command (write ./verify for a file of that name):\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		printf("  %-8s %s\n", commands[i].word, commands[i].what);
	printf("\nExit codes:\n");
	exit_codes_print(stdout);
}
