// SPDX-License-Identifier: GPL-2.0-or-later
#include "symbols.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "symbols-table.h"

/* Kernels have some 200 thousand symbols, with modules twice that: a table beyond this is damaged. */
enum { MAX_SYMBOLS = 16 << 20 };

struct kdf_error *kdx_symtab_new(struct kdx_symtab **out)
{
	struct kdx_symtab *t = calloc(1, sizeof(*t));

	if (!t)
		return kdf_err(KDF_NOMEM, "out of memory");
	t->source = "none";
	*out = t;
	return NULL;
}

void kdx_symtab_free(struct kdx_symtab *t)
{
	if (!t)
		return;
	free(t->bucket);
	free(t->next);
	free(t->symbol);
	free(t->module);
	free(t->image);
	for (size_t i = 0; i < t->nowned; i++)
		free(t->owned[i]);
	free(t->owned);
	free(t->why_none);
	free(t->cpus.possible);
	free(t->cpus.online);
	free(t);
}

struct kdf_error *kdx_symtab_add(struct kdx_symtab *t, const struct kdx_symbol *symbol)
{
	if (t->nsymbols >= MAX_SYMBOLS)
		return kdf_err(KDF_LIMIT, "more than %d symbols: the symbol table is damaged", (int)MAX_SYMBOLS);
	if (!kdf_grow(&t->symbol, &t->capsymbols, t->nsymbols + 1, sizeof(*t->symbol)))
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	t->symbol[t->nsymbols++] = *symbol;
	return NULL;
}

struct kdf_error *kdx_symtab_own(struct kdx_symtab *t, void *memory)
{
	if (!kdf_grow(&t->owned, &t->capowned, t->nowned + 1, sizeof(*t->owned))) {
		free(memory);
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	}
	t->owned[t->nowned++] = memory;
	return NULL;
}

/* ---- order ---- */

static bool is_global(const struct kdx_symbol *s)
{
	return isupper((unsigned char)s->type);
}

static bool is_absolute(const struct kdx_symbol *s)
{
	return s->type == 'A' || s->type == 'a';
}

/* Which of two symbols at one address is the better name: the smaller rank. */
static int rank(const struct kdx_symbol *s)
{
	return (is_global(s) ? 0 : 2) + (s->name[0] == '_' && s->name[1] == '_' ? 1 : 0);
}

static bool comes_before(const struct kdx_symbol *x, const struct kdx_symbol *y)
{
	if (x->address != y->address)
		return x->address < y->address;
	if (x->module != y->module)
		return x->module < y->module;
	if (rank(x) != rank(y))
		return rank(x) < rank(y);
	/* The rest only has to be the same whatever the source of the symbols. */
	return strcmp(x->name, y->name) < 0;
}

/* One step of a radix sort: stable, by one byte of the address. */
static void sort_by_byte(const struct kdx_symbol *in, struct kdx_symbol *out, size_t n, unsigned shift)
{
	size_t start[257] = { 0 };

	for (size_t i = 0; i < n; i++)
		start[(in[i].address >> shift & 0xff) + 1]++;
	for (size_t b = 0; b < 256; b++)
		start[b + 1] += start[b];
	for (size_t i = 0; i < n; i++)
		out[start[in[i].address >> shift & 0xff]++] = in[i];
}

/* Symbols of one address, sorted in place: runs are short, except in damaged tables, where order is no matter. */
static void sort_ties(struct kdx_symbol *s, size_t n)
{
	enum { LONG_RUN = 256 };

	for (size_t i = 1; i < n; i++) {
		struct kdx_symbol moved = s[i];
		size_t at = i;

		while (at && i - at < LONG_RUN && comes_before(&moved, &s[at - 1])) {
			s[at] = s[at - 1];
			at--;
		}
		s[at] = moved;
	}
}

/*
 * Opening a session waits for this sort of some 200 thousand symbols; bytes in which all addresses agree are
 * skipped, so a kernel's addresses take four or five rounds.
 */
static struct kdf_error *sort_symbols(struct kdx_symtab *t)
{
	struct kdx_symbol *other = malloc(t->nsymbols * sizeof(*other) + 1);
	uint64_t differ = 0;

