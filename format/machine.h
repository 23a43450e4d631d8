/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs from machine to machine: one row per machine, one file machine-NAME.c per row. A dump of a machine
 * without a row opens; only its virtual addresses cannot be translated.
 */
#ifndef KDF_MACHINE_H
#define KDF_MACHINE_H

#include "dump.h"

struct kdf_machine {
	const char *name;	  /* as utsname.machine says */
	uint16_t elf_machine;	  /* e_machine */
	uint32_t page_size;	  /* where a machine has but one; else 0 */
	/* Fills d->layout with what can be found out; knowing nothing is no error. */
	void (*find_layout)(struct kdf *d);
	/* As kdf_walk; pgd_phys is never KDF_KERNEL_PGD. */
	struct kdf_error *(*walk)(struct kdf *d, uint64_t pgd_phys, uint64_t virt, struct kdf_walk *walk);
	/* Translation by arithmetic; false: the address is in no such region, walk. */
	bool (*linear)(const struct kdf *d, uint64_t virt, uint64_t *phys);
};

const struct kdf_machine *kdf_machine_by_elf(uint16_t elf_machine);
const struct kdf_machine *kdf_machine_by_name(const char *uts_machine);
/* What a machine calls itself, also one without a row; "" for others. */
const char *kdf_machine_name(uint16_t elf_machine, bool is64);

extern const struct kdf_machine kdf_machine_x86_64;

#endif
