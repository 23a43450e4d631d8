// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are no dumps, or dumps that are not read: each gets its own words. */
#include "test.h"

#include <sys/stat.h>

#include "format-fixture.h"

static void refuse_bytes(const void *bytes, size_t n, enum kdf_code code, const char *word)
{
	struct kdf *d;
	struct kdf_error *e = kdf_open_fd(memory_file(bytes, n), "fixture", NULL, &d);

	if (!CHECK(e && strstr(kdf_error_text(e), word) != NULL))
		fprintf(stderr, "wanted '%s' in '%s'\n", word, kdf_error_text(e));
	CHECK_CODE(e, code);
}

static void refuse_path(const char *path, enum kdf_code code, const char *word)
{
	struct kdf *d;
	struct kdf_error *e = kdf_open(&path, 1, NULL, &d);

	if (!CHECK(e && strstr(kdf_error_text(e), word) != NULL))
		fprintf(stderr, "wanted '%s' in '%s'\n", word, kdf_error_text(e));
	CHECK_CODE(e, code);
}

#define REFUSE(bytes, word) refuse_bytes(bytes, sizeof(bytes) - 1, KDF_UNSUPPORTED, word)

static void test_formats(void)
{
	REFUSE("\xed\x23\x8f\x61\x73\x01\x19\xa8....", "LKCD");
	REFUSE("\xa8\x19\x01\x73\x61\x8f\x23\xfd....", "s390");
	REFUSE("sadump\0\0....", "sadump");
	REFUSE("QEVM\0\0\0\3", "dump-guest-memory");
	REFUSE("LibvirtQemudSave\2\0", "dump-guest-memory");
	REFUSE("\xd2\xbe\xd2\xbe\0\0\0\0", "VMware");
	REFUSE("PAGEDU64\0\0", "Windows");
	REFUSE("\x1f\x8b\x08\0\0", "decompress");
	REFUSE("\xfd" "7zXZ\0\0\4", "decompress");
	REFUSE("\x28\xb5\x2f\xfd\0", "decompress");
	REFUSE("BZh91AY\0", "decompress");
	REFUSE("Linux version 6.1.0 (a text)\nwith lines\n", "text file");
	REFUSE("\x01\x02\x03\x04", "no dump format");
	REFUSE("\0", "no dump format");
}

static void test_files(void)
{
	char directory[] = "/tmp/kdx-unit-XXXXXX", fifo[64];
	struct kdf *d;

	refuse_bytes("", 0, KDF_INCOMPLETE, "empty");
	refuse_path("-", KDF_USAGE, "random access");
	refuse_path("/nonexistent/vmcore", KDF_NOT_FOUND, "/nonexistent/vmcore");
	refuse_path("/dev/null", KDF_USAGE, "random access");
	if (CHECK(mkdtemp(directory) != NULL)) {
		refuse_path(directory, KDF_USAGE, "directory");
		snprintf(fifo, sizeof(fifo), "%s/fifo", directory);
		CHECK(!mkfifo(fifo, 0600));
		refuse_path(fifo, KDF_USAGE, "random access");
		unlink(fifo);
		rmdir(directory);
	}
	CHECK_CODE(kdf_open(NULL, 0, NULL, &d), KDF_USAGE);
	kdf_close(NULL);
}

int main(void)
{
	test_formats();
	test_files();
	TEST_END();
}
