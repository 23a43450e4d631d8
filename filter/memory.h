/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much memory a run takes, computed before it begins from what is free: the number of threads is what gives.
 * Bytes that are touched, not address space: holes in the frame space cost nothing.
 */
#ifndef FILTER_MEMORY_H
#define FILTER_MEMORY_H

#include <stdbool.h>
#include <stdio.h>

#include "kdf.h"

struct memory_plan {
	uint64_t free;	   /* what there was to begin with; 0: unknown */
	uint64_t bitmaps;  /* RAM and dump: 2 bits for each frame of RAM, so 64 MiB for each TiB with pages of 4 KiB */
	uint64_t counts;   /* the writer's index of descriptors: 8 bytes for 4096 frames, holes included */
	uint64_t symbols;  /* kallsyms and BTF while they are looked at; given back before copying */
	uint64_t order;	   /* what is copied first */
	uint64_t cache;	   /* pages that libkdf keeps */
	uint64_t output;   /* the writer's buffers */
	uint64_t threads_each;
	unsigned threads;
	uint64_t choosing; /* peak while pages are chosen */
	uint64_t copying;  /* peak while they are copied */
	uint64_t peak;
	bool tight;	   /* more than what is free, even with one thread */
};

/* Bytes that new allocations can have: MemAvailable, bounded by the cgroup's limit; 0: unknown. */
uint64_t memory_free(void);
/* threads: wanted, at least 1. They take a quarter of what is free at most, and no more than limit leaves (0: none). */
void memory_plan(const struct kdf_info *, unsigned threads, uint64_t cache_bytes, uint64_t free_bytes, uint64_t limit,
		 struct memory_plan *out);
/* One line for each part, in KiB. */
void memory_report(FILE *, const struct memory_plan *);

#endif
