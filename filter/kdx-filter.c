// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kdx-filter: a small dump out of a vmcore, and what else makedumpfile does. Reads top to bottom: the words become
 * settings (options.c), a row of the table of jobs is run, its error becomes the exit code (exit-codes.c).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "convert.h"
#include "diff.h"
#include "dmesg.h"
#include "dump.h"
#include "exit-codes.h"
#include "mem-usage.h"
#include "options.h"
#include "output-file.h"
#include "stats.h"
#include "unflatten.h"
#include "verify.h"
#include "vmlinux.h"

/* ---- Small jobs ---- */

static struct kdf_error *job_vtop(const struct settings *s, struct kdf *dump)
{
	struct kdf_walk walk;
	uint64_t phys;
	struct kdf_error *e = kdf_virt_to_phys(dump, s->address, &phys);

	if (e)
		return e;
	printf("%-18s %s\n%-18llx %llx\n", "VIRTUAL", "PHYSICAL", (unsigned long long)s->address,
	       (unsigned long long)phys);
	/* The tables may be missing from the dump where arithmetic was enough. */
	e = kdf_walk(dump, KDF_KERNEL_PGD, s->address, &walk);
	kdf_error_free(e);
	for (unsigned i = 0; i < walk.nsteps; i++)
		printf("  %s: %llx => %llx\n", walk.step[i].level, (unsigned long long)walk.step[i].entry_phys,
		       (unsigned long long)walk.step[i].entry);
	return NULL;
}

/* One file after the other; all are tried. */
static struct kdf_error *job_each(const struct settings *s, struct kdf_error *(*job)(const struct settings *,
										      struct kdf *))
{
	const struct kdf_options small = { .cache_bytes = CACHE_BYTES, .vmcoreinfo_file = s->vmcoreinfo };
	struct kdf_error *first = NULL;

	for (size_t i = 0; i < s->nin; i++) {
		struct settings one = *s;
		struct kdf *dump;
		struct kdf_error *e = kdf_open(&s->in[i], 1, &small, &dump);
		one.in = &s->in[i];
		one.nin = 1;
		if (s->nin > 1 && !s->json)
			printf("%s:\n", s->in[i]);
		if (!e) {
			e = job(&one, dump);
			kdf_close(dump);
		}
		if (first && e)
			say(&s->report, SAY_ERROR, "%s\n", kdf_error_text(e));
		if (first)
			kdf_error_free(e);
		else
			first = e;
	}
	return first;
}

/* ---- The table of jobs ---- */

struct job_row {
	enum job job;
	/* One of them: on the opened dump (all inputs are its parts), on each of several, or without one. */
	struct kdf_error *(*on_dump)(const struct settings *, struct kdf *);
	struct kdf_error *(*on_each)(const struct settings *, struct kdf *);
	struct kdf_error *(*alone)(const struct settings *);
};

static const struct job_row jobs[] = {
	{ .job = JOB_DUMP, .on_dump = job_dump },
	{ .job = JOB_DMESG, .on_dump = job_dmesg },
	{ .job = JOB_MEM_USAGE, .on_dump = job_mem_usage },
	{ .job = JOB_VTOP, .on_dump = job_vtop },
	{ .job = JOB_REASSEMBLE, .on_dump = job_reassemble },
	{ .job = JOB_CONVERT, .on_dump = job_convert },
	{ .job = JOB_SALVAGE, .on_dump = job_salvage },
	{ .job = JOB_STATS, .on_each = job_stats },
	{ .job = JOB_UNFLATTEN, .alone = job_unflatten },
	{ .job = JOB_VERIFY, .alone = job_verify },
	{ .job = JOB_DIFF, .alone = job_diff },
};

static struct kdf_error *run_on_dump(const struct settings *s, const struct job_row *row)
{
	const struct kdf_options small = { .cache_bytes = CACHE_BYTES, .vmcoreinfo_file = s->vmcoreinfo };
	struct kdf *dump;
	struct kdf_error *e = kdf_open(s->in, s->nin, &small, &dump);

	if (e)
		return e;
	if (s->vmlinux)
		e = vmlinux_check(dump, s->vmlinux);
	if (!e)
		e = row->on_dump(s, dump);
	kdf_close(dump);
	return e;
}

static struct kdf_error *run(const struct settings *s)
{
	struct kdf_error *e = output_check(s);

	for (size_t i = 0; !e && i < sizeof(jobs) / sizeof(*jobs); i++) {
		if (jobs[i].job != s->job)
			continue;
		if (jobs[i].on_dump)
			return run_on_dump(s, &jobs[i]);
		return jobs[i].on_each ? job_each(s, jobs[i].on_each) : jobs[i].alone(s);
	}
	return e;
}

/* ---- main ---- */

static bool makes_files(const struct settings *s)
{
	return s->nout && !s->dry_run;
}

/* Errors are always told, unless the message level hides them. Consumes e. */
static int finish(const struct settings *s, struct kdf_error *e)
{
	int code = exit_code_of(kdf_error_code(e));

	if (e)
		say(&s->report, SAY_ERROR, "%s\n", kdf_error_text(e));
	if (code == EXIT_NO_SPACE && makes_files(s))
		say(&s->report, SAY_ERROR,
		    "OUT is an incomplete dump now; a higher level (-d) or -z needs less room\n");
	if (code == EXIT_OK && makes_files(s))
		say(&s->report, SAY_COMMON, "\nkdx-filter Completed.\n");
	kdf_error_free(e);
	return code;
}

int main(int argc, char *argv[])
{
	struct settings s;
	struct kdf_error *e = settings_read(argc, argv, &s);
	int code = EXIT_OK;

	if (e) {
		say(&s.report, SAY_ERROR, "%s\n", kdf_error_text(e));
		kdf_error_free(e);
		code = EXIT_OTHER; /* also what is not supported: the words are at fault, not the input */
	} else if (s.help) {
		print_help();
	} else if (s.version) {
		printf("kdx-filter %s (%s)\n", KDX_VERSION, kdf_features());
	} else if (!s.check) {
		kdf_interrupt_install();
		signal(SIGXFSZ, SIG_IGN); /* a file size limit is one more way to be out of space: EFBIG */
		code = finish(&s, run(&s));
	}
	settings_free(&s);
	return code;
}
