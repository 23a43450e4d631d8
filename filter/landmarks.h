/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the crashed kernel keeps what a debugger needs first, as ranges of frames: its image, its page tables, the
 * log, per-CPU data, tasks and their stacks, modules, the struct pages. Used twice: a filter that drops one of the
 * certain ones has misread the kernel (selfcheck.h), and these frames are written first (order.h).
 */
#ifndef FILTER_LANDMARKS_H
#define FILTER_LANDMARKS_H

#include "kernel-view.h"
#include "memmap.h"

/* Frames [first, end). */
struct frame_range {
	uint64_t first, end;
};

/* For qsort: by the first frame. */
static inline int frame_range_compare(const void *a, const void *b)
{
	uint64_t x = ((const struct frame_range *)a)->first, y = ((const struct frame_range *)b)->first;

	return x < y ? -1 : x > y;
}

/* In the order in which they are wanted: what tells most for its size comes first. */
enum landmark_group {
	GROUP_TABLES,  /* page tables of the kernel */
	GROUP_LOG,
	GROUP_DATA,    /* the kernel's variables: where every list and table begins */
	GROUP_CPUS,    /* per-CPU data, with the stacks of interrupts and exceptions */
	GROUP_TASKS,   /* tasks and their stacks */
	GROUP_MODULES,
	GROUP_IMAGE,   /* the rest of the image: code and constants, which a vmlinux has, too */
	GROUP_STRUCTS, /* struct pages */
	GROUP_COUNT
};

struct landmark {
	struct frame_range frames;
	enum landmark_group group;
	/*
	 * What it is, when the kernel cannot live without it and its address is beyond doubt; NULL: found by walking
	 * lists of a kernel that crashed, or large, or of no use as a witness.
	 */
	const char *witness;
};

struct landmarks {
	struct landmark *mark;
	size_t n, cap;
	bool full; /* the limit was reached: some are missing */
};

struct landmark_sources {
	struct kdf *dump;
	struct memmap *map; /* NULL: no struct pages */
	const struct kernel_view *view;
	const struct frame_range *image;
	size_t nimage;
};

/* What cannot be found is left out. KDF_NOMEM, KDF_INTERRUPTED. Memory: 2 MiB at most. */
struct kdf_error *landmarks_find(const struct landmark_sources *, struct landmarks *out) KDF_MUST_CHECK;
void landmarks_free(struct landmarks *);

#endif
