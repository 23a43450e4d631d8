// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * truth DIR SHELL_PID: what a dump of this kernel has to show.
 *
 * Writes everything /proc tells into DIR, the slowly changing things first, the quickly
 * changing ones last, makes sure it is on the disk, prints "done" and then sleeps for
 * ever: a process that ended would free its memory and leave the list of tasks, and the
 * crash that follows should find the system as it was described.
 *
 * The quick part runs twice. The first time is a rehearsal: it allocates the buffers and
 * gives the files their blocks, so that the second, which counts, changes next to nothing.
 *
 * Static, one thread: its own footprint in the dump is small and always the same.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PF_KTHREAD 0x00200000ul
#define ROOM (64ul << 20) /* address space of a buffer; only what is used gets memory */

struct buffer {
	char *data;
	size_t used;
};

static int dir_fd;
static int shell_pid;

static void die(const char *what, const char *name)
{
	printf("truth: %s %s: %s\n", what, name, strerror(errno));
	fflush(stdout);
	exit(1);
}

static void buffer_init(struct buffer *b)
{
	b->data = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->data == MAP_FAILED)
		die("no memory for", "a buffer");
	/* huge pages would make the footprint depend on luck */
	madvise(b->data, ROOM, MADV_NOHUGEPAGE);
	b->used = 0;
}

static void put(struct buffer *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(b->data + b->used, ROOM - b->used, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= ROOM - b->used) {
		errno = ENOSPC;
		die("a buffer is too small for", format);
	}
	b->used += (size_t)n;
}

/* A JSON string. Bytes above 0x7f go out as they are; the reader knows. */
static void put_string(struct buffer *b, const char *s, size_t length)
{
	put(b, "\"");
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			put(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			put(b, "\\u%04x", c);
		else
			put(b, "%c", c);
	}
	put(b, "\"");
}

/* Append a whole file; -1 when it cannot be opened or read (then nothing is appended). */
static int slurp(struct buffer *b, const char *path, size_t block)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size_t start = b->used;
	for (;;) {
		if (ROOM - b->used < block) {
			errno = ENOSPC;
			die("a buffer is too small for", path);
		}
		ssize_t n = read(fd, b->data + b->used, block);
		if (n < 0) {
			int e = errno;
			close(fd);
			b->used = start;
			errno = e;
			return -1;
		}
		if (n == 0)
			break;
		b->used += (size_t)n;
	}
	close(fd);
	return 0;
}

/* Overwrites in place: the second writing of a file needs no new blocks or pages. */
static void save(const char *name, const struct buffer *b)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		die("cannot create", name);
	for (size_t done = 0; done < b->used;) {
		ssize_t n = pwrite(fd, b->data + done, b->used - done, (off_t)done);
		if (n < 0)
			die("cannot write", name);
		done += (size_t)n;
	}
	if (ftruncate(fd, (off_t)b->used) || fsync(fd) || close(fd))
		die("cannot write", name);
}

/* ---- the parts that hardly change ---- */

