// SPDX-License-Identifier: GPL-2.0-or-later
#include "page-cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 64, MIN_PAGES_PER_SHARD = 4 };

enum slot_state { LOADING, READY, FAILED };

struct kdf_page_slot {
	uint64_t pfn;
	unsigned pins;
	enum slot_state state;
	struct kdf_page_slot *chain;	     /* of the hash bucket */
	struct kdf_page_slot *newer, *older; /* of the unpinned list; both NULL while pinned */
	uint8_t data[];
};

struct shard {
	pthread_mutex_t lock;
	pthread_cond_t loaded;
	struct kdf_page_slot **bucket;
	struct kdf_page_slot *newest, *oldest; /* unpinned slots, by last use */
	size_t count;
} __attribute__((aligned(64)));

struct kdf_page_cache {
	struct shard shard[SHARDS];
	size_t page_size;
	size_t pages_per_shard;
	size_t bucket_mask;
};

static uint64_t mix(uint64_t pfn)
{
	pfn *= 0x9e3779b97f4a7c15u;
	return pfn ^ pfn >> 32;
}

static struct shard *shard_of(struct kdf_page_cache *c, uint64_t pfn)
{
	return &c->shard[mix(pfn) % SHARDS];
}

static struct kdf_page_slot **bucket_of(const struct kdf_page_cache *c, struct shard *s, uint64_t pfn)
{
	return &s->bucket[mix(pfn) / SHARDS & c->bucket_mask];
}

static size_t power_of_two(size_t at_least)
{
	size_t n = 8;

	while (n < at_least)
		n *= 2;
	return n;
}

struct kdf_error *kdf_page_cache_new(size_t bytes, size_t page_size, struct kdf_page_cache **out)
{
	struct kdf_page_cache *c = aligned_alloc(64, sizeof(*c));
	size_t pages = bytes / page_size / SHARDS, buckets;
	bool ok = true;

	if (!c)
		return kdf_err(KDF_NOMEM, "no memory for the page cache");
	memset(c, 0, sizeof(*c));
	c->page_size = page_size;
	c->pages_per_shard = pages < MIN_PAGES_PER_SHARD ? MIN_PAGES_PER_SHARD : pages;
	buckets = power_of_two(c->pages_per_shard < SIZE_MAX / 4 / SHARDS ? c->pages_per_shard : 8);
	c->bucket_mask = buckets - 1;
	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&c->shard[i].lock, NULL);
		pthread_cond_init(&c->shard[i].loaded, NULL);
		c->shard[i].bucket = calloc(buckets, sizeof(struct kdf_page_slot *));
		ok = ok && c->shard[i].bucket;
	}
	if (!ok) {
		kdf_page_cache_free(c);
		return kdf_err(KDF_NOMEM, "no memory for a page cache of %zu bytes", bytes);
	}
	*out = c;
	return NULL;
}

static void free_bucket(struct kdf_page_slot *slot)
{
	while (slot) {
		struct kdf_page_slot *next = slot->chain;

		free(slot);
		slot = next;
	}
}

void kdf_page_cache_free(struct kdf_page_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *s = &c->shard[i];

		for (size_t b = 0; s->bucket && b <= c->bucket_mask; b++)
			free_bucket(s->bucket[b]);
		free(s->bucket);
		pthread_mutex_destroy(&s->lock);
		pthread_cond_destroy(&s->loaded);
	}
	free(c);
}

static void list_remove(struct shard *s, struct kdf_page_slot *slot)
{
	*(slot->newer ? &slot->newer->older : &s->newest) = slot->older;
	*(slot->older ? &slot->older->newer : &s->oldest) = slot->newer;
	slot->newer = slot->older = NULL;
}

static void list_add(struct shard *s, struct kdf_page_slot *slot)
{
	slot->older = s->newest;
	*(s->newest ? &s->newest->newer : &s->oldest) = slot;
	s->newest = slot;
}

static void unchain(const struct kdf_page_cache *c, struct shard *s, struct kdf_page_slot *slot)
{
	struct kdf_page_slot **p = bucket_of(c, s, slot->pfn);

	while (*p != slot)
		p = &(*p)->chain;
	*p = slot->chain;
	s->count--;
}

