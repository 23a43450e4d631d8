/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a dump goes. A kind of target is one row of the table in target.c: what to write into the plan on the
 * healthy system, and, in the crash kernel, how to reach it and how to write files to it.
 *
 *	prepare -> [open -> write -> commit | abort]... -> finish
 *
 * A file is written under its name with "-incomplete" in it and gets its own name by commit, after its bytes are on
 * the disk: whoever finds "vmcore" finds all of it.
 */
#ifndef KDX_CAPTURE_TARGET_H
#define KDX_CAPTURE_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "conf.h"
#include "plan.h"

struct target;

struct target_file {
	char name[64];	     /* final name, "vmcore" */
	char path[PATH_MAX]; /* where it is being written, with "-incomplete" in it */
	int fd;		     /* open for writing; -1 when a program makes the file */
};

struct target_ops {
	const char *type;    /* directive in kdump.conf that selects it */
	const char *modules; /* kernel modules its file system needs besides the one of that name; NULL: none */
	const char *mount_type; /* as mount(2) takes it */
	const char *mount_options; /* NULL: none */
	const char *top_options;   /* the same, where the target is no directive but what holds `path` */
	bool no_colon;	     /* file names may not hold ':' */
	/* Healthy system: fills file system, device, folder, drivers of the plan. */
	struct kdf_error *(*plan)(const struct target_ops *, const struct conf *, struct plan *);
	/* Crash kernel: reaches the target and makes the dump's folder. */
	struct kdf_error *(*prepare)(struct target *);
	struct kdf_error *(*free_space)(const struct target *, uint64_t *bytes);
	/* by_program: the file is not made, a program will make it at f->path. */
	struct kdf_error *(*open)(struct target *, const char *name, bool by_program, struct target_file *f);
	struct kdf_error *(*commit)(struct target *, struct target_file *);
	void (*abort)(struct target *, struct target_file *); /* leaves the incomplete file where it is */
	struct kdf_error *(*finish)(struct target *);
};

struct target {
	const struct target_ops *ops;
	const struct plan *plan;
	const char *root;     /* test run: no mount, this folder stands for the file system; NULL in the crash kernel */
	time_t when;	      /* names the dump's folder */
	void (*tell)(void *arg, const char *text); /* a line for whoever watches; may be NULL */
	void *tell_arg;
	char device[PATH_MAX]; /* found by prepare */
	char mount_point[PATH_MAX];
	char folder[PATH_MAX]; /* the dump's folder as this system reaches it */
	char held[PATH_MAX];   /* file that keeps space free for the last records; "" none */
	char shown[PATH_MAX];  /* the same as the healthy system will see it: path of kdump.conf in front */
	bool mounted;	       /* by us: finish unmounts it */
};

/* The row for a kdump.conf: of its target directive, or of the file system type that holds `path`.
 * KDF_UNSUPPORTED names the type and what works. */
struct kdf_error *target_find(const char *type, const struct target_ops **out) KDF_MUST_CHECK;
/* Healthy system: fills the target's part of the plan. */
struct kdf_error *target_plan(const struct conf *, struct plan *) KDF_MUST_CHECK;

/* "127.0.0.1-2026-01-31-23:59:59" in the local time zone, as kdump-utils names a dump on a local disk. */
void dump_folder_name(time_t when, bool no_colon, char out[64]);
/* "vmcore" -> "vmcore-incomplete", "vmcore-dmesg.txt" -> "vmcore-dmesg-incomplete.txt" */
void incomplete_name(const char *name, char out[96]);

/* Rows and their functions live in target-disk.c: file systems on a block device. */
extern const struct target_ops disk_targets[];

#endif