	if (!other)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	for (size_t i = 1; i < t->nsymbols; i++)
		differ |= t->symbol[i].address ^ t->symbol[0].address;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		if (!(differ >> shift & 0xff))
			continue;
		sort_by_byte(t->symbol, other, t->nsymbols, shift);
		struct kdx_symbol *swap = t->symbol;
		t->symbol = other;
		other = swap;
	}
	free(other);
	t->capsymbols = t->nsymbols;
	sort_ties(t->symbol, t->nsymbols);
	return NULL;
}

static size_t bucket_of(const struct kdx_symtab *t, const char *name)
{
	return kdf_hash_text(name, strlen(name)) >> 1 & (t->nbuckets - 1);
}

/* Chains hold globals before locals and the kernel before modules: they are filled from the back. */
static struct kdf_error *index_names(struct kdx_symtab *t)
{
	size_t n = 64;

	while (n < t->nsymbols)
		n *= 2;
	t->nbuckets = n;
	t->bucket = calloc(n, sizeof(*t->bucket));
	t->next = calloc(t->nsymbols + 1, sizeof(*t->next));
	if (!t->bucket || !t->next)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	for (int pass = 3; pass >= 0; pass--) {
		for (size_t i = t->nsymbols; i-- > 0;) {
			const struct kdx_symbol *s = &t->symbol[i];

			if ((s->module ? 2 : 0) + (is_global(s) ? 0 : 1) != pass)
				continue;
			uint32_t *bucket = &t->bucket[bucket_of(t, s->name)];
			t->next[i] = *bucket;
			*bucket = (uint32_t)(i + 1);
		}
	}
	return NULL;
}

/* The first of a chain, from its index + 1 on, that has the name. */
static const struct kdx_symbol *in_chain(const struct kdx_symtab *t, uint32_t at, const char *name)
{
	for (; at; at = t->next[at - 1])
		if (!strcmp(t->symbol[at - 1].name, name))
			return &t->symbol[at - 1];
	return NULL;
}

static const struct kdx_symbol *first_named(const struct kdx_symtab *t, const char *name)
{
	return t->nbuckets ? in_chain(t, t->bucket[bucket_of(t, name)], name) : NULL;
}

/* ---- images ---- */

static const struct kdx_symbol *first_of(const struct kdx_symtab *t, const char *const names[])
{
	for (size_t i = 0; names[i]; i++) {
		const struct kdx_symbol *s = first_named(t, names[i]);

		if (s && !s->module)
			return s;
	}
	return NULL;
}

/*
 * The kernel's own image ends at _end; kallsyms leaves that symbol out, so the last symbol stands in for it.
 * Entry and init code lie between the same two symbols.
 */
static void kernel_image(const struct kdx_symtab *t, struct kdx_image *image)
{
	static const char *const start[] = { "_text", "_stext", NULL };
	static const char *const end[] = { "_end", "__brk_limit", "__bss_stop", NULL };
	static const char *const text_end[] = { "_etext", NULL };
	const struct kdx_symbol *s = first_of(t, start), *e = first_of(t, end), *x = first_of(t, text_end);
	uint64_t last = 0;

	*image = (struct kdx_image){ 0 };
	if (!s)
		return;
	for (size_t i = t->nsymbols; !e && i-- > 0;)
		if (!t->symbol[i].module && !is_absolute(&t->symbol[i]) && t->symbol[i].address > last)
			last = t->symbol[i].address;
	if (e)
		last = e->address;
	if (last <= s->address)
		return;
	*image = (struct kdx_image){ s->address, last, s->address, x ? x->address : last, 0 };
}

