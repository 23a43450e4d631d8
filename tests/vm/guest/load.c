// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load: the workload. A family of processes that each hold a known example of something a
 * dump has to show: kinds of open files, sockets, IPC objects, memory, and task states.
 *
 * Each actor sets itself up, writes one JSON line about what it holds to
 * /run/kdx-vm/actors, reports to the parent through a pipe and then keeps still. When all
 * have, the parent creates /run/kdx-vm/ready. An actor that cannot get what it wants
 * writes why to /run/kdx-vm/failed, and the run is stopped: a test must not pass because
 * what it looks for was never there.
 *
 * Everything named starts with "kdx-"; patterns in memory and files start with "KDXVM-".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUN "/run/kdx-vm"
#define VAR "/var/lib/kdx-vm/load"
#define MIB (1ul << 20)

static const char *self = "load";
static int report_pipe[2];

static void append(const char *file, const char *text, size_t n)
{
	/* for all to write: not every actor stays root */
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		_exit(2);
	close(fd);
}

/* One line about this actor; the text is the inside of a JSON object, or empty. */
static void holds(const char *format, ...)
{
	char text[2000];
	va_list args;
	int n = snprintf(text, sizeof text, "{\"actor\":\"%s\",\"pid\":%d", self, (int)getpid());
	va_start(args, format);
	if (*format) {
		text[n++] = ',';
		n += vsnprintf(text + n, sizeof text - (size_t)n, format, args);
	}
	va_end(args);
	n += snprintf(text + n, sizeof text - (size_t)n, "}\n");
	append(RUN "/actors", text, (size_t)n);
}

static void failed(const char *what)
{
	char text[500];
	int n = snprintf(text, sizeof text, "%s: %s: %s\n", self, what, strerror(errno));
	append(RUN "/failed", text, (size_t)n);
	_exit(1);
}

/* The value of a call that must not fail. */
#define NEED(call)                                                                                                     \
	({                                                                                                             \
		long value_ = (long)(call);                                                                            \
		if (value_ < 0)                                                                                        \
			failed(#call);                                                                                 \
		value_;                                                                                                \
	})

static void ready(void)
{
	if (write(report_pipe[1], "+", 1) != 1)
		_exit(2);
}

static void still(void)
{
	for (;;)
		pause();
}

static char *memory(size_t size, int flags)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
	if (p == MAP_FAILED)
		failed("mmap");
	return p;
}

/* Fill with 64-byte lines "NAME offset", so that any piece of it says what it is. */
static void pattern(char *p, size_t size, const char *name)
{
	for (size_t at = 0; at + 64 <= size; at += 64) {
		memset(p + at, '.', 63);
		int n = snprintf(p + at, 64, "%s-%012zx", name, at);
		p[at + (size_t)n] = '.';
		p[at + 63] = '\n';
	}
}

/* ---- threads ---- */

static pthread_mutex_t locked = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_there;

static void *thread(void *arg)
{
	long number = (long)arg;
	char name[16];
	snprintf(name, sizeof name, "kdx-thread-%02ld", number);
	prctl(PR_SET_NAME, name);
	pthread_barrier_wait(&all_there);
	switch (number % 4) {
	case 0:
		pthread_mutex_lock(&locked); /* futex_wait */
		break;
	case 1:
		for (;;)
			sleep(100000); /* hrtimer_nanosleep */
	case 2:
		poll(NULL, 0, -1);
		break;
	}
	still();
	return NULL;
}

static void threads(void)
{
	pthread_attr_t attr;
	pthread_t t;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 16);
	pthread_mutex_lock(&locked);
	pthread_barrier_init(&all_there, NULL, 13);
	for (long i = 0; i < 12; i++) {
		errno = pthread_create(&t, &attr, thread, (void *)i);
		if (errno)
			failed("pthread_create");
	}
	pthread_barrier_wait(&all_there);
	holds("\"threads\":13,\"names\":\"kdx-thread-00 to -11\"");
	ready();
}

/* ---- open files ---- */

