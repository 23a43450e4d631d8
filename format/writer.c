// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing a dump, whatever its format: the calls are checked and the pages counted here; a format (writer-kdump.c,
 * writer-elf.c) places them, an output (writer-output.c) takes the bytes. At any moment what was written is an
 * openable, incomplete dump: the mark is in the first bytes and goes when all else is on the disk.
 */
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "writer-format.h"

enum { MAX_PAGE_SIZE = 1 << 20 };

/* ---- The output formats: the one table ---- */

static const struct format_row {
	struct kdf_writer_format format;
	const struct kdf_writer_calls *calls;
} formats[] = {
	{ { "kdump", "kdump-compressed file", true, false }, &kdf_writer_kdump },
	{ { "elf", "ELF core file", false, false }, &kdf_writer_elf },
	{ { "kdump-flat", "kdump-compressed, as a flattened stream", true, true }, &kdf_writer_kdump },
	{ { "elf-flat", "ELF, as a flattened stream", false, true }, &kdf_writer_elf },
};

enum { NFORMATS = sizeof(formats) / sizeof(*formats) };

size_t kdf_writer_format_count(void)
{
	return NFORMATS;
}

const struct kdf_writer_format *kdf_writer_format_at(size_t i)
{
	return i < NFORMATS ? &formats[i].format : NULL;
}

static const struct format_row *find_format(const char *name)
{
	for (size_t i = 0; i < NFORMATS; i++)
		if (!strcmp(formats[i].format.name, name))
			return &formats[i];
	return NULL;
}

const struct kdf_writer_format *kdf_writer_format_by_name(const char *name)
{
	const struct format_row *row = find_format(name);

	return row ? &row->format : NULL;
}

/* ---- Counting ---- */

uint64_t kdf_count_bits(const uint8_t *map, uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	while (from < to && from % 64)
		n += map[from / 8] >> from % 8 & 1, from++;
	for (; from < to && to - from >= 64; from += 64) {
		uint64_t word;
		memcpy(&word, map + from / 8, 8);
		n += word ? (unsigned)__builtin_popcountll(word) : 0;
	}
	while (from < to)
		n += map[from / 8] >> from % 8 & 1, from++;
	return n;
}

/*
 * "Each page once" without a third bitmap: the sum of a mixed value over what was given must equal that over all
 * that were announced. (The mixer is the finaliser of the splitmix64 generator.)
 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static bool all_given(const struct kdf_writer *w)
{
	uint64_t sum = 0;

	for (uint64_t pfn = w->start_pfn; pfn < w->end_pfn;) {
		uint64_t word = 1;
		if (pfn % 64 == 0 && w->end_pfn - pfn >= 64)
			memcpy(&word, w->dumped + pfn / 8, 8);
		if (!word) {
			pfn += 64;
			continue;
		}
		if (kdf_bit(w->dumped, pfn))
			sum += mix(pfn);
		pfn++;
	}
	return sum == w->given_sum && w->given == kdf_count_bits(w->dumped, w->start_pfn, w->end_pfn);
}

static void count(struct kdf_writer *w, uint64_t pfn)
{
	w->given++;
	w->given_sum += mix(pfn);
}

/* ---- Checks ---- */

static struct kdf_error *check_head(const struct kdf_writer_head *head, const struct kdf_writer_how *how)
{
	uint32_t page = head->page_size;

	if (page < 512 || page > MAX_PAGE_SIZE || page & (page - 1))
		return kdf_err(KDF_UNSUPPORTED, "page size %u: must be a power of two from 512 to %u", page,
			       MAX_PAGE_SIZE);
	if (head->dump_level < 0 || head->dump_level > 31)
		return kdf_err(KDF_USAGE, "dump level %d: must be 0 to 31", head->dump_level);
	if (head->compression && !kdf_codec_by_flag(head->compression))
		return kdf_err(KDF_UNSUPPORTED, "compression flag %#x is unknown to this build (it has: %s)",
			       head->compression, kdf_features());
	if (head->notes_size > (size_t)INT32_MAX || head->max_pfn > UINT64_MAX / MAX_PAGE_SIZE)
		return kdf_err(KDF_UNSUPPORTED, "%zu bytes of notes or %llu page frames are beyond the format",
			       head->notes_size, (unsigned long long)head->max_pfn);
	if (how->split && (how->start_pfn > how->end_pfn || how->end_pfn > head->max_pfn))
		return kdf_err(KDF_USAGE, "a part of frames %#llx to %#llx in a dump of %#llx frames",
			       (unsigned long long)how->start_pfn, (unsigned long long)how->end_pfn,
			       (unsigned long long)head->max_pfn);
	return NULL;
}

