// SPDX-License-Identifier: GPL-2.0-or-later
/* Expressions: arithmetic and errors without a dump, members and casts over a small kernel made here. */
#include "test.h"

#include <stdlib.h>

#include "analyze/expr/expr.h"
#include "analyze/expr/print.h"
#include "base/cleanup.h"
#include "kdx-session.h"
#include "kdx-symbols-fixture.h"

static struct kdx_session *session;
static struct kdx_shell shell;

/* The value as p would show it; the error's text in <> when there is none. malloc'ed. */
static char *shown(const char *text, unsigned radix, char format, bool json)
{
	struct kdx_expr x = { .space = { session, KDF_KERNEL_PGD }, .shell = &shell, .cpu = 1 };
	char *out_text = NULL;
	size_t size;
	FILE *f = open_memstream(&out_text, &size);
	struct kdx_print p = { .space = x.space, .radix = radix, .format = format };
	struct kdx_value v;
	unsigned n;
	struct kdf_error *e = kdx_out_new(f, json, &p.out);

	if (!e)
		e = kdx_expr_eval(&x, text, &v);
	if (!e)
		e = kdx_history_add(&shell, &v, &n);
	if (!e)
		e = kdx_print_value(&p, NULL, &v, true);
	if (e)
		fprintf(f, "<%s>", kdf_error_text(e));
	kdf_error_free(e);
	kdf_error_free(kdx_out_close(p.out));
	fclose(f);
	return out_text;
}

static void is(const char *text, const char *want)
{
	KDF_AUTO_FREE char *got = shown(text, 10, 0, false);

	if (!CHECK_TEXT(got, want))
		fprintf(stderr, "expression: %s\n", text);
}

static void is_in(const char *text, unsigned radix, char format, bool json, const char *want)
{
	KDF_AUTO_FREE char *got = shown(text, radix, format, json);

	if (!CHECK_TEXT(got, want))
		fprintf(stderr, "expression: %s\n", text);
}

static void fails(const char *text, enum kdf_code code)
{
	struct kdx_expr x = { .space = { session, KDF_KERNEL_PGD }, .cpu = -1 };
	struct kdx_value v;

	if (!CHECK_CODE(kdx_expr_eval(&x, text, &v), code))
		fprintf(stderr, "expression: %s\n", text);
}

static void arithmetic(void)
{
	is("1 + 2 * 3", "7");
	is("(1 + 2) * 3", "9");
	is("10 / 3", "3");
	is("-10 / 3", "-3");
	is("-10 % 3", "-1");
	is("7 - 2 - 1", "4");
	is("1 << 4 | 1", "17");
	is("~0", "-1");
	is("~0U", "4294967295");
	is("-1UL", "18446744073709551615");
	is("0xffffffff", "4294967295");
	is("0xffffffffffffffff", "18446744073709551615");
	is("0777", "511");
	is("0b101", "5");
	is("2147483647 + 1", "2147483648");
	is("1 << 40", "1099511627776");
	is("1 << 64", "0");
	is("-8 >> 1", "-4");
	is("1 ? 2 : 3", "2");
	is("0 ? 2 : 0 ? 4 : 5", "5");
	is("1 && 0 || 1", "1");
	is("0 && 1 / 0", "0");
	is("1 || 1 / 0", "1");
	is("3 > 2", "1");
	is("-1 < 0U", "0");
	is("!5", "0");
	is("1 == 1.0", "1");
	is("1.5 * 2", "3");
	is("10 / 4.0", "2.5");
	is("'a'", "97 'a'");
	is("'\\n'", "10 '\\n'");
	is("(char)65", "65 'A'");
	is("(unsigned char)200", "200 '\\310'");
	is("(signed char)-1", "-1 '\\377'");
	is("(bool)7", "true");
	is("(short)70000", "4464");
	is("(unsigned long)-1", "18446744073709551615");
	is("(long)-5", "-5");
	is("\"a\\tb\\0c\"", "\"a\\tb\\000c\"");
	is("\"abc\"[1]", "98 'b'");
	is("sizeof(int)", "4");
	is("sizeof(unsigned long long)", "8");
	is("sizeof \"abc\"", "4");
	is("sizeof(char[3][5])", "15");
	is("sizeof(int *)", "8");
	is("sizeof(int (*)(void))", "8");
	is("(void *)0xffff", "(void *) 0xffff");
	is("(int *)16 + 1", "(int *) 0x14");
	is("(int *)16 - (int *)8", "2");
	is("(char *)0", "0x0");
	is("(long long)1 + 1", "2");
	is("-9223372036854775807 - 1", "-9223372036854775808");
	is("(-9223372036854775807 - 1) / -1", "-9223372036854775808");
	is("(-9223372036854775807 - 1) % -1", "0");
	is_in("255", 16, 0, false, "0xff");
	is_in("-1", 16, 0, false, "0xffffffff");
	is_in("5", 10, 't', false, "101");
	is_in("8", 10, 'o', false, "010");
	is_in("65", 10, 'c', false, "65 'A'");
	is_in("-1", 10, 'u', false, "4294967295");
	is_in("1 + 1", 10, 0, true, "{\"value\":2}\n");
	is_in("(void *)16", 10, 0, true, "{\"value\":\"0x10\"}\n");
}

