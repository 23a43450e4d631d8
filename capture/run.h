/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a program (dump collector, hook) and measuring it and the machine's memory meanwhile. */
#ifndef KDX_CAPTURE_RUN_H
#define KDX_CAPTURE_RUN_H

#include <stdint.h>

#include "base/error.h"

struct memory_watch {
	uint64_t total;		  /* MemTotal, bytes */
	uint64_t least_available; /* smallest MemAvailable seen, bytes */
};

void memory_watch_start(struct memory_watch *);
void memory_watch_look(struct memory_watch *);

struct run_result {
	int exit_code;	   /* 0 to 255; 128 + signal when a signal ended it */
	double seconds;
	uint64_t peak_rss; /* bytes; of the program and what it waited for */
};

struct run_request {
	char *const *argv;	/* argv[0] is the path; NULL ends */
	const char *env_name, *env_value; /* one variable more; NULL: none */
	struct memory_watch *memory;	/* looked at every 100 ms; NULL: none */
	void (*tick)(void *arg);	/* about every 10 s while it runs; NULL: none */
	void *tick_arg;
};

/* KDF_IO when it cannot be started. A program that ends with trouble is no error here: see exit_code. */
struct kdf_error *run_program(const struct run_request *, struct run_result *) KDF_MUST_CHECK;

/* "exit status 1", "killed by signal 9 (Killed)": buf is returned. */
const char *run_outcome(int exit_code, char *buf, unsigned cap);

#endif
