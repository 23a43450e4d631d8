// SPDX-License-Identifier: GPL-2.0-or-later
#include "kallsyms.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "memory.h"

enum {
	TOKENS = 256,
	MAX_COUNT = 8 << 20,	  /* symbols; kernels have 200 thousand */
	MAX_NAMES = 256 << 20,	  /* bytes of packed names */
	MAX_NAME = 2048,	  /* bytes of one name unpacked; KSYM_NAME_LEN is 512 since 6.1 */
	MAX_TEXT = 512 << 20,	  /* bytes of all names unpacked; kernels stay below 8 MiB */
	MAX_TOKEN_TABLE = 1 << 17, /* 16-bit offsets, and the last token */
};

/* ---- decoding ---- */

struct tokens {
	const char *text[TOKENS];
	size_t len[TOKENS];
};

static struct kdf_error *read_tokens(const struct kdx_kallsyms *k, struct tokens *out)
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

/* Names, unpacked one behind the other, each with its type letter in front and a NUL at its end. */
struct names {
	struct kdf_buf text;
	uint32_t *at; /* of each name's letter */
};

/*
 * The length of a packed name: 7 bits, and since 6.1 another 8 when the top bit is set. Before, lengths from 128
 * on did not occur: a name had 128 bytes at most and a token stands for one byte or more.
 */
static size_t packed_length(struct kdf_bytes *b)
{
	size_t len = kdf_get_u8(b);

	return len & 0x80 ? (len & 0x7f) | (size_t)kdf_get_u8(b) << 7 : len;
}

static struct kdf_error *unpack_name(struct kdf_bytes *b, const struct tokens *tokens, uint32_t i, struct names *out)
{
	size_t len = packed_length(b), start = out->text.len;
	const uint8_t *packed = kdf_get_bytes(b, len);

	if (!packed)
		return kdf_err(KDF_CORRUPT, "kallsyms: the names end within symbol %u", i);
	out->at[i] = (uint32_t)start;
	for (size_t k = 0; k < len; k++) {
		kdf_buf_add(&out->text, tokens->text[packed[k]], tokens->len[packed[k]]);
		if (out->text.len - start > MAX_NAME)
			return kdf_err(KDF_CORRUPT, "kallsyms: symbol %u has a name of more than %d bytes", i,
				       (int)MAX_NAME);
	}
	if (out->text.len - start < 2)
		return kdf_err(KDF_CORRUPT, "kallsyms: symbol %u has no name", i);
	kdf_buf_putc(&out->text, '\0');
	return kdf_buf_error(&out->text);
}

static struct kdf_error *unpack_names(const struct kdx_kallsyms *k, struct names *out)
{
	struct kdf_bytes b = kdf_bytes(k->names, k->names_size, k->big_endian);
	struct tokens tokens;
	struct kdf_error *e = read_tokens(k, &tokens);

	if (!e && !(out->at = malloc(k->count * sizeof(*out->at) + 1)))
		e = kdf_err(KDF_NOMEM, "out of memory for symbols");
	for (uint32_t i = 0; i < k->count && !e; i++) {
		e = unpack_name(&b, &tokens, i, out);
		if (!e && out->text.len > MAX_TEXT)
			e = kdf_err(KDF_LIMIT, "kallsyms: more than %d bytes of names", (int)MAX_TEXT);
	}
	return e;
}

static uint64_t address_of(const struct kdx_kallsyms *k, enum kdx_kallsyms_encoding encoding, uint32_t i)
{
	if (encoding == KDX_KALLSYMS_ABSOLUTE)
		return kdf_load_uint(k->addresses + 8 * (size_t)i, 8, k->big_endian);
	uint32_t raw = (uint32_t)kdf_load_uint(k->offsets + 4 * (size_t)i, 4, k->big_endian);
	int64_t value = (int32_t)raw;
	switch (encoding) {
	case KDX_KALLSYMS_RELATIVE:
		return k->base + raw;
	case KDX_KALLSYMS_ABSOLUTE_PERCPU:
		return value >= 0 ? (uint64_t)value : k->base - 1 - (uint64_t)value;
	default:
		return k->offsets_address + 4 * (uint64_t)i + (uint64_t)value;
	}
}

