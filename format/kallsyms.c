// SPDX-License-Identifier: GPL-2.0-or-later
#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"

enum {
	TOKENS = 256,
	MAX_COUNT = 4 << 20,	  /* symbols; kernels have 200 thousand */
	MAX_NAMES = 32 << 20,	  /* bytes of packed names; kernels have 3 MiB */
	MAX_NAME = 2048,	  /* bytes of one name unpacked; KSYM_NAME_LEN is 512 since 6.1 */
	MAX_TOKEN_TABLE = 1 << 17, /* 16-bit offsets, and the last token */
};

/* ---- decoding ---- */

struct tokens {
	const char *text[TOKENS];
	size_t len[TOKENS];
};

static struct kdf_error *read_tokens(const struct kdf_kallsyms *k, struct tokens *out)
{
	for (int i = 0; i < TOKENS; i++) {
		size_t at = kdf_load_uint(k->token_index + 2 * i, 2, k->big_endian);
		const uint8_t *end = at < k->token_table_size
			? memchr(k->token_table + at, 0, k->token_table_size - at) : NULL;

		if (!end)
			return kdf_err(KDF_CORRUPT, "kallsyms: token %d lies outside the token table", i);
		out->text[i] = (const char *)k->token_table + at;
		out->len[i] = (size_t)(end - (k->token_table + at));
	}
	return NULL;
}

/*
 * The length of a packed name: 7 bits, and since 6.1 another 8 when the top bit is set. Before, lengths from 128
 * on did not occur: a name had 128 bytes at most and a token stands for one byte or more.
 */
static size_t packed_length(struct kdf_bytes *b)
{
	size_t len = kdf_get_u8(b);

	return len & 0x80 ? (len & 0x7f) | (size_t)kdf_get_u8(b) << 7 : len;
}

/* Goes through the names in order; each is unpacked into a buffer that the next one overwrites. */
struct cursor {
	struct kdf_bytes packed;
	struct tokens tokens;
	uint32_t next;
	char text[MAX_NAME + 1]; /* the type letter, the name, NUL */
	size_t len;		 /* of the name alone */
};

static struct kdf_error *cursor_open(const struct kdf_kallsyms *k, struct cursor *c)
{
	c->packed = kdf_bytes(k->names, k->names_size, k->big_endian);
	c->next = 0;
	return read_tokens(k, &c->tokens);
}

static struct kdf_error *cursor_next(struct cursor *c)
{
	uint32_t i = c->next++;
	size_t n = packed_length(&c->packed), len = 0;
	const uint8_t *packed = kdf_get_bytes(&c->packed, n);

	if (!packed)
		return kdf_err(KDF_CORRUPT, "kallsyms: the names end within symbol %u", i);
	for (size_t k = 0; k < n; k++) {
		size_t more = c->tokens.len[packed[k]];
		if (more > MAX_NAME - len)
			return kdf_err(KDF_CORRUPT, "kallsyms: symbol %u has a name of more than %d bytes", i,
				       (int)MAX_NAME);
		memcpy(c->text + len, c->tokens.text[packed[k]], more);
		len += more;
	}
	if (len < 2)
		return kdf_err(KDF_CORRUPT, "kallsyms: symbol %u has no name", i);
	c->text[len] = '\0';
	c->len = len - 1;
	return NULL;
}

static uint64_t address_of(const struct kdf_kallsyms *k, enum kdf_kallsyms_encoding encoding, uint32_t i)
{
	if (encoding == KDF_KALLSYMS_ABSOLUTE)
		return kdf_load_uint(k->addresses + 8 * (size_t)i, 8, k->big_endian);
	uint32_t raw = (uint32_t)kdf_load_uint(k->offsets + 4 * (size_t)i, 4, k->big_endian);
	int64_t value = (int32_t)raw;
	switch (encoding) {
	case KDF_KALLSYMS_RELATIVE:
		return k->base + raw;
	case KDF_KALLSYMS_ABSOLUTE_PERCPU:
		return value >= 0 ? (uint64_t)value : k->base - 1 - (uint64_t)value;
	default:
		return k->offsets_address + 4 * (uint64_t)i + (uint64_t)value;
	}
}

static bool encoding_possible(const struct kdf_kallsyms *k, enum kdf_kallsyms_encoding encoding)
{
	if (encoding == KDF_KALLSYMS_ABSOLUTE)
		return k->addresses;
	return k->offsets && (encoding == KDF_KALLSYMS_PLACE_RELATIVE || k->has_base);
}

