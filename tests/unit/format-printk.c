// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel log: whole, wrapped, partly overwritten, damaged. */
#include "test.h"

#include "format-log.h"

struct seen {
	struct kdf_buf text;
	struct kdf_log_record last;
	unsigned count;
};

static struct kdf_error *see(void *arg, const struct kdf_log_record *r)
{
	struct seen *s = arg;

	kdf_buf_printf(&s->text, "%llu:", (unsigned long long)r->seq);
	kdf_buf_add(&s->text, r->text, r->text_len);
	kdf_buf_putc(&s->text, '|');
	s->last = *r;
	s->count++;
	if (r->has_caller)
		CHECK(r->caller_id == 0x80000002);
	CHECK(r->facility == 1 && r->level == 6 && r->flags == 8);
	CHECK(r->ts_nsec == r->seq * 1000);
	CHECK_TEXT(r->subsystem, "pci");
	CHECK_TEXT(r->device, "+pci:0000:00:01.0");
	return NULL;
}

static void expect(struct guest *g, bool partial, const char *want, uint64_t want_lost)
{
	struct seen s = { .count = 0 };
	uint64_t lost = 99;
	struct kdf *d;

	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	CHECK_OK(kdf_log_walk(d, partial, see, &s, &lost));
	CHECK_TEXT(kdf_buf_text(&s.text), want);
	CHECK(lost == want_lost);
	kdf_buf_free(&s.text);
	kdf_close(d);
}

static void expect_error(struct guest *g, enum kdf_code code)
{
	struct seen s = { .count = 0 };
	struct kdf *d;

	if (!CHECK_OK(guest_open(g, NULL, true, &d)))
		return;
	CHECK_CODE(kdf_log_walk(d, false, see, &s, NULL), code);
	CHECK(!s.count);
	kdf_close(d);
}

static void test_plain(void)
{
	struct guest *g = guest_new(4);
	struct log l;

	log_vmcoreinfo(g, true);
	log_begin(&l, g, 8);
	log_add(&l, "one");
	log_add(&l, "two\nlines");
	uint64_t empty = log_add(&l, "");
	log_add(&l, "three");
	guest_put(g, log_desc(empty) + 8, 3, 8); /* an empty line has no text block */
	guest_put(g, log_desc(empty) + 16, 3, 8);
	expect(g, false, "0:one|1:two\nlines|2:|3:three|", 0);
	/* The copy that the latch's counter points to. */
	guest_put(g, LOG_CLEAR, 7, 4);
	guest_put(g, LOG_CLEAR + 8, 1, 8);
	guest_put(g, LOG_CLEAR + 16, 3, 8);
	expect(g, true, "3:three|", 0);
	guest_put(g, LOG_CLEAR, 8, 4);
	expect(g, true, "1:two\nlines|2:|3:three|", 0);
	guest_free(g);
}

/* 5.10: clear_seq is a plain variable. */
static void test_plain_clear_seq(void)
{
	struct guest *g = guest_new(4);
	struct log l;

	log_vmcoreinfo(g, false);
	log_begin(&l, g, 8);
	log_add(&l, "one");
	log_add(&l, "two");
	guest_put(g, LOG_CLEAR, 1, 8);
	expect(g, true, "1:two|", 0);
	guest_free(g);
}

/* Text and ids go round their rings, ids also over the end of their 62 bits. */
static void test_wrap(void)
{
	struct guest *g = guest_new(4);
	struct log l;

	log_vmcoreinfo(g, true);
	log_begin(&l, g, ((uint64_t)1 << 62) - 3);
	char text[101];
	for (int i = 0; i < 6; i++) {
		memset(text, 'a' + i, 100);
		text[100] = 0;
		log_add(&l, text);
	}
	/* The first two were overwritten by the fifth and sixth: the kernel moves the tail before it does so. */
	guest_put(g, LOG_RING + 32, (l.head_id - 3) & ~(3ull << 62), 8);
	char want[1024] = "";
	for (int i = 2; i < 6; i++) {
		memset(text, 'a' + i, 100);
		sprintf(want + strlen(want), "%d:%s|", i, text);
	}
	expect(g, false, want, 0);
	/* Descriptors of records that lost their text to newer ones, tail not moved yet. */
	guest_put(g, LOG_RING + 32, (l.head_id - 5) & ~(3ull << 62), 8);
	expect(g, false, want, 2);
	guest_free(g);
}