static bool encoding_possible(const struct kdx_kallsyms *k, enum kdx_kallsyms_encoding encoding)
{
	if (encoding == KDX_KALLSYMS_ABSOLUTE)
		return k->addresses;
	return k->offsets && (encoding == KDX_KALLSYMS_PLACE_RELATIVE || k->has_base);
}

static struct kdf_error *find_encoding(const struct kdx_kallsyms *k, const struct names *names,
				       enum kdx_kallsyms_encoding *out)
{
	bool seen = false;

	for (uint32_t i = 0; i < k->count; i++) {
		if (strcmp(names->text.data + names->at[i] + 1, k->anchor))
			continue;
		seen = true;
		for (int c = 0; c < KDX_KALLSYMS_ENCODINGS; c++) {
			*out = (enum kdx_kallsyms_encoding)c;
			if (encoding_possible(k, *out) && address_of(k, *out, i) == k->anchor_address)
				return NULL;
		}
	}
	return seen ? kdf_err(KDF_CORRUPT, "kallsyms: %s is not at %#jx in any known encoding", k->anchor,
			      (uintmax_t)k->anchor_address)
		    : kdf_err(KDF_CORRUPT, "kallsyms: no %s among its %u symbols", k->anchor, k->count);
}

static struct kdf_error *add_symbols(const struct kdx_kallsyms *k, const struct names *names,
				     struct kdx_symtab *table)
{
	enum kdx_kallsyms_encoding encoding = KDX_KALLSYMS_ABSOLUTE;
	struct kdf_error *e = k->count ? find_encoding(k, names, &encoding)
				       : kdf_err(KDF_CORRUPT, "kallsyms: no symbols");

	for (uint32_t i = 0; i < k->count && !e; i++) {
		const char *text = names->text.data + names->at[i];
		struct kdx_symbol symbol = { .address = address_of(k, encoding, i), .name = text + 1, .type = text[0] };

		e = kdx_symtab_add(table, &symbol);
	}
	return e;
}

struct kdf_error *kdx_kallsyms_decode(const struct kdx_kallsyms *k, struct kdx_symtab *table)
{
	struct names names = { 0 };
	struct kdf_error *e = unpack_names(k, &names);

	if (!e)
		e = add_symbols(k, &names, table);
	free(names.at);
	/* Also after an error: symbols that were added point into the text. */
	struct kdf_error *owned = kdx_symtab_own(table, names.text.data);
	if (e) {
		kdf_error_free(owned);
		return e;
	}
	return owned;
}

/* ---- out of the dump ---- */

