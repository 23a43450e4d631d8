// SPDX-License-Identifier: GPL-2.0-or-later
#include "list.h"

#include <inttypes.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/memory.h"
#include "base/bytes.h"
#include "base/interrupt.h"

bool kdx_loop_seen(struct kdx_loop_check *check, uint64_t node)
{
	if (check->steps && node == check->remembered)
		return true;
	if (check->steps >= check->limit) {
		check->remembered = node;
		check->limit = check->limit ? check->limit * 2 : 1;
		check->steps = 0;
	}
	check->steps++;
	return false;
}

static struct kdf_error *next_pointer(void *arg, uint64_t node, uint64_t *next)
{
	/* list_head.next and hlist_node.next are both the first word */
	return kdx_read_ptr(arg, node, next, "list node");
}

static struct kdf_error *prev_pointer(void *arg, uint64_t node, uint64_t *prev)
{
	struct kdx_session *session = arg;

	return kdx_read_ptr(session, node + session->pointer_size, prev, "list node");
}

void kdx_chain_begin(struct kdx_list *list, kdx_next_fn *read_next, void *arg, uint64_t from, uint64_t end,
		     uint64_t limit, const char *what)
{
	memset(list, 0, sizeof(*list));
	list->read_next = read_next;
	list->arg = arg;
	list->at = list->before = from;
	list->head = end;
	list->limit = limit;
	list->what = what;
}

void kdx_list_begin(struct kdx_list *list, struct kdx_session *session, uint64_t head, uint64_t limit, const char *what)
{
	kdx_ring_begin(list, next_pointer, prev_pointer, session, head, limit, what);
}

void kdx_ring_begin(struct kdx_list *list, kdx_next_fn *next, kdx_next_fn *prev, void *arg, uint64_t head,
		    uint64_t limit, const char *what)
{
	kdx_chain_begin(list, next, arg, head, head, limit, what);
	list->read_prev = prev;
}

void kdx_hlist_begin(struct kdx_list *list, struct kdx_session *session, uint64_t first, uint64_t limit,
		     const char *what)
{
	/* hlist_head holds the pointer itself: there is no node in front of the first */
	kdx_chain_begin(list, next_pointer, session, 0, 0, limit, what);
	list->at = first;
	list->done = !first;
}

/* Checks and counts the node that the walk arrived at. */
static bool arrive(struct kdx_list *list, uint64_t node)
{
	if (kdf_interrupted())
		list->problem = kdf_err(KDF_INTERRUPTED, "%s list: interrupted", list->what);
	else if (kdx_loop_seen(&list->loop, node))
		list->problem =
			kdf_err(KDF_LIMIT, "%s list: a loop; node %#" PRIx64 " comes again after %" PRIu64 " nodes",
				list->what, node, list->count);
	else if (list->count >= list->limit)
		list->problem = kdf_err(KDF_LIMIT, "%s list: more than %" PRIu64 " nodes", list->what, list->limit);
	if (list->problem) {
		list->done = true;
		return false;
	}
	list->before = list->at;
	list->at = node;
	list->count++;
	return true;
}

/*
 * node was reached from list->at and should point back there. A CPU that was stopped in the middle of adding or
 * removing list->at (list_add, list_del: the way back is set at another moment) leaves it pointing one further.
 */
static struct kdf_error *check_way_back(const struct kdx_list *list, uint64_t node)
{
	uint64_t prev;
	struct kdf_error *e;

	if (!list->read_prev)
		return NULL;
	e = list->read_prev(list->arg, node, &prev);
	if (e)
		return kdf_err_wrap(e, "%s list: the node behind %#" PRIx64, list->what, list->at);
	if (prev == list->at || prev == list->before)
		return NULL;
	return kdf_err(KDF_CORRUPT,
		       "%s list: %#" PRIx64 " points to %#" PRIx64 ", which points back to %#" PRIx64
		       ": one of them was overwritten",
		       list->what, list->at, node, prev);
}

static struct kdf_error *read_next(struct kdx_list *list, uint64_t *next)
{
	struct kdf_error *e = list->read_next(list->arg, list->at, next);

	if (e)
		return kdf_err_wrap(e, "%s list: node %" PRIu64 " at %#" PRIx64, list->what, list->count, list->at);
	if (!*next && list->head)
		return kdf_err(KDF_CORRUPT, "%s list: the pointer at %#" PRIx64 " is NULL, not the next node",
			       list->what, list->at);
	return *next ? check_way_back(list, *next) : NULL;
}

