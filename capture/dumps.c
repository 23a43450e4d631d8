// SPDX-License-Identifier: GPL-2.0-or-later
#include "dumps.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "files.h"
#include "kdf.h"

enum { DUMPS_MAX = 100000 };

const char *dump_state_name(enum dump_state s)
{
	static const char *const name[] = {
		[DUMP_COMPLETE] = "complete",
		[DUMP_INCOMPLETE] = "incomplete",
		[DUMP_LOG_ONLY] = "log-only",
		[DUMP_NONE] = "none",
	};

	return name[s];
}

/* Sum of the disk space of the folder's plain files. */
static uint64_t folder_bytes(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *d;
	uint64_t sum = 0;

	if (!dir)
		return 0;
	while ((d = readdir(dir))) {
		struct stat st;

		if (!fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	}
	closedir(dir);
	return sum;
}

static bool has(const char *folder, const char *name, char path[PATH_MAX])
{
	struct kdf_error *e = path_make(path, "%s/%s", folder, name);
	bool there = !e && !access(path, F_OK);

	kdf_error_free(e);
	return there;
}

/* Opens the vmcore's head: kernel release, and whether its writer marked it as cut short. */
static void look_into(const char *path, struct dump *d)
{
	static const struct kdf_options options = { .cache_bytes = 1 << 20 };
	struct kdf *dump;
	struct kdf_error *e = kdf_open(&path, 1, &options, &dump);

	if (e) {
		d->state = DUMP_INCOMPLETE;
		snprintf(d->trouble, sizeof(d->trouble), "%s", kdf_error_text(e));
		kdf_error_free(e);
		return;
	}
	if (kdf_info(dump)->incomplete && d->state == DUMP_COMPLETE) {
		d->state = DUMP_INCOMPLETE;
		snprintf(d->trouble, sizeof(d->trouble), "the vmcore is marked incomplete");
	}
	snprintf(d->kernel, sizeof(d->kernel), "%s", kdf_info(dump)->release);
	kdf_close(dump);
}

/* false: nothing of a dump in there. */
static bool read_dump(const char *folder, struct dump *d)
{
	char path[PATH_MAX];
	struct stat st;

	if (has(folder, "vmcore", path)) {
		d->state = DUMP_COMPLETE;
		look_into(path, d);
	} else if (has(folder, "vmcore-incomplete", path)) {
		d->state = DUMP_INCOMPLETE;
		snprintf(d->trouble, sizeof(d->trouble), "the capture was cut short");
		look_into(path, d);
	} else if (has(folder, "vmcore-dmesg.txt", path)) {
		d->state = DUMP_LOG_ONLY;
	} else if (has(folder, "kdx-status.json", path)) {
		d->state = DUMP_NONE;
	} else {
		return false;
	}
	if (!stat(folder, &st))
		d->when = st.st_mtime;
	d->bytes = folder_bytes(folder);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct dump *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return strcmp(x->name, y->name);
}

struct kdf_error *dumps_read(const char *folder, struct dump_list *out)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct kdf_error *e = NULL;

	*out = (struct dump_list){ 0 };
	if (!dir)
		return errno == ENOENT ? NULL : kdf_err_sys(errno, "cannot list %s", folder);
	while (!e && (entry = readdir(dir))) {
		struct dump d = { 0 };
		char path[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		e = path_make(path, "%s/%s", folder, entry->d_name);
		snprintf(d.name, sizeof(d.name), "%s", entry->d_name);
		if (e || !read_dump(path, &d))
			continue;
		if (out->n == DUMPS_MAX)
			e = kdf_err(KDF_LIMIT, "more than %d dumps in %s", DUMPS_MAX, folder);
		else if (!kdf_grow(&out->dump, &out->cap, out->n + 1, sizeof(d)))
			e = kdf_err(KDF_NOMEM, "out of memory");
		else
			out->dump[out->n++] = d;
	}
	closedir(dir);
	if (e)
		dumps_free(out);
	else if (out->n)
		qsort(out->dump, out->n, sizeof(*out->dump), by_time);
	return e;
}

void dumps_free(struct dump_list *l)
{
	free(l->dump);
	*l = (struct dump_list){ 0 };
}
