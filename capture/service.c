// SPDX-License-Identifier: GPL-2.0-or-later
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "base/progress.h"
#include "cmdline.h"
#include "dumps.h"
#include "files.h"
#include "fsprobe.h"
#include "image.h"
#include "kexec.h"
#include "mounts.h"

#define RUN_FOLDER "/run/kdx"
#define LOADED_FILE RUN_FOLDER "/loaded" /* what start loaded: "key value" lines, for status */

enum { TARGET_WAIT_SECONDS = 30 };

struct service {
	struct conf conf;
	struct settings settings;
	struct image image;
	int lock;
};

static void service_close(struct service *s)
{
	conf_free(&s->conf);
	settings_free(&s->settings);
	image_free(&s->image);
	if (s->lock >= 0)
		close(s->lock);
}

/* One start or stop at a time; a second one waits. */
static struct kdf_error *take_lock(int *lock)
{
	struct kdf_error *e = make_folders(RUN_FOLDER, 0755);

	if (e)
		return e;
	*lock = open(RUN_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0 || flock(*lock, LOCK_EX))
		return kdf_err_sys(errno, "cannot take " RUN_FOLDER "/lock");
	return NULL;
}

static struct kdf_error *open_conf(struct service *s)
{
	struct kdf_error *e = conf_read(CONF_FILE, &s->conf);

	return e ? e : settings_read("", &s->settings);
}

/* At boot the disk of a named target may still be on its way: no unit waits for it unless fstab has it. */
static void wait_for_target(const struct conf *c, unsigned seconds)
{
	char device[PATH_MAX];

	for (unsigned i = 0; c->target_type && i < seconds * 4; i++) {
		struct kdf_error *e = find_device(conf_text(c, CONF_TARGET), device);
		bool missing = kdf_error_code(e) == KDF_NOT_FOUND;

		kdf_error_free(e);
		if (!missing)
			return;
		if (!i)
			printf("kdxctl: waiting up to %u s for %s\n", seconds, conf_text(c, CONF_TARGET));
		fflush(stdout);
		nanosleep(&(struct timespec){ .tv_nsec = 250000000 }, NULL);
	}
}

/* Root, lock, configuration, plan. */
static struct kdf_error *service_open(struct service *s, unsigned wait_seconds)
{
	*s = (struct service){ .lock = -1 };
	if (geteuid())
		return kdf_err_sys(EPERM, "only root can do this");
	struct kdf_error *e = take_lock(&s->lock);
	if (!e)
		e = open_conf(s);
	if (e)
		return e;
	wait_for_target(&s->conf, wait_seconds);
	return image_plan(&s->conf, &s->settings, &s->image);
}

/* What must hold before anything is built or loaded. */
static struct kdf_error *check_kernel(const struct kexec_state *k)
{
	if (!k->reserved)
		return kdf_err(KDF_NO_SPACE,
			       "no memory is reserved for a crash kernel: put crashkernel=256M on the kernel command "
			       "line (Debian: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub) and restart");
	if (k->disabled && !k->loaded)
		return kdf_err(KDF_UNSUPPORTED,
			       "kernel.kexec_load_disabled is 1, so nothing can be loaded until the next start: "
			       "let kdump.service run before that sysctl is set");
	return NULL;
}

static struct kdf_error *build(struct service *s, const char *why)
{
	double start = kdf_monotonic_seconds();
	struct stat st;
	char size[32];

	printf("kdxctl: building %s: %s\n", s->image.initramfs, why);
	fflush(stdout);
	struct kdf_error *e = image_build(&s->conf, &s->image);
	if (e)
		return e;
	if (stat(s->image.initramfs, &st))
		return kdf_err_sys(errno, "%s", s->image.initramfs);
	printf("kdxctl: built in %.0f s, %s\n", kdf_monotonic_seconds() - start,
	       kdf_format_size((uint64_t)st.st_size, size, sizeof(size)));
	return NULL;
}

static struct kdf_error *build_if_needed(struct service *s)
{
	char why[512];
	struct kdf_error *e = image_outdated(&s->image, why);

	if (e)
		return e;
	if (*why && s->conf.force_no_rebuild && !access(s->image.initramfs, F_OK)) {
		printf("kdxctl: warning: the initramfs is outdated (%s), force_no_rebuild keeps it\n", why);
		return NULL;
	}
	if (!*why && s->conf.force_rebuild)
		snprintf(why, sizeof(why), "force_rebuild asks for it");
	return *why ? build(s, why) : NULL;
}