bool kdx_list_next(struct kdx_list *list, uint64_t *node)
{
	uint64_t next;

	if (list->done)
		return false;
	if (!list->head && !list->count) { /* the first of an hlist is given, not read */
		*node = list->at;
		return arrive(list, list->at);
	}
	list->problem = read_next(list, &next);
	if (list->problem || next == list->head) {
		list->done = true;
		return false;
	}
	*node = next;
	return arrive(list, next);
}

struct kdf_error *kdx_list_end(struct kdx_list *list)
{
	struct kdf_error *problem = list->problem;

	list->problem = NULL;
	return problem;
}

/* ---- XArray ---- */

enum { XA_SHIFT_MAX = 60 };

struct xarray_walk {
	kdx_xarray_node_fn *read_node;
	void *node_arg;
	kdx_xarray_fn *fn;
	void *arg;
	const char *what;
	uint64_t left; /* nodes and entries that may still come */
};

/* lib/xarray.c: internal entries end in binary 10; above 4096 they are nodes, below siblings, retry and zero. */
static bool is_node(uint64_t entry)
{
	return (entry & 3) == 2 && entry > 4096;
}

static bool is_internal(uint64_t entry)
{
	return (entry & 3) == 2;
}

static struct kdf_error *walk_node(struct xarray_walk *, uint64_t node, uint64_t shift_above, uint64_t index);

static struct kdf_error *walk_entry(struct xarray_walk *walk, uint64_t entry, uint64_t shift, uint64_t index)
{
	if (!entry || (is_internal(entry) && !is_node(entry)))
		return NULL;
	/* nodes count too: damaged ones may share children, which multiplies the ways through the tree */
	if (!walk->left)
		return kdf_err(KDF_LIMIT, "%s: too many entries", walk->what);
	walk->left--;
	if (is_node(entry))
		return walk_node(walk, entry - 2, shift, index);
	return walk->fn(walk->arg, index, entry);
}

static struct kdf_error *walk_node(struct xarray_walk *walk, uint64_t node, uint64_t shift_above, uint64_t index)
{
	uint64_t slot[KDX_XARRAY_SLOTS], shift, nslots;
	struct kdf_error *e;

	if (kdf_interrupted())
		return kdf_err(KDF_INTERRUPTED, "%s: interrupted", walk->what);
	e = walk->read_node(walk->node_arg, node, &shift, slot, &nslots);
	if (e)
		return kdf_err_wrap(e, "%s: tree node %#" PRIx64, walk->what, node);
	/* Falling shifts bound the recursion, whatever the pointers say. */
	if (shift >= shift_above)
		return kdf_err(KDF_CORRUPT, "%s: tree node %#" PRIx64 " has shift %" PRIu64 " below one of %" PRIu64,
			       walk->what, node, shift, shift_above);
	for (uint64_t i = 0; i < nslots && i < KDX_XARRAY_SLOTS; i++) {
		e = walk_entry(walk, slot[i], shift, index + (i << shift));
		if (e)
			return e;
	}
	return NULL;
}

struct kdf_error *kdx_xarray_walk_nodes(kdx_xarray_node_fn *read_node, void *node_arg, uint64_t xa_head, uint64_t limit,
					kdx_xarray_fn *fn, void *arg, const char *what)
{
	struct xarray_walk walk = {read_node, node_arg, fn, arg, what, limit};

	return walk_entry(&walk, xa_head, XA_SHIFT_MAX + 1, 0);
}

static struct kdf_error *read_xa_node(void *arg, uint64_t node, uint64_t *shift, uint64_t slot[KDX_XARRAY_SLOTS],
				      uint64_t *nslots)
{
	struct kdx_session *session = arg;
	const struct kdx_field *slots;
	struct kdf_error *e = kdx_need(session, KDX_xa_node_slots, &slots);

	if (e)
		return e;
	*nslots = slots->size / 8;
	if (*nslots > KDX_XARRAY_SLOTS)
		return kdf_err(KDF_CORRUPT, "struct xa_node has %" PRIu64 " bytes of slots", slots->size);
	e = kdx_get(session, node, KDX_xa_node_shift, shift);
	if (!e)
		e = kdx_read(session, node + slots->offset, slot, *nslots * 8, "xa_node");
	for (uint64_t i = 0; !e && i < *nslots; i++)
		slot[i] = kdf_load_uint(&slot[i], 8, session->big_endian);
	return e;
}

struct kdf_error *kdx_xarray_walk(struct kdx_session *session, uint64_t xa_head, uint64_t limit, kdx_xarray_fn *fn,
				  void *arg, const char *what)
{
	return kdx_xarray_walk_nodes(read_xa_node, session, xa_head, limit, fn, arg, what);
}
