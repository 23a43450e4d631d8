// SPDX-License-Identifier: GPL-2.0-or-later
/* Virtual addresses: what is the same for every machine. */
#include <inttypes.h>

#include "dump.h"
#include "machine.h"

static struct kdf_error *no_machine(const struct kdf *d)
{
	return kdf_err(KDF_UNSUPPORTED, "virtual addresses of machine '%s' (ELF number %u) cannot be translated",
		       d->info.machine, d->elf_machine);
}

struct kdf_error *kdf_walk(struct kdf *d, uint64_t pgd_phys, uint64_t virt, struct kdf_walk *walk)
{
	*walk = (struct kdf_walk){ 0 };
	if (!d->machine)
		return no_machine(d);
	if (pgd_phys == KDF_KERNEL_PGD) {
		if (!(d->layout.known & KDF_KNOWS_PGD))
			return kdf_err(KDF_NOT_FOUND,
				       "the kernel's page tables were not found (no VMCOREINFO): %#" PRIx64
				       " cannot be translated",
				       virt);
		pgd_phys = d->layout.pgd_phys;
	}
	return d->machine->walk(d, pgd_phys, virt, walk);
}

struct kdf_error *kdf_virt_to_phys(struct kdf *d, uint64_t virt, uint64_t *phys)
{
	struct kdf_walk walk;

	if (d->machine && d->machine->linear(d, virt, phys))
		return NULL;
	struct kdf_error *e = kdf_walk(d, KDF_KERNEL_PGD, virt, &walk);
	if (!e)
		*phys = walk.phys;
	return e;
}

static struct kdf_error *to_phys(struct kdf *d, uint64_t pgd_phys, uint64_t virt, uint64_t *phys)
{
	struct kdf_walk walk;

	if (pgd_phys == KDF_KERNEL_PGD)
		return kdf_virt_to_phys(d, virt, phys);
	struct kdf_error *e = kdf_walk(d, pgd_phys, virt, &walk);
	if (!e)
		*phys = walk.phys;
	return e;
}

struct kdf_error *kdf_read_virt_pgd(struct kdf *d, uint64_t pgd_phys, uint64_t virt, void *buf, size_t len)
{
	uint64_t page_size = kdf_page_size(d), phys;
	uint8_t *out = buf;

	if (len && virt > UINT64_MAX - (len - 1))
		return kdf_err(KDF_FAULT, "%zu bytes at %#" PRIx64 " go beyond the end of the address space", len,
			       virt);
	while (len) {
		uint64_t left = page_size - (virt & (page_size - 1));
		size_t n = left < len ? left : len;
		struct kdf_error *e = to_phys(d, pgd_phys, virt, &phys);

		if (!e)
			e = kdf_read_phys(d, phys, out, n);
		if (e)
			return kdf_err_wrap(e, "virtual address %#" PRIx64, virt);
		out += n;
		virt += n;
		len -= n;
	}
	return NULL;
}

struct kdf_error *kdf_read_virt(struct kdf *d, uint64_t virt, void *buf, size_t len)
{
	return kdf_read_virt_pgd(d, KDF_KERNEL_PGD, virt, buf, len);
}

const struct kdf_layout *kdf_layout(const struct kdf *d)
{
	return &d->layout;
}

void kdf_set_layout(struct kdf *d, const struct kdf_layout *layout)
{
	d->layout = *layout;
}
