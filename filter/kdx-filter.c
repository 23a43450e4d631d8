// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdx-filter: a small dump out of a vmcore. Reads top to bottom: options, then one of two jobs (the log, the dump),
 * each a straight line from opening the input to the exit code.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/num.h"
#include "base/opts.h"
#include "compress.h"
#include "dmesg.h"
#include "kdf.h"
#include "plan.h"
#include "report.h"

/* ---- Exit codes: the one table ---- */

enum {
	EXIT_OK = 0,
	EXIT_OTHER = 1,
	EXIT_MISMATCH = 2,
	EXIT_NO_SPACE = 3,
	EXIT_INCOMPLETE = 4,
	EXIT_BAD_INPUT = 5,
	EXIT_INTERRUPTED = 6,
};

static const struct {
	int code;
	const char *meaning;
} exit_codes[] = {
	{ EXIT_OK, "done" },
	{ EXIT_OTHER, "wrong words, unsupported option, file not found or already there, no memory, I/O error" },
	{ EXIT_MISMATCH, "debug information of another kernel" },
	{ EXIT_NO_SPACE, "the target is full: OUT is an incomplete, openable dump" },
	{ EXIT_INCOMPLETE, "pages are missing from the input: OUT is marked as incomplete" },
	{ EXIT_BAD_INPUT, "IN is damaged or of an unsupported format" },
	{ EXIT_INTERRUPTED, "stopped by a signal: OUT is an incomplete, openable dump" },
};

static int exit_code_of(enum kdf_code code)
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

/* ---- Options ---- */

enum {
	OPT_DUMP_DMESG = KDF_OPT_LONG,
	OPT_PARTIAL_DMESG,
	OPT_NUM_THREADS,
	OPT_MESSAGE_LEVEL,
	OPT_SHOW_STATS,
	OPT_CHECK_PARAMS,
	OPT_LATER, /* this and above: makedumpfile has it, this program does not yet */
	OPT_LATER_LAST = OPT_LATER + 32,
};

#define LATER(n, name, arg) { OPT_LATER + (n), name, arg, NULL, KDF_OPT_HIDDEN }
#define LATER_LETTER(c, arg) { c, NULL, arg, NULL, KDF_OPT_HIDDEN }

static const char later_letters[] = "EFRxigebLX";

static const struct kdf_option options[] = {
	{ 'c', NULL, NULL, "Compress each page with zlib.", 0 },
	{ 'l', NULL, NULL, "Compress each page with lzo.", 0 },
	{ 'p', NULL, NULL, "Compress each page with snappy.", 0 },
	{ 'z', NULL, NULL, "Compress each page with zstd. Without -c, -l, -p and -z pages are stored as they are.", 0 },
	{ 'd', NULL, "LEVEL",
	  "What to leave out, a sum of 1 (pages of zeros), 2 (page cache without private data), 4 (page cache with "
	  "private data), 8 (user memory), 16 (free pages): 0 to 31, default 0.",
	  0 },
	{ 'f', NULL, NULL, "Overwrite OUT.", 0 },
	{ OPT_DUMP_DMESG, "dump-dmesg", NULL, "Write the kernel log, not a dump. Without OUT: to standard output.", 0 },
	{ OPT_PARTIAL_DMESG, "partial-dmesg", NULL,
	  "With --dump-dmesg: only what came after the log was last cleared.", 0 },
	{ OPT_NUM_THREADS, "num-threads", "N",
	  "Threads that compress; default: one for each CPU that is online. Fewer are used when memory is short.", 0 },
	{ OPT_MESSAGE_LEVEL, "message-level", "N",
	  "What to print, a sum of 1 (progress), 2 (common), 4 (errors and warnings), 8 (debug), 16 (statistics); "
	  "default 7.",
	  0 },
	{ OPT_SHOW_STATS, "show-stats", NULL, "Print the statistics whatever the message level.", 0 },
	{ OPT_CHECK_PARAMS, "check-params", NULL, "Only check these words.", 0 },
	{ 'D', NULL, NULL, "Print debug messages.", 0 },
	{ 'v', "version", NULL, "Print the version and the compressors of this build.", 0 },
	{ 'h', "help", NULL, "Print this text.", 0 },

	LATER_LETTER('E', NULL), LATER_LETTER('F', NULL), LATER_LETTER('R', NULL), LATER_LETTER('x', "VMLINUX"),
	LATER_LETTER('i', "FILE"), LATER_LETTER('g', "FILE"), LATER_LETTER('e', NULL), LATER_LETTER('b', "ORDER"),
	LATER_LETTER('L', "SIZE"), LATER_LETTER('X', NULL),
	LATER(0, "split", NULL), LATER(1, "reassemble", NULL), LATER(2, "splitblock-size", "KB"),
	LATER(3, "cyclic-buffer", "KB"), LATER(4, "work-dir", "DIR"), LATER(5, "non-mmap", NULL),
	LATER(6, "config", "FILE"), LATER(7, "eppic", "MACRO"), LATER(8, "mem-usage", NULL),
	LATER(9, "diskset", "FILE"), LATER(10, "vtop", "ADDRESS"), LATER(11, "dry-run", NULL),
	LATER(12, "extension", "NAME"), LATER(13, "xen-syms", "FILE"), LATER(14, "xen-vmcoreinfo", "FILE"),
	LATER(15, "xen_phys_start", "ADDRESS"), LATER(16, "non-cyclic", NULL),
	{ 0 },
};