static void files(void)
{
	int pipes[2], fd;
	char path[100], text[200];

	for (int i = 0; i < 10; i++) {
		snprintf(path, sizeof path, VAR "/file-%02d", i);
		fd = (int)NEED(open(path, O_RDWR | O_CREAT, 0600));
		int n = snprintf(text, sizeof text, "KDXVM-FILE-%02d\n", i);
		NEED(pwrite(fd, text, (size_t)n, i * 1000));
		NEED(lseek(fd, i * 10, SEEK_SET));
	}
	int gone = (int)NEED(open(VAR "/gone", O_RDWR | O_CREAT, 0600));
	NEED(write(gone, "KDXVM-DELETED", 13));
	NEED(unlink(VAR "/gone"));
	int folder = (int)NEED(open(VAR, O_RDONLY | O_DIRECTORY));
	NEED(open("/dev/null", O_RDWR));
	NEED(open("/proc/self/status", O_RDONLY));
	NEED(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY));
	NEED(mkfifo(VAR "/fifo", 0600));
	int fifo = (int)NEED(open(VAR "/fifo", O_RDWR | O_NONBLOCK));
	NEED(pipe(pipes));
	NEED(write(pipes[1], "KDXVM-PIPE", 10));
	int event = (int)NEED(eventfd(77, 0));
	int notify = (int)NEED(inotify_init1(0));
	NEED(inotify_add_watch(notify, VAR, IN_CREATE | IN_DELETE));
	int timer = (int)NEED(timerfd_create(CLOCK_MONOTONIC, 0));
	struct itimerspec far = {.it_interval = {1000, 0}, .it_value = {200000, 0}};
	NEED(timerfd_settime(timer, 0, &far, NULL));
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int signals = (int)NEED(signalfd(-1, &set, 0));
	int poller = (int)NEED(epoll_create1(0));
	struct epoll_event want = {.events = EPOLLOUT | EPOLLET, .data.u64 = 0x77};
	NEED(epoll_ctl(poller, EPOLL_CTL_ADD, event, &want));
	int memfd = (int)NEED(memfd_create("kdx-memfd", MFD_ALLOW_SEALING));
	NEED(ftruncate(memfd, 300000));
	NEED(pwrite(memfd, "KDXVM-MEMFD", 11, 4096));
	int pidfd = (int)NEED(syscall(SYS_pidfd_open, getppid(), 0));
	fd = (int)NEED(open(VAR "/file-05", O_RDWR));
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
	NEED(fcntl(fd, F_SETLK, &lock));
	NEED(flock(gone, LOCK_EX));
	int high = (int)NEED(fcntl(fd, F_DUPFD, 700));
	NEED(chdir(VAR));
	holds("\"deleted\":%d,\"directory\":%d,\"fifo\":%d,\"pipe\":[%d,%d],\"eventfd\":%d,\"inotify\":%d,\"timerfd\":%"
	      "d,"
	      "\"signalfd\":%d,\"epoll\":%d,\"memfd\":%d,\"pidfd\":%d,\"locked\":%d,\"high\":%d",
	      gone, folder, fifo, pipes[0], pipes[1], event, notify, timer, signals, poller, memfd, pidfd, fd, high);
	ready();
}

/* ---- sockets ---- */

static void tcp(void)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(7001), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(7002), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int listen4 = (int)NEED(socket(AF_INET, SOCK_STREAM, 0)), listen6 = (int)NEED(socket(AF_INET6, SOCK_STREAM, 0));
	int half_closed = -1;

	NEED(bind(listen4, (struct sockaddr *)&v4, sizeof v4));
	NEED(listen(listen4, 16));
	NEED(bind(listen6, (struct sockaddr *)&v6, sizeof v6));
	NEED(listen(listen6, 16));
	for (int i = 0; i < 4; i++) {
		int client = (int)NEED(socket(AF_INET, SOCK_STREAM, 0));
		NEED(connect(client, (struct sockaddr *)&v4, sizeof v4));
		NEED(accept(listen4, NULL, NULL));
		NEED(write(client, "KDXVM-TCP-UNREAD", 16));
		if (i == 3) {
			NEED(shutdown(client, SHUT_WR)); /* FIN_WAIT2 here, CLOSE_WAIT there */
			half_closed = client;
		}
	}
	int client6 = (int)NEED(socket(AF_INET6, SOCK_STREAM, 0));
	NEED(connect(client6, (struct sockaddr *)&v6, sizeof v6));
	NEED(accept(listen6, NULL, NULL));
	holds("\"listen\":[\"127.0.0.1:7001\",\"[::1]:7002\"],\"listen_fds\":[%d,%d],\"connections\":5,\"half_closed\":"
	      "%d",
	      listen4, listen6, half_closed);
	ready();
}

