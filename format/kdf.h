/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libkdf: a kernel dump, whatever its file. Pages, notes, VMCOREINFO, address translation, the printk log, and
 * the writers.
 *
 *	struct kdf *dump;
 *	const char *path = "vmcore";
 *	struct kdf_error *e = kdf_open(&path, 1, NULL, &dump);
 *	if (!e)
 *		e = kdf_read_virt(dump, address, buffer, sizeof(buffer));
 *
 * Thread rule: once open, every call taking a `const struct kdf *` or documented "any thread" may be used from
 * several threads at once. Nothing prints, nothing exits. Numbers are in the host's byte order, addresses in
 * bytes, page frame numbers (pfn) in units of the dumped kernel's page size. Everything read from the file is
 * hostile: a damaged dump gives an error, never undefined behaviour.
 */
#ifndef KDF_H
#define KDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kdf; /* an open dump */

/* ---- Opening ---- */

struct kdf_options {
	size_t cache_bytes;	    /* memory for decompressed pages; 0: 64 MiB */
	const char *vmcoreinfo_file; /* text used in place of the dump's own; NULL: the dump's own */
	bool zero_excluded;	    /* pages that the filter left out read as zeros instead of KDF_EXCLUDED */
};

/*
 * Opens a dump: one path, or all parts of a split set in any order. "-" is not accepted: a dump needs random
 * access. options may be NULL. Recognised and refused formats (LKCD, sadump, Xen, QEMU savevm, ...) give
 * KDF_UNSUPPORTED naming the format and a way out; text files, directories, empty files a clear error.
 * A truncated or never finished dump opens (info->incomplete) as long as its header area is whole.
 */
struct kdf_error *kdf_open(const char *const paths[], size_t npaths, const struct kdf_options *, struct kdf **out)
	KDF_MUST_CHECK;
void kdf_close(struct kdf *); /* NULL is fine; no page may be pinned any more */

enum { KDF_UTS_LEN = 65 };

struct kdf_info {
	const char *format;	 /* "kdump-compressed", "ELF", "/proc/kcore" */
	const char *machine;	 /* "x86_64", from e_machine or the header's utsname; "" when neither tells */
	const char *compression; /* "zlib", "lzo", "snappy", "zstd", "none": as the header says */
	bool big_endian;
	bool flattened, split, live;
	bool incomplete;	 /* marked so by its writer, or shorter than its tables say */
	int header_version;	 /* kdump-compressed: 1 to 6, else 0 */
	int dump_level;		 /* 0 to 31; -1 when unknown */
	uint32_t page_size, page_shift;
	uint64_t max_pfn;	 /* one beyond the last frame that the dump knows */
	uint64_t ram_pages;	 /* frames that were RAM (first bitmap, or the union of PT_LOADs) */
	uint64_t dumped_pages;	 /* frames that have a place in the dump (second bitmap) */
	uint64_t file_size;	 /* bytes, all parts */
	int64_t crash_time;	 /* seconds since 1970; 0 when unknown */
	unsigned nr_cpus;	 /* what the header or the number of NT_PRSTATUS notes says */
	/* struct new_utsname of the crashed kernel: header, else VMCOREINFO, else read from init_uts_ns, else "" */
	char sysname[KDF_UTS_LEN], nodename[KDF_UTS_LEN], release[KDF_UTS_LEN], version[KDF_UTS_LEN];
	char uts_machine[KDF_UTS_LEN], domainname[KDF_UTS_LEN];
};

const struct kdf_info *kdf_info(const struct kdf *); /* lent until kdf_close */

/* ---- Notes and VMCOREINFO ---- */

struct kdf_note {
	const char *name; /* "CORE", "VMCOREINFO", "QEMU"; NUL-terminated */
	uint32_t type;
	const void *desc;
	size_t size;
};

size_t kdf_note_count(const struct kdf *);
const struct kdf_note *kdf_note(const struct kdf *, size_t i); /* lent; NULL beyond the last */
/* All notes as they stand in the file, for a writer that copies them; lent. */
const void *kdf_notes_raw(const struct kdf *, size_t *size);

/* Whole text, NUL-terminated, NULL when the dump has none. */
const char *kdf_vmcoreinfo(const struct kdf *, size_t *len);
/* Value of a line by its whole key, "OSRELEASE" or "NUMBER(phys_base)"; NULL when absent; lent. */
const char *kdf_vmcoreinfo_value(const struct kdf *, const char *key);
/* Numbers of the four kinds, false when the line is absent or malformed. SYMBOL and KERNELOFFSET are hex,
 * the others signed decimal or 0x (kernel/vmcore_info.c). */