static const struct {
	const char *path, *name;
	int must;
} slow_files[] = {
	{"/proc/kallsyms", "kallsyms", 1},
	{"/proc/cmdline", "cmdline", 1},
	{"/proc/version", "version", 1},
	{"/proc/cpuinfo", "cpuinfo", 1},
	{"/proc/iomem", "iomem", 1},
	{"/proc/ioports", "ioports", 0},
	{"/proc/mounts", "mounts", 1},
	{"/proc/self/mountinfo", "mountinfo", 1},
	{"/proc/filesystems", "filesystems", 0},
	{"/proc/swaps", "swaps", 0},
	{"/proc/locks", "locks", 0},
	{"/proc/devices", "devices", 0},
	{"/proc/interrupts", "interrupts", 0},
	{"/proc/softirqs", "softirqs", 0},
	{"/proc/vmallocinfo", "vmallocinfo", 1},
	{"/proc/timer_list", "timer_list", 0},
	{"/proc/zoneinfo", "zoneinfo", 1},
	{"/proc/buddyinfo", "buddyinfo", 0},
	{"/proc/pagetypeinfo", "pagetypeinfo", 0},
	{"/proc/vmstat", "vmstat", 0},
	{"/proc/cgroups", "cgroups", 0},
	{"/proc/sysvipc/shm", "sysvipc-shm", 1},
	{"/proc/sysvipc/sem", "sysvipc-sem", 1},
	{"/proc/sysvipc/msg", "sysvipc-msg", 1},
	{"/proc/net/tcp", "net-tcp", 1},
	{"/proc/net/tcp6", "net-tcp6", 0},
	{"/proc/net/udp", "net-udp", 1},
	{"/proc/net/udp6", "net-udp6", 0},
	{"/proc/net/unix", "net-unix", 1},
	{"/proc/net/netlink", "net-netlink", 0},
	{"/proc/net/packet", "net-packet", 0},
	{"/proc/net/dev", "net-dev", 1},
	{"/proc/net/route", "net-route", 0},
	{"/sys/kernel/notes", "kernel-notes", 1},
	{"/sys/kernel/vmcoreinfo", "vmcoreinfo-address", 1},
	{"/sys/kernel/kexec_crash_size", "kexec-crash-size", 1},
	{"/sys/devices/system/cpu/online", "cpu-online", 1},
	{"/sys/devices/system/node/online", "node-online", 0},
	{"/run/kdx-vm/actors", "actors.jsonl", 1},
};

/* What each process has open and mapped: large, and the same while nobody wakes up. */
static void processes(struct buffer *b)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char path[600], target[4096];
	if (!proc)
		die("cannot open", "/proc");
	while ((e = readdir(proc))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		static const char *const links[] = {"exe", "cwd", "root"};
		put(b, "{\"pid\":%s", e->d_name);
		for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
			snprintf(path, sizeof path, "/proc/%s/%s", e->d_name, links[i]);
			ssize_t n = readlink(path, target, sizeof target);
			if (n >= 0) {
				put(b, ",\"%s\":", links[i]);
				put_string(b, target, (size_t)n);
			}
		}
		snprintf(path, sizeof path, "/proc/%s/fd", e->d_name);
		DIR *fds = opendir(path);
		if (fds) {
			struct dirent *f;
			int first = 1;
			put(b, ",\"fds\":[");
			while ((f = readdir(fds))) {
				if (!isdigit((unsigned char)f->d_name[0]))
					continue;
				snprintf(path, sizeof path, "/proc/%s/fd/%s", e->d_name, f->d_name);
				ssize_t n = readlink(path, target, sizeof target);
				if (n < 0)
					continue;
				put(b, "%s{\"fd\":%s,\"path\":", first ? "" : ",", f->d_name);
				put_string(b, target, (size_t)n);
				put(b, "}");
				first = 0;
			}
			put(b, "]");
			closedir(fds);
		}
		static const char *const texts[] = {"maps", "status", "cgroup"};
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			static struct buffer text;
			if (!text.data)
				buffer_init(&text);
			text.used = 0;
			snprintf(path, sizeof path, "/proc/%s/%s", e->d_name, texts[i]);
			if (slurp(&text, path, 1 << 16) == 0) {
				put(b, ",\"%s\":", texts[i]);
				put_string(b, text.data, text.used);
			}
		}
		put(b, "}\n");
	}
	closedir(proc);
}

static void slow_part(void)
{
	struct buffer b;
	buffer_init(&b);
	for (size_t i = 0; i < sizeof slow_files / sizeof *slow_files; i++) {
		b.used = 0;
		if (slurp(&b, slow_files[i].path, 1 << 20) < 0) {
			if (slow_files[i].must)
				die("cannot read", slow_files[i].path);
			continue;
		}
		save(slow_files[i].name, &b);
	}
	b.used = 0;
	processes(&b);
	save("processes.jsonl", &b);
	munmap(b.data, ROOM);
}

/* ---- the parts that must be as late as possible ---- */

