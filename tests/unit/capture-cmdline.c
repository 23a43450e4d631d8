// SPDX-License-Identifier: GPL-2.0-or-later
/* The crash kernel's command line. */
#include <stdlib.h>

#include "capture/cmdline.h"
#include "test.h"

static const struct machine tiny = { .name = "t", .append = "nr_cpus=1 panic=10", .cmdline_limit = 400 };

static void builds(const char *host, const char *settings, const char *want)
{
	struct settings s;
	char *line = NULL;

	if (!CHECK_OK(settings_parse("s", settings, &s)))
		return;
	if (CHECK_OK(cmdline_build(host, &s, &tiny, &line)))
		CHECK_TEXT(line, want);
	free(line);
	settings_free(&s);
}

int main(void)
{
	builds("BOOT_IMAGE=/boot/vmlinuz root=UUID=1 ro quiet console=ttyS0,115200 crashkernel=256M\n", "",
	       "console=ttyS0,115200 nr_cpus=1 panic=10");
	/* quoted blanks stay together; '-' and '_' are the same in names; a name is not its beginning */
	builds("dyndbg=\"file x +p\" log-buf-len=1M rootx=1 quieter panic=-1 hugepages=4", "",
	       "dyndbg=\"file x +p\" rootx=1 quieter nr_cpus=1 panic=10");
	builds("rd.luks.uuid=1 systemd.unit=rescue.target a b -- for init", "", "a b nr_cpus=1 panic=10");
	builds("a b=1 b=2 c", "KDUMP_COMMANDLINE_REMOVE=\"b=1 c\"\n", "a b=2 nr_cpus=1 panic=10");
	builds("a b=1 b=2 quiet", "KDUMP_COMMANDLINE_REMOVE=b\n", "a quiet nr_cpus=1 panic=10");
	builds("a b", "KDUMP_COMMANDLINE=\"x crashkernel=1M y\"\nKDUMP_COMMANDLINE_APPEND=z\n", "x y z");
	builds("", "", "nr_cpus=1 panic=10");

	char big[600];
	char *line = NULL;
	struct settings none = { 0 };
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_CODE(cmdline_build(big, &none, &tiny, &line), KDF_LIMIT);
	CHECK(!line);

	CHECK_TEXT(machine_find("x86_64")->name, "x86_64");
	CHECK(machine_find("no-such-machine")->append != NULL &&
	      strstr(machine_find("no-such-machine")->append, "nr_cpus=1"));
	TEST_END();
}