bool kdf_vmcoreinfo_symbol(const struct kdf *, const char *name, uint64_t *address);
bool kdf_vmcoreinfo_number(const struct kdf *, const char *name, int64_t *value);
bool kdf_vmcoreinfo_size(const struct kdf *, const char *name, uint64_t *bytes);
bool kdf_vmcoreinfo_offset(const struct kdf *, const char *struct_dot_member, uint64_t *bytes);
bool kdf_vmcoreinfo_length(const struct kdf *, const char *name, uint64_t *elements);

/* ---- Pages ---- */

enum kdf_page_state {
	KDF_PAGE_PRESENT,    /* has bytes in the dump */
	KDF_PAGE_EXCLUDED,   /* was RAM, left out by the filter */
	KDF_PAGE_HOLE,	     /* not RAM, or not covered by the dump */
	KDF_PAGE_INCOMPLETE, /* belongs in the dump, but the file ends before it */
};

enum kdf_page_state kdf_page_state(const struct kdf *, uint64_t pfn);
/* The first frame >= from that is KDF_PAGE_PRESENT (ram: that was RAM, present or not); false: none left. */
bool kdf_next_page(const struct kdf *, uint64_t from, bool ram, uint64_t *pfn);
/* RAM as ranges of frames, sorted, merged, half open. */
size_t kdf_ram_range_count(const struct kdf *);
bool kdf_ram_range(const struct kdf *, size_t i, uint64_t *first_pfn, uint64_t *end_pfn);

/* ELF program headers as they are (PT_LOAD only); none in kdump-compressed files. */
struct kdf_segment {
	uint64_t virt, phys, file_offset, file_size, mem_size;
};
size_t kdf_segment_count(const struct kdf *);
const struct kdf_segment *kdf_segment(const struct kdf *, size_t i);

/* A pinned page: page_size bytes that stay valid and unchanged until kdf_page_put. No copy is made. */
struct kdf_page {
	const uint8_t *data;
	uint64_t pfn;
	void *slot;
};
/* Any thread. KDF_EXCLUDED, KDF_HOLE, KDF_INCOMPLETE or KDF_CORRUPT name the frame and the file offset. */
struct kdf_error *kdf_page_get(struct kdf *, uint64_t pfn, struct kdf_page *out) KDF_MUST_CHECK;
void kdf_page_put(struct kdf *, struct kdf_page *);

/*
 * Streaming read for filters: the content of frame pfn into buf (page_size bytes) past the cache, any thread.
 * *zero (may be NULL) is set when the dump itself says that the page is all zeros.
 */
struct kdf_error *kdf_page_read(struct kdf *, uint64_t pfn, void *buf, bool *zero) KDF_MUST_CHECK;
/* Bytes of frames [pfn, pfn+n) straight out of a mapped file when they lie there uncompressed and in one piece
 * (ELF); NULL when they do not. Lent until kdf_close. */
const uint8_t *kdf_pages_mapped(struct kdf *, uint64_t pfn, uint64_t n);

/* ---- Memory ---- */

/* Any thread. len may cross pages. On error buf holds what could be read up to the first unreadable byte. */
struct kdf_error *kdf_read_phys(struct kdf *, uint64_t phys, void *buf, size_t len) KDF_MUST_CHECK;
/* Kernel virtual address, by the kernel's own page tables. */
struct kdf_error *kdf_read_virt(struct kdf *, uint64_t virt, void *buf, size_t len) KDF_MUST_CHECK;
/* Virtual address under any top-level table (a task's mm->pgd, physical address). */
struct kdf_error *kdf_read_virt_pgd(struct kdf *, uint64_t pgd_phys, uint64_t virt, void *buf, size_t len)
	KDF_MUST_CHECK;

/* ---- Address translation ---- */

struct kdf_walk_step {
	const char *level;	  /* "PGD", "P4D", "PUD", "PMD", "PTE" */
	uint64_t entry_phys;	  /* where the entry lies */
	uint64_t entry;		  /* its raw value */
};

struct kdf_walk {
	struct kdf_walk_step step[5];
	unsigned nsteps;
	bool present;
	uint64_t phys;	    /* of the address itself; valid when present */
	uint64_t page_size; /* 4 KiB, 2 MiB, 1 GiB: of the mapping */
	uint64_t flags;	    /* last entry without its frame bits */
};

#define KDF_KERNEL_PGD UINT64_MAX /* the kernel's own top-level table */

/* Walks the page tables. Not mapped is KDF_FAULT, with the steps so far in *walk (a swapped-out user page keeps
 * its raw entry in the last step). Any thread. */
