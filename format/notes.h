/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF notes of a dump: NT_PRSTATUS per CPU, VMCOREINFO, and what hypervisors add.
 */
#ifndef KDF_NOTES_H
#define KDF_NOTES_H

#include <stddef.h>

#include "dump.h"

/*
 * Splits d->notes_raw (size notes_size) into d->note, and counts CPUs. Damaged notes end the list: what is before
 * them counts, a dump is not refused for them.
 */
struct kdf_error *kdf_notes_split(struct kdf *d) KDF_MUST_CHECK;
/* The first note of that name, NULL when there is none. */
const struct kdf_note *kdf_notes_find(const struct kdf *d, const char *name);
/* How many NT_PRSTATUS notes there are. */
unsigned kdf_notes_cpus(const struct kdf *d);
void kdf_notes_free(struct kdf *d);

#endif
