/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that work in a folder of their own. */
#ifndef KDX_REMOVE_TREE_H
#define KDX_REMOVE_TREE_H

#include <ftw.h>
#include <stdio.h>

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void remove_tree(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
