/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound clean-up for the few things every file handles: memory, descriptors, streams.
 * A variable so marked must be initialised where it is declared.
 */
#ifndef KDF_BASE_CLEANUP_H
#define KDF_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void kdf_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void kdf_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void kdf_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define KDF_AUTO_FREE __attribute__((cleanup(kdf_cleanup_free)))
#define KDF_AUTO_CLOSE __attribute__((cleanup(kdf_cleanup_close)))
#define KDF_AUTO_FCLOSE __attribute__((cleanup(kdf_cleanup_fclose)))

/* Hands the value on and disarms the clean-up: `return kdf_take_fd(&fd);`. */
static inline int kdf_take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#endif
