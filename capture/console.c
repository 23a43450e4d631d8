// SPDX-License-Identifier: GPL-2.0-or-later
#include "console.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	LINE_MAX_BYTES = 900,	/* /dev/kmsg takes records below 1 KiB */
	SYSLOG_CONSOLE_LEVEL = 8, /* syslog(2) */
	SHOW_WARNINGS = 5,	/* kernel messages more urgent than this number reach the console */
};

/* A program may write only a few records a second to /dev/kmsg unless this is set (kernel.printk_devkmsg, 4.9). */
static void allow_many_records(void)
{
	KDF_AUTO_CLOSE int fd = open("/proc/sys/kernel/printk_devkmsg", O_WRONLY | O_CLOEXEC);

	/* When it was fixed on the command line, the log misses some of our lines; the console has them all. */
	if (fd >= 0 && write(fd, "on\n", 3) != 3)
		return;
}

void console_open(struct console *c, bool crash_kernel)
{
	c->fd = STDERR_FILENO;
	c->kmsg = -1;
	if (!crash_kernel)
		return;
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		c->fd = fd;
	allow_many_records();
	c->kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	/* Our lines go to the console directly; through kmsg they would show up there a second time. */
	klogctl(SYSLOG_CONSOLE_LEVEL, NULL, SHOW_WARNINGS);
}

void console_close(struct console *c)
{
	if (c->fd >= 0 && c->fd != STDERR_FILENO)
		close(c->fd);
	if (c->kmsg >= 0)
		close(c->kmsg);
	c->fd = c->kmsg = -1;
}

static void put(int fd, const char *text, size_t len)
{
	while (fd >= 0 && len) {
		ssize_t n = write(fd, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

void console_line(struct console *c, const char *fmt, ...)
{
	static const char level[] = "<6>"; /* info */
	char line[LINE_MAX_BYTES];
	size_t head = sizeof(level) - 1;
	va_list ap;

	memcpy(line, level, head);
	memcpy(line + head, "kdx: ", 5);
	va_start(ap, fmt);
	int n = vsnprintf(line + head + 5, sizeof(line) - head - 7, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	size_t len = head + 5 + strlen(line + head + 5);
	line[len] = '\0';
	/* Words from the dead kernel's memory may be in it: no escape sequences to the terminal. */
	for (char *p = line + head; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	/* A record without its newline stays open for more text, and is not to be read until the next one comes. */
	line[len++] = '\n';
	put(c->kmsg, line, len);
	put(c->fd, line + head, len - head);
}
