// SPDX-License-Identifier: GPL-2.0-or-later
#include "notes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { NT_PRSTATUS = 1, NOTE_HEADER = 12, MAX_NOTES = 1 << 20 };

/* Names and descriptions are padded to 4 bytes in core files, also in 64-bit ones. */
static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* One note at the reader's position; false: none is left, or it is damaged. */
static bool next_note(struct kdf_bytes *b, struct kdf_note *note)
{
	size_t name_size = kdf_get_u32(b), desc_size = kdf_get_u32(b);

	note->type = kdf_get_u32(b);
	const uint8_t *name = kdf_get_bytes(b, name_size);
	if (name && padded(name_size) - name_size <= b->len - b->pos)
		kdf_skip(b, padded(name_size) - name_size);
	note->desc = kdf_get_bytes(b, desc_size);
	note->size = desc_size;
	if (b->bad)
		return false;
	/* The last note of a segment may come without its padding. */
	size_t padding = padded(desc_size) - desc_size, left = b->len - b->pos;
	kdf_skip(b, padding < left ? padding : left);
	note->name = "";
	if (name_size)
		note->name = memchr(name, 0, name_size) ? (const char *)name : NULL;
	return note->name != NULL;
}

struct kdf_error *kdf_notes_split(struct kdf *d)
{
	struct kdf_bytes b = kdf_bytes(d->notes_raw, d->notes_size, d->info.big_endian);
	size_t cap = 0;
	struct kdf_note note;

	while (b.len - b.pos >= NOTE_HEADER && d->nnotes < MAX_NOTES) {
		if (!next_note(&b, &note))
			break;
		/* An all-zero header: the kernel reserves a page of notes per CPU, and some are never filled. */
		if (!note.type && !note.size && !*note.name)
			continue;
		if (!kdf_grow(&d->note, &cap, d->nnotes + 1, sizeof(*d->note)))
			return kdf_err(KDF_NOMEM, "no memory for %zu notes", d->nnotes);
		d->note[d->nnotes++] = note;
	}
	return NULL;
}

const struct kdf_note *kdf_notes_find(const struct kdf *d, const char *name)
{
	for (size_t i = 0; i < d->nnotes; i++)
		if (!strcmp(d->note[i].name, name))
			return &d->note[i];
	return NULL;
}

unsigned kdf_notes_cpus(const struct kdf *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->nnotes; i++)
		n += d->note[i].type == NT_PRSTATUS && !strcmp(d->note[i].name, "CORE");
	return n;
}

void kdf_notes_free(struct kdf *d)
{
	free(d->note);
	free(d->notes_raw);
}

/* ---- Public calls ---- */

size_t kdf_note_count(const struct kdf *d)
{
	return d->nnotes;
}

const struct kdf_note *kdf_note(const struct kdf *d, size_t i)
{
	return i < d->nnotes ? &d->note[i] : NULL;
}

const void *kdf_notes_raw(const struct kdf *d, size_t *size)
{
	if (size)
		*size = d->notes_size;
	return d->notes_raw;
}
