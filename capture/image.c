// SPDX-License-Identifier: GPL-2.0-or-later
#include "image.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files.h"
#include "machine.h"
#include "run.h"
#include "target.h"

#define CAPTURE_PROGRAM "/usr/lib/kdx/kdx-capture"
#define DRACUT_MODULE "/usr/lib/dracut/modules.d/99kdx"
/* An empty folder: what the host's dracut.conf.d wants in its own initramfs is not wanted here. */
#define NO_DRACUT_CONF STATE_FOLDER "/dracut.conf.d"

enum { DRACUT_WORDS_MAX = 96 };

/* Hook scripts written for kdump-utils find what dracut's base module used to bring along. */
static const char hook_tools[] =
	"mount umount mkdir mknod mkfifo sleep chown chmod sed ls cp mv ln rm cat dd sync dmesg "
	"readlink tr flock grep";
static const char shell_tools[] = "ls cat mount umount dmesg cp mv mkdir rm df grep";

static struct kdf_error *find_kernel(const struct settings *s, struct image *im)
{
	struct utsname uts;
	const char *boot = *settings_text(s, SETTING_BOOTDIR) ? settings_text(s, SETTING_BOOTDIR) : "/boot";

	if (uname(&uts))
		return kdf_err_sys(errno, "uname");
	const char *release = *settings_text(s, SETTING_KERNELVER) ? settings_text(s, SETTING_KERNELVER) : uts.release;
	if (strlen(release) >= sizeof(im->release) || strchr(release, '/'))
		return kdf_err(KDF_USAGE, "KDUMP_KERNELVER: '%s' is no kernel release", release);
	strcpy(im->release, release);
	for (const char *const *p = machine_find(uts.machine)->images; *p; p++) {
		struct kdf_error *e = path_make(im->kernel, *p, boot, release);

		if (e)
			return e;
		if (!access(im->kernel, R_OK))
			return NULL;
	}
	return kdf_err(KDF_NOT_FOUND,
		       "no kernel image of %s under %s or /lib/modules/%s: install it, or name another one with "
		       "KDUMP_KERNELVER in /etc/default/kdx",
		       release, boot, release);
}

static struct kdf_error *add_program(struct plan *p, const char *name)
{
	char path[PATH_MAX];
	struct kdf_error *e = find_program(name, path);

	return e ? e : plan_add(p, PLAN_PROGRAM, path);
}

/* The first word of a command. */
static struct kdf_error *add_command(struct plan *p, const struct conf *c, enum conf_key key)
{
	char first[PATH_MAX], where[PATH_MAX];
	const char *command = conf_text(c, key);

	if (!*command)
		return NULL;
	struct kdf_error *e = path_make(first, "%.*s", (int)strcspn(command, " \t"), command);
	if (!e)
		e = add_program(p, first);
	return e ? kdf_err_wrap(e, "%s: %s", conf_where(c, key, where, sizeof(where)), conf_key_name(key)) : NULL;
}

/* Optional tools: those that this machine has. */
static struct kdf_error *add_tools(struct plan *p, const char *names)
{
	KDF_AUTO_FREE char *copy = strdup(names);
	struct kdf_error *e = copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char *save = NULL;

	for (char *w = e ? NULL : strtok_r(copy, " ", &save); w && !e; w = strtok_r(NULL, " ", &save)) {
		char path[PATH_MAX];
		struct kdf_error *missing = find_program(w, path);

		if (!missing)
			e = plan_add(p, PLAN_OPTIONAL, path);
		kdf_error_free(missing);
	}
	return e;
}

static struct kdf_error *add_hook_folder(struct plan *p, const char *folder, bool *any)
{
	struct dirent **entry = NULL;
	struct kdf_error *e = NULL;
	int n = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];
		struct stat st;

		if (!e && entry[i]->d_name[0] != '.')
			e = path_make(path, "%s/%s", folder, entry[i]->d_name);
		else
			*path = '\0';
		if (!e && *path && !stat(path, &st) && S_ISREG(st.st_mode) && st.st_mode & 0111) {
			*any = true;
			e = plan_add(p, PLAN_PROGRAM, path);
		}
		free(entry[i]);
	}
	free(entry);
	return e;
}

static struct kdf_error *add_extra_bins(struct plan *p, const struct conf *c)
{
	KDF_AUTO_FREE char *copy = strdup(conf_text(c, CONF_EXTRA_BINS));
	struct kdf_error *e = copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char where[PATH_MAX], *save = NULL;

	for (char *w = e ? NULL : strtok_r(copy, " \t", &save); w && !e; w = strtok_r(NULL, " \t", &save)) {
		e = add_program(p, w);
		if (e)
			e = kdf_err_wrap(e, "%s: extra_bins", conf_where(c, CONF_EXTRA_BINS, where, sizeof(where)));
	}
	return e;
}

