// SPDX-License-Identifier: GPL-2.0-or-later
/* Mapped windows over a file: every read is right or refused, also from several threads. */
#include "test.h"

#include <pthread.h>

#include "format-fixture.h"
#include "window.h"

static const uint64_t file_size = 40ull * KDF_WINDOW_SIZE + 3 * PAGE + 17;

/* A sparse file with a mark at the beginning of every page of some windows. */
static int make_file(void)
{
	int fd = memfd_create("windows", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)file_size))
		return -1;
	for (uint64_t at = 0; at < file_size; at += 64 * PAGE)
		if (pwrite(fd, &at, sizeof(at), (off_t)at) != sizeof(at))
			return -1;
	return fd;
}

struct reader {
	struct kdf_windows *windows;
	uint64_t seed, wrong, read;
};

static void *read_about(void *arg)
{
	struct reader *r = arg;

	for (int i = 0; i < 20000; i++) {
		uint64_t got = 0;

		/* Runs of reads in one window, then another. */
		if (i % 8 == 0)
			r->seed = r->seed * 6364136223846793005u + 1442695040888963407u;
		uint64_t at =
			(r->seed >> 33) % (file_size / (64 * PAGE) - 4) * 64 * PAGE + (uint64_t)(i % 4) * 64 * PAGE;
		if (!kdf_windows_read(r->windows, at, &got, sizeof(got)))
			continue;
		r->read++;
		r->wrong += got != at;
	}
	return NULL;
}

static void test_threads(int fd)
{
	struct kdf_windows *w = kdf_windows_new(fd, file_size);
	struct reader reader[4];
	pthread_t thread[4];

	for (uint64_t i = 0; i < 4; i++) {
		reader[i] = (struct reader){ w, i + 1, 0, 0 };
		CHECK(!pthread_create(&thread[i], NULL, read_about, &reader[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		CHECK(!reader[i].wrong && reader[i].read);
	}
	kdf_windows_free(w);
}

static void test_places(int fd)
{
	struct kdf_windows *w = kdf_windows_new(fd, file_size);
	char buf[64];
	bool done = false;

	for (int i = 0; i < 10 && !done; i++)
		done = kdf_windows_read(w, 5, buf, sizeof(buf));
	CHECK(done);
	done = false;
	/* Over the border of two windows. */
	for (int i = 0; i < 10 && !done; i++)
		done = kdf_windows_read(w, KDF_WINDOW_SIZE - 10, buf, sizeof(buf));
	CHECK(done);
	/* The last page is not whole, what lies beyond is no file: pread's business. */
	for (int i = 0; i < 10; i++)
		CHECK(!kdf_windows_read(w, file_size - 8, buf, 8));
	CHECK(!kdf_windows_read(w, file_size, buf, 1));
	CHECK(!kdf_windows_read(w, UINT64_MAX - 3, buf, 8));
	CHECK(kdf_windows_read(w, file_size, buf, 0));
	kdf_windows_free(w);
	kdf_windows_free(NULL);
}

/* What cannot be mapped at all is refused every time. */
static void test_refused(void)
{
	int ends[2];
	char buf[8];

	CHECK(!pipe(ends));
	struct kdf_windows *w = kdf_windows_new(ends[0], file_size);
	for (int i = 0; i < 10; i++)
		CHECK(!kdf_windows_read(w, 0, buf, sizeof(buf)));
	kdf_windows_free(w);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	int fd = make_file();

	if (CHECK(fd >= 0)) {
		test_places(fd);
		test_threads(fd);
		close(fd);
	}
	test_refused();
	TEST_END();
}
