/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors are values. A function that can fail returns `struct kdf_error *`: NULL means success,
 * anything else belongs to the caller, who frees it, returns it, or wraps it in what it was doing.
 * The text of an error reads from the outside in: "cannot open dump 'x': header: bad signature".
 *
 * Thread rule: an error object belongs to one thread at a time; making errors is thread-safe.
 */
#ifndef KDF_ERROR_H
#define KDF_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define KDF_MUST_CHECK __attribute__((warn_unused_result))
#define KDF_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Divided by what the user can do next. The numbers are part of the ABI: only add at the end. */
enum kdf_code {
	KDF_OK = 0,
	KDF_EXCLUDED,	 /* the page is RAM, but the filter left it out: take a dump with a lower level */
	KDF_HOLE,	 /* no RAM there, or the dump never covered it */
	KDF_FAULT,	 /* virtual address is not mapped by the page tables */
	KDF_INCOMPLETE,	 /* the dump was cut short before this was written */
	KDF_CORRUPT,	 /* the bytes contradict the format: a damaged file */
	KDF_UNSUPPORTED, /* recognised, but this build or program does not read it */
	KDF_MISMATCH,	 /* debug info of another kernel */
	KDF_NOMEM,	 /* out of memory */
	KDF_IO,		 /* the system refused; kdf_error_errno() has the reason */
	KDF_NOT_FOUND,	 /* a name, symbol, file, pid... that does not exist */
	KDF_NO_DEBUG,	 /* needs debug info or types that are not there */
	KDF_USAGE,	 /* the words of the call are off */
	KDF_INTERRUPTED, /* Ctrl-C or SIGTERM */
	KDF_NO_SPACE,	 /* target full */
	KDF_LIMIT,	 /* a loop, or a limit that protects from a damaged structure */
	KDF_CODE_MAX
};

struct kdf_error;

/* A new error. Never returns NULL: when memory is out, a static no-memory object stands in. */
struct kdf_error *kdf_err(enum kdf_code code, const char *fmt, ...) KDF_PRINTF(2, 3);

/* The same for a failed system call: code KDF_IO (KDF_NO_SPACE for ENOSPC/EDQUOT/EFBIG, KDF_NOMEM for
 * ENOMEM, KDF_NOT_FOUND for ENOENT), the text ends with the system's words for errnum. */
struct kdf_error *kdf_err_sys(int errnum, const char *fmt, ...) KDF_PRINTF(2, 3);

/* Puts what was being done in front of cause; keeps cause's code and errno; consumes cause. */
struct kdf_error *kdf_err_wrap(struct kdf_error *cause, const char *fmt, ...) KDF_PRINTF(2, 3);

enum kdf_code kdf_error_code(const struct kdf_error *); /* NULL: KDF_OK */
int kdf_error_errno(const struct kdf_error *);		/* 0 where no system call was at fault */
const char *kdf_error_text(const struct kdf_error *);	/* whole chain, one line, lent */
const char *kdf_code_name(enum kdf_code);		/* "excluded", "hole", ...: for JSON and scripts */
void kdf_error_free(struct kdf_error *);		/* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