struct kdf_error *kdf_walk(struct kdf *, uint64_t pgd_phys, uint64_t virt, struct kdf_walk *walk) KDF_MUST_CHECK;
/* The short way: text and direct map by arithmetic, the rest by walking. Any thread. */
struct kdf_error *kdf_virt_to_phys(struct kdf *, uint64_t virt, uint64_t *phys) KDF_MUST_CHECK;

/* What is known of the kernel's address space; fields that are unknown are 0 with their bit unset in `known`. */
struct kdf_layout {
	unsigned known; /* enum kdf_layout_bits */
	unsigned levels; /* page-table levels: 4 or 5 on x86_64 */
	uint64_t kaslr_offset;	 /* run-time minus link-time address of kernel text */
	uint64_t phys_base;	 /* x86_64: physical = virtual - start_kernel_map + phys_base (two's complement) */
	uint64_t start_kernel_map, kernel_image_size;
	uint64_t page_offset;	 /* virtual address of physical 0 in the direct map */
	uint64_t vmemmap_base, vmalloc_base;
	uint64_t pgd_phys;	 /* the kernel's top-level table */
	uint64_t sme_mask;
	unsigned virtual_bits;	 /* 48 or 57 */
};
enum kdf_layout_bits {
	KDF_KNOWS_KASLR = 1, KDF_KNOWS_PHYS_BASE = 2, KDF_KNOWS_PAGE_OFFSET = 4, KDF_KNOWS_VMEMMAP = 8,
	KDF_KNOWS_VMALLOC = 16, KDF_KNOWS_PGD = 32,
};
const struct kdf_layout *kdf_layout(const struct kdf *);
/* For dumps without VMCOREINFO: what the analyzer found out (from vmlinux, kallsyms). Before other threads run. */
void kdf_set_layout(struct kdf *, const struct kdf_layout *);

/* ---- printk log (VMCOREINFO alone; 5.10 and newer: struct printk_ringbuffer) ---- */

struct kdf_log_record {
	uint64_t seq, ts_nsec;
	uint32_t caller_id; /* bit 31: a CPU, else a thread id */
	bool has_caller;
	uint8_t facility, level, flags;
	const char *text; /* not NUL-terminated, may hold '\n'; lent during the call */
	size_t text_len;
	const char *subsystem, *device; /* "" when there is none */
};
typedef struct kdf_error *kdf_log_fn(void *arg, const struct kdf_log_record *);

/* Calls fn for each record, oldest first; stops at fn's error and returns it. Records that cannot be read are
 * counted in *lost (may be NULL). partial: only what came after the last `dmesg -c` (clear_seq). */
struct kdf_error *kdf_log_walk(struct kdf *, bool partial, kdf_log_fn *fn, void *arg, uint64_t *lost) KDF_MUST_CHECK;

/* ---- Codecs ---- */

struct kdf_codec {
	const char *name;	/* "zlib", "lzo", "snappy", "zstd" */
	char letter;		/* makedumpfile's option letter */
	uint32_t flag;		/* page and header flag of the kdump-compressed format */
	int default_level, min_level, max_level; /* all 0: no levels */
	/* Working memory for one thread, NULL with *out when none is needed. */
	struct kdf_error *(*open)(int level, void **work);
	void (*close)(void *work);
	/* Worst case of compressed size for n bytes. */
	size_t (*bound)(size_t n);
	/* Compresses n bytes to out (cap bytes); returns the size, 0 when it did not fit in cap. */
	size_t (*compress)(void *work, const void *in, size_t n, void *out, size_t cap);
	/* Exactly n bytes must come out; false: damaged. Needs no work memory; any thread. */
	bool (*decompress)(const void *in, size_t size, void *out, size_t n);
};

size_t kdf_codec_count(void);
const struct kdf_codec *kdf_codec_at(size_t i);
const struct kdf_codec *kdf_codec_by_name(const char *name);	/* NULL: unknown or not in this build */
const struct kdf_codec *kdf_codec_by_letter(char letter);
const struct kdf_codec *kdf_codec_by_flag(uint32_t flag);
const char *kdf_features(void); /* "zlib lzo zstd -snappy": for --version */

/* ---- Writing kdump-compressed files (version 6) ---- */

struct kdf_writer;

