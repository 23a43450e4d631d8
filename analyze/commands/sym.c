// SPDX-License-Identifier: GPL-2.0-or-later
/* sym: symbols by name and by address. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "base/buf.h"
#include "base/interrupt.h"
#include "base/num.h"
#include "context.h"

static const struct kdf_option options[] = {
	{ 'l', NULL, NULL, "All symbols, by address.", 0 },
	{ 'L', NULL, NULL, "The same as -l.", KDF_OPT_HIDDEN },
	{ 'M', NULL, NULL, "The symbols of all modules.", 0 },
	{ 'm', NULL, "MODULE", "The symbols of one module.", 0 },
	{ 'p', NULL, NULL, "With the symbol before.", 0 },
	{ 'n', NULL, NULL, "With the symbol behind.", 0 },
	{ 'q', NULL, "TEXT", "The symbols whose names hold a text.", 0 },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "sym schedule", "a symbol by its name" },
	{ "sym init_task+8", "the symbol at an address" },
	{ "sym -p schedule", "with its neighbour" },
	{ "sym -q panic_on", "a search" },
	{ "sym -M | tail -3", "the modules' symbols" },
	{ "sym -l | head -5", "all symbols" },
	{ NULL, NULL },
};

/* The module's name is left out of the text in a list of that module. */
static void show_in(struct kdx_out *out, struct kdx_session *s, const struct kdx_symbol *sym, uint64_t offset,
		    bool in_module)
{
	const char *module = kdx_symbol_module(s, sym);

	kdx_record_kind(out, "symbol");
	kdx_hex(out, "address", sym->address + offset, "%016" PRIx64, sym->address + offset);
	kdx_str(out, "type", (char[2]){ sym->type, '\0' }, " (%c)", sym->type);
	kdx_str(out, "name", sym->name, " %s", sym->name);
	kdx_uint(out, "offset", offset, NULL);
	if (offset)
		kdx_text(out, "+%" PRIu64, offset);
	if (module)
		kdx_str(out, "module", module, in_module ? NULL : " [%s]", module);
	kdx_text(out, "\n");
	kdx_record_end(out);
}

static void show(struct kdx_out *out, struct kdx_session *s, const struct kdx_symbol *sym, uint64_t offset)
{
	show_in(out, s, sym, offset, false);
}

/* ---- all symbols, or a module's ---- */

static void edge(struct kdx_out *out, const struct kdx_module_range *m, bool start)
{
	uint64_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < m->nranges; i++) {
		low = m->range[i].start < low ? m->range[i].start : low;
		high = m->range[i].end > high ? m->range[i].end : high;
	}
	kdx_text(out, "%016" PRIx64 " MODULE %s: %s\n", start ? low : high, start ? "START" : "END", m->name);
}

/* The symbols of module `which` (0: the kernel), in the order of their addresses. */
static struct kdf_error *show_image(struct kdx_call *call, uint16_t which)
{
	struct kdx_session *s = call->session;
	size_t n = kdx_symbol_count(s);
	const struct kdx_module_range *m = which ? kdx_symtab_module(s, which - 1u) : NULL;

	if (m)
		edge(call->out, m, true);
	for (size_t i = 0; i < n && !kdx_out_stopped(call->out); i++) {
		const struct kdx_symbol *sym = kdx_symbol_at(s, i);

		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted");
		if (sym->module == which)
			show_in(call->out, s, sym, 0, which);
	}
	if (m)
		edge(call->out, m, false);
	return NULL;
}

static struct kdf_error *show_modules(struct kdx_call *call, const char *name)
{
	size_t n = kdx_symtab_module_count(call->session);
	bool found = false;
	struct kdf_error *e = NULL;

	for (size_t i = 0; i < n && i < UINT16_MAX && !e; i++) {
		const struct kdx_module_range *m = kdx_symtab_module(call->session, i);

		if (name && strcmp(m->name, name))
			continue;
		found = true;
		e = show_image(call, (uint16_t)(i + 1));
	}
	if (!e && name && !found)
		e = kdf_err(KDF_NOT_FOUND, "%s: module not found", name);
	return e;
}

static struct kdf_error *show_all(struct kdx_call *call)
{
	struct kdf_error *e = show_image(call, 0);

	return e ? e : show_modules(call, NULL);
}

/* ---- by text ---- */

static size_t search(struct kdx_call *call, const char *text)
{
	size_t n = kdx_symbol_count(call->session), hits = 0;

	for (size_t i = 0; i < n && !kdx_out_stopped(call->out); i++) {
		const struct kdx_symbol *sym = kdx_symbol_at(call->session, i);

		if (!strstr(sym->name, text))
			continue;
		show(call->out, call->session, sym, 0);
		hits++;
	}
	return hits;
}