static void wrong(void)
{
	static const char *const text[] = { "",
					    "1 +",
					    "(1",
					    "1)",
					    "*",
					    "1 2",
					    "a b",
					    "'",
					    "\"x",
					    "sizeof",
					    "()",
					    "1 ? 2",
					    "1[0]",
					    "0x",
					    "1x",
					    "08",
					    "5 @ 2",
					    "&5",
					    "*1.5",
					    "1 = 2",
					    "f(1)",
					    "\\",
					    "1..2",
					    "$x",
					    "~1.5",
					    "1.5 % 2",
					    "{int}",
					    "a->",
					    ".x",
					    "container_of(1",
					    "offsetof(int, x)",
					    "(int[",
					    "'ab",
					    "1 @" };
	char deep[4001];

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct kdx_expr x = { .space = { session, KDF_KERNEL_PGD }, .cpu = -1 };
		struct kdx_value v;
		struct kdf_error *e = kdx_expr_eval(&x, text[i], &v);

		if (!CHECK(e != NULL))
			fprintf(stderr, "expression: %s\n", text[i]);
		kdf_error_free(e);
	}
	fails("1 / 0", KDF_USAGE);
	fails("1 % 0", KDF_USAGE);
	fails("$99", KDF_NOT_FOUND);
	memset(deep, '(', 4000);
	deep[4000] = '\0';
	fails(deep, KDF_LIMIT);
	memset(deep, '-', 4000);
	fails(deep, KDF_LIMIT);
	memset(deep, '9', 4000);
	fails(deep, KDF_USAGE);
	for (int i = 0; i < 4000; i++)
		deep[i] = "(int["[i % 5];
	fails(deep, KDF_LIMIT);
}

static void history(void)
{
	unsigned n = kdx_history_count(&shell);
	char text[64];

	is("40 + 2", "42");
	snprintf(text, sizeof(text), "$%u + 1", n + 1);
	is(text, "43");
	is("$ + 1", "44");
	is("$$ * 2", "86");
	is("$$1", "44");
}

static void types(void)
{
	static const struct {
		const char *text, *declared;
	} good[] = {
		{ "unsigned long", "unsigned long" },
		{ "long unsigned int", "unsigned long" },
		{ "char *", "char *" },
		{ "const char **", "char **" },
		{ "int [3]", "int [3]" },
		{ "int *[2][3]", "int *[2][3]" },
		{ "int (*)[3]", "int (*)[3]" },
		{ "void (*)(int, char *)", "void (*)(void)" },
		{ "unsigned", "unsigned int" },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		KDF_AUTO_FREE char *text = NULL;
		const struct kdx_type *t;
		char squeezed[64];
		size_t n = 0;

		if (!CHECK_OK(kdx_expr_type(session, good[i].text, &t)) ||
		    !CHECK_OK(kdx_derived_declare(session, t, "", &text)))
			continue;
		for (const char *p = text; *p && n < sizeof(squeezed) - 1; p++)
			if (*p != ' ' || (p[1] && p[1] != ' '))
				squeezed[n++] = *p;
		squeezed[n] = '\0';
		/* "int [3]" and "int[3]" are both fine. */
		char want[64];
		size_t a = 0, b = 0;
		snprintf(want, sizeof(want), "%s", good[i].declared);
		for (const char *p = squeezed; *p; p++)
			if (*p != ' ')
				squeezed[a++] = *p;
		squeezed[a] = '\0';
		for (const char *p = want; *p; p++)
			if (*p != ' ')
				want[b++] = *p;
		want[b] = '\0';
		CHECK_TEXT(squeezed, want);
	}
}

static void cpu_parts(void)
{
	static const struct {
		const char *text;
		size_t n;
		const char *cpus;
	} part[] = {
		{ "runqueues:1", 9, "1" }, { "runqueues:a", 9, "a" }, { "runqueues:", 9, "" },
		{ "x:1,3-4", 1, "1,3-4" }, { "x", 1, NULL },          { "a ? b : 1", 9, NULL },
		{ "x:foo", 5, NULL },      { "x:all", 1, "all" },
	};

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		const char *cpus;
		size_t n;

		kdx_cpu_part(part[i].text, &n, &cpus);
		CHECK(n == part[i].n);
		CHECK(part[i].cpus ? cpus && !strcmp(cpus, part[i].cpus) : !cpus);
	}
}

/* ---- over the small kernel: symbols from kallsyms, types from BTF, both in the dump ---- */

