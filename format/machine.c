// SPDX-License-Identifier: GPL-2.0-or-later
#include "machine.h"

#include <elf.h>
#include <string.h>

static const struct kdf_machine *const machines[] = { &kdf_machine_x86_64 };

const struct kdf_machine *kdf_machine_by_elf(uint16_t elf_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i]->elf_machine == elf_machine)
			return machines[i];
	return NULL;
}

const struct kdf_machine *kdf_machine_by_name(const char *uts_machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (!strcmp(machines[i]->name, uts_machine))
			return machines[i];
	return NULL;
}

const char *kdf_machine_name(uint16_t elf_machine, bool is64)
{
	switch (elf_machine) {
	case EM_386:
		return "i686";
	case EM_X86_64:
		return "x86_64";
	case EM_ARM:
		return "armv7l";
	case EM_AARCH64:
		return "aarch64";
	case EM_PPC:
		return "ppc";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return is64 ? "s390x" : "s390";
	case EM_RISCV:
		return is64 ? "riscv64" : "riscv32";
	case EM_LOONGARCH:
		return "loongarch64";
	default:
		return "";
	}
}
