/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dumps that lie in a folder such as /var/crash: one record per subfolder that holds a dump or a part of one. */
#ifndef KDX_CAPTURE_DUMPS_H
#define KDX_CAPTURE_DUMPS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/error.h"

enum dump_state {
	DUMP_COMPLETE,
	DUMP_INCOMPLETE, /* vmcore-incomplete, or a vmcore that says so or is damaged */
	DUMP_LOG_ONLY,	 /* no vmcore, but vmcore-dmesg.txt */
	DUMP_NONE,	 /* only the status file: skipped or failed */
};

struct dump {
	char name[NAME_MAX + 1];
	uint64_t bytes; /* of all its files, as they lie on the disk */
	time_t when;
	enum dump_state state;
	char kernel[65]; /* "" unknown */
	char trouble[200]; /* why the vmcore is not complete; "" */
};

struct dump_list {
	struct dump *dump; /* oldest first */
	size_t n, cap;
};

/* A folder that does not exist holds no dumps. Any folder there that holds none of the files is left out. */
struct kdf_error *dumps_read(const char *folder, struct dump_list *out) KDF_MUST_CHECK;
void dumps_free(struct dump_list *);
const char *dump_state_name(enum dump_state);

#endif
