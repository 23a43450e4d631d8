// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "machine.h"

static const char *const images[] = {
	"%1$s/vmlinuz-%2$s",
	"/lib/modules/%2$s/vmlinuz",
	NULL,
};

/*
 * irqpoll: devices of the dead kernel may still raise interrupts that no driver claims yet.
 * nr_cpus=1, numa=off, transparent_hugepage=never, cma=0, cgroup_disable=memory, kfence off: memory is scarce.
 * reset_devices: drivers reset hardware that the dead kernel left running. mce=off: no machine check ends the dump.
 * acpi_no_memhotplug: memory devices must not be added to the small kernel. hest_disable, pcie_ports=compat:
 * firmware error sources and port services have nothing to do here. novmcoredd: no device dumps into our memory.
 * nokaslr: no second random layout. panic=10: a crash kernel that fails restarts by itself.
 */
const struct machine machine_x86_64 = {
	.name = "x86_64",
	.append = "irqpoll nr_cpus=1 reset_devices cgroup_disable=memory mce=off numa=off udev.children-max=2 panic=10 "
		  "acpi_no_memhotplug transparent_hugepage=never nokaslr hest_disable novmcoredd cma=0 hugetlb_cma=0 "
		  "pcie_ports=compat kfence.sample_interval=0",
	.images = images,
	.cmdline_limit = 2048,
};