/* The anchor's symbol tells how addresses are stored. The names behind it stay unread. */
static struct kdf_error *find_encoding(const struct kdf_kallsyms *k, struct cursor *c,
				       enum kdf_kallsyms_encoding *out)
{
	bool seen = false;
	struct kdf_error *e = cursor_open(k, c);

	for (uint32_t i = 0; !e && i < k->count; i++) {
		e = cursor_next(c);
		if (e || strcmp(c->text + 1, k->anchor))
			continue;
		seen = true;
		for (int n = 0; n < KDF_KALLSYMS_ENCODINGS; n++) {
			*out = (enum kdf_kallsyms_encoding)n;
			if (encoding_possible(k, *out) && address_of(k, *out, i) == k->anchor_address)
				return NULL;
		}
	}
	if (e)
		return e;
	return seen ? kdf_err(KDF_CORRUPT, "kallsyms: %s is not at %#jx in any known encoding", k->anchor,
			      (uintmax_t)k->anchor_address)
		    : kdf_err(KDF_CORRUPT, "kallsyms: no %s among its %u symbols", k->anchor, k->count);
}

struct kdf_error *kdf_kallsyms_walk(const struct kdf_kallsyms *k, kdf_kallsyms_fn *fn, void *arg)
{
	enum kdf_kallsyms_encoding encoding = KDF_KALLSYMS_ABSOLUTE;
	struct cursor *c = k->count ? malloc(sizeof(*c)) : NULL;

	if (!c)
		return k->count ? kdf_err(KDF_NOMEM, "out of memory for symbols")
				: kdf_err(KDF_CORRUPT, "kallsyms: no symbols");
	struct kdf_error *e = find_encoding(k, c, &encoding);
	if (!e)
		e = cursor_open(k, c);
	for (uint32_t i = 0; i < k->count && !e; i++) {
		e = cursor_next(c);
		if (!e)
			e = fn(arg, address_of(k, encoding, i), c->text[0], c->text + 1, c->len);
	}
	free(c);
	return e;
}

struct wanted {
	struct kdf_named_address *name;
	size_t n;
};

static struct kdf_error *take_wanted(void *arg, uint64_t address, char type, const char *name, size_t len)
{
	const struct wanted *w = arg;

	(void)type;
	for (size_t i = 0; i < w->n; i++)
		if (!w->name[i].found && w->name[i].name[0] == name[0] && strlen(w->name[i].name) == len &&
		    !memcmp(w->name[i].name, name, len)) {
			w->name[i].address = address;
			w->name[i].found = true;
		}
	return NULL;
}

struct kdf_error *kdf_kallsyms_addresses(const struct kdf_kallsyms *k, struct kdf_named_address *name, size_t n)
{
	struct wanted w = { name, n };

	for (size_t i = 0; i < n; i++)
		name[i].found = false;
	return kdf_kallsyms_walk(k, take_wanted, &w);
}

/* ---- out of the dump ---- */

/* Memory of unknown length, read until `enough` or the first byte that is not there. */
static uint8_t *read_open_end(struct kdf *dump, uint64_t address, size_t enough, size_t *size)
{
	enum { PIECE = 64 << 10, SMALL = 256 };
	uint8_t *bytes = NULL;
	size_t cap = 0, have = 0, step = PIECE;

	while (have < enough) {
		size_t n = enough - have < step ? enough - have : step;

		if (!kdf_grow(&bytes, &cap, have + n, 1))
			break;
		struct kdf_error *e = kdf_read_virt(dump, address + have, bytes + have, n);
		if (e) {
			/* The page where the memory ends still counts: the same again in small steps. */
			kdf_error_free(e);
			if (step == SMALL)
				break;
			step = SMALL;
			continue;
		}
		have += n;
	}
	*size = have;
	return bytes;
}

static struct kdf_error *read_whole(struct kdf *dump, uint64_t address, size_t size, const char *what, uint8_t **out)
{
	*out = malloc(size ? size : 1);
	if (!*out)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	struct kdf_error *e = kdf_read_virt(dump, address, *out, size);
	return e ? kdf_err_wrap(e, "reading %s", what) : NULL;
}

struct place {
	uint64_t names, num_syms, token_table, token_index, offsets, relative_base, addresses;
	bool has_offsets, has_base, has_addresses;
};

static struct kdf_error *find_places(const struct kdf *dump, struct place *p, struct kdf_kallsyms *k)
{
	static const char *const anchor[] = { "_stext", "init_uts_ns", "swapper_pg_dir", "init_top_pgt" };

