// SPDX-License-Identifier: GPL-2.0-or-later
/* rd: memory as numbers and characters. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/symbols.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/interrupt.h"
#include "context.h"
#include "rd.h"
#include "task-line.h"

enum { OPT_8 = KDF_OPT_LONG, OPT_16, OPT_32, OPT_64 };

static const struct kdf_option options[] = {
	{ 'a', NULL, NULL, "As characters, up to the first that is none.", 0 },
	{ 'd', NULL, NULL, "As signed decimal numbers.", 0 },
	{ 'D', NULL, NULL, "As unsigned decimal numbers.", 0 },
	{ 's', NULL, NULL, "With symbols in place of numbers that are their addresses.", 0 },
	{ 'x', NULL, NULL, "Without the characters at the end of the line.", 0 },
	{ 'u', NULL, NULL, "A user address of the context task.", 0 },
	{ 'p', NULL, NULL, "A physical address.", 0 },
	{ 'N', NULL, NULL, "Numbers are in network byte order.", 0 },
	{ 'R', NULL, NULL, "Backwards: the last number shown is the one at the address.", 0 },
	{ OPT_8, "8", NULL, "Numbers of 8 bits.", KDF_OPT_ONE_DASH },
	{ OPT_16, "16", NULL, "Numbers of 16 bits.", KDF_OPT_ONE_DASH },
	{ OPT_32, "32", NULL, "Numbers of 32 bits.", KDF_OPT_ONE_DASH },
	{ OPT_64, "64", NULL, "Numbers of 64 bits.", KDF_OPT_ONE_DASH },
	{ 'o', NULL, "OFFSET", "Begins that many bytes behind the address.", 0 },
	{ 'e', NULL, "ADDRESS", "Ends before this address.", 0 },
	{ 'r', NULL, "FILE", "Writes the bytes to a file: count is in bytes.", 0 },
	{ 'S', NULL, NULL, "As -s, with the slab caches of other addresses.", KDF_OPT_PLANNED },
	{ 'm', NULL, NULL, "A machine address of Xen.", KDF_OPT_PLANNED },
	{ 'f', NULL, NULL, "An offset in the dump file.", KDF_OPT_PLANNED },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "rd jiffies", "one number" },
	{ "rd -a linux_banner", "a text" },
	{ "rd linux_banner 20", "numbers and characters" },
	{ "rd -32 init_task 8", "numbers of 32 bits" },
	{ "rd -d jiffies", "in decimal" },
	{ "rd -s init_task 8", "with symbols" },
	{ "rd init_task -e init_task+64", "up to an address" },
	{ "rd -p 1000000 2", "physical memory" },
	{ NULL, NULL },
};

enum { READ_MAX = 1 << 30, CHUNK = 64 * 1024, TEXT_WIDTH = 60 };

struct plan {
	struct kdx_call *call;
	struct kdx_space space;
	bool physical, symbols, no_text, network;
	char base;     /* x, d or D */
	unsigned size; /* of one number, bytes */
	uint64_t address, count;
};

static struct kdf_error *read_at(const struct plan *p, uint64_t address, void *buf, size_t len)
{
	struct kdf_error *e;

	if (!p->physical)
		return kdx_space_read(&p->space, address, buf, len, NULL);
	e = kdf_read_phys(p->call->session->dump, address, buf, len);
	return e ? kdf_err_wrap(e, "cannot read physical address %" PRIx64, address) : NULL;
}

/* ---- numbers ---- */

static void number(struct kdx_out *out, const struct plan *p, uint64_t v)
{
	int width = (int)p->size * 2;
	uint64_t offset;
	const struct kdx_symbol *sym = NULL;

	if (p->symbols && p->size == p->call->session->pointer_size && v)
		sym = kdx_symbol_by_address(p->call->session, v, &offset);
	if (sym) {
		char text[320];

		if (offset)
			snprintf(text, sizeof(text), "%.280s+%" PRIu64, sym->name, offset);
		else
			snprintf(text, sizeof(text), "%.280s", sym->name);
		kdx_hex(out, NULL, v, "%-16s ", text);
	} else if (p->base == 'x') {
		kdx_hex(out, NULL, v, "%0*" PRIx64 " ", width, v);
	} else if (p->base == 'D') {
		kdx_uint(out, NULL, v, "%*" PRIu64 " ",
			 p->size == 8 ? 20 :
			 p->size == 4 ? 12 :
			 p->size == 2 ? 5 :
					3,
			 v);
	} else {
		int64_t i = (int64_t)kdx_fit_bits(v, p->size, true);

		kdx_int(out, NULL, i, "%*" PRId64 " ", p->size == 8 ? 20 : p->size == 4 ? 12 : p->size == 2 ? 6 : 4, i);
	}
}

