/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole unit-test framework: CHECK(condition) counts and tells, TEST_END() closes main with the line that
 * tests/run-units adds up. A test program without one CHECK fails.
 */
#ifndef KDX_TEST_H
#define KDX_TEST_H

#include <stdio.h>
#include <string.h>

#include "base/error.h"

static int test_passed, test_failed;

#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
/* Both texts, for a readable failure. */
#define CHECK_TEXT(got, want) test_check_text((got), (want), __FILE__, __LINE__)
/* Success of a call that returns an error; the error's text is shown. Frees it. */
#define CHECK_OK(call) test_check_ok((call), #call, __FILE__, __LINE__)
/* The call must fail with that code. Frees the error. */
#define CHECK_CODE(call, code) test_check_code((call), (code), #call, __FILE__, __LINE__)
#define TEST_END() \
	return printf("%d passed, %d failed\n", test_passed, test_failed), test_failed || !test_passed

static inline int test_check(int ok, const char *what, const char *file, int line)
{
	if (ok)
		test_passed++;
	else {
		test_failed++;
		fprintf(stderr, "%s:%d: FAILED: %s\n", file, line, what);
	}
	return ok;
}

static inline int test_check_text(const char *got, const char *want, const char *file, int line)
{
	int ok = got && want && !strcmp(got, want);

	if (!ok)
		fprintf(stderr, "%s:%d: got \"%s\", wanted \"%s\"\n", file, line, got ? got : "(null)", want ? want : "(null)");
	return test_check(ok, "texts equal", file, line);
}

static inline int test_check_ok(struct kdf_error *e, const char *what, const char *file, int line)
{
	if (e)
		fprintf(stderr, "%s:%d: %s\n", file, line, kdf_error_text(e));
	int ok = test_check(!e, what, file, line);
	kdf_error_free(e);
	return ok;
}

static inline int test_check_code(struct kdf_error *e, enum kdf_code code, const char *what, const char *file, int line)
{
	if (kdf_error_code(e) != code)
		fprintf(stderr, "%s:%d: got %s (%s), wanted %s\n", file, line, kdf_code_name(kdf_error_code(e)),
			kdf_error_text(e), kdf_code_name(code));
	int ok = test_check(kdf_error_code(e) == code, what, file, line);
	kdf_error_free(e);
	return ok;
}

#endif
