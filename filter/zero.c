// SPDX-License-Identifier: GPL-2.0-or-later
#include "zero.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "compress.h"
#include "mapped.h"

enum { BATCH = 256 }; /* frames between two looks at the clock */

/* What cannot be read is no page of zeros; the copying tells about it. */
static bool is_zero_page(struct kdf *dump, uint64_t pfn, uint32_t page_size, void *buf)
{
	const uint8_t *mapped = kdf_pages_mapped(dump, pfn, 1);
	bool zero = false;

	if (mapped) {
		zero = kdf_all_zero(mapped, page_size);
		mapped_release(mapped, page_size);
		return zero;
	}
	struct kdf_error *e = kdf_page_read(dump, pfn, buf, &zero);
	if (e) {
		kdf_error_free(e);
		return false;
	}
	return zero || kdf_all_zero(buf, page_size);
}

struct kdf_error *zero_pages_drop(struct kdf *dump, struct plan *p, FILE *to)
{
	uint32_t page_size = kdf_info(dump)->page_size;
	void *buf KDF_AUTO_FREE = malloc(page_size);
	struct kdf_progress progress;
	struct kdf_error *e = NULL;
	uint64_t done = 0;

	if (!buf)
		return kdf_err(KDF_NOMEM, "no memory for one page");
	kdf_progress_start(&progress, to, "Looking for zeros", p->dumped_pages, page_size);
	for (uint64_t pfn = 0; pfn < p->max_pfn; pfn++) {
		if (!(pfn % 8) && !p->dumped[pfn / 8]) {
			pfn += 7;
			continue;
		}
		if (!(p->dumped[pfn / 8] >> pfn % 8 & 1))
			continue;
		if (is_zero_page(dump, pfn, page_size, buf)) {
			p->dumped[pfn / 8] &= (uint8_t)~(1 << pfn % 8);
			p->dropped[CLASS_ZERO]++;
			p->dumped_pages--;
		}
		if (++done % BATCH)
			continue;
		kdf_progress_update(&progress, done);
		if (kdf_interrupted()) {
			e = kdf_err(KDF_INTERRUPTED, "interrupted while looking for pages of zeros");
			break;
		}
	}
	kdf_progress_end(&progress);
	return e;
}