static void characters(struct kdx_out *out, const uint8_t *bytes, size_t n)
{
	char text[17] = "";

	for (size_t i = 0; i < n && i < sizeof(text) - 1; i++)
		text[i] = bytes[i] >= ' ' && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	kdx_str(out, "text", text, "  %s", text);
}

/* Up to 16 bytes of memory as one line. */
static void line(const struct plan *p, uint64_t address, const uint8_t *bytes, size_t n)
{
	struct kdx_out *out = p->call->out;
	bool big = p->network || p->call->session->big_endian;
	bool text = p->base == 'x' && !p->symbols && !p->no_text;

	kdx_record_kind(out, "memory");
	kdx_hex(out, "address", address, "%16" PRIx64 ":  ", address);
	kdx_array(out, "values");
	for (size_t i = 0; i + p->size <= n; i += p->size)
		number(out, p, kdf_load_uint(bytes + i, p->size, big));
	kdx_array_end(out);
	if (text) {
		size_t per_line = 16 / p->size, missing = per_line - n / p->size;

		kdx_text(out, "%*s", (int)(missing * (2u * p->size + 1)), "");
		characters(out, bytes, n);
	}
	kdx_text(out, "\n");
	kdx_record_end(out);
}

static struct kdf_error *numbers(const struct plan *p)
{
	uint64_t left = p->count * p->size, address = p->address;
	KDF_AUTO_FREE uint8_t *buf = malloc(CHUNK);

	if (!buf)
		return kdf_err(KDF_NOMEM, "out of memory");
	while (left && !kdx_out_stopped(p->call->out)) {
		size_t n = left < 16 ? (size_t)left : 16;
		struct kdf_error *e;

		if (kdf_interrupted())
			return kdf_err(KDF_INTERRUPTED, "interrupted");
		e = read_at(p, address, buf, n);
		if (e)
			return e;
		line(p, address, buf, n);
		address += n;
		left -= n;
	}
	return NULL;
}

struct kdf_error *kdx_rd_lines(struct kdx_call *call, const struct kdx_space *space, uint64_t address, uint64_t bytes)
{
	unsigned size = call->session->pointer_size;
	struct plan p = { .call = call, .space = *space, .base = 'x', .size = size, .address = address };

	p.count = bytes / size + (bytes % size != 0);
	return numbers(&p);
}

/* ---- text ---- */

static void text_line(struct kdx_out *out, uint64_t address, const char *text)
{
	kdx_record_kind(out, "text");
	kdx_hex(out, "address", address, "%16" PRIx64 ":  ", address);
	kdx_str(out, "text", text, "%s\n", text);
	kdx_record_end(out);
}

/* Up to the first byte that is no character, or `count` characters when a count was given. */
static struct kdf_error *text(const struct plan *p, bool counted)
{
	uint64_t limit = counted ? p->count : CHUNK, address = p->address;
	char buf[TEXT_WIDTH + 1];
	bool ends = false;

	while (limit && !ends && !kdx_out_stopped(p->call->out)) {
		size_t n = 0;
		struct kdf_error *e = NULL;

		for (; n < TEXT_WIDTH && n < limit && !ends; n++) {
			e = read_at(p, address + n, buf + n, 1);
			ends = e || !(isprint((unsigned char)buf[n]) || buf[n] == '\n' || buf[n] == '\t');
			if (ends || buf[n] == '\n')
				break;
		}
		if (e && !n)
			return e;
		kdf_error_free(e);
		buf[n] = '\0';
		/* A new line in the text would break the table; it is skipped and ends the line. */
		bool new_line = !ends && n < TEXT_WIDTH && n < limit;
		if (n || address == p->address)
			text_line(p->call->out, address, buf);
		n += new_line;
		address += n;
		limit -= n < limit ? n : limit;
	}
	return NULL;
}

/* ---- raw ---- */

static struct kdf_error *to_file(const struct plan *p, const char *path)
{
	KDF_AUTO_FREE uint8_t *buf = malloc(CHUNK);
	uint64_t done = 0;
	FILE *f;
	struct kdf_error *e = NULL;

