// SPDX-License-Identifier: GPL-2.0-or-later
/* The kallsyms decoder: four encodings of addresses, long names, damage. */
#include "test.h"

#include "format-kallsyms-fixture.h"

/* What the walk tells, against the sample. */
struct told {
	size_t n, right;
	bool small_lost; /* a small per-CPU value has no place in base + unsigned offset */
};

static struct kdf_error *tell(void *arg, uint64_t address, char type, const char *name, size_t len)
{
	struct told *t = arg;
	size_t i = t->n++;

	t->right += i < N && (address == sample[i].address || (t->small_lost && !i)) && type == sample[i].type &&
		    !strcmp(name, sample[i].name) && len == strlen(name);
	return NULL;
}

static struct kdf_error *stop_at_second(void *arg, uint64_t address, char type, const char *name, size_t len)
{
	(void)address;
	(void)type;
	(void)name;
	(void)len;
	return ++*(int *)arg == 2 ? kdf_err(KDF_INTERRUPTED, "enough") : NULL;
}

static void encodings(bool be)
{
	for (int c = 0; c < KDF_KALLSYMS_ENCODINGS; c++) {
		struct tables t;
		struct kdf_kallsyms k = make(&t, (enum kdf_kallsyms_encoding)c, be);
		struct told told = { .small_lost = c == KDF_KALLSYMS_RELATIVE };
		struct kdf_named_address name[] = {
			{ "last", 0, false }, { "lasting", 1, true }, { "schedule", 0, false },
		};
		int calls = 0;

		CHECK_OK(kdf_kallsyms_walk(&k, tell, &told));
		CHECK(told.n == N && told.right == N);
		CHECK_CODE(kdf_kallsyms_walk(&k, stop_at_second, &calls), KDF_INTERRUPTED);
		CHECK(calls == 2);
		CHECK_OK(kdf_kallsyms_addresses(&k, name, 3));
		CHECK(name[0].found && name[0].address == BASE + 0x7fffff && !name[1].found);
		CHECK(name[2].found && name[2].address == BASE + 0x1230);
		drop(&t);
	}
}

static void fails(const struct kdf_kallsyms *k, enum kdf_code code)
{
	struct kdf_named_address name = { "schedule", 0, false };

	CHECK_CODE(kdf_kallsyms_addresses(k, &name, 1), code);
}

static void damaged(void)
{
	struct tables t;
	struct kdf_kallsyms good = make(&t, KDF_KALLSYMS_ABSOLUTE_PERCPU, false), k = good;

	k.anchor_address++;
	fails(&k, KDF_CORRUPT);
	k = good;
	k.anchor = "absent";
	fails(&k, KDF_CORRUPT);
	k = good;
	k.names_size--;
	fails(&k, KDF_CORRUPT);
	k = good;
	k.count = 0;
	fails(&k, KDF_CORRUPT);
	k = good;
	k.token_table_size--;
	fails(&k, KDF_CORRUPT);
	kdf_store_uint(t.token_index + 2 * 't', 0xffff, 2, false);
	fails(&good, KDF_CORRUPT);
	drop(&t);
	/* A token of 3000 bytes: names that grow beyond any kernel's. */
	good = make(&t, KDF_KALLSYMS_ABSOLUTE_PERCPU, false);
	kdf_store_uint(t.token_index + 2 * 't', t.token_table.len, 2, false);
	for (int i = 0; i < 3000; i++)
		kdf_buf_putc(&t.token_table, 'x');
	kdf_buf_putc(&t.token_table, '\0');
	good.token_table = (const uint8_t *)t.token_table.data;
	good.token_table_size = t.token_table.len;
	fails(&good, KDF_CORRUPT);
	drop(&t);
	/* A name of length 0. */
	good = make(&t, KDF_KALLSYMS_ABSOLUTE_PERCPU, false);
	t.names.data[0] = 0;
	fails(&good, KDF_CORRUPT);
	drop(&t);
}

int main(void)
{
	encodings(false);
	encodings(true);
	damaged();
	TEST_END();
}
