/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What loading a crash kernel needs to know of a machine type. One file per machine, machine-NAME.c, holds one
 * row; machine.c lists the rows. A machine without a row works with the last row's plain values.
 */
#ifndef KDX_CAPTURE_MACHINE_H
#define KDX_CAPTURE_MACHINE_H

struct machine {
	const char *name;   /* as `uname -m` says; NULL: any */
	const char *append; /* parameters of the crash kernel, behind the host's own */
	/* Where a kernel of release REL lies, as printf patterns with %1$s the boot folder and %2$s REL; NULL ends. */
	const char *const *images;
	unsigned cmdline_limit; /* the kernel's COMMAND_LINE_SIZE */
};

extern const struct machine machine_x86_64;

/* Never NULL. */
const struct machine *machine_find(const char *name);

#endif
