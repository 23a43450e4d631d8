/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each page of a mapped input is looked at once. Giving the mapping's pages back when they are done with keeps the
 * process small, where the kernel counts (cgroups, the OOM killer of a crash kernel); the page cache keeps what it
 * wants.
 */
#ifndef FILTER_MAPPED_H
#define FILTER_MAPPED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kdf.h"

/*
 * p[0..len) lies inside one file mapping (kdf_pages_mapped). The content stays readable: a later look faults it in
 * again.
 */
static inline void mapped_release(const uint8_t *p, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)p & ~(page - 1);

	if (len)
		madvise((void *)from, (uintptr_t)p + len - from, MADV_DONTNEED);
}

/*
 * Everything that was looked at of the RAM in a mapped input: a page fault maps its neighbours, too, so scattered looks
 * add up. One thread.
 */
static inline void mapped_release_ram(struct kdf *dump)
{
	uint64_t first, end;

	for (size_t i = 0; kdf_ram_range(dump, i, &first, &end); i++) {
		const uint8_t *mapped = kdf_pages_mapped(dump, first, end - first);
		mapped_release(mapped, mapped ? (end - first) * kdf_info(dump)->page_size : 0);
	}
}

#endif