static void udp(void)
{
	struct sockaddr_in v4 = {
		.sin_family = AF_INET, .sin_port = htons(7003), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int server = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0)), client = (int)NEED(socket(AF_INET, SOCK_DGRAM, 0));
	NEED(bind(server, (struct sockaddr *)&v4, sizeof v4));
	NEED(connect(client, (struct sockaddr *)&v4, sizeof v4));
	NEED(send(client, "KDXVM-UDP-QUEUED", 16, 0));
	int raw = (int)NEED(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)),
	    netlink = (int)NEED(socket(AF_NETLINK, SOCK_RAW, 0));
	holds("\"bound\":\"127.0.0.1:7003\",\"server\":%d,\"client\":%d,\"raw\":%d,\"netlink\":%d", server, client, raw,
	      netlink);
	ready();
}

static void unix_sockets(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = RUN "/stream.socket"};
	int server = (int)NEED(socket(AF_UNIX, SOCK_STREAM, 0)), client = (int)NEED(socket(AF_UNIX, SOCK_STREAM, 0)),
	    pair[2];
	NEED(bind(server, (struct sockaddr *)&name, sizeof name));
	NEED(listen(server, 5));
	NEED(connect(client, (struct sockaddr *)&name, sizeof name));
	NEED(accept(server, NULL, NULL));
	int datagram = (int)NEED(socket(AF_UNIX, SOCK_DGRAM, 0));
	strcpy(name.sun_path, RUN "/datagram.socket");
	NEED(bind(datagram, (struct sockaddr *)&name, sizeof name));
	int abstract = (int)NEED(socket(AF_UNIX, SOCK_SEQPACKET, 0));
	memcpy(name.sun_path, "\0kdx-abstract", 13);
	NEED(bind(abstract, (struct sockaddr *)&name, sizeof(sa_family_t) + 13));
	NEED(listen(abstract, 1));
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	NEED(write(pair[0], "KDXVM-UNIX-UNREAD", 17));
	holds("\"stream\":%d,\"datagram\":%d,\"abstract\":%d,\"pair\":[%d,%d]", server, datagram, abstract, pair[0],
	      pair[1]);
	ready();
}

/* ---- System V and POSIX IPC ---- */

static pid_t child(const char *name)
{
	pid_t pid = (pid_t)NEED(fork());
	if (pid == 0)
		prctl(PR_SET_NAME, name);
	return pid;
}

static void ipc(void)
{
	struct {
		long type;
		char text[200];
	} message = {5, "KDXVM-SYSV-MSG"};
	int segment = (int)NEED(shmget(0x4b445801, MIB, IPC_CREAT | 0600));
	char *at = shmat(segment, NULL, 0);
	if (at == (char *)-1)
		failed("shmat");
	pattern(at, MIB, "KDXVM-SYSV-SHM");
	int queue = (int)NEED(msgget(0x4b445802, IPC_CREAT | 0600));
	for (int i = 1; i <= 3; i++) {
		message.type = i;
		NEED(msgsnd(queue, &message, (size_t)(20 + 40 * i), 0));
	}
	int sems = (int)NEED(semget(0x4b445803, 4, IPC_CREAT | 0600));
	NEED(semctl(sems, 0, SETVAL, 3));
	struct mq_attr attr = {.mq_maxmsg = 8, .mq_msgsize = 128};
	mqd_t mq = (mqd_t)NEED(mq_open("/kdx-mq", O_CREAT | O_RDWR, 0600, &attr));
	NEED(mq_send(mq, "KDXVM-POSIX-MQ", 14, 9));
	int shm = (int)NEED(shm_open("/kdx-shm", O_CREAT | O_RDWR, 0600));
	NEED(ftruncate(shm, 65536));
	NEED(pwrite(shm, "KDXVM-POSIX-SHM", 15, 0));
	pid_t on_sem = child("kdx-sem-wait");
	if (on_sem == 0) {
		struct sembuf down = {1, -1, SEM_UNDO};
		semop(sems, &down, 1);
		still();
	}
	pid_t on_msg = child("kdx-msg-wait");
	if (on_msg == 0) {
		msgrcv(queue, &message, sizeof message.text, 99, 0);
		still();
	}
	holds("\"shm\":%d,\"msg\":%d,\"sem\":%d,\"mq\":\"/kdx-mq\",\"posix_shm\":\"/"
	      "kdx-shm\",\"sem_waiter\":%d,\"msg_waiter\":%d",
	      segment, queue, sems, (int)on_sem, (int)on_msg);
	ready();
}

/* ---- memory ---- */