	if (!buf)
		return kdf_err(KDF_NOMEM, "out of memory");
	f = fopen(path, "we");
	if (!f)
		return kdf_err_sys(errno, "cannot write '%s'", path);
	while (!e && done < p->count) {
		size_t n = p->count - done < CHUNK ? (size_t)(p->count - done) : CHUNK;

		e = kdf_interrupted() ? kdf_err(KDF_INTERRUPTED, "interrupted") : read_at(p, p->address + done, buf, n);
		if (!e && fwrite(buf, 1, n, f) != n)
			e = kdf_err_sys(errno, "cannot write '%s'", path);
		done += n;
	}
	if (fclose(f) && !e)
		e = kdf_err_sys(errno, "cannot write '%s'", path);
	if (!e)
		kdx_uint(p->call->out, "bytes", p->count, "%" PRIu64 " bytes copied from 0x%" PRIx64 " to %s\n",
			 p->count, p->address, path);
	return e;
}

/* ---- what was asked for ---- */

static struct kdf_error *range(struct kdx_call *call, const struct kdx_expr *x, struct plan *p)
{
	const struct kdf_args *a = &call->args;
	uint64_t offset = 0, end, bytes, unit = kdf_args_count(a, 'r') ? 1 : p->size;
	struct kdf_error *e = kdx_expr_address(x, a->word[0], &p->address);

	if (!e && kdf_args_count(a, 'o'))
		e = kdx_expr_number(x, kdf_args_value(a, 'o'), &offset);
	if (e)
		return e;
	p->address += offset;
	p->count = 1;
	if (a->nword > 1 && (e = kdx_expr_number(x, a->word[1], &p->count)))
		return e;
	if (kdf_args_count(a, 'e')) {
		if ((e = kdx_expr_address(x, kdf_args_value(a, 'e'), &end)))
			return e;
		if (end <= p->address)
			return kdf_err(KDF_USAGE, "invalid ending address: %" PRIx64, end);
		p->count = (end - p->address + unit - 1) / unit;
	}
	if ((int64_t)p->count < 0) {
		/* As crash: that many in front of the address. */
		p->count = 0 - p->count;
		p->address -= p->count * unit;
	}
	if (__builtin_mul_overflow(p->count, unit, &bytes) || bytes > READ_MAX)
		return kdf_err(KDF_USAGE, "invalid count request: %s",
			       a->nword > 1 ? a->word[1] : kdf_args_value(a, 'e'));
	if (!kdf_args_count(a, 'R') || !p->count)
		return NULL;
	p->address -= (p->count - 1) * unit;
	return NULL;
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdf_args *a = &call->args;
	struct plan p = {
		.call = call,
		.physical = kdf_args_count(a, 'p'),
		.symbols = kdf_args_count(a, 's'),
		.no_text = kdf_args_count(a, 'x'),
		.network = kdf_args_count(a, 'N'),
		.base = kdf_args_count(a, 'd') ? 'd' :
			kdf_args_count(a, 'D') ? 'D' :
						 'x',
		.size = call->session->pointer_size,
	};
	struct kdx_expr x;
	struct kdf_error *e = kdx_call_expr(call, kdf_args_count(a, 'u'), &x);
	if (!e && (!a->nword || a->nword > 2))
		e = kdf_err(KDF_USAGE, a->nword ? "unexpected word: %s" : "which address?%s",
			    a->nword ? a->word[2] : "");
	if (e)
		return e;
	for (size_t i = 0; i < a->nopt; i++)
		if (a->opt[i].id >= OPT_8 && a->opt[i].id <= OPT_64)
			p.size = 1u << (a->opt[i].id - OPT_8);
	p.space = x.space;
	if ((e = range(call, &x, &p)))
		return e;
	if (kdf_args_count(a, 'r')) {
		if (a->nword < 2 && !kdf_args_count(a, 'e'))
			return kdf_err(KDF_USAGE, "-r needs a count of bytes, or -e");
		return to_file(&p, kdf_args_value(a, 'r'));
	}
	return kdf_args_count(a, 'a') ? text(&p, a->nword > 1 || kdf_args_count(a, 'e')) : numbers(&p);
}

const struct kdx_command kdx_command_rd = {
	.name = "rd",
	.summary = "memory as numbers and characters",
	.words = "address [count]",
	.about = "Shows `count` numbers (one, when none is given) of 64 bits from an address on, 16 bytes a line, with "
		 "their "
		 "characters. An address is hex digits, a symbol, symbol+offset or an expression; it is a kernel "
		 "virtual "
		 "address unless -u or -p say otherwise. A negative count shows what is in front of the address. -a "
		 "counts "
		 "characters.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP,
	.run = run,
};