struct settings {
	struct report report;
	bool help, version, check, dmesg, partial, force, statistics;
	unsigned level, threads; /* threads 0: as many as there are CPUs */
	const struct kdf_codec *codec;
	const char *in, *out; /* out NULL: standard output */
};

static const struct kdf_option *find_option(int id)
{
	const struct kdf_option *o = options;

	while (o->id && o->id != id)
		o++;
	return o;
}

static bool is_later(int id)
{
	return id >= OPT_LATER || (id < KDF_OPT_LONG && strchr(later_letters, id));
}

static struct kdf_error *refuse_later(int id)
{
	const struct kdf_option *o = find_option(id);

	return o->name ? kdf_err(KDF_UNSUPPORTED, "--%s is not supported yet", o->name)
		       : kdf_err(KDF_UNSUPPORTED, "-%c is not supported yet", id);
}

static struct kdf_error *parse_number(const char *text, const char *what, uint64_t max, unsigned *out)
{
	uint64_t v;

	if (!kdf_parse_u64(text, 10, &v) || v > max)
		return kdf_err(KDF_USAGE, "%s '%s': must be a number from 0 to %llu", what, text,
			       (unsigned long long)max);
	*out = (unsigned)v;
	return NULL;
}

static struct kdf_error *choose_codec(int letter, struct settings *s)
{
	s->codec = kdf_codec_by_letter((char)letter);
	if (!s->codec)
		return kdf_err(KDF_UNSUPPORTED, "-%c: this build has no such compressor (it has: %s)", letter,
			       kdf_features());
	return NULL;
}

static struct kdf_error *apply_option(const struct kdf_arg *a, struct settings *s)
{
	switch (a->id) {
	case 'c':
	case 'l':
	case 'p':
	case 'z':
		return choose_codec(a->id, s);
	case 'd':
		if (strchr(a->value, ','))
			return kdf_err(KDF_UNSUPPORTED, "-d %s: a list of levels is not supported yet", a->value);
		return parse_number(a->value, "dump level", LEVEL_MAX, &s->level);
	case 'f':
		s->force = true;
		return NULL;
	case 'D':
		s->report.says |= SAY_DEBUG;
		return NULL;
	case 'v':
		s->version = true;
		return NULL;
	case 'h':
		s->help = true;
		return NULL;
	case OPT_DUMP_DMESG:
		s->dmesg = true;
		return NULL;
	case OPT_PARTIAL_DMESG:
		s->partial = true;
		return NULL;
	case OPT_NUM_THREADS:
		return parse_number(a->value, "number of threads", 1024, &s->threads);
	case OPT_MESSAGE_LEVEL:
		return parse_number(a->value, "message level", SAY_ALL, &s->report.says);
	case OPT_SHOW_STATS:
		s->statistics = true;
		return NULL;
	case OPT_CHECK_PARAMS:
		s->check = true;
		return NULL;
	}
	return refuse_later(a->id);
}

static struct kdf_error *take_words(const struct kdf_args *args, struct settings *s)
{
	size_t least = s->dmesg ? 1 : 2;

	if (args->nword < least || args->nword > 2)
		return kdf_err(KDF_USAGE, "%zu file names given: %s; see --help", args->nword,
			       s->dmesg ? "--dump-dmesg takes IN and perhaps OUT" : "IN and OUT are needed");
	if (s->partial && !s->dmesg)
		return kdf_err(KDF_USAGE, "--partial-dmesg needs --dump-dmesg");
	s->in = args->word[0];
	s->out = args->nword == 2 ? args->word[1] : NULL;
	return NULL;
}

