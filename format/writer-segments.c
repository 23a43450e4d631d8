// SPDX-License-Identifier: GPL-2.0-or-later
/* The program headers of an ELF file made of a dump that may have none. */
#include <stdlib.h>

#include "dump.h"

static const uint64_t max_image = (uint64_t)1 << 30;
/* Above any physical address; segments of /proc/kcore without one say all ones. */
static const uint64_t max_phys = (uint64_t)1 << 56;

static struct kdf_error *no_memory(size_t n)
{
	return kdf_err(KDF_NOMEM, "no memory for %zu segments", n);
}

static struct kdf_error *copy_segments(const struct kdf *d, struct kdf_segment **out, size_t *n)
{
	*out = calloc(d->nsegments, sizeof(**out));
	if (!*out)
		return no_memory(d->nsegments);
	for (size_t i = 0; i < d->nsegments; i++)
		if (d->segment[i].mem_size && d->segment[i].phys <= max_phys)
			(*out)[(*n)++] = d->segment[i];
	return NULL;
}

/* What the tables map of the kernel image, where that is one piece of memory. */
static bool kernel_image(const struct kdf *d, struct kdf_segment *s)
{
	uint64_t size = d->text_end - d->text_start;

	if (!d->text_end || size > max_image || !(d->layout.known & KDF_KNOWS_PHYS_BASE))
		return false;
	*s = (struct kdf_segment){
		.virt = d->text_start,
		.phys = d->text_start - d->layout.start_kernel_map + d->layout.phys_base,
		.mem_size = size,
	};
	return s->phys < d->info.max_pfn << d->info.page_shift;
}

static struct kdf_error *make_segments(const struct kdf *d, struct kdf_segment **out, size_t *n)
{
	unsigned shift = d->info.page_shift;
	/* Where the direct map is not known, nothing can be said of virtual addresses. */
	uint64_t direct = d->layout.known & KDF_KNOWS_PAGE_OFFSET ? d->layout.page_offset : 0;

	*out = calloc(d->ram.count + 1, sizeof(**out));
	if (!*out)
		return no_memory(d->ram.count + 1);
	*n = kernel_image(d, &(*out)[0]);
	for (size_t i = 0; i < d->ram.count; i++) {
		uint64_t phys = d->ram.range[i].start << shift, end = d->ram.range[i].end << shift;
		(*out)[(*n)++] = (struct kdf_segment){ .virt = direct ? direct + phys : 0, .phys = phys,
						       .mem_size = end - phys };
	}
	return NULL;
}

struct kdf_error *kdf_writer_segments(const struct kdf *d, struct kdf_segment **out, size_t *n)
{
	*out = NULL;
	*n = 0;
	return d->nsegments ? copy_segments(d, out, n) : make_segments(d, out, n);
}