static int by_start(const void *a, const void *b)
{
	const struct kdx_image *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static struct kdf_error *make_images(struct kdx_symtab *t)
{
	size_t cap = 1;

	for (size_t i = 0; i < t->nmodules; i++)
		cap += t->module[i].range.nranges;
	t->image = calloc(cap, sizeof(*t->image));
	if (!t->image)
		return kdf_err(KDF_NOMEM, "out of memory for symbols");
	kernel_image(t, &t->image[0]);
	t->nimages = t->image[0].end ? 1 : 0;
	for (size_t i = 0; i < t->nmodules; i++) {
		const struct kdx_module_entry *m = &t->module[i];

		for (unsigned r = 0; r < m->range.nranges; r++) {
			uint64_t start = m->range.range[r].start;

			t->image[t->nimages++] = (struct kdx_image){ start, m->range.range[r].end, start,
								     start + m->text_size[r], (uint16_t)(i + 1) };
		}
	}
	qsort(t->image, t->nimages, sizeof(*t->image), by_start);
	return NULL;
}

struct kdf_error *kdx_symtab_finish(struct kdx_symtab *t)
{
	free(t->bucket);
	free(t->next);
	free(t->image);
	t->bucket = t->next = NULL;
	t->nbuckets = 0;
	t->image = NULL;
	t->nimages = 0;
	struct kdf_error *e = sort_symbols(t);
	if (!e)
		e = index_names(t);
	return e ? e : make_images(t);
}

/* ---- looking up ---- */

const struct kdx_symbol *kdx_symbol_by_name(struct kdx_session *session, const char *name)
{
	return first_named(session->symtab, name);
}

const struct kdx_symbol *kdx_symbol_next_same(struct kdx_session *session, const struct kdx_symbol *after)
{
	const struct kdx_symtab *t = session->symtab;
	return in_chain(t, t->next[after - t->symbol], after->name);
}

static const struct kdx_image *image_of(const struct kdx_symtab *t, uint64_t address)
{
	size_t low = 0, high = t->nimages;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->image[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < t->image[low - 1].end ? &t->image[low - 1] : NULL;
}

/* Number of symbols at or below an address. */
static size_t count_below(const struct kdx_symtab *t, uint64_t address)
{
	size_t low = 0, high = t->nsymbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->symbol[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct kdx_symbol *kdx_symbol_by_address(struct kdx_session *session, uint64_t address, uint64_t *offset)
{
	const struct kdx_symtab *t = session->symtab;
	const struct kdx_image *image = image_of(t, address);
	const struct kdx_symbol *best = NULL;

	if (!image)
		return NULL;
	for (size_t i = count_below(t, address); i-- > 0;) {
		const struct kdx_symbol *s = &t->symbol[i];

		if (s->address < image->start || (best && s->address != best->address))
			break;
		/* Of those at one address the first in order is the best name. */
		if (s->module == image->module && !is_absolute(s))
			best = s;
	}
	if (best && offset)
		*offset = address - best->address;
	return best;
}

bool kdx_is_text(struct kdx_session *session, uint64_t address)
{
	static const char *const init_start[] = { "_sinittext", NULL }, *const init_end[] = { "_einittext", NULL };
	const struct kdx_symtab *t = session->symtab;
	const struct kdx_image *image = image_of(t, address);

	if (!image)
		return false;
	if (address >= image->text_start && address < image->text_end)
		return true;
	if (image->module)
		return false;
	const struct kdx_symbol *start = first_of(t, init_start), *end = first_of(t, init_end);
	return start && end && address >= start->address && address < end->address;
}

const char *kdx_symbol_module(struct kdx_session *session, const struct kdx_symbol *symbol)
{
	const struct kdx_symtab *t = session->symtab;

	return symbol->module && symbol->module <= t->nmodules ? t->module[symbol->module - 1].range.name : NULL;
}

size_t kdx_symbol_count(struct kdx_session *session)
{
	return session->symtab->nsymbols;
}

const struct kdx_symbol *kdx_symbol_at(struct kdx_session *session, size_t i)
{
	return i < session->symtab->nsymbols ? &session->symtab->symbol[i] : NULL;
}

size_t kdx_symtab_module_count(struct kdx_session *session)
{
	return session->symtab->nmodules;
}

const struct kdx_module_range *kdx_symtab_module(struct kdx_session *session, size_t i)
{
	return i < session->symtab->nmodules ? &session->symtab->module[i].range : NULL;
}

struct kdf_error *kdx_symbol_address(struct kdx_session *session, const char *name, uint64_t *out)
{
	const struct kdx_symbol *s = kdx_symbol_by_name(session, name);

	if (!s && session->symtab->why_none)
		return kdf_err(KDF_NOT_FOUND, "no symbol '%s': %s", name, session->symtab->why_none);
	if (!s)
		return kdf_err(KDF_NOT_FOUND, "no symbol '%s' in %s", name, session->symtab->source);
	*out = s->address;
	return NULL;
}

const char *kdx_symtab_source(struct kdx_session *session)
{
	return session->symtab->source;
}