static void test_damaged(void)
{
	struct guest *g = guest_new(4);
	struct log l;
	uint64_t id[8];

	log_vmcoreinfo(g, true);
	log_begin(&l, g, 8);
	for (int i = 0; i < 8; i++)
		id[i] = log_add(&l, "text");
	guest_put(g, log_desc(id[0]), LOG_REUSABLE | id[0], 8); /* given back, not lost */
	guest_put(g, log_desc(id[1]), id[1], 8);		/* reserved, never committed */
	guest_put(g, log_desc(id[2]), LOG_FINALIZED | (id[2] + 8), 8); /* another id */
	guest_put(g, log_desc(id[3]) + 8, 1, 8);		/* text block failed */
	guest_put(g, log_desc(id[3]) + 16, 1, 8);
	guest_put(g, log_desc(id[4]) + 16, UINT64_MAX - 7, 8);	/* block of nonsense */
	guest_put(g, LOG_TEXT + 16 * 5, 12345, 8);		/* text of another descriptor */
	guest_put(g, log_info(id[6]) + 16, 0xffff, 2);		/* longer than its block */
	memset(guest_at(g, LOG_TEXT + 16 * 6 + 12), '!', 4);
	expect(g, false, "6:text!!!!|7:text|", 5);
	/* A tail that has nothing to do with the head: the ring once, and nothing twice. */
	guest_put(g, LOG_RING + 32, 0x123456789ab, 8);
	expect(g, false, "6:text!!!!|7:text|", 5);
	guest_put(g, LOG_RING + 8, TEXT_MAP + GUEST_PAGES * PAGE, 8);
	expect(g, false, "", 8);
	guest_free(g);
}

static void test_refused(void)
{
	struct guest *g = guest_new(4);
	struct log l;

	expect_error(g, KDF_NOT_FOUND);
	kdf_buf_puts(&g->info, "SYMBOL(log_buf)=ffffffff80000000\n");
	expect_error(g, KDF_UNSUPPORTED);
	log_vmcoreinfo(g, true);
	log_begin(&l, g, 8);
	log_add(&l, "one");
	guest_put(g, LOG_RING, 60, 4);
	expect_error(g, KDF_CORRUPT);
	guest_put(g, LOG_RING, LOG_COUNT_BITS, 4);
	guest_put(g, LOG_RING + 48, 0, 4);
	expect_error(g, KDF_CORRUPT);
	guest_put(g, LOG_PRB, 0x1234, 8);
	expect_error(g, KDF_FAULT);
	guest_free(g);
}

/* Sizes and offsets in VMCOREINFO that contradict each other. */
static void test_layout(void)
{
	static const char *const bad[] = {
		"SIZE(prb_desc)=20\n", "SIZE(printk_info)=8\n", "SIZE(printk_info)=100000\n",
		"OFFSET(prb_desc.text_blk_lpos)=4000\n", "OFFSET(printk_info.seq)=81\n", "SIZE(prb_desc)=4096\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct guest *g = guest_new(4);
		struct log l;

		kdf_buf_puts(&g->info, bad[i]); /* the first line of a key counts */
		log_vmcoreinfo(g, true);
		log_begin(&l, g, 8);
		log_add(&l, "one");
		expect_error(g, KDF_CORRUPT);
		guest_free(g);
	}
}

static struct kdf_error *stop(void *arg, const struct kdf_log_record *r)
{
	++*(unsigned *)arg;
	return r->seq == 1 ? kdf_err(KDF_INTERRUPTED, "enough") : NULL;
}

static void test_stop(void)
{
	struct guest *g = guest_new(4);
	unsigned count = 0;
	struct log l;
	struct kdf *d;

	log_vmcoreinfo(g, true);
	log_begin(&l, g, 8);
	for (int i = 0; i < 4; i++)
		log_add(&l, "x");
	if (CHECK_OK(guest_open(g, NULL, true, &d))) {
		CHECK_CODE(kdf_log_walk(d, false, stop, &count, NULL), KDF_INTERRUPTED);
		CHECK(count == 2);
		kdf_close(d);
	}
	guest_free(g);
}

int main(void)
{
	test_plain();
	test_plain_clear_seq();
	test_wrap();
	test_damaged();
	test_refused();
	test_layout();
	test_stop();
	TEST_END();
}
