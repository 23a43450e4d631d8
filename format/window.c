// SPDX-License-Identifier: GPL-2.0-or-later
#include "window.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	SLOTS = 16,
	/* Reads of one place in a row before it is mapped: walks through page tables jump about. */
	GATHERED = 4,
};

struct window {
	pthread_rwlock_t lock;
	uint64_t number; /* of the window in the file; the place is number * KDF_WINDOW_SIZE */
	uint8_t *map;	 /* NULL: none, or the file refused */
	size_t size;
	_Atomic uint64_t asked; /* number of the window that was wanted last ... */
	_Atomic unsigned times; /* ... and how often in a row */
};

struct kdf_windows {
	int fd;
	uint64_t file_size;
	struct window window[SLOTS];
};

struct kdf_windows *kdf_windows_new(int fd, uint64_t file_size)
{
	struct kdf_windows *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	w->file_size = file_size;
	for (size_t i = 0; i < SLOTS; i++) {
		pthread_rwlock_init(&w->window[i].lock, NULL);
		w->window[i].number = UINT64_MAX;
	}
	return w;
}

static void unmap(struct window *x)
{
	if (x->map)
		munmap(x->map, x->size);
	x->map = NULL;
}

void kdf_windows_free(struct kdf_windows *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		unmap(&w->window[i]);
		pthread_rwlock_destroy(&w->window[i].lock);
	}
	free(w);
}

/* Whole pages only: /proc/vmcore maps nothing beyond its last byte. */
static void move(struct kdf_windows *w, struct window *x, uint64_t number)
{
	uint64_t start = number * KDF_WINDOW_SIZE, left = w->file_size - start;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	unmap(x);
	x->number = number;
	x->size = (left < KDF_WINDOW_SIZE ? left : KDF_WINDOW_SIZE) & ~(page - 1);
	if (!x->size)
		return;
	void *map = mmap(NULL, x->size, PROT_READ, MAP_PRIVATE, w->fd, (off_t)start);
	if (map != MAP_FAILED)
		x->map = map;
}

/* Under the lock. */
static bool copy(const struct window *x, uint64_t number, size_t at, void *buf, size_t n)
{
	if (x->number != number || !x->map || at + n > x->size)
		return false;
	memcpy(buf, x->map + at, n);
	return true;
}

static bool gathered(struct window *x, uint64_t number)
{
	if (atomic_exchange_explicit(&x->asked, number, memory_order_relaxed) != number)
		atomic_store_explicit(&x->times, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&x->times, 1, memory_order_relaxed) + 1 >= GATHERED;
}

/* A piece inside one window. */
static bool read_piece(struct kdf_windows *w, uint64_t number, size_t at, void *buf, size_t n)
{
	struct window *x = &w->window[number % SLOTS];

	pthread_rwlock_rdlock(&x->lock);
	bool here = x->number == number, done = copy(x, number, at, buf, n);
	pthread_rwlock_unlock(&x->lock);
	if (here || !gathered(x, number))
		return done;
	pthread_rwlock_wrlock(&x->lock);
	if (x->number != number)
		move(w, x, number);
	done = copy(x, number, at, buf, n);
	pthread_rwlock_unlock(&x->lock);
	return done;
}

bool kdf_windows_read(struct kdf_windows *w, uint64_t offset, void *buf, size_t n)
{
	uint8_t *out = buf;

	if (offset > w->file_size || n > w->file_size - offset)
		return false;
	while (n) {
		size_t at = offset % KDF_WINDOW_SIZE, part = KDF_WINDOW_SIZE - at < n ? KDF_WINDOW_SIZE - at : n;

		if (!read_piece(w, offset / KDF_WINDOW_SIZE, at, out, part))
			return false;
		out += part;
		offset += part;
		n -= part;
	}
	return true;
}
