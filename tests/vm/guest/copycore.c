// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * copycore: runs in the crash kernel as a kdump_pre hook and copies the whole of
 * /proc/vmcore to a raw disk, /dev/vdb, so that the tests have one dump that no filter has
 * touched.
 *
 * The first MiB of the disk is for the header, "KDXVM1 size=N" padded with zeros, which
 * is written last: a disk without it holds an unfinished copy. The dump follows. Blocks
 * of zeros are left out, because the disk is a new sparse file and reads as zeros.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (256 << 10)
#define DATA_START (1 << 20)

static char block[BLOCK] __attribute__((aligned(4096)));

static void say(const char *format, ...)
{
	char text[300];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	printf("copycore: %s\n", text);
	fflush(stdout);
	/* the second serial port is the harness's own line; the console may be busy */
	int fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		dprintf(fd, "event copycore %s\n", text);
		close(fd);
	}
}

static int is_zero(const char *p, size_t n)
{
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

int main(void)
{
	static const char target[] = "/dev/vdb";
	struct stat st;
	uint64_t done = 0, written = 0;
	int in = open("/proc/vmcore", O_RDONLY | O_CLOEXEC), out = -1;

	/* the disk may need a moment after its driver was loaded */
	for (int i = 0; i < 100 && (out = open(target, O_WRONLY | O_CLOEXEC)) < 0; i++)
		usleep(100000);
	if (in < 0 || out < 0 || fstat(in, &st) < 0) {
		say("FAILED cannot open %s: %s", in < 0 ? "/proc/vmcore" : target, strerror(errno));
		return 1;
	}
	say("start %llu bytes", (unsigned long long)st.st_size);
	for (;;) {
		size_t have = 0;
		while (have < BLOCK) {
			ssize_t n = read(in, block + have, BLOCK - have);
			if (n < 0) {
				say("FAILED /proc/vmcore at offset %llu: %s", (unsigned long long)(done + have),
				    strerror(errno));
				return 1;
			}
			if (n == 0)
				break;
			have += (size_t)n;
		}
		for (size_t at = 0; at < have; at += 4096) {
			size_t n = have - at < 4096 ? have - at : 4096;
			if (is_zero(block + at, n))
				continue;
			size_t end = at + n;
			while (end < have && !is_zero(block + end, have - end < 4096 ? have - end : 4096))
				end += have - end < 4096 ? have - end : 4096;
			if (pwrite(out, block + at, end - at, (off_t)(DATA_START + done + at)) != (ssize_t)(end - at)) {
				say("FAILED %s at offset %llu: %s", target,
				    (unsigned long long)(DATA_START + done + at), strerror(errno));
				return 1;
			}
			written += end - at;
			at = (end + 4095) / 4096 * 4096 - 4096;
		}
		done += have;
		if (have < BLOCK)
			break;
	}
	if (done != (uint64_t)st.st_size) {
		say("FAILED /proc/vmcore ends at %llu of %llu bytes", (unsigned long long)done,
		    (unsigned long long)st.st_size);
		return 1;
	}
	memset(block, 0, 512);
	snprintf(block, 512, "KDXVM1 size=%llu\n", (unsigned long long)done);
	if (fsync(out) || pwrite(out, block, 512, 0) != 512 || fsync(out) || close(out)) {
		say("FAILED %s: %s", target, strerror(errno));
		return 1;
	}
	say("copied %llu bytes, %llu of them not zero", (unsigned long long)done, (unsigned long long)written);
	return 0;
}
