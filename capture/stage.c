// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * capture() is the way through, one line a step. A step that fails is told on the console and recorded; whether the
 * next steps still make sense is decided there and nowhere else.
 */
#include "stage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/progress.h"
#include "conf.h"
#include "console.h"
#include "crash-system.h"
#include "files.h"
#include "hooks.h"
#include "logs.h"
#include "plan.h"
#include "run.h"
#include "target.h"

enum { WORDS_MAX = 64, LAST_WORDS = 40 };

struct capture {
	const struct stage_request *request;
	/* what was read */
	struct conf conf;
	struct plan plan;
	/* what happens */
	struct console console;
	struct target target;
	struct status status;
	double start;
};

#define say(c, ...) console_line(&(c)->console, __VA_ARGS__)

/* True when the step went well. Else the error is told, recorded, freed. */
static bool done(struct capture *c, const char *step, struct kdf_error *e)
{
	if (!e)
		return true;
	say(c, "FAILED: %s: %s", step, kdf_error_text(e));
	status_error(&c->status, step, kdf_error_text(e));
	kdf_error_free(e);
	return false;
}

static void tell_line(void *arg, const char *text)
{
	struct capture *c = arg;

	say(c, "  %s", text);
}

static void module_trouble(void *arg, const char *path, int errnum)
{
	struct capture *c = arg;

	/* A driver for hardware that this machine has not got says so; that is no news. */
	if (errnum != ENODEV)
		say(c, "  driver %s was not loaded: %s; going on", path, strerror(errnum));
}

static double uptime(void)
{
	char line[64];

	return file_first_line("/proc/uptime", line, sizeof(line)) ? strtod(line, NULL) : 0;
}

/* ---- steps ---- */

static struct kdf_error *read_conf(struct capture *c)
{
	char path[PATH_MAX];
	struct kdf_error *e = path_make(path, "%s/etc/kdump.conf", c->request->root);

	if (!e)
		e = conf_read(path, &c->conf);
	if (!e)
		return NULL;
	/* The dump matters more than how it was wished for. */
	struct kdf_error *worse = conf_parse("built-in", "", &c->conf);
	if (worse) {
		kdf_error_free(e);
		return worse;
	}
	return kdf_err_wrap(e, "going on with the defaults");
}

/* A test run needs no plan: the folder of kdump.conf below --root. */
static struct kdf_error *test_plan(struct capture *c)
{
	const char *path = conf_text(&c->conf, CONF_PATH);
	char folder[PATH_MAX];
	struct kdf_error *e = path_make(folder, "%s%s", *path == '/' ? "" : "/", path);

	if (!e)
		e = plan_set(&c->plan, PLAN_FILESYSTEM, "ext4");
	if (!e)
		e = plan_set(&c->plan, PLAN_FOLDER, folder);
	return e;
}

static struct kdf_error *read_plan(struct capture *c)
{
	KDF_AUTO_FREE char *text = NULL;
	char path[PATH_MAX];
	struct kdf_error *e = path_make(path, "%s" PLAN_FILE, c->request->root);

	if (e)
		return e;
	if (*c->request->root && access(path, F_OK))
		return test_plan(c);
	e = file_read(path, 1 << 20, &text);
	return e ? e : plan_parse(path, text, &c->plan);
}

static struct kdf_error *reach_target(struct capture *c)
{
	struct target *t = &c->target;
	char size[32];

	t->plan = &c->plan;
	t->root = *c->request->root ? c->request->root : NULL;
	t->when = c->status.started;
	t->tell = tell_line;
	t->tell_arg = c;
	struct kdf_error *e = target_find(plan_text(&c->plan, PLAN_FILESYSTEM), &t->ops);
	if (!e)
		e = t->ops->prepare(t);
	snprintf(c->status.target_type, sizeof(c->status.target_type), "%s", plan_text(&c->plan, PLAN_FILESYSTEM));
	snprintf(c->status.device, sizeof(c->status.device), "%s", t->device);
	if (e)
		return e;
	snprintf(c->status.folder, sizeof(c->status.folder), "%s", t->shown);
	if (done(c, "free space", t->ops->free_space(t, &c->status.free_before)))
		say(c, "  %s, %s free", t->shown, kdf_format_size(c->status.free_before, size, sizeof(size)));
	return NULL;
}

