/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an open dump consists of, for the files of this folder: struct kdf, and the table through which a file
 * format takes part. A format fills what its file tells (open), answers for single frames (state, read, map, next)
 * and frees its own state (close); everything above is the same for all formats.
 */
#ifndef KDF_DUMP_H
#define KDF_DUMP_H

#include "base/error.h"
#include "kdf.h"
#include "page-cache.h"
#include "ranges.h"
#include "source.h"
#include "vmcoreinfo.h"

struct kdf_machine;

enum { KDF_PROBE_SIZE = 512 };

/* The beginning of a file, zero padded. */
struct kdf_probe {
	uint8_t head[KDF_PROBE_SIZE];
	size_t size; /* real bytes in head */
};

struct kdf_format {
	const char *name;
	/* Recognised by these bytes at that place, or by a function. */
	const char *magic;
	size_t magic_size, magic_at;
	bool (*probe)(const struct kdf_probe *);
	/* NULL: the format is known, but not read; `way_out` says what the user can do. */
	struct kdf_error *(*open)(struct kdf *);
	void (*close)(struct kdf *); /* also after a failed open */
	enum kdf_page_state (*state)(const struct kdf *, uint64_t pfn);
	/* The first frame >= from that may be KDF_PAGE_PRESENT; false: none. */
	bool (*next)(const struct kdf *, uint64_t from, uint64_t *pfn);
	/* Content of a frame that is KDF_PAGE_PRESENT. */
	struct kdf_error *(*read)(struct kdf *, uint64_t pfn, void *buf, bool *zero);
	const uint8_t *(*map)(struct kdf *, uint64_t pfn, uint64_t n);
	const char *way_out;
};

struct kdf {
	struct kdf_info info;
	bool zero_excluded;
	const struct kdf_format *format;
	void *state; /* of the format */
	struct kdf_source **source;
	size_t nsources;

	/* Notes: as in the file, and split. */
	void *notes_raw;
	size_t notes_size;
	struct kdf_note *note;
	size_t nnotes;
	struct kdf_vmcoreinfo vmcoreinfo;

	struct kdf_ranges ram; /* frames */
	struct kdf_segment *segment;
	size_t nsegments;

	struct kdf_page_cache *cache;

	const struct kdf_machine *machine; /* NULL: no translation for it here */
	uint16_t elf_machine;		   /* e_machine, 0 when the format has none */
	uint64_t header_phys_base;	   /* what a kdump sub header says; 0 when nothing */
	struct kdf_layout layout;
	uint64_t text_start, text_end; /* what the tables map of the kernel image; both 0: unknown */
};

/* kdf_open on a descriptor of one file; takes fd over. */
struct kdf_error *kdf_open_fd(int fd, const char *name, const struct kdf_options *, struct kdf **out) KDF_MUST_CHECK;

/* The row that fits the first bytes, NULL when none does. */
const struct kdf_format *kdf_format_find(const struct kdf_probe *);

extern const struct kdf_format kdf_format_elf, kdf_format_kdump, kdf_format_diskdump;

/* A page outside KDF_PAGE_PRESENT as an error that names it. */
struct kdf_error *kdf_page_state_error(const struct kdf *, uint64_t pfn, enum kdf_page_state);

/* Checks and sets info.page_size and page_shift. */
struct kdf_error *kdf_set_page_size(struct kdf *, uint64_t size) KDF_MUST_CHECK;

static inline uint64_t kdf_page_size(const struct kdf *d)
{
	return d->info.page_size;
}

#endif