static void kernel_values(void)
{
	struct kdx_expr x = { .space = { session, KDF_KERNEL_PGD }, .cpu = -1 };
	uint64_t address;

	is("*(unsigned int *)&nr_cpu_ids", "4");
	is("(unsigned int)nr_cpu_ids", "4");
	is("{unsigned int}&nr_cpu_ids", "4");
	is("((unsigned long *)&__per_cpu_offset)[2]", "3145728");
	is("((char *)&linux_banner)[0]@5", "\"Linux\"");
	is("*(struct list_head *)&modules", "{\n  next = 0xffffffff83010008,\n  prev = 0x0\n}");
	is("container_of(((struct list_head *)&modules)->next, struct module, list)->name",
	   "\"crashme"
	   "\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\"
	   "000\\000\\000"
	   "\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\"
	   "000\\000\\000\"");
	is("offsetof(struct module, mem)", "80");
	is("offsetof(struct module, mem[1].size)", "104");
	is("sizeof(struct module)", "200");
	is("sizeof(*(struct module *)0)", "200");
	is("sizeof(((struct module *)0)->name)", "56");
	is("&((struct module *)0)->list", "(struct list_head *) 0x8");
	is("(long)&((struct module *)0)->list.prev", "16");
	is("((struct module *)0xffffffff83010000)->state", "-2");
	is("((struct module *)0xffffffff83010000)->taints", "87381");
	is_in("((struct module *)0xffffffff83010000)->taints", 16, 0, false, "0x15555");
	is("((struct module *)0xffffffff83010000).mem[0]", "{\n  base = 0xffffffff83012000,\n  size = 4096\n}");
	is("(char *)&linux_banner + 6",
	   "0xffffffff83002006 <linux_banner+6> \"version 6.1.99-test (builder@host) (gcc 12) #1 SMP\\n\"");
	is_in("*(struct list_head *)&modules", 10, 0, true,
	      "{\"value\":{\"next\":\"0xffffffff83010008\",\"prev\":\"0x0\"}}\n");
	is("(int[2])nr_cpu_ids", "{4, 0}");
	fails("_end", KDF_OK);
	fails("_end + 1", KDF_NO_DEBUG);
	fails("nosuch", KDF_NOT_FOUND);
	fails("((struct module *)0)->state + 1", KDF_FAULT);
	fails("((struct module *)0)->nosuch", KDF_NOT_FOUND);
	fails("&((struct module *)0)->state", KDF_USAGE);
	fails("(struct nosuch *)0", KDF_NOT_FOUND);
	CHECK_OK(kdx_expr_address(&x, "ffffffff83000100", &address));
	CHECK(address == LOADED + AT_SCHEDULE);
	CHECK_OK(kdx_expr_address(&x, "schedule+0x10", &address));
	CHECK(address == LOADED + AT_SCHEDULE + 16);
	CHECK_OK(kdx_expr_address(&x, "(schedule)", &address));
	CHECK(address == LOADED + AT_SCHEDULE);
	CHECK_OK(kdx_expr_number(&x, "-3", &address));
	CHECK((int64_t)address == -3);
	CHECK_OK(kdx_expr_number(&x, "2 * 8", &address));
	CHECK(address == 16);
}

static void cpu_sets(void)
{
	bool *set;

	CHECK_OK(kdx_cpu_set(session, "0,2", 0, &set));
	CHECK(set[0] && !set[1] && set[2]);
	free(set);
	CHECK_OK(kdx_cpu_set(session, "a", 0, &set));
	CHECK(set[0] && set[1] && set[2]);
	free(set);
	CHECK_OK(kdx_cpu_set(session, "", 1, &set));
	CHECK(!set[0] && set[1] && !set[2]);
	free(set);
	CHECK_CODE(kdx_cpu_set(session, "9", 0, &set), KDF_USAGE);
	CHECK_CODE(kdx_cpu_set(session, "1-", 0, &set), KDF_USAGE);
	CHECK_CODE(kdx_cpu_set(session, "2-1", 0, &set), KDF_USAGE);
	CHECK_CODE(kdx_cpu_set(session, "0-4000000000", 0, &set), KDF_USAGE);
	CHECK_CODE(kdx_cpu_set(session, "0x", 0, &set), KDF_USAGE);
}

int main(void)
{
	struct kdx_session empty;
	struct kernel k = { 0 };
	const char *path;

	test_session_open(&empty);
	session = &empty;
	arithmetic();
	wrong();
	history();
	types();
	cpu_parts();
	kdx_history_free(&shell);
	test_session_close(&empty);
	make_kernel(&k);
	path = k.files.path[0];
	if (CHECK_OK(kdx_session_open(&(struct kdx_open_args){ .path = &path, .npaths = 1 }, &session))) {
		kernel_values();
		cpu_sets();
		kdx_history_free(&shell);
		kdx_session_close(session);
	}
	drop_kernel(&k);
	TEST_END();
}
