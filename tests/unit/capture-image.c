// SPDX-License-Identifier: GPL-2.0-or-later
/* When is the crash initramfs outdated, and what `kdxctl list` finds in a folder of dumps. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/dumps.h"
#include "capture/files.h"
#include "capture/image.h"
#include "test.h"
#include "remove-tree.h"

static char scratch[] = "/tmp/kdx-capture-image-XXXXXX";

static void outdated(void)
{
	static char key[] = "file /etc/kdump.conf 10 5.0\nfile /boot/vmlinuz 20 6.0\nfolder /var/crash\nmodule ext4\n";
	static const struct {
		const char *have, *why;
	} rows[] = {
		{ "file /etc/kdump.conf 10 5.0\nfile /boot/vmlinuz 20 6.0\nfolder /var/crash\nmodule ext4\n", "" },
		{ "file /etc/kdump.conf 11 5.0\nfile /boot/vmlinuz 20 6.0\nfolder /var/crash\nmodule ext4\n",
		  "/etc/kdump.conf changed" },
		{ "file /etc/kdump.conf 10 5.0\nfile /boot/vmlinuz 20 6.00\nfolder /var/crash\nmodule ext4\n",
		  "/boot/vmlinuz changed" },
		{ "file /etc/kdump.conf 10 5.0\nfile /boot/vmlinuz 20 6.0\nfolder /var/crash2\nmodule ext4\n",
		  "folder /var/crash is new" },
		{ "file /etc/kdump.conf 10 5.0\nfile /boot/vmlinuz 20 6.0\nfolder /var/crash\nmodule ext4\nmodule "
		  "xfs\n",
		  "something in it is no longer wanted" },
		{ "", "/etc/kdump.conf changed" },
	};
	struct image im = { .release = "9.9", .key = key };
	char why[512];

	CHECK_OK(path_make(im.initramfs, "%s/image", scratch));
	CHECK_OK(path_make(im.key_file, "%s/image.key", scratch));
	CHECK_OK(image_outdated(&im, why));
	CHECK_TEXT(why, "there is none for 9.9");
	CHECK_OK(file_write(im.initramfs, "x", 0600));
	CHECK_OK(image_outdated(&im, why));
	CHECK_TEXT(why, "what it was made of is not known");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_OK(file_write(im.key_file, rows[i].have, 0600));
		CHECK_OK(image_outdated(&im, why));
		CHECK_TEXT(why, rows[i].why);
	}
}

static void put(const char *name, const char *file, const char *text)
{
	char folder[PATH_MAX], path[PATH_MAX];

	CHECK_OK(path_make(folder, "%s/crash/%s", scratch, name));
	CHECK_OK(make_folders(folder, 0700));
	CHECK_OK(path_make(path, "%s/%s", folder, file));
	CHECK_OK(file_write(path, text, 0600));
}

static const struct dump *find(const struct dump_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->dump[i].name, name))
			return &l->dump[i];
	return NULL;
}

static void dumps(void)
{
	char folder[PATH_MAX];
	struct dump_list l;
	const struct dump *d;

	CHECK_OK(path_make(folder, "%s/crash", scratch));
	CHECK_OK(dumps_read(folder, &l)); /* not there: none */
	CHECK(l.n == 0);
	put("cut", "vmcore-incomplete", "xx");
	put("damaged", "vmcore", "this is no dump");
	put("log", "vmcore-dmesg.txt", "[    0.000000] Linux\n");
	put("skipped", "kdx-status.json", "{}\n");
	put("other", "notes.txt", "not ours\n");
	put(".hidden", "vmcore", "x");
	if (!CHECK_OK(dumps_read(folder, &l)))
		return;
	CHECK(l.n == 4);
	d = find(&l, "cut");
	CHECK(d && d->state == DUMP_INCOMPLETE && *d->trouble && d->bytes > 0);
	d = find(&l, "damaged");
	CHECK(d && d->state == DUMP_INCOMPLETE && strstr(d->trouble, "vmcore"));
	d = find(&l, "log");
	CHECK(d && d->state == DUMP_LOG_ONLY && !*d->trouble);
	d = find(&l, "skipped");
	CHECK(d && d->state == DUMP_NONE);
	CHECK_TEXT(dump_state_name(DUMP_LOG_ONLY), "log-only");
	dumps_free(&l);
}

int main(void)
{
	if (!CHECK(mkdtemp(scratch) != NULL))
		return 1;
	outdated();
	dumps();
	remove_tree(scratch);
	TEST_END();
}