/* ---- hooks ---- */

static struct kdf_error *run_hooks(struct capture *c, enum conf_key key, const char *name, const char *argument)
{
	char folder[PATH_MAX];
	struct kdf_error *e = path_make(folder, "%s/etc/kdump/%s.d", c->request->root, name);
	const struct hooks hooks = { .command = conf_text(&c->conf, key),
				     .folder = folder,
				     .argument = argument,
				     .dump_folder = c->target.folder,
				     .console = &c->console,
				     .memory = &c->status.memory };

	return e ? e : hooks_run(&hooks);
}

/* ---- logs and dump ---- */

static struct kdf_error *save_log(struct capture *c)
{
	struct target *t = &c->target;
	struct target_file f;
	double start = kdf_monotonic_seconds();
	struct kdf_error *e = t->ops->open(t, "vmcore-dmesg.txt", false, &f);

	if (e)
		return e;
	e = save_crash_log(c->request->vmcore, f.fd, &c->status.crash);
	/* A partial log is kept under its incomplete name. */
	if (e)
		t->ops->abort(t, &f);
	else
		e = t->ops->commit(t, &f);
	memory_watch_look(&c->status.memory);
	c->status.log_seconds = kdf_monotonic_seconds() - start;
	if (!e)
		say(c, "  vmcore-dmesg.txt: %llu lines, kernel %s", (unsigned long long)c->status.crash.log_records,
		    c->status.crash.release);
	return e;
}

struct collector_watch {
	struct capture *c;
	const char *path;
	uint64_t last;
};

/* Whatever the collector itself prints, this shows that bytes arrive on the disk. */
static void show_growth(void *arg)
{
	struct collector_watch *w = arg;
	struct stat st;
	char size[32];

	if (stat(w->path, &st) || (uint64_t)st.st_size == w->last)
		return;
	w->last = (uint64_t)st.st_size;
	say(w->c, "  %s written", kdf_format_size(w->last, size, sizeof(size)));
}

/* COLLECTOR... VMCORE FILE; dd takes its files as operands with names. */
static void collector_files(const char *program, const char *vmcore, const char *out, char in_word[PATH_MAX + 8],
			    char out_word[PATH_MAX + 8])
{
	const char *name = strrchr(program, '/');
	bool dd = !strcmp(name ? name + 1 : program, "dd");

	snprintf(in_word, PATH_MAX + 8, "%s%s", dd ? "if=" : "", vmcore);
	snprintf(out_word, PATH_MAX + 8, "%s%s", dd ? "of=" : "", out);
}

static struct kdf_error *run_collector(struct capture *c, const struct target_file *f)
{
	KDF_AUTO_FREE char *copy = strdup(conf_text(&c->conf, CONF_CORE_COLLECTOR));
	char program[PATH_MAX], in_word[PATH_MAX + 8], out_word[PATH_MAX + 8], why[64], *words[WORDS_MAX + 3];
	struct run_result result = { 0 };

	if (!copy)
		return kdf_err(KDF_NOMEM, "out of memory");
	size_t n = split_words(copy, words, WORDS_MAX);
	if (!n || n == WORDS_MAX)
		return kdf_err(KDF_USAGE, "core_collector: no program, or too many words");
	c->status.level = collector_level(words);
	struct kdf_error *e = find_program(words[0], program);
	if (e)
		return e;
	words[0] = program;
	collector_files(program, c->request->vmcore, f->path, in_word, out_word);
	words[n++] = in_word;
	words[n++] = out_word;
	words[n] = NULL;
	struct collector_watch watch = { .c = c, .path = f->path };
	const struct run_request request = { .argv = words, .env_name = "KDX_DUMP_DIR", .env_value = c->target.folder,
					     .memory = &c->status.memory, .tick = show_growth, .tick_arg = &watch };
	e = run_program(&request, &result);
	if (e)
		return e;
	c->status.collector_exit = result.exit_code;
	c->status.collector_peak = result.peak_rss;
	if (result.exit_code)
		return kdf_err(KDF_INCOMPLETE, "%s: %s; what it wrote stays as vmcore-incomplete", words[0],
			       run_outcome(result.exit_code, why, sizeof(why)));
	return NULL;
}