static void anonymous(void)
{
	size_t size = 24 * MIB, zeros = 8 * MIB, noise = 8 * MIB;
	char *p = memory(size, 0), *z = memory(zeros, 0);
	uint64_t *r = (uint64_t *)memory(noise, 0), x = 88172645463325252ull;
	madvise(p, size, MADV_NOHUGEPAGE);
	madvise(z, zeros, MADV_NOHUGEPAGE);
	madvise(r, noise, MADV_NOHUGEPAGE);
	pattern(p, size, "KDXVM-ANON");
	for (size_t i = 0; i < zeros; i += 4096) {
		z[i] = 1;
		z[i] = 0;
	}
	for (size_t i = 0; i < noise / 8; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		r[i] = x;
	}
	holds("\"pattern\":\"%p\",\"pattern_size\":%zu,\"zeros\":\"%p\",\"zeros_size\":%zu,\"noise\":\"%p\",\"noise_"
	      "size\":%zu",
	      (void *)p, size, (void *)z, zeros, (void *)r, noise);
	ready();
}

static void huge_transparent(void)
{
	size_t size = 8 * MIB;
	char *p = memory(size + 2 * MIB, 0);
	p = (char *)(((uintptr_t)p + 2 * MIB - 1) & ~(uintptr_t)(2 * MIB - 1));
	NEED(madvise(p, size, MADV_HUGEPAGE));
	pattern(p, size, "KDXVM-THP");
	holds("\"memory\":\"%p\",\"size\":%zu", (void *)p, size);
	ready();
}

static void huge_tlb(void)
{
	size_t size = 8 * MIB;
	char *p = memory(size, MAP_HUGETLB);
	pattern(p, size, "KDXVM-HUGETLB");
	holds("\"memory\":\"%p\",\"size\":%zu", (void *)p, size);
	ready();
}

static void mapped(void)
{
	size_t size = 4 * MIB;
	int fd = (int)NEED(open(VAR "/mapped", O_RDWR | O_CREAT, 0600));
	NEED(ftruncate(fd, (off_t)size));
	char *file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *shared = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (file == MAP_FAILED || shared == MAP_FAILED)
		failed("mmap");
	pattern(file, size, "KDXVM-MAPPED");
	NEED(msync(file, size, MS_SYNC));
	pattern(shared, MIB, "KDXVM-SHARED");
	NEED(mlock(shared, MIB / 2));
	holds("\"file\":\"%p\",\"file_size\":%zu,\"shared\":\"%p\"", (void *)file, size, (void *)shared);
	ready();
}

/* The page cache of a file on disk, and data in a tmpfs. */
static void cache(void)
{
	size_t size = 24 * MIB;
	char *p = memory(MIB, 0);
	int fd = (int)NEED(open(VAR "/cache", O_RDWR | O_CREAT, 0600)),
	    tmp = (int)NEED(open("/mnt/kdx-tmp/data", O_RDWR | O_CREAT, 0600));
	pattern(p, MIB, "KDXVM-CACHE");
	for (size_t at = 0; at < size; at += MIB)
		NEED(pwrite(fd, p, MIB, (off_t)at));
	NEED(fsync(fd));
	pattern(p, MIB, "KDXVM-TMPFS");
	for (size_t at = 0; at < 6 * MIB; at += MIB)
		NEED(pwrite(tmp, p, MIB, (off_t)at));
	munmap(p, MIB);
	holds("\"cached\":\"" VAR "/cache\",\"cached_size\":%zu,\"tmpfs\":\"/mnt/kdx-tmp/data\",\"tmpfs_size\":%lu",
	      size, 6 * MIB);
	ready();
}

/* ---- task states ---- */

static void stopped(void)
{
	holds("\"state\":\"T\"");
	ready();
	raise(SIGSTOP);
}

static void tracer(void)
{
	pid_t pid = child("kdx-traced");
	if (pid == 0) {
		NEED(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		raise(SIGSTOP);
		still();
	}
	int status;
	NEED(waitpid(pid, &status, 0));
	holds("\"traced\":%d,\"traced_state\":\"t\"", (int)pid);
	ready();
}

static void undertaker(void)
{
	siginfo_t info;
	pid_t pid = child("kdx-zombie");
	if (pid == 0)
		_exit(7);
	NEED(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
	holds("\"zombie\":%d,\"zombie_state\":\"Z\",\"exit_status\":7", (int)pid);
	ready();
}

/* A parent in vfork() sleeps uninterruptibly until its child executes something or ends. */
static void uninterruptible(void)
{
	holds("\"state\":\"D\"");
	ready();
	pid_t pid = vfork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "kdx-vfork-child");
		for (;;)
			pause();
	}
}