static struct kdf_error *plan_programs(const struct conf *c, struct plan *p)
{
	static const char *const folders[] = { "/etc/kdump/pre.d", "/etc/kdump/post.d", "/etc/kdump/emergency.d" };
	bool hooks =
		*conf_text(c, CONF_KDUMP_PRE) || *conf_text(c, CONF_KDUMP_POST) || *conf_text(c, CONF_KDUMP_EMERGENCY);
	struct kdf_error *e = add_program(p, CAPTURE_PROGRAM);

	if (!e)
		e = add_command(p, c, CONF_CORE_COLLECTOR);
	if (!e)
		e = add_command(p, c, CONF_KDUMP_PRE);
	if (!e)
		e = add_command(p, c, CONF_KDUMP_POST);
	if (!e)
		e = add_command(p, c, CONF_KDUMP_EMERGENCY);
	for (size_t i = 0; !e && i < sizeof(folders) / sizeof(folders[0]); i++)
		e = add_hook_folder(p, folders[i], &hooks);
	if (!e)
		e = add_extra_bins(p, c);
	if (!e && hooks)
		e = add_tools(p, hook_tools);
	if (!e && (c->failure_action == ACTION_SHELL || c->final_action == ACTION_SHELL))
		e = add_tools(p, shell_tools);
	return e ? e : plan_add_words(p, PLAN_MODULE, conf_text(c, CONF_EXTRA_MODULES));
}