static struct kdf_error *no_symbol(struct kdx_session *s, const char *word)
{
	enum { ALTERNATIVES = 10 };
	size_t n = kdx_symbol_count(s), hits = 0;
	struct kdf_buf b = { 0 };
	struct kdf_error *e;

	for (size_t i = 0; i < n && hits < ALTERNATIVES; i++) {
		const struct kdx_symbol *sym = kdx_symbol_at(s, i);

		if (!strstr(sym->name, word))
			continue;
		kdf_buf_printf(&b, "%s%s", hits ? " " : "", sym->name);
		hits++;
	}
	e = kdf_err(KDF_NOT_FOUND, "symbol not found: %s (possible alternatives: %s)", word,
		    hits ? kdf_buf_text(&b) : "none found");
	kdf_buf_free(&b);
	return e;
}

/* ---- by name or address ---- */

static void show_with_neighbours(struct kdx_call *call, const struct kdx_symbol *sym, uint64_t offset)
{
	struct kdx_session *s = call->session;
	const struct kdx_symbol *other;
	uint64_t at = sym->address, unused;
	size_t n = kdx_symbol_count(s), low = 0, high = n;

	/* The last symbol below, the first above. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (kdx_symbol_at(s, middle)->address < at)
			low = middle + 1;
		else
			high = middle;
	}
	if (kdf_args_count(&call->args, 'p') && low > 0) {
		other = kdx_symbol_by_address(s, kdx_symbol_at(s, low - 1)->address, &unused);
		show(call->out, s, other ? other : kdx_symbol_at(s, low - 1), 0);
	}
	show(call->out, s, sym, offset);
	while (low < n && kdx_symbol_at(s, low)->address <= at)
		low++;
	if (kdf_args_count(&call->args, 'n') && low < n) {
		other = kdx_symbol_by_address(s, kdx_symbol_at(s, low)->address, &unused);
		show(call->out, s, other ? other : kdx_symbol_at(s, low), 0);
	}
}

static struct kdf_error *by_address(struct kdx_call *call, uint64_t address)
{
	uint64_t offset;
	const struct kdx_symbol *sym = kdx_symbol_by_address(call->session, address, &offset);

	if (!sym)
		return kdf_err(KDF_NOT_FOUND,
			       "invalid address: %" PRIx64 " (in no symbol of the kernel or its modules)", address);
	show_with_neighbours(call, sym, offset);
	return NULL;
}

static struct kdf_error *one_word(struct kdx_call *call, const char *word)
{
	const struct kdx_symbol *sym = kdx_symbol_by_name(call->session, word);
	struct kdx_expr x;
	uint64_t address;
	struct kdf_error *e;

	if (sym) {
		for (; sym; sym = kdx_symbol_next_same(call->session, sym))
			show_with_neighbours(call, sym, 0);
		return NULL;
	}
	if (kdf_parse_u64(word, 16, &address))
		return by_address(call, address);
	/* symbol+offset, or an expression; a plain name that is none deserves the list of alternatives. */
	if (!strpbrk(word, "+-*&(.>["))
		return no_symbol(call->session, word);
	if ((e = kdx_call_expr(call, false, &x)) || (e = kdx_expr_address(&x, word, &address)))
		return e;
	return by_address(call, address);
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdf_args *a = &call->args;
	struct kdf_error *e = NULL;
	bool done = false;

	if (kdf_args_count(a, 'l') || kdf_args_count(a, 'L'))
		return show_all(call);
	if (kdf_args_count(a, 'M'))
		return show_modules(call, NULL);
	for (size_t i = 0; i < a->nopt && !e; i++) {
		if (a->opt[i].id == 'm')
			e = show_modules(call, a->opt[i].value);
		else if (a->opt[i].id == 'q' && !search(call, a->opt[i].value))
			kdx_text(call->out, "(none found)\n");
		done = done || a->opt[i].id == 'm' || a->opt[i].id == 'q';
	}
	if (!e && !done && !a->nword)
		e = kdf_err(KDF_USAGE, "which symbol?");
	for (size_t i = 0; i < a->nword && !e; i++)
		e = one_word(call, a->word[i]);
	return e;
}

const struct kdx_command kdx_command_sym = {
	.name = "sym",
	.summary = "symbols by name and by address",
	.words = "[symbol | address]...",
	.about = "Translates a symbol into its address and an address into the symbol it lies in. The letter in "
		 "parentheses is "
		 "nm's: T text, D data, B data that starts as zeros, R constants; small letters are local symbols. "
		 "Symbols "
		 "of a module have its name in brackets.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_SYMBOLS,
	.run = run,
};
