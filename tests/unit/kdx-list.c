// SPDX-License-Identifier: GPL-2.0-or-later
/* List walks over damaged lists: nodes are numbers, next[] and prev[] are their pointers. */
#include "analyze/kernel/list.h"

#include "test.h"

enum { NODES = 1000, BAD = 999 }; /* node BAD cannot be read */

static uint64_t next[NODES], prev[NODES];

static struct kdf_error *read_next(void *arg, uint64_t node, uint64_t *out)
{
	(void)arg;
	if (node >= BAD)
		return kdf_err(KDF_FAULT, "node %d", (int)node);
	*out = next[node];
	return NULL;
}

static struct kdf_error *read_prev(void *arg, uint64_t node, uint64_t *out)
{
	(void)arg;
	if (node >= BAD)
		return kdf_err(KDF_FAULT, "node %d", (int)node);
	*out = prev[node];
	return NULL;
}

/* A ring 1 -> 2 -> ... -> n -> 1, head 1. */
static void make_ring(uint64_t n)
{
	for (uint64_t i = 1; i <= n; i++) {
		next[i] = i < n ? i + 1 : 1;
		prev[i] = i > 1 ? i - 1 : n;
	}
}

static uint64_t walk(struct kdx_list *list, struct kdf_error **end)
{
	uint64_t node, count = 0;

	while (kdx_list_next(list, &node))
		count++;
	*end = kdx_list_end(list);
	return count;
}

static uint64_t walk_ring(uint64_t limit, struct kdf_error **end)
{
	struct kdx_list list;

	kdx_ring_begin(&list, read_next, read_prev, NULL, 1, limit, "test");
	return walk(&list, end);
}

static uint64_t walk_chain(uint64_t limit, struct kdf_error **end)
{
	struct kdx_list list;

	kdx_chain_begin(&list, read_next, NULL, 1, 1, limit, "test");
	return walk(&list, end);
}

static void test_whole(void)
{
	struct kdf_error *end;

	make_ring(500);
	CHECK(walk_ring(1000, &end) == 499);
	CHECK_OK(end);
	CHECK(walk_chain(1000, &end) == 499);
	CHECK_OK(end);
	make_ring(1);
	CHECK(walk_ring(1000, &end) == 0);
	CHECK_OK(end);
}

static void test_damage(void)
{
	struct kdf_error *end;

	make_ring(100);
	next[50] = 0;
	CHECK(walk_ring(1000, &end) == 49);
	CHECK_CODE(end, KDF_CORRUPT);
	make_ring(100);
	next[50] = BAD;
	CHECK(walk_ring(1000, &end) == 49);
	CHECK_CODE(end, KDF_FAULT);
	make_ring(100);
	next[50] = 70; /* a node of the list, but not the next one */
	CHECK(walk_ring(1000, &end) == 49);
	CHECK_CODE(end, KDF_CORRUPT);
	make_ring(100);
	next[50] = 1; /* cut short: the head's way back tells */
	CHECK(walk_ring(1000, &end) == 49);
	CHECK_CODE(end, KDF_CORRUPT);
	make_ring(100);
	CHECK(walk_ring(60, &end) == 60);
	CHECK_CODE(end, KDF_LIMIT);
}

/* What a CPU leaves behind that stops between the two stores of list_add() and list_del(). */
static void test_half_done(void)
{
	struct kdf_error *end;

	make_ring(10);
	prev[6] = 4; /* 5 is being added: 6 still points back to 4 */
	CHECK(walk_ring(100, &end) == 9);
	CHECK_OK(end);
	make_ring(10);
	prev[1] = 9; /* the last one is being removed */
	CHECK(walk_ring(100, &end) == 9);
	CHECK_OK(end);
	make_ring(10);
	prev[6] = 3;
	CHECK(walk_ring(100, &end) == 4);
	CHECK_CODE(end, KDF_CORRUPT);
}

/* Without ways back, loops are found for every place and size, soon after they were entered. */
static void test_loops(void)
{
	unsigned found = 0, tried = 0;
	uint64_t most = 0;

	for (uint64_t from = 2; from <= 100; from += 7) {
		for (uint64_t to = 2; to <= from; to += 5) {
			struct kdf_error *end;
			uint64_t count;

			make_ring(100);
			next[from] = to;
			count = walk_chain(100000, &end);
			tried++;
			found += kdf_error_code(end) == KDF_LIMIT;
			most = count > most ? count : most;
			kdf_error_free(end);
		}
	}
	CHECK(tried > 100 && found == tried);
	CHECK(most < 3 * 128);
}

