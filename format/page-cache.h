/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompressed pages, shared by all threads. A pinned page is never evicted; when all pages are pinned the cache
 * grows rather than fail, and shrinks back when they are put. Locks are per shard of the frame number, and none
 * is held while a page is being read. When two threads want the same page at once, one reads and the other waits.
 */
#ifndef KDF_PAGE_CACHE_H
#define KDF_PAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct kdf_page_cache;
struct kdf_page_slot;

typedef struct kdf_error *kdf_page_fill_fn(void *arg, uint64_t pfn, void *buf);

struct kdf_error *kdf_page_cache_new(size_t bytes, size_t page_size, struct kdf_page_cache **out) KDF_MUST_CHECK;
void kdf_page_cache_free(struct kdf_page_cache *); /* NULL is fine */

/* Pins the page; on a miss fill reads it. *data stays valid until the slot is put. */
struct kdf_error *kdf_page_cache_get(struct kdf_page_cache *, uint64_t pfn, kdf_page_fill_fn *fill, void *arg,
				     struct kdf_page_slot **slot, const uint8_t **data) KDF_MUST_CHECK;
void kdf_page_cache_put(struct kdf_page_cache *, struct kdf_page_slot *);

/* Pages held now, pinned or not: for tests. */
size_t kdf_page_cache_count(struct kdf_page_cache *);

#endif