static void one_task(struct buffer *b, struct buffer *text, const char *pid, const char *tid)
{
	char path[600], comm[64] = "";

	snprintf(path, sizeof path, "/proc/%s/task/%s/stat", pid, tid);
	text->used = 0;
	if (slurp(text, path, 1 << 16) < 0)
		return; /* gone in between */
	text->data[text->used] = 0;
	/* "PID (comm) S ppid ...": the name may hold parentheses and blanks, so look from the end */
	char *tail = strrchr(text->data, ')');
	char state;
	int ppid, cpu;
	unsigned long flags, vsize;
	unsigned long long start;
	long nice, rss;
	if (!tail || sscanf(tail + 1,
			    " %c %d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %ld %*d %*d %llu %lu %ld"
			    " %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d",
			    &state, &ppid, &flags, &nice, &start, &vsize, &rss, &cpu) != 8) {
		errno = EPROTO;
		die("cannot understand", path);
	}

	snprintf(path, sizeof path, "/proc/%s/task/%s/comm", pid, tid);
	size_t mark = text->used;
	if (slurp(text, path, 4096) < 0)
		return;
	size_t n = text->used - mark;
	if (n && text->data[mark + n - 1] == '\n')
		n--;
	if (n > sizeof comm)
		n = sizeof comm;
	memcpy(comm, text->data + mark, n);

	put(b, "{\"pid\":%s,\"tgid\":%s,\"ppid\":%d,\"comm\":", tid, pid, ppid);
	put_string(b, comm, n);
	put(b, ",\"state\":\"%c\",\"kthread\":%s,\"cpu\":%d,\"nice\":%ld,\"starttime\":%llu,\"vsz\":%lu,\"rss\":%ld",
	    state, flags & PF_KTHREAD ? "true" : "false", cpu, nice, start, vsize >> 10, rss);

	struct stat st;
	snprintf(path, sizeof path, "/proc/%s/task/%s", pid, tid);
	if (stat(path, &st) == 0)
		put(b, ",\"uid\":%u", (unsigned)st.st_uid);

	snprintf(path, sizeof path, "/proc/%s/task/%s/cmdline", pid, tid);
	text->used = 0;
	if (slurp(text, path, 1 << 16) == 0) {
		put(b, ",\"cmdline\":");
		put_string(b, text->data, text->used);
	}

	snprintf(path, sizeof path, "/proc/%s/task/%s/stack", pid, tid);
	text->used = 0;
	put(b, ",\"stack\":[");
	if (slurp(text, path, 1 << 16) == 0) {
		text->data[text->used] = 0;
		int first = 1;
		for (char *line = strtok(text->data, "\n"); line; line = strtok(NULL, "\n")) {
			char *name = strchr(line, ' '); /* "[<0>] name+0x1/0x2 [module]" */
			if (!name)
				continue;
			if (!first)
				put(b, ",");
			put_string(b, name + 1, strlen(name + 1));
			first = 0;
		}
	}
	put(b, "]}\n");
}

static void tasks(struct buffer *b)
{
	static struct buffer text;
	DIR *proc = opendir("/proc");
	struct dirent *e, *t;
	if (!proc)
		die("cannot open", "/proc");
	if (!text.data)
		buffer_init(&text);
	while ((e = readdir(proc))) {
		char path[600];
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%s/task", e->d_name);
		DIR *threads = opendir(path);
		if (!threads)
			continue;
		while ((t = readdir(threads)))
			if (isdigit((unsigned char)t->d_name[0]))
				one_task(b, &text, e->d_name, t->d_name);
		closedir(threads);
	}
	closedir(proc);
}

/* The records as /dev/kmsg gives them: "priority,sequence,microseconds,flags;text\n KEY=value\n". */
static void kmsg(struct buffer *b)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die("cannot open", "/dev/kmsg");
	for (;;) {
		ssize_t n = read(fd, b->data + b->used, 1 << 16);
		if (n < 0 && errno == EPIPE)
			continue; /* overwritten while reading: the next one is there */
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			die("cannot read", "/dev/kmsg");
		b->used += (size_t)n;
	}
	close(fd);
}

