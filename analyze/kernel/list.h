/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks over the kernel's linked containers. A dump comes from a broken kernel, so each walk ends at a loop, an
 * unreadable or impossible pointer, or its limit, and says which; what was found until then counts.
 *
 *	struct kdx_list list;
 *	kdx_list_begin(&list, session, head, limit, "tasks");
 *	while (kdx_list_next(&list, &node))
 *		...
 *	problem = kdx_list_end(&list);	// NULL: came back to its head
 */
#ifndef KDX_KERNEL_LIST_H
#define KDX_KERNEL_LIST_H

#include "analyze/core/session.h"

/* Brent's loop detection: remembers one node, and moves on to remember another after 1, 2, 4, 8... steps. */
struct kdx_loop_check {
	uint64_t remembered, steps, limit;
};
/* True when the walk that arrives at node was there before. A loop of n nodes that is entered after m is found
 * within about 3 * max(n, m) steps. */
bool kdx_loop_seen(struct kdx_loop_check *, uint64_t node);

/* Reads the pointer behind a node (or, in rings, in front of it). */
typedef struct kdf_error *kdx_next_fn(void *arg, uint64_t node, uint64_t *next);

struct kdx_list {
	kdx_next_fn *read_next, *read_prev; /* read_prev NULL: no way back to compare with */
	void *arg;
	uint64_t head;                     /* the node that ends the walk: list_head's head, 0 for hlist */
	uint64_t at, before, count, limit; /* before: the node in front of at */
	struct kdx_loop_check loop;
	struct kdf_error *problem;
	const char *what;
	bool done;
};

/* struct list_head: from head->next until head comes again. Each node must point back to where the walk came from,
 * so an overwritten pointer is noticed even when it leads to memory that can be read. what names it in errors, lent. */
void kdx_list_begin(struct kdx_list *, struct kdx_session *, uint64_t head, uint64_t limit, const char *what);
/* struct hlist_node or llist: from `first` until NULL. */
void kdx_hlist_begin(struct kdx_list *, struct kdx_session *, uint64_t first, uint64_t limit, const char *what);
/* A ring with the caller's own way to read both pointers. */
void kdx_ring_begin(struct kdx_list *, kdx_next_fn *next, kdx_next_fn *prev, void *arg, uint64_t head, uint64_t limit,
		    const char *what);
/* Any chain, with the caller's own way to read the next node: after `from`, until `end`. */
void kdx_chain_begin(struct kdx_list *, kdx_next_fn *, void *arg, uint64_t from, uint64_t end, uint64_t limit,
		     const char *what);
/* The next node; false: the walk is over, see kdx_list_end. */
bool kdx_list_next(struct kdx_list *, uint64_t *node);
/* Why it ended: NULL when the list was whole, KDF_LIMIT for a loop or limit, KDF_CORRUPT for a NULL or
 * wrong pointer in a ring, else what the read said. */
struct kdf_error *kdx_list_end(struct kdx_list *) KDF_MUST_CHECK;

/* XArray and radix tree (struct xa_node; idr since 4.20): calls fn for each entry that is a pointer or a value.
 * index as stored: an idr's user adds idr_base. Stops at fn's error. Depth is bounded by the shifts, which must
 * fall from node to node; visits at most `limit` nodes and entries. */
typedef struct kdf_error *kdx_xarray_fn(void *arg, uint64_t index, uint64_t entry);
enum { KDX_XARRAY_SLOTS = 64 }; /* XA_CHUNK_SIZE: 64, or 16 with CONFIG_BASE_SMALL */
struct kdf_error *kdx_xarray_walk(struct kdx_session *, uint64_t xa_head, uint64_t limit, kdx_xarray_fn *, void *arg,
				  const char *what) KDF_MUST_CHECK;

/* The same with the caller's own way to read a node: its shift, and its slots, of which it sets how many. */
typedef struct kdf_error *kdx_xarray_node_fn(void *arg, uint64_t node, uint64_t *shift, uint64_t slot[KDX_XARRAY_SLOTS],
					     uint64_t *nslots);
struct kdf_error *kdx_xarray_walk_nodes(kdx_xarray_node_fn *, void *node_arg, uint64_t xa_head, uint64_t limit,
					kdx_xarray_fn *, void *arg, const char *what) KDF_MUST_CHECK;

#endif