/* "PATH SIZE MTIME": enough to see a replaced file without reading it. */
static void key_file_line(struct kdf_buf *key, const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		kdf_buf_printf(key, "file %s %lld %lld.%09ld\n", path, (long long)st.st_size,
			       (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	else
		kdf_buf_printf(key, "file %s absent\n", path);
}

/* Module options land in the image; a folder that does not exist has none. */
static void key_folder(struct kdf_buf *key, const char *folder)
{
	struct dirent **entry = NULL;
	int n = scandir(folder, &entry, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		if (entry[i]->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name) < PATH_MAX)
			key_file_line(key, path);
		free(entry[i]);
	}
	free(entry);
}

static struct kdf_error *make_key(const struct image *im, const char *dracut, struct kdf_buf *key)
{
	char dep[PATH_MAX];
	struct kdf_error *e = path_make(dep, "/lib/modules/%s/modules.dep", im->release);

	if (e)
		return e;
	key_file_line(key, CONF_FILE);
	key_file_line(key, im->kernel);
	key_file_line(key, dep);
	key_file_line(key, dracut);
	key_file_line(key, DRACUT_MODULE "/module-setup.sh");
	key_file_line(key, DRACUT_MODULE "/kdx-init.sh");
	key_file_line(key, "/etc/localtime");
	key_file_line(key, "/etc/ld.so.cache"); /* ldconfig writes it when a library was replaced */
	key_folder(key, "/etc/modprobe.d");
	for (int list = PLAN_PROGRAM; list <= PLAN_OPTIONAL; list++)
		for (size_t i = 0; i < im->plan.list[list].n; i++)
			key_file_line(key, im->plan.list[list].word[i]);
	return plan_write(&im->plan, key);
}

static struct kdf_error *plan_all(const struct conf *c, const struct settings *s, struct image *im)
{
	char host[65] = "", dracut[PATH_MAX];
	struct kdf_buf key = { 0 };
	struct kdf_error *e = find_kernel(s, im);

	if (!e)
		e = path_make(im->initramfs, STATE_FOLDER "/initramfs-%skdump.img", im->release);
	if (!e)
		e = path_make(im->key_file, "%s.key", im->initramfs);
	if (!e)
		e = plan_set(&im->plan, PLAN_KERNEL, im->release);
	if (!e && gethostname(host, sizeof(host) - 1))
		e = kdf_err_sys(errno, "gethostname");
	if (!e)
		e = plan_set(&im->plan, PLAN_HOST, host);
	if (!e)
		e = target_plan(c, &im->plan);
	if (!e)
		e = plan_programs(c, &im->plan);
	if (!e)
		e = find_program("dracut", dracut);
	if (e)
		return e;
	e = make_key(im, dracut, &key);
	im->key = kdf_buf_take(&key);
	return e || im->key ? e : kdf_err(KDF_NOMEM, "out of memory");
}

struct kdf_error *image_plan(const struct conf *c, const struct settings *s, struct image *out)
{
	struct kdf_error *e;

	*out = (struct image){ 0 };
	e = plan_all(c, s, out);
	if (e)
		image_free(out);
	return e;
}

/* The first line of want that have lacks; its second word is a path or a value. */
static void first_difference(const char *have, const char *want, char why[512])
{
	for (const char *line = want; *line;) {
		size_t len = strcspn(line, "\n");
		const char *p = have;

		while (*p && (strncmp(p, line, len) || p[len] != '\n')) {
			p += strcspn(p, "\n");
			p += *p == '\n';
		}
		if (!*p) {
			size_t key = strcspn(line, " "), name = strcspn(line + key + (line[key] == ' '), " \n");
			bool file = key == 4 && !strncmp(line, "file", 4);

			snprintf(why, 512, "%.*s %.*s %s", file ? 0 : (int)key, line, (int)name, line + key + 1,
				 file ? "changed" : "is new");
			memmove(why, why + (*why == ' '), strlen(why + (*why == ' ')) + 1);
			return;
		}
		line += len + (line[len] == '\n');
	}
	snprintf(why, 512, "something in it is no longer wanted");
}

struct kdf_error *image_outdated(const struct image *im, char why[512])
{
	KDF_AUTO_FREE char *have = NULL;
	struct kdf_error *e = NULL;

	*why = '\0';
	if (access(im->initramfs, F_OK))
		snprintf(why, 512, "there is none for %s", im->release);
	else if (access(im->key_file, F_OK))
		snprintf(why, 512, "what it was made of is not known");
	else
		e = file_read(im->key_file, 4 << 20, &have);
	if (e || *why || !strcmp(have, im->key))
		return e;
	first_difference(have, im->key, why);
	return NULL;
}

/* zstd unpacks fastest, but the kernel has to know it (CONFIG_RD_ZSTD, 5.9 and newer). gzip they all know. */
static bool kernel_reads_zstd(const struct image *im)
{
	char path[PATH_MAX], program[PATH_MAX];
	KDF_AUTO_FREE char *config = NULL;
	struct kdf_error *e = path_make(path, "/boot/config-%s", im->release);

	if (!e)
		e = file_read(path, 4 << 20, &config);
	if (!e)
		e = find_program("zstd", program);
	bool yes = !e && strstr(config, "\nCONFIG_RD_ZSTD=y\n");
	kdf_error_free(e);
	return yes;
}

static struct kdf_error *write_plan(const struct image *im)
{
	struct kdf_buf text = { 0 };
	struct kdf_error *e = make_folders(NO_DRACUT_CONF, 0755);

	if (!e)
		e = plan_write(&im->plan, &text);
	if (!e)
		e = file_write(PLAN_FILE, text.data, 0644);
	kdf_buf_free(&text);
	return e;
}

static struct kdf_error *run_dracut(const struct conf *c, const struct image *im, char *fresh)
{
	static char fixed[] =
		"--force --quiet --no-hostonly --no-hostonly-cmdline --no-early-microcode --strip --nohardlink "
		"--conf /dev/null --confdir " NO_DRACUT_CONF " --modules kdx";
	KDF_AUTO_FREE char *front = strdup(fixed), *args = strdup(conf_text(c, CONF_DRACUT_ARGS));
	char dracut[PATH_MAX], why[64], *word[DRACUT_WORDS_MAX + 1];
	static char zstd[] = "--compress=zstd -10 -q -T0", gzip[] = "--compress=gzip -9 -n", kver[] = "--kver";
	struct run_result result;

	if (!front || !args)
		return kdf_err(KDF_NOMEM, "out of memory");
	struct kdf_error *e = find_program("dracut", dracut);
	if (e)
		return kdf_err_wrap(e, "apt install dracut-core");
	word[0] = dracut;
	size_t n = 1 + split_words(front, word + 1, DRACUT_WORDS_MAX / 2);
	word[n++] = kernel_reads_zstd(im) ? zstd : gzip;
	size_t extra = split_words(args, word + n, DRACUT_WORDS_MAX / 2 - 4);
	if (extra == DRACUT_WORDS_MAX / 2 - 4)
		return kdf_err(KDF_LIMIT, "dracut_args: more than %d words", DRACUT_WORDS_MAX / 2 - 5);
	n += extra;
	word[n++] = kver;
	word[n++] = (char *)im->release;
	word[n++] = fresh;
	word[n] = NULL;
	const struct run_request request = { .argv = word };
	e = run_program(&request, &result);
	if (!e && result.exit_code)
		e = kdf_err(KDF_IO, "dracut: %s; its messages stand above",
			    run_outcome(result.exit_code, why, sizeof(why)));
	return e;
}

struct kdf_error *image_build(const struct conf *c, const struct image *im)
{
	char fresh[PATH_MAX];
	struct stat st;
	struct kdf_error *e = write_plan(im);

	if (!e)
		e = path_make(fresh, "%s.new", im->initramfs);
	if (e)
		return e;
	e = run_dracut(c, im, fresh);
	if (!e && (stat(fresh, &st) || !st.st_size))
		e = kdf_err(KDF_IO, "dracut ended well, but made no %s", fresh);
	/* The key goes first and comes last: an image without a key is made again. */
	if (!e && unlink(im->key_file) && errno != ENOENT)
		e = kdf_err_sys(errno, "cannot remove %s", im->key_file);
	if (!e && rename(fresh, im->initramfs))
		e = kdf_err_sys(errno, "cannot rename %s", fresh);
	if (!e)
		e = file_write(im->key_file, im->key, 0644);
	if (e)
		unlink(fresh);
	return e ? kdf_err_wrap(e, "cannot build %s", im->initramfs) : NULL;
}

void image_free(struct image *im)
{
	plan_free(&im->plan);
	free(im->key);
	*im = (struct image){ 0 };
}