/* Memory of unknown length, read until `enough` or the first byte that is not there. */
static uint8_t *read_open_end(struct kdx_session *session, uint64_t address, size_t enough, size_t *size)
{
	enum { PIECE = 64 << 10, SMALL = 256 };
	uint8_t *bytes = NULL;
	size_t cap = 0, have = 0, step = PIECE;

	while (have < enough) {
		size_t n = enough - have < step ? enough - have : step;

		if (!kdf_grow(&bytes, &cap, have + n, 1))
			break;
		struct kdf_error *e = kdx_read(session, address + have, bytes + have, n, "kallsyms");
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

static struct kdf_error *read_whole(struct kdx_session *session, uint64_t address, size_t size, const char *what,
				    uint8_t **out)
{
	*out = malloc(size ? size : 1);
	return *out ? kdx_read(session, address, *out, size, what) : kdf_err(KDF_NOMEM, "out of memory for symbols");
}

struct place {
	uint64_t names, num_syms, token_table, token_index, offsets, relative_base, addresses;
	bool has_offsets, has_base, has_addresses;
};

static struct kdf_error *find_places(const struct kdf *dump, struct place *p, struct kdx_kallsyms *k)
{
	static const char *const anchor[] = { "_stext", "init_uts_ns", "swapper_pg_dir", "init_top_pgt" };

	*p = (struct place){ 0 };
	if (!kdf_vmcoreinfo(dump, NULL))
		return kdf_err(KDF_NO_DEBUG, "the dump has no VMCOREINFO: give the vmlinux of its kernel");
	if (!kdf_vmcoreinfo_symbol(dump, "kallsyms_names", &p->names) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_num_syms", &p->num_syms) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_token_table", &p->token_table) ||
	    !kdf_vmcoreinfo_symbol(dump, "kallsyms_token_index", &p->token_index))
		return kdf_err(KDF_NO_DEBUG, "VMCOREINFO does not tell where kallsyms is (kernels before 6.0): give "
			       "the vmlinux of kernel %s", kdf_info(dump)->release);
	p->has_offsets = kdf_vmcoreinfo_symbol(dump, "kallsyms_offsets", &p->offsets);
	p->has_base = kdf_vmcoreinfo_symbol(dump, "kallsyms_relative_base", &p->relative_base);
	p->has_addresses = kdf_vmcoreinfo_symbol(dump, "kallsyms_addresses", &p->addresses);
	if (!p->has_offsets && !p->has_addresses)
		return kdf_err(KDF_NO_DEBUG, "VMCOREINFO names no addresses of kallsyms: give the vmlinux of kernel %s",
			       kdf_info(dump)->release);
	for (size_t i = 0; i < sizeof(anchor) / sizeof(anchor[0]) && !k->anchor; i++)
		if (kdf_vmcoreinfo_symbol(dump, anchor[i], &k->anchor_address))
			k->anchor = anchor[i];
	return k->anchor ? NULL : kdf_err(KDF_NO_DEBUG, "VMCOREINFO names no kernel symbol to check kallsyms with");
}

static struct kdf_error *read_numbers(struct kdx_session *session, const struct place *p, struct kdx_kallsyms *k)
{
	struct kdf_error *e = kdx_read_u32(session, p->num_syms, &k->count, "kallsyms_num_syms");

	if (!e && k->count > MAX_COUNT)
		e = kdf_err(KDF_CORRUPT, "kallsyms: %u symbols are more than any kernel has", k->count);
	k->has_base = p->has_base;
	k->offsets_address = p->offsets;
	k->big_endian = session->big_endian;
	if (!e && p->has_base)
		e = kdx_read_u64(session, p->relative_base, &k->base, "kallsyms_relative_base");
	return e;
}

struct kdf_error *kdx_symbols_from_kallsyms(struct kdx_session *session, struct kdx_symtab *table)
{
	struct kdx_kallsyms k = { 0 };
	struct place p;
	KDF_AUTO_FREE uint8_t *names = NULL, *token_table = NULL, *token_index = NULL, *offsets = NULL;
	struct kdf_error *e = find_places(session->dump, &p, &k);

	if (!e)
		e = read_numbers(session, &p, &k);
	if (!e)
		e = read_whole(session, p.token_index, 2 * TOKENS, "kallsyms_token_index", &token_index);
	if (!e)
		e = p.has_offsets ? read_whole(session, p.offsets, 4 * (size_t)k.count, "kallsyms_offsets", &offsets)
				  : read_whole(session, p.addresses, 8 * (size_t)k.count, "kallsyms_addresses",
					       &offsets);
	if (e)
		return e;
	/* In every era so far the token table follows the names, with the markers between; else read far enough. */
	size_t span = p.token_table > p.names ? p.token_table - p.names : 0;
	if (!span || span > MAX_NAMES)
		span = (size_t)k.count * 64;
	names = read_open_end(session, p.names, span, &k.names_size);
	token_table = read_open_end(session, p.token_table, MAX_TOKEN_TABLE, &k.token_table_size);
	k.names = names;
	k.token_table = token_table;
	k.token_index = token_index;
	*(p.has_offsets ? &k.offsets : &k.addresses) = offsets;
	e = kdx_kallsyms_decode(&k, table);
	if (!e)
		table->source = "kallsyms in the dump";
	return e;
}