static void test_loop_check(void)
{
	struct kdx_loop_check check = {0};
	bool seen = false;

	for (uint64_t i = 0; i < 100000; i++)
		seen |= kdx_loop_seen(&check, i * 64 + 4096);
	CHECK(!seen);
}

static void test_hlist(void)
{
	struct kdx_list list;
	struct kdf_error *end;

	kdx_hlist_begin(&list, NULL, 0, 10, "empty");
	CHECK(walk(&list, &end) == 0);
	CHECK_OK(end);
	make_ring(20);
	next[20] = 0;
	kdx_hlist_begin(&list, NULL, 3, 100, "test");
	list.read_next = read_next;
	CHECK(walk(&list, &end) == 18);
	CHECK_OK(end);
	next[20] = 10;
	kdx_hlist_begin(&list, NULL, 3, 100, "test");
	list.read_next = read_next;
	walk(&list, &end);
	CHECK_CODE(end, KDF_LIMIT);
}

/* ---- XArray: node i lies at address (i + 1) * 0x1000 * 4 ---- */

static struct {
	uint64_t shift, slot[KDX_XARRAY_SLOTS];
} tree[8];

static uint64_t node_entry(unsigned i)
{
	return (uint64_t)(i + 1) * 0x4000 + 2;
}

static struct kdf_error *read_node(void *arg, uint64_t node, uint64_t *shift, uint64_t slot[KDX_XARRAY_SLOTS],
				   uint64_t *nslots)
{
	uint64_t i = node / 0x4000 - 1;

	(void)arg;
	if (node % 0x4000 || i >= 8)
		return kdf_err(KDF_FAULT, "not mapped");
	*shift = tree[i].shift;
	*nslots = KDX_XARRAY_SLOTS;
	memcpy(slot, tree[i].slot, sizeof(tree[i].slot));
	return NULL;
}

struct seen {
	uint64_t count, index, entry; /* of the last one */
};

static struct kdf_error *see(void *arg, uint64_t index, uint64_t entry)
{
	struct seen *seen = arg;

	seen->count++;
	seen->index = index;
	seen->entry = entry;
	return entry == 0xbad0 ? kdf_err(KDF_USAGE, "stop here") : NULL;
}

static void test_xarray(void)
{
	struct seen seen = {0};

	memset(tree, 0, sizeof(tree));
	CHECK_OK(kdx_xarray_walk_nodes(read_node, NULL, 0, 10, see, &seen, "empty"));
	CHECK(seen.count == 0);
	CHECK_OK(kdx_xarray_walk_nodes(read_node, NULL, 0x8000, 10, see, &seen, "one entry, no node"));
	CHECK(seen.count == 1 && seen.index == 0 && seen.entry == 0x8000);

	tree[0].shift = 6;
	tree[0].slot[0] = node_entry(1);
	tree[0].slot[3] = node_entry(2);
	tree[1].slot[1] = 0x1000;
	tree[1].slot[2] = 0x402; /* retry: no entry */
	tree[2].slot[63] = 0x15; /* a value */
	memset(&seen, 0, sizeof(seen));
	CHECK_OK(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 10, see, &seen, "two levels"));
	CHECK(seen.count == 2 && seen.index == 3 * 64 + 63 && seen.entry == 0x15);
	tree[1].slot[1] = 0xbad0;
	CHECK_CODE(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 10, see, &seen, "stop"), KDF_USAGE);
}

static void test_damaged_xarray(void)
{
	struct seen seen = {0};

	memset(tree, 0, sizeof(tree));
	tree[0].slot[5] = node_entry(0); /* a node that holds itself */
	CHECK_CODE(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 100, see, &seen, "loop"), KDF_CORRUPT);
	tree[0].slot[5] = node_entry(100);
	tree[0].shift = 6;
	CHECK_CODE(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 100, see, &seen, "fault"), KDF_FAULT);
	tree[0].shift = 61;
	CHECK_CODE(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 100, see, &seen, "shift"), KDF_CORRUPT);
	/* each node has the next one 64 times: 64 to the 8th ways down, and nothing at their end */
	for (unsigned i = 0; i < 8; i++) {
		tree[i].shift = 42 - i * 6;
		for (unsigned k = 0; i < 7 && k < KDX_XARRAY_SLOTS; k++)
			tree[i].slot[k] = node_entry(i + 1);
	}
	CHECK_CODE(kdx_xarray_walk_nodes(read_node, NULL, node_entry(0), 10000, see, &seen, "ways"), KDF_LIMIT);
	CHECK(seen.count == 0);
}

int main(void)
{
	test_whole();
	test_damage();
	test_half_done();
	test_loops();
	test_loop_check();
	test_hlist();
	test_xarray();
	test_damaged_xarray();
	TEST_END();
}
