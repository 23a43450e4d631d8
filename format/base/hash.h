/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hash tables for string and 64-bit keys. Keys of string tables are lent: they must outlive the table.
 * One value (a pointer) per key. Zero-initialised is an empty table. Reading from several threads is fine while
 * nobody writes.
 */
#ifndef KDF_BASE_HASH_H
#define KDF_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kdf_hash_slot {
	uint64_t hash; /* 0: free */
	uint64_t key;  /* number, or the address of the text */
	void *value;
};

struct kdf_hash {
	struct kdf_hash_slot *slot;
	size_t cap, count;
};

uint64_t kdf_hash_text(const char *text, size_t len);

/* Puts (replaces) a value; false: no memory. */
bool kdf_hash_put_text(struct kdf_hash *, const char *key, void *value);
bool kdf_hash_put_u64(struct kdf_hash *, uint64_t key, void *value);
/* The value, NULL when the key is not there. */
void *kdf_hash_get_text(const struct kdf_hash *, const char *key);
void *kdf_hash_get_u64(const struct kdf_hash *, uint64_t key);
/* Only the table goes, not the values. */
void kdf_hash_free(struct kdf_hash *);

#endif
