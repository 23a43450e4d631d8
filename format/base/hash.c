// SPDX-License-Identifier: GPL-2.0-or-later
#include "hash.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a over the bytes, then a 64-bit finaliser: short kernel names differ in few bits. */
uint64_t kdf_hash_text(const char *text, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
	h ^= h >> 32;
	return h | 1;
}

static uint64_t hash_u64(uint64_t key)
{
	key = (key ^ key >> 31) * 0x9e3779b97f4a7c15u;
	return (key ^ key >> 29) | 1;
}

typedef bool same_key_fn(uint64_t a, uint64_t b);

static bool same_text(uint64_t a, uint64_t b)
{
	return !strcmp((const char *)(uintptr_t)a, (const char *)(uintptr_t)b);
}

static bool same_number(uint64_t a, uint64_t b)
{
	return a == b;
}

static struct kdf_hash_slot *find(const struct kdf_hash *t, uint64_t hash, uint64_t key, same_key_fn *same)
{
	size_t mask = t->cap - 1;

	for (size_t i = hash >> 1 & mask;; i = (i + 1) & mask) {
		struct kdf_hash_slot *s = &t->slot[i];

		if (!s->hash || (s->hash == hash && same(s->key, key)))
			return s;
	}
}

static bool grow(struct kdf_hash *t)
{
	struct kdf_hash bigger = { .cap = t->cap ? t->cap * 2 : 64, .count = t->count };

	if (bigger.cap < t->cap)
		return false;
	bigger.slot = calloc(bigger.cap, sizeof(*bigger.slot));
	if (!bigger.slot)
		return false;
	for (size_t i = 0; i < t->cap; i++) {
		const struct kdf_hash_slot *s = &t->slot[i];
		size_t mask = bigger.cap - 1, j = s->hash >> 1 & mask;

		if (!s->hash)
			continue;
		while (bigger.slot[j].hash)
			j = (j + 1) & mask;
		bigger.slot[j] = *s;
	}
	free(t->slot);
	*t = bigger;
	return true;
}

static bool put(struct kdf_hash *t, uint64_t hash, uint64_t key, void *value, same_key_fn *same)
{
	/* At most 3/4 full, so that a probe always meets a free slot. */
	if ((t->count + 1) * 4 > t->cap * 3 && !grow(t))
		return false;
	struct kdf_hash_slot *s = find(t, hash, key, same);
	if (!s->hash) {
		t->count++;
		s->hash = hash;
		s->key = key;
	}
	s->value = value;
	return true;
}

bool kdf_hash_put_text(struct kdf_hash *t, const char *key, void *value)
{
	return put(t, kdf_hash_text(key, strlen(key)), (uintptr_t)key, value, same_text);
}

bool kdf_hash_put_u64(struct kdf_hash *t, uint64_t key, void *value)
{
	return put(t, hash_u64(key), key, value, same_number);
}

void *kdf_hash_get_text(const struct kdf_hash *t, const char *key)
{
	return t->cap ? find(t, kdf_hash_text(key, strlen(key)), (uintptr_t)key, same_text)->value : NULL;
}

void *kdf_hash_get_u64(const struct kdf_hash *t, uint64_t key)
{
	return t->cap ? find(t, hash_u64(key), key, same_number)->value : NULL;
}

void kdf_hash_free(struct kdf_hash *t)
{
	free(t->slot);
	*t = (struct kdf_hash){ 0 };
}
