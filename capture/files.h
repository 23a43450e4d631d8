/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small files and folders: read whole, write so that a power cut leaves the old or the new text, make folders,
 * build paths. Paths are built into buffers of PATH_MAX bytes; one that does not fit is an error, never cut.
 */
#ifndef KDX_CAPTURE_FILES_H
#define KDX_CAPTURE_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* printf into a path buffer. KDF_LIMIT when it is too long. */
struct kdf_error *path_make(char out[PATH_MAX], const char *fmt, ...) KDF_PRINTF(2, 3) KDF_MUST_CHECK;

/* The whole file as NUL-terminated text, *out is the caller's to free. KDF_LIMIT above `limit` bytes, KDF_CORRUPT
 * when it is no text (NUL bytes): half a configuration must not pass for a whole one. */
struct kdf_error *file_read(const char *path, size_t limit, char **out) KDF_MUST_CHECK;
/* First line without its newline into out; false when the file cannot be read (for sysfs attributes). */
bool file_first_line(const char *path, char *out, size_t cap);
/* A decimal attribute of sysfs or procfs; false when it cannot be read. */
bool file_number(const char *path, uint64_t *out);

/* Writes NAME.new, syncs, renames over path, syncs the folder. */
struct kdf_error *file_write(const char *path, const char *text, mode_t mode) KDF_MUST_CHECK;
/* All n bytes to fd, interrupted writes continued. `name` is for the error text. */
struct kdf_error *write_all(int fd, const void *bytes, size_t n, const char *name) KDF_MUST_CHECK;

/* The folder and its missing parents. Existing ones stay as they are. */
struct kdf_error *make_folders(const char *path, mode_t mode) KDF_MUST_CHECK;
/* Makes a rename or a new entry in the folder survive a power cut. */
struct kdf_error *sync_folder(const char *path) KDF_MUST_CHECK;

/* Cuts text at blanks in place: words[] gets at most max-1 pointers and a NULL; returns their number, or max when
 * there are more. No quoting: kdump.conf has none. */
size_t split_words(char *text, char *words[], size_t max);

/* Looks a program up in PATH's usual folders; an absolute name only has to be executable. KDF_NOT_FOUND. */
struct kdf_error *find_program(const char *name, char out[PATH_MAX]) KDF_MUST_CHECK;

/* "text" with JSON's escapes and quotes. */
void json_text(struct kdf_buf *, const char *text);

#endif