static struct kdf_error *note_loaded(const struct service *s, const char *how, const char *cmdline)
{
	struct kdf_buf text = { 0 };

	kdf_buf_printf(&text, "kernel %s\nimage %s\ninitramfs %s\nsystem_call %s\ncommand_line %s\ntime %lld\n",
		       s->image.release, s->image.kernel, s->image.initramfs, how, cmdline, (long long)time(NULL));
	struct kdf_error *e = kdf_buf_error(&text);
	if (!e)
		e = file_write(LOADED_FILE, text.data, 0644);
	kdf_buf_free(&text);
	return e;
}

static struct kdf_error *load(struct service *s)
{
	KDF_AUTO_FREE char *host = NULL, *cmdline = NULL;
	struct kexec_state k;
	struct utsname uts;
	const char *how = "";
	struct kdf_error *e = file_read("/proc/cmdline", 1 << 16, &host);

	if (!e && uname(&uts))
		e = kdf_err_sys(errno, "uname");
	if (!e)
		e = cmdline_build(host, &s->settings, machine_find(uts.machine), &cmdline);
	if (!e)
		e = kexec_load_crash(s->image.kernel, s->image.initramfs, cmdline,
				     settings_text(&s->settings, SETTING_KEXEC_ARGS), &how);
	if (e)
		return e;
	/* kexec's word alone is not enough. */
	kexec_state(&k);
	if (!k.loaded)
		return kdf_err(KDF_IO,
			       "kexec ended well, but /sys/kernel/kexec_crash_loaded says that nothing is loaded");
	printf("kdxctl: crash kernel %s is loaded (%s); dumps go to %s on %s (%s)\n", s->image.release, how,
	       plan_text(&s->image.plan, PLAN_FOLDER), plan_text(&s->image.plan, PLAN_DEVICE),
	       plan_text(&s->image.plan, PLAN_DEVICE_WAS));
	return note_loaded(s, how, cmdline);
}

struct kdf_error *service_start(void)
{
	struct service s;
	struct kexec_state k;
	struct kdf_error *e = service_open(&s, TARGET_WAIT_SECONDS);

	kexec_state(&k);
	if (!e)
		e = check_kernel(&k);
	if (!e && k.loaded) {
		printf("kdxctl: a crash kernel is loaded already; 'kdxctl restart' loads it anew\n");
		service_close(&s);
		return NULL;
	}
	if (!e)
		e = build_if_needed(&s);
	if (!e)
		e = load(&s);
	service_close(&s);
	return e;
}

static struct kdf_error *unload(void)
{
	struct kexec_state k;

	kexec_state(&k);
	struct kdf_error *e = k.loaded ? kexec_unload_crash() : NULL;
	if (!e && unlink(LOADED_FILE) && errno != ENOENT)
		e = kdf_err_sys(errno, "cannot remove " LOADED_FILE);
	return e;
}

struct kdf_error *service_stop(void)
{
	KDF_AUTO_CLOSE int lock = -1;

	if (geteuid())
		return kdf_err_sys(EPERM, "only root can do this");
	struct kdf_error *e = take_lock(&lock);
	if (!e)
		e = unload();
	if (!e)
		printf("kdxctl: no crash kernel is loaded any more\n");
	return e;
}

static struct kdf_error *load_again(bool may_build)
{
	struct service s;
	struct kexec_state k;
	struct kdf_error *e = service_open(&s, 0);

	kexec_state(&k);
	if (!e)
		e = check_kernel(&k);
	/* Everything that can fail comes before the unloading: the machine shall not stay without a crash kernel. */
	if (!e && may_build)
		e = build_if_needed(&s);
	else if (!e && access(s.image.initramfs, R_OK))
		e = kdf_err_sys(errno, "%s (reload builds nothing, restart does)", s.image.initramfs);
	if (!e)
		e = unload();
	if (!e)
		e = load(&s);
	service_close(&s);
	return e;
}

struct kdf_error *service_restart(void)
{
	return load_again(true);
}

struct kdf_error *service_reload(void)
{
	return load_again(false);
}

struct kdf_error *service_rebuild(void)
{
	struct service s;
	struct kdf_error *e = service_open(&s, 0);

	if (!e)
		e = build(&s, "asked for");
	service_close(&s);
	return e;
}

/* ---- check ---- */

