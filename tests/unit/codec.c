// SPDX-License-Identifier: GPL-2.0-or-later
/* Codecs: round trips of every kind of page, room that is too small, damaged input, wrong sizes. */
#include <stdint.h>
#include <stdlib.h>

#include "kdf.h"
#include "test.h"

enum { PAGE = 4096, BIG_PAGE = 65536 };

static uint64_t seed = 1;

static uint64_t random_u64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fill_random(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_u64();
}

static void fill_text(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)("page of the kernel "[i % 19] + (random_u64() % 50 == 0));
}

static void round_trip(const struct kdf_codec *c, void *work, const uint8_t *in, size_t n)
{
	size_t bound = c->bound(n);
	uint8_t *packed = malloc(bound), *out = malloc(n + 1);

	CHECK(bound >= n);
	size_t size = c->compress(work, in, n, packed, bound);
	CHECK(size > 0 && size <= bound);
	out[n] = 0xa5;
	CHECK(c->decompress(packed, size, out, n) && !memcmp(in, out, n));
	CHECK(out[n] == 0xa5);
	/* Exactly n bytes must come out: not one less, not one more. */
	CHECK(!c->decompress(packed, size, out, n - 1));
	uint8_t *more = malloc(n + 8);
	CHECK(!c->decompress(packed, size, more, n + 1));
	free(more);
	CHECK(!c->decompress(packed, size / 2, out, n));
	CHECK(!c->decompress(packed, 0, out, n));
	free(packed);
	free(out);
}

/* With room for one page less one byte, the answer is 0 or a size within it, never a byte beyond. */
static void tight_room(const struct kdf_codec *c, void *work)
{
	uint8_t in[PAGE], out[PAGE + 1], back[PAGE];

	fill_random(in, PAGE);
	out[PAGE - 1] = out[PAGE] = 0x5a;
	CHECK(c->compress(work, in, PAGE, out, PAGE - 1) == 0);
	CHECK(out[PAGE - 1] == 0x5a && out[PAGE] == 0x5a);
	fill_text(in, PAGE);
	size_t size = c->compress(work, in, PAGE, out, PAGE - 1);
	CHECK(size > 0 && size < PAGE - 1);
	CHECK(c->decompress(out, size, back, PAGE) && !memcmp(in, back, PAGE));
	uint8_t *exact = malloc(size);
	size_t again = c->compress(work, in, PAGE, exact, size);
	CHECK(again == size || again == 0);
	CHECK(c->compress(work, in, PAGE, exact, size / 2) == 0);
	free(exact);
}

/* Damage must give false or other bytes, never a write beyond the page (the sanitizers watch). */
static void damaged(const struct kdf_codec *c, void *work)
{
	uint8_t in[PAGE], packed[PAGE + PAGE / 8 + 128], out[PAGE];
	unsigned refused = 0;

	fill_text(in, PAGE);
	size_t size = c->compress(work, in, PAGE, packed, sizeof(packed));
	for (int i = 0; i < 2000; i++) {
		uint8_t *bad = malloc(size); /* its own block: reads beyond it are seen */
		memcpy(bad, packed, size);
		bad[random_u64() % size] ^= (uint8_t)(1 + random_u64() % 255);
		refused += !c->decompress(bad, size, out, PAGE) || memcmp(in, out, PAGE);
		free(bad);
	}
	CHECK(refused > 1500);
	for (int i = 0; i < 2000; i++) {
		size_t n = 1 + random_u64() % 200;
		uint8_t *noise = malloc(n);
		fill_random(noise, n);
		c->decompress(noise, n, out, PAGE);
		free(noise);
	}
	/* Still of use afterwards. */
	CHECK(c->decompress(packed, size, out, PAGE) && !memcmp(in, out, PAGE));
}

static void one_codec(const struct kdf_codec *c)
{
	uint8_t *page = malloc(BIG_PAGE);
	void *work = NULL;

	CHECK_OK(c->open(c->default_level, &work));
	memset(page, 0, BIG_PAGE);
	round_trip(c, work, page, PAGE);
	round_trip(c, work, page, BIG_PAGE);
	fill_text(page, BIG_PAGE);
	round_trip(c, work, page, PAGE);
	round_trip(c, work, page, BIG_PAGE);
	fill_random(page, BIG_PAGE);
	round_trip(c, work, page, PAGE);
	round_trip(c, work, page, BIG_PAGE);
	tight_room(c, work);
	damaged(c, work);
	c->close(work);
	free(page);
}

static void levels(const struct kdf_codec *c)
{
	uint8_t in[PAGE], out[PAGE], back[PAGE];

	fill_text(in, PAGE);
	for (int level = c->min_level; level <= c->max_level; level++) {
		void *work;
		CHECK_OK(c->open(level, &work));
		size_t size = c->compress(work, in, PAGE, out, sizeof(out));
		CHECK(size && c->decompress(out, size, back, PAGE) && !memcmp(in, back, PAGE));
		c->close(work);
	}
}

/* The same page gives the same bytes, whatever was compressed before it: files do not depend on threads. */
static void no_memory_of_the_past(const struct kdf_codec *c)
{
	uint8_t in[PAGE], other[PAGE], first[PAGE], second[PAGE];
	void *work;

	fill_text(in, PAGE);
	fill_random(other, PAGE);
	CHECK_OK(c->open(c->default_level, &work));
	size_t a = c->compress(work, in, PAGE, first, PAGE);
	c->compress(work, other, PAGE, second, PAGE);
	size_t b = c->compress(work, in, PAGE, second, PAGE);
	CHECK(a && a == b && !memcmp(first, second, a));
	c->close(work);
}

int main(void)
{
	CHECK(kdf_codec_count() >= 3);
	for (size_t i = 0; i < kdf_codec_count(); i++) {
		const struct kdf_codec *c = kdf_codec_at(i);
		CHECK(kdf_codec_by_name(c->name) == c);
		CHECK(kdf_codec_by_letter(c->letter) == c);
		CHECK(kdf_codec_by_flag(c->flag) == c);
		CHECK(strstr(kdf_features(), c->name) != NULL);
		one_codec(c);
		levels(c);
		no_memory_of_the_past(c);
	}
	CHECK(!kdf_codec_at(kdf_codec_count()));
	CHECK(!kdf_codec_by_name("lz4") && !kdf_codec_by_letter('q') && !kdf_codec_by_flag(8) && !kdf_codec_by_flag(0));
	/* The format's numbers. */
	CHECK(kdf_codec_by_name("zlib")->flag == 1 && kdf_codec_by_name("lzo")->flag == 2);
	CHECK(kdf_codec_by_name("zstd")->flag == 0x20);
	/* Level 1 streams begin as makedumpfile's do: RFC 1950 with the fastest algorithm. */
	uint8_t page[PAGE] = { 0 }, out[PAGE];
	void *work;
	CHECK_OK(kdf_codec_by_name("zlib")->open(1, &work));
	CHECK(kdf_codec_by_name("zlib")->compress(work, page, PAGE, out, PAGE) > 2 && out[0] == 0x78 && out[1] == 0x01);
	kdf_codec_by_name("zlib")->close(work);
	CHECK_CODE(kdf_codec_by_name("zlib")->open(77, &work), KDF_USAGE);
	TEST_END();
}