static struct kdf_error *check_page(const struct kdf_writer *w, uint64_t pfn)
{
	if (w->broken)
		return kdf_err(KDF_IO, "page frame %#llx: an earlier write to the output failed",
			       (unsigned long long)pfn);
	if (pfn < w->start_pfn || pfn >= w->end_pfn || !kdf_bit(w->dumped, pfn))
		return kdf_err(KDF_USAGE, "page frame %#llx was not announced in the second bitmap",
			       (unsigned long long)pfn);
	return NULL;
}

/* ---- The calls ---- */

static void writer_free(struct kdf_writer *w)
{
	w->calls->close(w);
	free(w);
}

struct kdf_error *kdf_writer_open_as(int fd, const struct kdf_writer_head *head, const struct kdf_writer_how *how,
				     struct kdf_writer **out)
{
	const struct format_row *row = find_format(how->format ? how->format : "kdump");

	*out = NULL;
	if (!row)
		return kdf_err(KDF_USAGE, "'%s' is no output format", how->format);
	struct kdf_error *e = check_head(head, how);
	if (e)
		return e;
	struct kdf_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return kdf_err(KDF_NOMEM, "no memory for a dump writer");
	w->calls = row->calls;
	w->how = *how;
	w->out = (struct kdf_output){ .fd = fd, .limit = how->limit };
	w->out.kind = how->discard ? KDF_OUTPUT_NOTHING : row->format.flattened ? KDF_OUTPUT_STREAM : KDF_OUTPUT_FILE;
	w->page_size = head->page_size;
	w->max_pfn = head->max_pfn;
	w->dumped = head->dumped;
	w->start_pfn = how->split ? how->start_pfn : 0;
	w->end_pfn = how->split ? how->end_pfn : head->max_pfn;
	e = kdf_output_begin(&w->out);
	if (!e)
		e = w->calls->open(w, head);
	if (e) {
		writer_free(w);
		return e;
	}
	*out = w;
	return NULL;
}

struct kdf_error *kdf_writer_open(int fd, const struct kdf_writer_head *head, struct kdf_writer **out)
{
	static const struct kdf_writer_how plain;

	return kdf_writer_open_as(fd, head, &plain, out);
}

struct kdf_error *kdf_writer_page(struct kdf_writer *w, uint64_t pfn, const void *data, size_t size, uint32_t flags)
{
	struct kdf_error *e = check_page(w, pfn);

	if (e)
		return e;
	/* Readers refuse a stored size above one page, and raw pages of any other size than one page. */
	if (!size || size > w->page_size || (!flags && size != w->page_size))
		return kdf_err(KDF_USAGE, "page frame %#llx: %zu bytes with flags %#x cannot be stored",
			       (unsigned long long)pfn, size, flags);
	e = w->calls->page(w, pfn, data, size, flags);
	if (!e)
		count(w, pfn);
	return e;
}

struct kdf_error *kdf_writer_zero_page(struct kdf_writer *w, uint64_t pfn)
{
	struct kdf_error *e = check_page(w, pfn);

	if (!e)
		e = w->calls->zero_page(w, pfn);
	if (!e)
		count(w, pfn);
	return e;
}

/* The last step of a whole dump: everything is on the disk before the mark goes, the mark before the success. */
static struct kdf_error *clear_mark(struct kdf_writer *w)
{
	struct kdf_error *e = w->calls->clear_mark(w);

	/* A stream cannot go back: the mark is cleared by a later record, which overrides the first. */
	if (!e)
		e = kdf_output_end(&w->out);
	if (!e)
		e = kdf_output_sync(&w->out);
	return e ? kdf_err_wrap(e, "marking the dump as complete") : NULL;
}

struct kdf_error *kdf_writer_finish(struct kdf_writer *w, bool complete)
{
	bool was_broken = w->broken;
	struct kdf_error *e = w->calls->flush(w);

	if (!e)
		e = kdf_output_sync(&w->out);
	if (!e && complete && was_broken)
		e = kdf_err(KDF_INCOMPLETE, "an earlier write failed: the dump stays marked as incomplete");
	if (!e && complete && !all_given(w))
		e = kdf_err(KDF_INCOMPLETE, "%llu of %llu pages were written: the dump stays marked as incomplete",
			    (unsigned long long)w->given,
			    (unsigned long long)kdf_count_bits(w->dumped, w->start_pfn, w->end_pfn));
	if (!e && complete) {
		e = clear_mark(w);
	} else {
		struct kdf_error *e2 = kdf_output_end(&w->out);
		kdf_error_free(e ? e2 : NULL);
		e = e ? e : e2;
	}
	writer_free(w);
	return e;
}

uint64_t kdf_writer_bytes(const struct kdf_writer *w)
{
	return w->out.kind == KDF_OUTPUT_STREAM ? w->out.streamed : w->calls->bytes(w);
}