static void show_value(const struct conf *c, enum conf_key key)
{
	char where[PATH_MAX];

	if (*conf_text(c, key))
		printf("  %-16s %s  (%s)\n", key == CONF_TARGET ? c->target_type : conf_key_name(key),
		       conf_text(c, key), conf_where(c, key, where, sizeof(where)));
}

static struct kdf_error *show_plan(struct service *s)
{
	KDF_AUTO_FREE char *host = NULL, *cmdline = NULL;
	char why[512];
	struct utsname uts;
	struct kdf_error *e = image_plan(&s->conf, &s->settings, &s->image);

	if (e)
		return e;
	printf("Crash kernel: %s\n", s->image.kernel);
	e = image_outdated(&s->image, why);
	if (e)
		return e;
	printf("Initramfs: %s, %s%s\n", s->image.initramfs, *why ? "will be built: " : "up to date", why);
	printf("Dumps go to: %s on %s (%s, now %s)\n", plan_text(&s->image.plan, PLAN_FOLDER),
	       plan_text(&s->image.plan, PLAN_DEVICE), plan_text(&s->image.plan, PLAN_FILESYSTEM),
	       plan_text(&s->image.plan, PLAN_DEVICE_WAS));
	e = file_read("/proc/cmdline", 1 << 16, &host);
	if (!e && uname(&uts))
		e = kdf_err_sys(errno, "uname");
	if (!e)
		e = cmdline_build(host, &s->settings, machine_find(uts.machine), &cmdline);
	if (!e)
		printf("Command line: %s\n", cmdline);
	return e;
}

/* Settings that keep a failure from becoming a crash. */
static void show_notes(void)
{
	uint64_t on_oops;

	if (file_number("/proc/sys/kernel/panic_on_oops", &on_oops) && !on_oops)
		printf("Note: kernel.panic_on_oops is 0, so an oops that ends only one task takes no dump (sysctl).\n");
}

struct kdf_error *service_check(void)
{
	struct service s = { .lock = -1 };
	struct kexec_state k;
	char size[32], program[PATH_MAX];
	struct kdf_error *e = open_conf(&s);

	if (!e) {
		printf("Configuration: %s, %s\n", s.conf.file,
		       s.settings.file ? s.settings.file : "no /etc/default/kdx");
		for (int i = 0; i < CONF_KEY_MAX; i++)
			show_value(&s.conf, (enum conf_key)i);
		e = show_plan(&s);
	}
	if (!e)
		e = find_program("kexec", program);
	kexec_state(&k);
	if (!e)
		e = check_kernel(&k);
	if (!e)
		show_notes();
	if (!e)
		printf("Reserved memory: %s\nA start would work.\n", kdf_format_size(k.reserved, size, sizeof(size)));
	service_close(&s);
	return e;
}

/* ---- status, list ---- */

/* Value of a "key value" line of LOADED_FILE's text; "" when it is not there. */
static const char *loaded_value(const char *text, const char *key, char *out, size_t cap)
{
	size_t len = strlen(key);

	*out = '\0';
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (!strncmp(line, key, len) && line[len] == ' ')
			snprintf(out, cap, "%.*s", (int)strcspn(line + len + 1, "\n"), line + len + 1);
	return out;
}

static void member(struct kdf_buf *b, const char *name, const char *value)
{
	kdf_buf_printf(b, ", \"%s\": ", name);
	if (*value)
		json_text(b, value);
	else
		kdf_buf_puts(b, "null");
}

static struct kdf_error *print_json(struct kdf_buf *b)
{
	struct kdf_error *e = kdf_buf_error(b);

	if (!e)
		printf("%s\n", kdf_buf_text(b));
	kdf_buf_free(b);
	return e;
}

struct kdf_error *service_status(bool json, bool *operational)
{
	static const char *const keys[] = { "kernel", "image", "initramfs", "system_call", "command_line" };
	KDF_AUTO_FREE char *text = NULL;
	char value[4096], size[32];
	struct kexec_state k;