static struct kdf_page_slot *find(const struct kdf_page_cache *c, struct shard *s, uint64_t pfn)
{
	struct kdf_page_slot *slot = *bucket_of(c, s, pfn);

	while (slot && slot->pfn != pfn)
		slot = slot->chain;
	return slot;
}

/* Takes the least recently used unpinned slot out of the shard, to be used again or freed. */
static struct kdf_page_slot *evict(const struct kdf_page_cache *c, struct shard *s)
{
	struct kdf_page_slot *slot = s->oldest;

	if (slot) {
		list_remove(s, slot);
		unchain(c, s, slot);
	}
	return slot;
}

/* A slot for pfn, in the table, pinned once and loading; NULL: no memory. */
static struct kdf_page_slot *add_slot(const struct kdf_page_cache *c, struct shard *s, uint64_t pfn)
{
	struct kdf_page_slot *slot = s->count >= c->pages_per_shard ? evict(c, s) : NULL;

	if (!slot)
		slot = malloc(sizeof(*slot) + c->page_size);
	if (!slot)
		return NULL;
	struct kdf_page_slot **bucket = bucket_of(c, s, pfn);
	slot->pfn = pfn;
	slot->pins = 1;
	slot->state = LOADING;
	slot->newer = slot->older = NULL;
	slot->chain = *bucket;
	*bucket = slot;
	s->count++;
	return slot;
}

/* Drops one pin, under the lock. A failed slot is out of the table already and goes with its last pin. */
static void unpin(const struct kdf_page_cache *c, struct shard *s, struct kdf_page_slot *slot)
{
	if (--slot->pins)
		return;
	if (slot->state == FAILED) {
		free(slot);
		return;
	}
	list_add(s, slot);
	while (s->count > c->pages_per_shard && s->oldest)
		free(evict(c, s));
}

/* Waits, under the lock, until another thread has read the page; false: it could not. */
static bool wait_loaded(const struct kdf_page_cache *c, struct shard *s, struct kdf_page_slot *slot)
{
	while (slot->state == LOADING)
		pthread_cond_wait(&s->loaded, &s->lock);
	if (slot->state == READY)
		return true;
	unpin(c, s, slot);
	return false;
}

static struct kdf_error *load(const struct kdf_page_cache *c, struct shard *s, struct kdf_page_slot *slot,
			      kdf_page_fill_fn *fill, void *arg)
{
	struct kdf_error *e = fill(arg, slot->pfn, slot->data);

	pthread_mutex_lock(&s->lock);
	slot->state = e ? FAILED : READY;
	if (e) {
		unchain(c, s, slot);
		unpin(c, s, slot);
	}
	pthread_cond_broadcast(&s->loaded);
	pthread_mutex_unlock(&s->lock);
	return e;
}

struct kdf_error *kdf_page_cache_get(struct kdf_page_cache *c, uint64_t pfn, kdf_page_fill_fn *fill, void *arg,
				     struct kdf_page_slot **out, const uint8_t **data)
{
	struct shard *s = shard_of(c, pfn);
	struct kdf_page_slot *slot;

	pthread_mutex_lock(&s->lock);
	while ((slot = find(c, s, pfn))) {
		if (!slot->pins++)
			list_remove(s, slot);
		if (wait_loaded(c, s, slot))
			break;
		/* The other thread failed: this one tries itself, to have the reason. */
	}
	if (slot) {
		pthread_mutex_unlock(&s->lock);
	} else {
		slot = add_slot(c, s, pfn);
		pthread_mutex_unlock(&s->lock);
		if (!slot)
			return kdf_err(KDF_NOMEM, "no memory for a page");
		struct kdf_error *e = load(c, s, slot, fill, arg);
		if (e)
			return e;
	}
	*out = slot;
	*data = slot->data;
	return NULL;
}

void kdf_page_cache_put(struct kdf_page_cache *c, struct kdf_page_slot *slot)
{
	struct shard *s = shard_of(c, slot->pfn);

	pthread_mutex_lock(&s->lock);
	unpin(c, s, slot);
	pthread_mutex_unlock(&s->lock);
}

size_t kdf_page_cache_count(struct kdf_page_cache *c)
{
	size_t n = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&c->shard[i].lock);
		n += c->shard[i].count;
		pthread_mutex_unlock(&c->shard[i].lock);
	}
	return n;
}