static struct kdf_error *save_core(struct capture *c)
{
	struct target *t = &c->target;
	struct target_file f;
	struct stat st;
	char size[32];
	double start = kdf_monotonic_seconds();
	struct kdf_error *e = t->ops->open(t, "vmcore", true, &f);

	if (e)
		return e;
	e = run_collector(c, &f);
	if (!stat(f.path, &st))
		c->status.core_bytes = (uint64_t)st.st_size;
	if (!e && !c->status.core_bytes)
		e = kdf_err(KDF_INCOMPLETE, "the collector ended well, but left no bytes");
	if (e)
		t->ops->abort(t, &f);
	else
		e = t->ops->commit(t, &f);
	c->status.core_seconds = kdf_monotonic_seconds() - start;
	if (!e)
		say(c, "  vmcore: %s in %.1f s", kdf_format_size(c->status.core_bytes, size, sizeof(size)),
		    c->status.core_seconds);
	return e;
}

static struct kdf_error *save_file(struct capture *c, const char *name,
				   struct kdf_error *(*write)(struct capture *, int fd))
{
	struct target *t = &c->target;
	struct target_file f;
	struct kdf_error *e = t->ops->open(t, name, false, &f);

	if (e)
		return e;
	e = write(c, f.fd);
	if (!e)
		return t->ops->commit(t, &f);
	t->ops->abort(t, &f);
	return e;
}

static struct kdf_error *write_own_log(struct capture *c, int fd)
{
	(void)c;
	return save_own_log(fd);
}

static struct kdf_error *write_status(struct capture *c, int fd)
{
	struct kdf_buf json = { 0 };
	struct kdf_error *e;

	memory_watch_look(&c->status.memory);
	c->status.seconds = kdf_monotonic_seconds() - c->start;
	e = status_json(&c->status, &json);
	if (!e)
		e = write_all(fd, json.data, json.len, "kdx-status.json");
	kdf_buf_free(&json);
	return e;
}

/* ---- the way through ---- */

/* After the target is there: everything that is written to it. The result is in c->status. */
static void save(struct capture *c)
{
	struct status *s = &c->status;
	char exit_code[16];

	if (!done(c, "kdump_pre", run_hooks(c, CONF_KDUMP_PRE, "pre", NULL))) {
		say(c, "No dump is taken, because kdump_pre said so.");
		s->result = CAPTURE_SKIPPED;
		return;
	}
	say(c, "Saving the kernel log of the crashed system ...");
	bool log = done(c, "kernel log", save_log(c));
	say(c, "Saving its memory with: %s", conf_text(&c->conf, CONF_CORE_COLLECTOR));
	bool core = done(c, "vmcore", save_core(c));
	s->result = core ? CAPTURE_SAVED : log ? CAPTURE_LOG_ONLY : CAPTURE_FAILED;

	snprintf(exit_code, sizeof(exit_code), "%d", core ? 0 : s->collector_exit > 0 ? s->collector_exit : 1);
	done(c, "kdump_post", run_hooks(c, CONF_KDUMP_POST, "post", exit_code));
}

/* No place for a dump: what the kernel said last stands at least on the console. */
static void show_last_words(struct capture *c)
{
	say(c, "The crashed kernel's last %d lines:", LAST_WORDS);
	done(c, "kernel log", show_crash_log_end(c->request->vmcore, LAST_WORDS, tell_line, c));
}