	*p = (struct place){ 0 };
	if (!kdf_vmcoreinfo(dump, NULL))
		return kdf_err(KDF_NO_DEBUG, "the dump has no VMCOREINFO");
	if (!kdf_vmcoreinfo_symbol(dump, "kallsyms_names", &p->names) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_num_syms", &p->num_syms) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_token_table", &p->token_table) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_token_index", &p->token_index))
		return kdf_err(KDF_NO_DEBUG, "VMCOREINFO does not tell where kallsyms is (kernels before 6.0)");
	p->has_offsets = kdf_vmcoreinfo_symbol(dump, "kallsyms_offsets", &p->offsets);
	p->has_base = kdf_vmcoreinfo_symbol(dump, "kallsyms_relative_base", &p->relative_base);
	p->has_addresses = kdf_vmcoreinfo_symbol(dump, "kallsyms_addresses", &p->addresses);
	if (!p->has_offsets && !p->has_addresses)
		return kdf_err(KDF_NO_DEBUG, "VMCOREINFO names no addresses of kallsyms");
	for (size_t i = 0; i < sizeof(anchor) / sizeof(anchor[0]) && !k->anchor; i++)
		if (kdf_vmcoreinfo_symbol(dump, anchor[i], &k->anchor_address))
			k->anchor = anchor[i];
	return k->anchor ? NULL : kdf_err(KDF_NO_DEBUG, "VMCOREINFO names no kernel symbol to check kallsyms with");
}

static struct kdf_error *read_numbers(struct kdf *dump, const struct place *p, struct kdf_kallsyms *k)
{
	uint8_t b[8];
	struct kdf_error *e = kdf_read_virt(dump, p->num_syms, b, 4);

	if (e)
		return kdf_err_wrap(e, "reading kallsyms_num_syms");
	k->big_endian = kdf_info(dump)->big_endian;
	k->count = (uint32_t)kdf_load_uint(b, 4, k->big_endian);
	if (k->count > MAX_COUNT)
		return kdf_err(KDF_CORRUPT, "kallsyms: %u symbols are more than any kernel has", k->count);
	k->has_base = p->has_base;
	k->offsets_address = p->offsets;
	if (!p->has_base)
		return NULL;
	e = kdf_read_virt(dump, p->relative_base, b, 8);
	k->base = e ? 0 : kdf_load_uint(b, 8, k->big_endian);
	return e ? kdf_err_wrap(e, "reading kallsyms_relative_base") : NULL;
}

static struct kdf_error *read_tables(struct kdf *dump, const struct place *p, struct kdf_kallsyms *k)
{
	struct kdf_error *e = read_whole(dump, p->token_index, 2 * TOKENS, "kallsyms_token_index", &k->memory[0]);

	if (!e)
		e = p->has_offsets
			    ? read_whole(dump, p->offsets, 4 * (size_t)k->count, "kallsyms_offsets", &k->memory[1])
			    : read_whole(dump, p->addresses, 8 * (size_t)k->count, "kallsyms_addresses", &k->memory[1]);
	if (e)
		return e;
	/* In every era so far the token table follows the names, with the markers between; else read far enough. */
	size_t span = p->token_table > p->names ? p->token_table - p->names : 0;
	if (!span || span > MAX_NAMES)
		span = (size_t)k->count * 64 < MAX_NAMES ? (size_t)k->count * 64 : MAX_NAMES;
	k->memory[2] = read_open_end(dump, p->names, span, &k->names_size);
	k->memory[3] = read_open_end(dump, p->token_table, MAX_TOKEN_TABLE, &k->token_table_size);
	k->token_index = k->memory[0];
	*(p->has_offsets ? &k->offsets : &k->addresses) = k->memory[1];
	k->names = k->memory[2];
	k->token_table = k->memory[3];
	return k->names && k->token_table ? NULL : kdf_err(KDF_CORRUPT, "kallsyms: its tables cannot be read");
}

struct kdf_error *kdf_kallsyms_read(struct kdf *dump, struct kdf_kallsyms *k)
{
	struct place p;

	*k = (struct kdf_kallsyms){ 0 };
	struct kdf_error *e = find_places(dump, &p, k);
	if (!e)
		e = read_numbers(dump, &p, k);
	if (!e)
		e = read_tables(dump, &p, k);
	if (e)
		kdf_kallsyms_free(k);
	return e;
}

void kdf_kallsyms_free(struct kdf_kallsyms *k)
{
	for (size_t i = 0; i < sizeof(k->memory) / sizeof(*k->memory); i++)
		free(k->memory[i]);
	*k = (struct kdf_kallsyms){ 0 };
}
