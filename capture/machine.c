// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <stddef.h>
#include <string.h>

static const char *const any_images[] = {
	"%1$s/vmlinuz-%2$s",	  /* Debian, Fedora, SUSE */
	"/lib/modules/%2$s/vmlinuz", /* Fedora, image-based systems */
	"%1$s/Image-%2$s",	  /* SUSE and others on arm64 */
	"%1$s/vmlinux-%2$s",	  /* Debian on ppc64el, mips */
	NULL,
};

static const struct machine any_machine = {
	.name = NULL,
	.append =
		"nr_cpus=1 reset_devices cgroup_disable=memory udev.children-max=2 panic=10 transparent_hugepage=never "
		"novmcoredd cma=0 hugetlb_cma=0 kfence.sample_interval=0",
	.images = any_images,
	.cmdline_limit = 2048,
};

static const struct machine *const machines[] = { &machine_x86_64 };

const struct machine *machine_find(const char *name)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i]->name, name))
			return machines[i];
	return &any_machine;
}