static void capture(struct capture *c)
{
	/* Should something be missing after it, the step that needs it says so. */
	if (c->request->crash_kernel)
		done(c, "prepare system", crash_system_mount());
	console_open(&c->console, c->request->crash_kernel);
	c->status.uptime_at_start = uptime();
	memory_watch_start(&c->status.memory);
	say(c, "The system has crashed. Its memory is being saved. Please do not switch it off.");

	done(c, "configuration", read_conf(c));
	snprintf(c->status.collector, sizeof(c->status.collector), "%s", conf_text(&c->conf, CONF_CORE_COLLECTOR));
	bool ready = done(c, "plan", read_plan(c));
	snprintf(c->status.host, sizeof(c->status.host), "%s", plan_text(&c->plan, PLAN_HOST));
	if (c->request->crash_kernel)
		done(c, "drivers", crash_system_modules(MODULES_FILE, module_trouble, c));
	if (ready && access(c->request->vmcore, F_OK))
		ready = done(c, "vmcore",
			     kdf_err(KDF_NOT_FOUND,
				     "%s is not there: no kernel has crashed, or it left no "
				     "memory description (elfcorehdr=)",
				     c->request->vmcore));
	say(c, "Looking for the place of the dump: %s %s", plan_text(&c->plan, PLAN_FILESYSTEM),
	    plan_text(&c->plan, PLAN_DEVICE));
	ready = ready && done(c, "target", reach_target(c));
	if (ready) {
		save(c);
		if (c->request->crash_kernel)
			done(c, "log of the crash kernel", save_file(c, "kexec-dmesg.log", write_own_log));
		done(c, "status", save_file(c, "kdx-status.json", write_status));
	} else if (!access(c->request->vmcore, F_OK)) {
		show_last_words(c);
	}
	if (c->target.ops && !done(c, "end of target", c->target.ops->finish(&c->target)))
		c->status.result = CAPTURE_FAILED;
}

static void tell_result(struct capture *c)
{
	const struct status *s = &c->status;

	switch (s->result) {
	case CAPTURE_SAVED:
		say(c, "SAVED: %s%s", s->folder, s->nerrors ? ", with trouble (see above)" : "");
		break;
	case CAPTURE_SKIPPED:
		say(c, "NOT SAVED, as kdump_pre wanted.");
		break;
	case CAPTURE_LOG_ONLY:
		say(c, "ONLY THE KERNEL LOG WAS SAVED: %s", s->folder);
		break;
	case CAPTURE_FAILED:
		say(c, "NOTHING COMPLETE WAS SAVED. The reasons stand above.");
		break;
	}
}

/* Good end, or kdump_pre's no: final_action. Anything else: kdump_emergency, then failure_action. */
static void end_machine(struct capture *c)
{
	bool well = c->status.result == CAPTURE_SAVED || c->status.result == CAPTURE_SKIPPED;
	enum conf_action action = well ? c->conf.final_action : c->conf.failure_action;

	if (!well)
		done(c, "kdump_emergency", run_hooks(c, CONF_KDUMP_EMERGENCY, "emergency", NULL));
	if (c->request->no_reboot) {
		say(c, "Test run: no %s.", action_name(action));
		return;
	}
	if (action == ACTION_SHELL) {
		say(c, "A shell follows, as kdump.conf asks for; leave it with 'exit', then the machine restarts.");
		done(c, "shell", crash_system_shell());
	}
	say(c, "%s now.",
	    action == ACTION_HALT       ? "Halting"
	    : action == ACTION_POWEROFF ? "Switching off"
					: "Restarting");
	done(c, "end", crash_system_end(action));
}

static void note_this_kernel(struct status *s)
{
	struct utsname uts;

	if (!uname(&uts))
		snprintf(s->crash_kernel, sizeof(s->crash_kernel), "%s", uts.release);
}

enum capture_result stage_run(const struct stage_request *request)
{
	/* Half of it is path buffers, too much for a small stack. */
	struct capture *c = calloc(1, sizeof(*c));
	enum capture_result result = CAPTURE_FAILED;

	if (!c)
		return result;
	c->request = request;
	c->start = kdf_monotonic_seconds();
	c->status.started = time(NULL);
	c->status.level = c->status.collector_exit = -1;
	c->console = (struct console){ STDERR_FILENO, -1 };
	note_this_kernel(&c->status);
	capture(c);
	tell_result(c);
	end_machine(c);
	result = c->status.result;
	console_close(&c->console);
	conf_free(&c->conf);
	plan_free(&c->plan);
	free(c);
	return result;
}
