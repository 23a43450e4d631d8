// SPDX-License-Identifier: GPL-2.0-or-later
/* Floor 0: errors, buffers, byte reader, hash, numbers, option tables. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/num.h"
#include "base/opts.h"

static void errors(void)
{
	struct kdf_error *e = kdf_err_wrap(kdf_err_sys(ENOSPC, "write %s", "f"), "cannot save");

	CHECK(kdf_error_code(e) == KDF_NO_SPACE);
	CHECK(kdf_error_errno(e) == ENOSPC);
	CHECK_TEXT(kdf_error_text(e), "cannot save: write f: No space left on device");
	kdf_error_free(e);
	CHECK(!kdf_err_wrap(NULL, "nothing"));
	CHECK(kdf_error_code(NULL) == KDF_OK);
	for (int c = 0; c < KDF_CODE_MAX; c++)
		CHECK(strcmp(kdf_code_name((enum kdf_code)c), "unknown"));
	kdf_error_free(NULL);
}

static void buffers(void)
{
	struct kdf_buf b = { 0 };

	CHECK_TEXT(kdf_buf_text(&b), "");
	for (int i = 0; i < 1000; i++)
		kdf_buf_printf(&b, "%d,", i);
	CHECK(b.len == 10 * 2 + 90 * 3 + 900 * 4);
	kdf_buf_clear(&b);
	kdf_buf_printf(&b, "%0300d", 7);
	CHECK(b.len == 300 && b.data[299] == '7' && !b.data[300]);
	char *text = kdf_buf_take(&b);
	CHECK(text && strlen(text) == 300 && !b.data);
	free(text);
	size_t cap = 0;
	void *p = NULL;
	CHECK(!kdf_grow(&p, &cap, SIZE_MAX / 2, 8));
	CHECK(!p && !cap);
}

static void bytes(void)
{
	static const uint8_t raw[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct kdf_bytes b = kdf_bytes(raw, sizeof(raw), false);

	CHECK(kdf_get_u16(&b) == 0x0201);
	CHECK(kdf_get_u32(&b) == 0x06050403);
	CHECK(!b.bad && kdf_get_u32(&b) == 0 && b.bad);
	CHECK(kdf_get_u8(&b) == 0);
	b = kdf_bytes(raw, sizeof(raw), true);
	CHECK(kdf_get_u64(&b) == 0x0102030405060708u);
	kdf_seek(&b, 10);
	CHECK(b.bad);
	uint8_t out[4];
	kdf_store_uint(out, 0x11223344, 4, true);
	CHECK(kdf_load_uint(out, 4, false) == 0x44332211);
}

static void hashes(void)
{
	struct kdf_hash t = { 0 }, n = { 0 };
	static char name[5000][16];

	CHECK(!kdf_hash_get_text(&t, "x"));
	for (int i = 0; i < 5000; i++) {
		snprintf(name[i], sizeof(name[i]), "n%d", i);
		CHECK(kdf_hash_put_text(&t, name[i], name[i]) && kdf_hash_put_u64(&n, (uint64_t)i << 12, name[i]));
	}
	int wrong = 0;
	for (int i = 0; i < 5000; i++)
		wrong += kdf_hash_get_text(&t, name[i]) != name[i] || kdf_hash_get_u64(&n, (uint64_t)i << 12) != name[i];
	CHECK(!wrong && t.count == 5000);
	CHECK(!kdf_hash_get_text(&t, "n5000") && !kdf_hash_get_u64(&n, 1));
	CHECK(kdf_hash_put_text(&t, "n1", name[2]) && kdf_hash_get_text(&t, "n1") == name[2] && t.count == 5000);
	kdf_hash_free(&t);
	kdf_hash_free(&n);
}

static void numbers(void)
{
	uint64_t u;
	int64_t i;
	char buf[32];

	CHECK(kdf_parse_u64("0x10", 0, &u) && u == 16);
	CHECK(kdf_parse_u64("ffffffff81000000", 16, &u) && u == 0xffffffff81000000u);
	CHECK(kdf_parse_u64("18446744073709551615", 10, &u) && u == UINT64_MAX);
	CHECK(!kdf_parse_u64("18446744073709551616", 10, &u) && !kdf_parse_u64("", 0, &u) && !kdf_parse_u64("-1", 10, &u));
	CHECK(!kdf_parse_u64("12x", 0, &u) && !kdf_parse_u64(" 1", 0, &u) && !kdf_parse_u64("0x", 0, &u));
	CHECK(kdf_parse_i64("-9223372036854775808", 10, &i) && i == INT64_MIN);
	CHECK(!kdf_parse_i64("-9223372036854775809", 10, &i) && !kdf_parse_i64("9223372036854775808", 10, &i));
	CHECK(kdf_parse_size("64M", &u) && u == 64 << 20);
	CHECK(kdf_parse_size("2GiB", &u) && u == 2ull << 30);
	CHECK(!kdf_parse_size("1X", &u) && !kdf_parse_size("17179869184G", &u) && !kdf_parse_size("M", &u));
	CHECK_TEXT(kdf_format_size(1536, buf, sizeof(buf)), "1.5 KB");
	CHECK_TEXT(kdf_format_size(1ull << 30, buf, sizeof(buf)), "1 GB");
}

static const struct kdf_option table[] = {
	{ 'd', "level", "N", "A level.", 0 },
	{ 'c', "zlib", NULL, "Codec.", 0 },
	{ 'S', NULL, "[CPUS]", "Optional.", 0 },
	{ KDF_OPT_LONG + 1, "num-threads", "N", "Threads.", 0 },
	{ KDF_OPT_LONG + 2, "num", NULL, "Another.", 0 },
	{ KDF_OPT_LONG + 3, "16", NULL, "Units.", KDF_OPT_ONE_DASH },
	{ 0 },
};

static struct kdf_error *parse(struct kdf_args *a, unsigned flags, const char *const *words, int n)
{
	char *argv[16];

	for (int i = 0; i < n; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	return kdf_args_parse(table, flags, n, argv, a);
}
#define PARSE(a, flags, ...) \
	parse(a, flags, (const char *const[]){ "prog", __VA_ARGS__ }, \
	      (int)(sizeof((const char *const[]){ "prog", __VA_ARGS__ }) / sizeof(char *)))

static void options(void)
{
	struct kdf_args a;

	if (CHECK_OK(PARSE(&a, 0, "in", "-cd31", "--num-threads=2", "out", "-16", "-S", "-S=1,2", "-5"))) {
		CHECK(a.nword == 3 && !strcmp(a.word[0], "in") && !strcmp(a.word[2], "-5") && !a.word[3]);
		CHECK(kdf_args_count(&a, 'c') == 1 && kdf_args_count(&a, 'S') == 2);
		CHECK_TEXT(kdf_args_value(&a, 'd'), "31");
		CHECK_TEXT(kdf_args_value(&a, KDF_OPT_LONG + 1), "2");
		CHECK_TEXT(kdf_args_value(&a, 'S'), "1,2");
		CHECK(kdf_args_count(&a, KDF_OPT_LONG + 3) == 1 && !kdf_args_count(&a, KDF_OPT_LONG + 2));
		kdf_args_free(&a);
	}
	if (CHECK_OK(PARSE(&a, KDF_ARGS_STOP, "-c", "word", "-d", "--", "x"))) {
		CHECK(a.nword == 4 && !kdf_args_count(&a, 'd'));
		kdf_args_free(&a);
	}
	CHECK_CODE(PARSE(&a, 0, "-d"), KDF_USAGE);
	CHECK_CODE(PARSE(&a, 0, "--nu"), KDF_USAGE);
	CHECK_CODE(PARSE(&a, 0, "-x"), KDF_USAGE);
	CHECK_CODE(PARSE(&a, 0, "--zlib=1"), KDF_USAGE);
	if (CHECK_OK(PARSE(&a, 0, "--num", "--zl"))) {
		CHECK(kdf_args_count(&a, 'c') == 1 && kdf_args_count(&a, KDF_OPT_LONG + 2) == 1);
		kdf_args_free(&a);
	}
}

int main(void)
{
	errors();
	buffers();
	bytes();
	hashes();
	numbers();
	options();
	TEST_END();
}