static void syslog_buffer(struct buffer *b)
{
	int size = klogctl(10 /* size of the buffer */, NULL, 0);
	if (size < 0 || (size_t)size > ROOM)
		die("cannot ask for", "the size of the log");
	int n = klogctl(3 /* read all */, b->data, size);
	if (n < 0)
		die("cannot read", "the log");
	b->used = (size_t)n;
}

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long long symbol(const char *name)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512], got[400], type;
	unsigned long long address, found = 0;
	if (!f)
		die("cannot open", "/proc/kallsyms");
	while (!found && fgets(line, sizeof line, f))
		if (sscanf(line, "%llx %c %399s", &address, &type, got) == 3 && !strcmp(got, name))
			found = address;
	fclose(f);
	return found;
}

static void facts(struct buffer *b, unsigned long long stext)
{
	struct utsname u;
	uname(&u);
	put(b, "{\"release\":");
	put_string(b, u.release, strlen(u.release));
	put(b, ",\"version\":");
	put_string(b, u.version, strlen(u.version));
	put(b, ",\"nodename\":");
	put_string(b, u.nodename, strlen(u.nodename));
	put(b, ",\"machine\":");
	put_string(b, u.machine, strlen(u.machine));
	put(b, ",\"cpus\":%ld,\"page_size\":%ld,\"clock_ticks\":%ld", sysconf(_SC_NPROCESSORS_ONLN),
	    sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK));
	put(b, ",\"stext\":\"0x%llx\",\"truth_pid\":%d,\"shell_pid\":%d", stext, (int)getpid(), shell_pid);
	put(b, ",\"uptime\":%.3f,\"monotonic\":%.3f,\"wall_clock\":%.3f}\n", seconds(CLOCK_BOOTTIME),
	    seconds(CLOCK_MONOTONIC), seconds(CLOCK_REALTIME));
}

enum { MEMINFO, SLABINFO, MODULES, LOADAVG, LOG, RAW, FACTS, TASKS, PAGEFLAGS, PAGECOUNT, QUICK };
static const char *const quick_names[QUICK] = {"meminfo", "slabinfo",   "modules",     "loadavg",    "kmsg",
					       "dmesg",   "facts.json", "tasks.jsonl", "kpageflags", "kpagecount"};

static void quick_part(struct buffer *b, unsigned long long stext)
{
	for (int i = 0; i < QUICK; i++)
		b[i].used = 0;
	/* reads of the last two must be multiples of 8 bytes */
	if (slurp(&b[SLABINFO], "/proc/slabinfo", 1 << 16) < 0 || slurp(&b[MEMINFO], "/proc/meminfo", 1 << 16) < 0 ||
	    slurp(&b[MODULES], "/proc/modules", 1 << 16) < 0 || slurp(&b[LOADAVG], "/proc/loadavg", 1 << 16) < 0)
		die("cannot read", "a file of /proc (meminfo, slabinfo, modules, loadavg)");
	kmsg(&b[LOG]);
	syslog_buffer(&b[RAW]);
	facts(&b[FACTS], stext);
	if (slurp(&b[PAGECOUNT], "/proc/kpagecount", 1 << 16) < 0 ||
	    slurp(&b[PAGEFLAGS], "/proc/kpageflags", 1 << 16) < 0)
		die("cannot read", "/proc/kpageflags or /proc/kpagecount");
	tasks(&b[TASKS]);
	for (int i = 0; i < QUICK; i++)
		save(quick_names[i], &b[i]);
}

int main(int argc, char **argv)
{
	struct buffer b[QUICK];

	if (argc != 3) {
		printf("usage: truth DIR SHELL_PID\n");
		return 1;
	}
	shell_pid = atoi(argv[2]);
	mkdir(argv[1], 0755);
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		die("cannot open", argv[1]);
	unsigned long long stext = symbol("_stext");
	slow_part();
	for (int i = 0; i < QUICK; i++)
		buffer_init(&b[i]);
	quick_part(b, stext);
	quick_part(b, stext);
	fsync(dir_fd);
	printf("done\n");
	fflush(stdout);
	for (;;)
		pause();
}