	kexec_state(&k);
	*operational = k.loaded;
	/* Somebody else's kexec leaves no note; that is no error. */
	kdf_error_free(k.loaded ? file_read(LOADED_FILE, 1 << 16, &text) : NULL);
	if (json) {
		struct kdf_buf b = { 0 };

		kdf_buf_printf(&b, "{ \"operational\": %s, \"reserved_bytes\": %llu, \"load_disabled\": %s",
			       k.loaded ? "true" : "false", (unsigned long long)k.reserved,
			       k.disabled ? "true" : "false");
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			member(&b, keys[i], loaded_value(text ? text : "", keys[i], value, sizeof(value)));
		kdf_buf_puts(&b, " }");
		return print_json(&b);
	}
	if (!k.loaded && !k.reserved)
		printf("kdump is not operational: no memory is reserved (crashkernel= on the kernel command line)\n");
	else if (!k.loaded)
		printf("kdump is not operational: %s are reserved, but no crash kernel is loaded ('kdxctl start')\n",
		       kdf_format_size(k.reserved, size, sizeof(size)));
	else if (!text)
		printf("kdump is operational: a crash kernel is loaded, but not by kdxctl; %s reserved\n",
		       kdf_format_size(k.reserved, size, sizeof(size)));
	else
		printf("kdump is operational: crash kernel %s is loaded; %s reserved\n",
		       loaded_value(text, "kernel", value, sizeof(value)),
		       kdf_format_size(k.reserved, size, sizeof(size)));
	return NULL;
}

static struct kdf_error *list_json(const struct dump_list *l)
{
	struct kdf_buf b = { 0 };

	kdf_buf_puts(&b, "[");
	for (size_t i = 0; i < l->n; i++) {
		const struct dump *d = &l->dump[i];

		kdf_buf_puts(&b, i ? ",\n  { \"name\": " : "\n  { \"name\": ");
		json_text(&b, d->name);
		member(&b, "state", dump_state_name(d->state));
		kdf_buf_printf(&b, ", \"bytes\": %llu, \"time\": %lld", (unsigned long long)d->bytes,
			       (long long)d->when);
		member(&b, "kernel", d->kernel);
		member(&b, "trouble", d->trouble);
		kdf_buf_puts(&b, " }");
	}
	kdf_buf_puts(&b, l->n ? "\n]" : "]");
	return print_json(&b);
}

static void list_text(const struct dump_list *l, const char *folder)
{
	char size[32];

	if (!l->n)
		printf("no dumps in %s\n", folder);
	for (size_t i = 0; i < l->n; i++) {
		const struct dump *d = &l->dump[i];

		printf("%-32s %9s  %-10s %s%s%s\n", d->name, kdf_format_size(d->bytes, size, sizeof(size)),
		       dump_state_name(d->state), d->kernel, *d->trouble ? "  " : "", d->trouble);
	}
}

/* Where the dumps lie on this system: `path`, below the mount point of a named target. */
static struct kdf_error *dumps_folder(const struct conf *c, char out[PATH_MAX])
{
	KDF_AUTO_FREE char *mountinfo = NULL;
	char device[PATH_MAX];
	struct mount_entry m;
	struct stat st;
	const char *path = conf_text(c, CONF_PATH);

	if (!c->target_type)
		return path_make(out, "%s", path);
	struct kdf_error *e = find_device(conf_text(c, CONF_TARGET), device);
	if (!e && stat(device, &st))
		e = kdf_err_sys(errno, "%s", device);
	if (!e)
		e = file_read("/proc/self/mountinfo", 8 << 20, &mountinfo);
	if (e)
		return e;
	if (!mount_of_device(mountinfo, major(st.st_rdev), minor(st.st_rdev), &m))
		return kdf_err(KDF_NOT_FOUND,
			       "the dumps lie in %s on %s (%s:%u), which is not mounted: mount it to list them", path,
			       device, c->file, c->value[CONF_TARGET].line);
	return path_make(out, "%s/%s", strcmp(m.point, "/") ? m.point : "", *path == '/' ? path + 1 : path);
}

struct kdf_error *service_list(bool json)
{
	struct conf c;
	struct dump_list l;
	char folder[PATH_MAX];
	struct kdf_error *e = conf_read(CONF_FILE, &c);

	if (e)
		return e;
	e = dumps_folder(&c, folder);
	conf_free(&c);
	if (!e)
		e = dumps_read(folder, &l);
	if (e)
		return e;
	if (json)
		e = list_json(&l);
	else
		list_text(&l, folder);
	dumps_free(&l);
	return e;
}

struct kdf_error *service_showmem(void)
{
	struct kexec_state k;
	char size[32];

	kexec_state(&k);
	printf("%s are reserved for the crash kernel (%llu bytes)\n", kdf_format_size(k.reserved, size, sizeof(size)),
	       (unsigned long long)k.reserved);
	return NULL;
}
