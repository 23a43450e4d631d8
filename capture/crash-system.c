// SPDX-License-Identifier: GPL-2.0-or-later
#include "crash-system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files.h"

struct kdf_error *crash_system_mount(void)
{
	static const struct {
		const char *type, *point, *probe; /* probe: there when it is mounted */
	} basics[] = {
		{ "proc", "/proc", "/proc/self" },
		{ "sysfs", "/sys", "/sys/class" },
		{ "devtmpfs", "/dev", "/dev/full" }, /* dracut's image has a few nodes, this one never */
		{ "tmpfs", "/run", NULL },
	};
	struct kdf_error *e = NULL;

	for (size_t i = 0; !e && i < sizeof(basics) / sizeof(basics[0]); i++) {
		if (basics[i].probe && !access(basics[i].probe, F_OK))
			continue;
		mkdir(basics[i].point, 0755);
		if (mount(basics[i].type, basics[i].point, basics[i].type, MS_NOSUID, NULL) && errno != EBUSY)
			e = kdf_err_sys(errno, "cannot mount %s", basics[i].point);
	}
	KDF_AUTO_CLOSE int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (!e && (fd < 0 || write(fd, "-1000", 5) != 5))
		e = kdf_err_sys(errno, "cannot protect kdx-capture from the out-of-memory killer");
	return e;
}

/* Returns an errno, 0 for loaded or there already. */
static int load_module(const char *path, const char *parameters)
{
	enum { COMPRESSED = 4 }; /* MODULE_INIT_COMPRESSED_FILE, 5.17 and newer with CONFIG_MODULE_DECOMPRESS */
	KDF_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = strlen(path);
	bool plain = len > 3 && !strcmp(path + len - 3, ".ko");

	if (fd < 0)
		return errno;
	if (!syscall(SYS_finit_module, fd, parameters, plain ? 0 : COMPRESSED) || errno == EEXIST)
		return 0;
	return errno;
}

struct kdf_error *crash_system_modules(const char *list, module_trouble_fn *trouble, void *arg)
{
	KDF_AUTO_FREE char *text = NULL;
	struct kdf_error *e = file_read(list, 1 << 20, &text);

	if (kdf_error_code(e) == KDF_NOT_FOUND) {
		kdf_error_free(e);
		return NULL;
	}
	if (e)
		return e;
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		char *parameters = line + strcspn(line, " ");
		if (*parameters)
			*parameters++ = '\0';
		int errnum = load_module(line, parameters);
		if (errnum)
			trouble(arg, line, errnum);
	}
	return NULL;
}

struct kdf_error *crash_system_shell(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return kdf_err_sys(errno, "cannot start a shell");
	if (!pid) {
		static char sh[] = "/bin/sh", interactive[] = "-i";
		char *const argv[] = { sh, interactive, NULL };
		/* An own session with the console as its terminal, so that Ctrl-C works. */
		setsid();
		int fd = open("/dev/console", O_RDWR);
		if (fd >= 0) {
			ioctl(fd, TIOCSCTTY, 1);
			for (int i = 0; i < 3; i++)
				dup2(fd, i);
			if (fd > 2)
				close(fd);
		}
		execv(sh, argv);
		_exit(127);
	}
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return kdf_err_sys(errno, "cannot wait for the shell");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return kdf_err(KDF_NOT_FOUND, "the initramfs has no shell");
	return NULL;
}

struct kdf_error *crash_system_end(enum conf_action action)
{
	int how = action == ACTION_HALT ? RB_HALT_SYSTEM : action == ACTION_POWEROFF ? RB_POWER_OFF : RB_AUTOBOOT;

	sync();
	if (reboot(how))
		return kdf_err_sys(errno, "cannot %s", action == ACTION_SHELL ? "reboot" : action_name(action));
	return NULL;
}