static void user(void)
{
	NEED(setresgid(1001, 1001, 1001));
	NEED(setresuid(1000, 1000, 1000));
	holds("\"uid\":1000,\"gid\":1001");
	ready();
}

static void real_time(void)
{
	struct sched_param param = {.sched_priority = 42};
	NEED(sched_setscheduler(0, SCHED_FIFO, &param));
	holds("\"policy\":\"FIFO\",\"priority\":42");
	ready();
}

static void container(void)
{
	NEED(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID));
	NEED(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	NEED(mount("kdx-inside", "/mnt/kdx-tmp", "tmpfs", 0, "size=1m"));
	NEED(sethostname("kdx-container", 13));
	pid_t pid = child("kdx-inner-init");
	if (pid == 0)
		still();
	holds("\"first_inside\":%d,\"hostname\":\"kdx-container\"", (int)pid);
	ready();
}

/* A chain of parents and children, six deep. */
static void chain(void)
{
	for (int i = 1; i < 6; i++) {
		char name[16];
		snprintf(name, sizeof name, "kdx-chain-%d", i);
		if (child(name) == 0)
			continue;
		if (i == 1) {
			holds("\"depth\":6");
			ready();
		}
		still();
	}
}

static void crowd(void)
{
	for (int i = 0; i < 20; i++) {
		char name[16];
		snprintf(name, sizeof name, "kdx-crowd-%02d", i);
		if (child(name) == 0)
			still();
	}
	holds("\"children\":20");
	ready();
}

/* A name that breaks whoever takes the first ')' or the first blank for the end. */
static void odd_name(void)
{
	prctl(PR_SET_NAME, "kdx ) S 1 (\"\\x");
	holds("\"comm\":\"kdx ) S 1 (\\\"\\\\x\"");
	ready();
}

/* Waits for SIGUSR1 and then computes for ever: a task that is running at the crash. */
static void spinner(void)
{
	sigset_t set;
	int got;
	volatile unsigned long n = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	holds("\"state\":\"R\"");
	ready();
	sigwait(&set, &got);
	for (;;)
		n++;
}

static const struct {
	const char *name;
	void (*run)(void);
} actors[] = {
	{"kdx-threads", threads}, {"kdx-files", files},           {"kdx-tcp", tcp},
	{"kdx-udp", udp},         {"kdx-unix", unix_sockets},     {"kdx-ipc", ipc},
	{"kdx-anon", anonymous},  {"kdx-thp", huge_transparent},  {"kdx-hugetlb", huge_tlb},
	{"kdx-mapped", mapped},   {"kdx-cache", cache},           {"kdx-stopped", stopped},
	{"kdx-tracer", tracer},   {"kdx-undertaker", undertaker}, {"kdx-vfork", uninterruptible},
	{"kdx-user", user},       {"kdx-realtime", real_time},    {"kdx-container", container},
	{"kdx-chain-0", chain},   {"kdx-crowd", crowd},           {"kdx-odd", odd_name},
	{"kdx-spinner", spinner},
};
#define ACTORS (sizeof actors / sizeof *actors)

static void child_ended(int number)
{
	(void)number;
}

int main(void)
{
	/* a child that ends interrupts the reading below; one that stops does not */
	struct sigaction ended = {.sa_handler = child_ended, .sa_flags = SA_NOCLDSTOP};
	char byte;
	size_t there = 0;

	prctl(PR_SET_NAME, "kdx-load");
	umask(0);
	mkdir(RUN, 0755);
	NEED(chmod(RUN, 01777));
	mkdir(VAR, 0755);
	NEED(pipe2(report_pipe, O_CLOEXEC));
	NEED(sigaction(SIGCHLD, &ended, NULL));
	for (size_t i = 0; i < ACTORS; i++) {
		if (NEED(fork()) == 0) {
			close(report_pipe[0]);
			signal(SIGCHLD, SIG_DFL);
			self = actors[i].name;
			prctl(PR_SET_NAME, self);
			actors[i].run();
			still();
		}
	}
	close(report_pipe[1]);
	while (there < ACTORS) {
		siginfo_t dead = {0};
		if (read(report_pipe[0], &byte, 1) == 1)
			there++;
		else if (errno != EINTR)
			failed("read of the pipe");
		if (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid) {
			self = "an actor";
			errno = ECHILD;
			failed("ended");
		}
	}
	append(RUN "/ready", "load\n", 5);
	still();
}
