/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a command says: records of named fields, once, for people and for programs. In text mode each call prints
 * its printf text (crash's layout); in JSON mode the text is ignored and the value goes under its name into one
 * object a record, one line each. So the two cannot drift.
 *
 *	kdx_record(out);				JSON: {
 *	kdx_int(out, "pid", pid, "%7d", pid);		"pid":1,
 *	kdx_hex(out, "task", kva, "  %016lx", kva);	"task":"0xffff888003a68000",
 *	kdx_str(out, "comm", comm, "  %s", comm);	"comm":"systemd"
 *	kdx_text(out, "\n");				(text only)
 *	kdx_record_end(out);				}\n
 *
 * Arrays nest: kdx_array(out, "frames"), then kdx_object(out, NULL) ... kdx_object_end(out) for each, then
 * kdx_array_end(out). A NULL fmt prints nothing in text mode. Addresses are JSON strings "0x..." (a double
 * cannot hold 64 bits). Text from the dump is untrusted: in text mode control characters other than '\n' and
 * '\t' that came through kdx_raw_text() are shown escaped; JSON strings are escaped and invalid UTF-8 replaced.
 *
 * Writing errors (full disk) are remembered and returned by kdx_out_close; a closed pipe ends output quietly.
 */
#ifndef KDX_OUTPUT_H
#define KDX_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct kdx_out;

struct kdf_error *kdx_out_new(FILE *to, bool json, struct kdx_out **out) KDF_MUST_CHECK; /* `to` stays the caller's */
struct kdf_error *kdx_out_close(struct kdx_out *) KDF_MUST_CHECK; /* flushes; frees */
bool kdx_out_json(const struct kdx_out *);
bool kdx_out_stopped(const struct kdx_out *); /* the reader closed the pipe, or the disk is full: stop walking */
FILE *kdx_out_stream(struct kdx_out *);

/* A top-level record. kind names it in JSON ("record":"task") where a command has several kinds; NULL: none. */
void kdx_record(struct kdx_out *);
void kdx_record_kind(struct kdx_out *, const char *kind);
void kdx_record_end(struct kdx_out *);
void kdx_object(struct kdx_out *, const char *name); /* name NULL inside an array */
void kdx_object_end(struct kdx_out *);
void kdx_array(struct kdx_out *, const char *name);
void kdx_array_end(struct kdx_out *);

void kdx_int(struct kdx_out *, const char *name, int64_t v, const char *fmt, ...) KDF_PRINTF(4, 5);
void kdx_uint(struct kdx_out *, const char *name, uint64_t v, const char *fmt, ...) KDF_PRINTF(4, 5);
void kdx_hex(struct kdx_out *, const char *name, uint64_t v, const char *fmt, ...) KDF_PRINTF(4, 5);
void kdx_double(struct kdx_out *, const char *name, double v, const char *fmt, ...) KDF_PRINTF(4, 5);
void kdx_bool(struct kdx_out *, const char *name, bool v, const char *fmt, ...) KDF_PRINTF(4, 5);
void kdx_str(struct kdx_out *, const char *name, const char *v, const char *fmt, ...) KDF_PRINTF(4, 5);
/* len bytes that came out of the dump, in text mode printed escaped, with nothing around. */
void kdx_raw_text(struct kdx_out *, const char *name, const char *bytes, size_t len);
void kdx_null(struct kdx_out *, const char *name, const char *fmt, ...) KDF_PRINTF(3, 4);
/* Text mode only: headings, separators, new lines. */
void kdx_text(struct kdx_out *, const char *fmt, ...) KDF_PRINTF(2, 3);
/* Something that could not be read: a text line "(reason)", in JSON an object {"error":code,"text":...}.
 * Consumes the error. */
void kdx_problem(struct kdx_out *, const char *what, struct kdf_error *);

#endif