static struct kdf_error *read_settings(const struct kdf_args *args, struct settings *s)
{
	struct kdf_error *e = NULL;

	*s = (struct settings){ .report.says = SAY_DEFAULT };
	/* Before anything else, so that a command line for a later version is never half obeyed. */
	for (size_t i = 0; i < args->nopt; i++)
		if (is_later(args->opt[i].id))
			return refuse_later(args->opt[i].id);
	for (size_t i = 0; !e && i < args->nopt; i++)
		e = apply_option(&args->opt[i], s);
	if (e || s->help || s->version)
		return e;
	return take_words(args, s);
}

static void print_help(void)
{
	printf("Usage: kdx-filter [-c|-l|-p|-z] [-d LEVEL] [-f] IN OUT\n"
	       "       kdx-filter --dump-dmesg [--partial-dmesg] [-f] IN [OUT]\n\n"
	       "Makes a small dump (kdump-compressed format) out of a vmcore or of another dump.\n\n");
	kdf_options_print(options, stdout, 80);
	printf("\nExit codes:\n");
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(*exit_codes); i++)
		printf("  %d  %s\n", exit_codes[i].code, exit_codes[i].meaning);
}

/* ---- Output file ---- */

static bool same_file(const char *path, const struct stat *st)
{
	struct stat other;

	return !stat(path, &other) && other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* What open_output would refuse later, before the work begins. */
static struct kdf_error *check_output(const struct settings *s)
{
	struct stat in;

	if (!s->out || access(s->out, F_OK))
		return NULL;
	if (!stat(s->in, &in) && same_file(s->out, &in))
		return kdf_err(KDF_USAGE, "'%s' is the input itself", s->out);
	return s->force ? NULL : kdf_err(KDF_USAGE, "'%s' exists; -f overwrites it", s->out);
}

/* A dump holds secrets: readable by its owner alone, from the first moment. */
static struct kdf_error *open_output(const struct settings *s, int *out)
{
	struct stat st;
	int fd = open(s->out, O_RDWR | O_CREAT | O_CLOEXEC | (s->force ? 0 : O_EXCL), 0600);

	*out = -1;
	if (fd < 0 && errno == EEXIST)
		return kdf_err(KDF_USAGE, "'%s' exists; -f overwrites it", s->out);
	if (fd < 0)
		return kdf_err_sys(errno, "cannot create '%s'", s->out);
	struct kdf_error *e = NULL;
	if (fstat(fd, &st))
		e = kdf_err_sys(errno, "cannot look at '%s'", s->out);
	else if (!S_ISREG(st.st_mode))
		e = kdf_err(KDF_USAGE, "'%s' is not a regular file", s->out);
	else if (same_file(s->in, &st))
		e = kdf_err(KDF_USAGE, "'%s' is the input itself", s->out);
	else if (s->force && (fchmod(fd, 0600) || ftruncate(fd, 0)))
		e = kdf_err_sys(errno, "cannot empty '%s'", s->out);
	if (e)
		close(fd);
	else
		*out = fd;
	return e;
}

/* Write errors may come as late as at close (NFS, quotas). */
static struct kdf_error *close_output(const struct settings *s, int fd)
{
	return close(fd) && errno != EINTR ? kdf_err_sys(errno, "closing '%s'", s->out) : NULL;
}

/* ---- The log ---- */

static struct kdf_error *job_dmesg(const struct settings *s, struct kdf *dump)
{
	uint64_t lost = 0;
	int fd = -1;
	struct kdf_error *e = s->out ? open_output(s, &fd) : NULL;

	if (e)
		return e;
	FILE *to = s->out ? fdopen(fd, "w") : stdout;
	if (!to) {
		e = kdf_err_sys(errno, "cannot write to '%s'", s->out);
		close(fd);
		return e;
	}
	e = dmesg_write(dump, s->partial, to, &lost);
	if (s->out && fclose(to) && !e)
		e = kdf_err_sys(errno, "closing '%s'", s->out);
	if (lost)
		say(&s->report, SAY_ERROR, "%llu log records could not be read\n", (unsigned long long)lost);
	if (!e && s->out)
		say(&s->report, SAY_COMMON, "The dmesg log is saved to %s.\n", s->out);
	return e;
}

/* ---- The dump ---- */

/* A header tells what is missing from the dump, so it holds what earlier filtering left out, too. */
static unsigned combined_level(const struct settings *s, const struct kdf_info *info)
{
	unsigned level = s->level | (info->dump_level > 0 ? (unsigned)info->dump_level & LEVEL_MAX : 0);

	if (s->level && level != s->level)
		say(&s->report, SAY_COMMON, "dump level becomes %u: the input was made with level %d\n", level,
		    info->dump_level);
	return level;
}

/* The layout of the headers is that of the dumped machine. */
static struct kdf_error *check_machine(const struct kdf_info *info)
{
	static const char *const bits32[] = { "i386", "i486", "i586", "i686", "arm", "armv6l", "armv7l", "armv8l",
					      "ppc",  "mips", "s390", "sparc", "riscv32" };

	for (size_t i = 0; i < sizeof(bits32) / sizeof(*bits32); i++)
		if (!strcmp(info->machine, bits32[i]))
			return kdf_err(KDF_UNSUPPORTED, "dumps of 32-bit machines (%s) are not written", bits32[i]);
	if (info->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		return kdf_err(KDF_UNSUPPORTED, "dumps of the other byte order (%s) are not written: filter it on such "
						"a machine",
			       info->machine);
	return NULL;
}

/* One for each CPU, at most a quarter of the free memory for their batches. */
static unsigned thread_count(const struct settings *s, const struct kdf_info *info)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_AVPHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t want = s->threads ? s->threads : cpus > 0 ? (uint64_t)cpus : 1;

	if (pages > 0 && page > 0) {
		uint64_t fit = (uint64_t)pages * (uint64_t)page / 4 / copy_memory_per_thread(info->page_size);
		if (want > fit)
			want = fit ? fit : 1;
	}
	say(&s->report, SAY_DEBUG, "%llu threads\n", (unsigned long long)want);
	return (unsigned)want;
}

static void fill_head(struct kdf *dump, const struct settings *s, const struct plan *plan, char (*uts)[KDF_UTS_LEN],
		      struct kdf_writer_head *head)
{
	const struct kdf_info *info = kdf_info(dump);
	const struct kdf_layout *layout = kdf_layout(dump);
	const char *const names[6] = { info->sysname, info->nodename,	 info->release,
				       info->version, info->uts_machine, info->domainname };

	for (int i = 0; i < 6; i++)
		snprintf(uts[i], KDF_UTS_LEN, "%s", names[i]);
	if (!uts[4][0])
		snprintf(uts[4], KDF_UTS_LEN, "%s", info->machine);
	*head = (struct kdf_writer_head){
		.uts = (const char (*)[KDF_UTS_LEN])uts,
		.crash_time = info->crash_time,
		.page_size = info->page_size,
		.max_pfn = plan->max_pfn,
		.phys_base = layout->known & KDF_KNOWS_PHYS_BASE ? layout->phys_base : 0,
		.dump_level = (int)plan->level,
		.nr_cpus = info->nr_cpus,
		.compression = s->codec ? s->codec->flag : 0,
		.ram = plan->ram,
		.dumped = plan->dumped,
		.share_zero_page = plan->level & LEVEL_ZERO,
	};
	head->notes = kdf_notes_raw(dump, &head->notes_size);
}

/* From the header to the cleared mark. */
static struct kdf_error *write_dump(struct kdf *dump, const struct settings *s, struct plan *plan, int fd,
				    uint64_t *bytes)
{
	char uts[6][KDF_UTS_LEN];
	struct kdf_writer_head head;
	struct kdf_writer *writer;

	fill_head(dump, s, plan, uts, &head);
	struct kdf_error *e = kdf_writer_open(fd, &head, &writer);
	if (e)
		return kdf_err_wrap(e, "writing '%s'", s->out);
	struct copy_job job = {
		.dump = dump,
		.writer = writer,
		.codec = s->codec,
		.dumped = plan->dumped,
		.max_pfn = plan->max_pfn,
		.total = plan->dumped_pages,
		.find_zero = head.share_zero_page,
		.threads = thread_count(s, kdf_info(dump)),
		.progress = s->report.says & SAY_PROGRESS ? stderr : NULL,
	};
	e = copy_pages(&job);
	*bytes = kdf_writer_bytes(writer);
	plan->dropped[CLASS_ZERO] = job.zero_pages;
	bool complete = !e && !job.unreadable;
	struct kdf_error *e2 = kdf_writer_finish(writer, complete);
	kdf_error_free(e ? e2 : NULL);
	e = e ? e : e2;
	if (e || complete)
		return e ? kdf_err_wrap(e, "writing '%s'", s->out) : NULL;
	return kdf_err(KDF_INCOMPLETE,
		       "%llu pages of '%s' could not be read (first: frame %#llx): the dump is marked as incomplete",
		       (unsigned long long)job.unreadable, s->in, (unsigned long long)job.first_unreadable);
}

static void warn(void *arg, const char *text)
{
	say(arg, SAY_ERROR, "warning: %s\n", text);
}

static void debug_plan(const struct settings *s, const struct plan *p)
{
	say(&s->report, SAY_DEBUG, "memory model: %s; %llu of %llu pages stay\n", p->model ? p->model : "not looked at",
	    (unsigned long long)p->dumped_pages, (unsigned long long)p->input_pages);
	for (size_t i = 0; i < p->nimage; i++)
		say(&s->report, SAY_DEBUG, "kernel image: frames %#llx to %#llx\n",
		    (unsigned long long)p->image[i].first, (unsigned long long)p->image[i].end);
}

static struct kdf_error *job_dump(struct settings *s, struct kdf *dump)
{
	const struct kdf_info *info = kdf_info(dump);
	struct plan plan;
	uint64_t bytes = 0;
	int fd;
	struct plan_options o = {
		.level = combined_level(s, info),
		.warn = warn,
		.arg = &s->report,
		.progress = s->report.says & SAY_PROGRESS ? stderr : NULL,
	};

	struct kdf_error *e = check_machine(info);
	if (!e)
		e = plan_make(dump, &o, &plan);
	if (e)
		return e;
	debug_plan(s, &plan);
	e = open_output(s, &fd);
	if (!e) {
		e = write_dump(dump, s, &plan, fd, &bytes);
		struct kdf_error *e2 = close_output(s, fd);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
		if (s->statistics || s->report.says & SAY_REPORT)
			report_statistics(stdout, &plan, bytes);
		if (!e || kdf_error_code(e) == KDF_INCOMPLETE)
			say(&s->report, SAY_COMMON, "The dumpfile is saved to %s.\n", s->out);
	}
	plan_free(&plan);
	return e;
}

/* ---- main ---- */

static struct kdf_error *run(struct settings *s)
{
	/* Page tables and little else go through the cache, and a crash kernel has no memory to spare. */
	const struct kdf_options small = { .cache_bytes = 4 << 20 };
	struct kdf *dump;
	struct kdf_error *e = check_output(s);

	if (!e)
		e = kdf_open(&s->in, 1, &small, &dump);

	if (e)
		return e;
	e = s->dmesg ? job_dmesg(s, dump) : job_dump(s, dump);
	kdf_close(dump);
	return e;
}

/* Errors are always told, unless the message level hides them. Consumes e. */
static int finish(const struct report *r, struct kdf_error *e, int code)
{
	if (e)
		say(r, SAY_ERROR, "%s\n", kdf_error_text(e));
	if (kdf_error_code(e) == KDF_NO_SPACE)
		say(r, SAY_ERROR, "OUT is an incomplete dump now; a higher level (-d) or -z needs less room\n");
	kdf_error_free(e);
	return code;
}

int main(int argc, char *argv[])
{
	const struct report loud = { SAY_DEFAULT };
	struct settings s = { .report = loud };
	struct kdf_args args;
	struct kdf_error *e = kdf_args_parse(options, 0, argc, argv, &args);

	if (e)
		return finish(&loud, e, EXIT_OTHER);
	kdf_interrupt_install();
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is one more way to be out of space: EFBIG */
	e = read_settings(&args, &s);
	int code = EXIT_OTHER;
	if (!e && s.help) {
		print_help();
		code = EXIT_OK;
	} else if (!e && s.version) {
		printf("kdx-filter %s (%s)\n", KDX_VERSION, kdf_features());
		code = EXIT_OK;
	} else if (!e && s.check) {
		code = EXIT_OK;
	} else if (!e) {
		e = run(&s);
		code = exit_code_of(kdf_error_code(e));
	}
	code = finish(&s.report, e, code);
	bool made_file = !s.help && !s.version && !s.check && s.out;
	if (code == EXIT_OK && made_file)
		say(&s.report, SAY_COMMON, "\nkdx-filter Completed.\n");
	kdf_args_free(&args);
	return code;
}
