/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzz targets of format/ share: input bytes are either a whole file, or patches on a good one that the
 * target makes, so that inputs reach behind the headers; then every call of the library is made on the dump.
 */
#ifndef KDX_FORMAT_FUZZ_H
#define KDX_FORMAT_FUZZ_H

#include "../unit/format-log.h"

struct input {
	const uint8_t *p;
	size_t n;
};

static UNUSED uint64_t take(struct input *in, size_t size)
{
	if (in->n < size) {
		in->n = 0;
		return 0;
	}
	uint64_t v = kdf_load_uint(in->p, size, false);
	in->p += size;
	in->n -= size;
	return v;
}

/* Patches: where (3 bytes), how many bytes (1, at most 8), the bytes. Places are taken modulo the limit. */
static UNUSED void patch(struct input *in, void *bytes, size_t limit)
{
	while (in->n > 4 && limit > 8) {
		size_t at = take(in, 3) % (limit - 8), n = take(in, 1) % 9;

		if (n > in->n)
			n = in->n;
		memcpy((char *)bytes + at, in->p, n);
		in->p += n;
		in->n -= n;
	}
}

static UNUSED struct kdf_error *count_record(void *arg, const struct kdf_log_record *r)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < r->text_len; i++)
		*sum += (uint8_t)r->text[i];
	*sum += strlen(r->subsystem) + strlen(r->device) + r->level;
	return ++sum[1] > 4096 ? kdf_err(KDF_LIMIT, "enough") : NULL;
}

static UNUSED void use_addresses(struct kdf *d)
{
	static const uint64_t addresses[] = {
		TEXT_MAP, TEXT_MAP + PAGE - 3, DIRECT_MAP, DIRECT_MAP5, VMALLOC, 0, 0x7f0000000000, UINT64_MAX - 4,
		0xffffea0000000000u, 0xfffffe0000000000u, 0x8000000000000000u,
	};
	uint8_t buf[2 * PAGE];

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct kdf_walk w;
		uint64_t phys;

		kdf_error_free(kdf_walk(d, KDF_KERNEL_PGD, addresses[i], &w));
		kdf_error_free(kdf_walk(d, addresses[i] & 0xffffff, addresses[i], &w));
		kdf_error_free(kdf_virt_to_phys(d, addresses[i], &phys));
		kdf_error_free(kdf_read_virt(d, addresses[i], buf, sizeof(buf)));
	}
}

static UNUSED void use_pages(struct kdf *d)
{
	const struct kdf_info *info = kdf_info(d);
	uint8_t *buf = malloc(info->page_size);
	uint64_t pfn = 0, first, end;
	bool zero;

	for (int i = 0; buf && i < 100 && kdf_next_page(d, pfn, i & 1, &pfn); i++, pfn++) {
		struct kdf_page page;
		const uint8_t *map = kdf_pages_mapped(d, pfn, 2);

		if (map)
			buf[0] = map[0] + map[2 * info->page_size - 1];
		(void)kdf_page_state(d, pfn);
		kdf_error_free(kdf_page_read(d, pfn, buf, &zero));
		struct kdf_error *e = kdf_page_get(d, pfn, &page);
		if (!e) {
			memcpy(buf, page.data, info->page_size);
			kdf_page_put(d, &page);
		}
		kdf_error_free(e);
	}
	for (size_t i = 0; i < kdf_ram_range_count(d) && i < 100; i++)
		if (kdf_ram_range(d, i, &first, &end) && first >= end)
			abort();
	kdf_error_free(kdf_read_phys(d, 4090, buf, 10));
	free(buf);
}

static UNUSED volatile size_t fuzz_sink; /* so that reads stay */

static UNUSED void use_notes(struct kdf *d)
{
	size_t size, sum = 0;
	const uint8_t *raw = kdf_notes_raw(d, &size);

	if (size)
		sum = raw[0] + raw[size - 1];
	for (size_t i = 0; i < kdf_note_count(d); i++) {
		const struct kdf_note *n = kdf_note(d, i);

		sum += strlen(n->name);
		for (size_t k = 0; k < n->size; k++)
			sum += ((const uint8_t *)n->desc)[k];
	}
	const char *text = kdf_vmcoreinfo(d, &size);
	if (text && strlen(text) != size)
		abort();
	fuzz_sink = sum;
}

static UNUSED void use_dump(struct kdf *d)
{
	uint64_t sum[2] = { 0 }, lost;

	use_notes(d);
	use_pages(d);
	use_addresses(d);
	kdf_error_free(kdf_log_walk(d, false, count_record, sum, &lost));
	kdf_error_free(kdf_log_walk(d, true, count_record, sum, NULL));
}

static UNUSED void use_file(const void *bytes, size_t n)
{
	struct kdf_options o = { .cache_bytes = 1 << 16 };
	struct kdf *d;
	struct kdf_error *e = kdf_open_fd(memory_file(bytes, n), "fuzz", &o, &d);

	if (e)
		kdf_error_free(e);
	else
		use_dump(d);
	kdf_close(d);
}

/* The guest's log, so that opened dumps have something to walk. */
static UNUSED struct guest *guest_with_log(unsigned levels)
{
	struct guest *g = guest_new(levels);
	struct log l;

	log_vmcoreinfo(g, true);
	kdf_buf_printf(&g->info,
		       "OSRELEASE=6.1\nSYMBOL(init_uts_ns)=%llx\nSYMBOL(mem_section)=%llx\n"
		       "LENGTH(mem_section)=2048\nSIZE(mem_section)=16\nOFFSET(mem_section.section_mem_map)=0\n",
		       (unsigned long long)(TEXT_MAP + 46 * PAGE), (unsigned long long)(TEXT_MAP + 44 * PAGE));
	log_begin(&l, g, 8);
	for (int i = 0; i < 7; i++)
		log_add(&l, "a line of the log");
	return g;
}

/* Half of the inputs shape a whole dump, the others are bytes behind the format's signature. */
static UNUSED int structured_or_signed(const uint8_t *data, size_t size, void (*structured)(struct input *),
				       const char *signature)
{
	struct input in = { data, size };

	if (take(&in, 1) & 1) {
		structured(&in);
		return 0;
	}
	struct kdf_buf b = { 0 };
	kdf_buf_puts(&b, signature);
	kdf_buf_add(&b, in.p, in.n);
	use_file(b.data, b.len);
	kdf_buf_free(&b);
	return 0;
}

#endif