struct kdf_writer_head {
	const char (*uts)[KDF_UTS_LEN]; /* 6 strings: sysname nodename release version machine domainname */
	int64_t crash_time;
	uint32_t page_size;
	uint64_t max_pfn;
	uint64_t phys_base;
	int dump_level;
	unsigned nr_cpus;
	uint32_t compression;	 /* header status flag of the codec, 0: none */
	const void *notes;	 /* raw notes, copied in; the VMCOREINFO text is found inside them */
	size_t notes_size;
	const uint8_t *ram;	 /* bitmap 1: bit pfn&7 of byte pfn>>3, (max_pfn+7)/8 bytes; lent until finish */
	const uint8_t *dumped;	 /* bitmap 2: the pages that will be written; lent until finish */
	bool share_zero_page;	 /* level & 1: one stored page of zeros stands for all of them */
};

/*
 * Begins a file on fd (seekable, empty, open for writing; stays the caller's). The header says "incomplete"
 * until kdf_writer_finish. Pages are then given in any order, each once; one thread at a time.
 */
struct kdf_error *kdf_writer_open(int fd, const struct kdf_writer_head *, struct kdf_writer **out) KDF_MUST_CHECK;
/* size bytes as stored; flags: the codec's flag, or 0 for a raw page of page_size bytes. */
struct kdf_error *kdf_writer_page(struct kdf_writer *, uint64_t pfn, const void *data, size_t size, uint32_t flags)
	KDF_MUST_CHECK;
struct kdf_error *kdf_writer_zero_page(struct kdf_writer *, uint64_t pfn) KDF_MUST_CHECK;
/* Writes what is buffered, syncs, and clears the incomplete mark when complete is true and every page of the
 * second bitmap was given (else KDF_INCOMPLETE). Frees the writer in every case. */
struct kdf_error *kdf_writer_finish(struct kdf_writer *, bool complete) KDF_MUST_CHECK;
uint64_t kdf_writer_bytes(const struct kdf_writer *); /* written so far */

/* ---- Writing in any output format ---- */

struct kdf_writer_format {
	const char *name;	 /* "kdump", "elf", "kdump-flat", "elf-flat" */
	const char *description;
	bool compresses;	 /* takes pages in a codec's form */
	bool flattened;		 /* a stream of records: needs no seeking, for pipes */
};

size_t kdf_writer_format_count(void);
const struct kdf_writer_format *kdf_writer_format_at(size_t i);		     /* NULL beyond the last */
const struct kdf_writer_format *kdf_writer_format_by_name(const char *name); /* NULL: unknown */

struct kdf_writer_how {
	const char *format; /* NULL: "kdump" */
	bool discard;	    /* nothing is written, bytes are only counted; fd is not looked at */
	uint64_t limit;	    /* a full disk at that many bytes; 0: none */
	/* kdump formats: one part of a split set, frames [start_pfn, end_pfn). Both bitmaps are those of the set. */
	bool split;
	uint64_t start_pfn, end_pfn;
	/* ELF: what becomes a PT_LOAD, see kdf_writer_segments(); lent until finish. */
	const struct kdf_segment *segment;
	size_t nsegments;
	const char *machine; /* as kdf_info()->machine */
};

/* As kdf_writer_open. In ELF a frame that is a hole of the RAM ranges is not there; runs of 256 and more frames that
 * are not dumped are left out of the file, shorter ones are zeros. */
struct kdf_error *kdf_writer_open_as(int fd, const struct kdf_writer_head *, const struct kdf_writer_how *,
				     struct kdf_writer **out) KDF_MUST_CHECK;
/* The PT_LOADs that an ELF file of this dump has: its own, else the kernel image and the RAM ranges. The caller frees
 * *out. */
struct kdf_error *kdf_writer_segments(const struct kdf *, struct kdf_segment **out, size_t *n) KDF_MUST_CHECK;

/* ---- Pages in the form in which they are stored (kdump-compressed) ---- */

struct kdf_stored;

struct kdf_stored_page {
	uint64_t offset; /* in the file (the content of a flattened one); the same for pages that share */
	uint32_t size, flags;
	unsigned part;	 /* number of the path given to kdf_open */
};

/* KDF_UNSUPPORTED for dumps of other formats. The dump must stay open. */
struct kdf_error *kdf_stored_open(struct kdf *, struct kdf_stored **out) KDF_MUST_CHECK;
void kdf_stored_close(struct kdf_stored *); /* NULL is fine */
/* Where and how a frame is stored; KDF_INCOMPLETE, KDF_HOLE, KDF_EXCLUDED as kdf_page_get. What stands there is not
 * looked at. One thread at a time. */
struct kdf_error *kdf_stored_find(struct kdf_stored *, uint64_t pfn, struct kdf_stored_page *out) KDF_MUST_CHECK;
/* The bytes, page.size of them; KDF_CORRUPT when that is more than a page. */
struct kdf_error *kdf_stored_read(struct kdf_stored *, const struct kdf_stored_page *, void *buf) KDF_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
