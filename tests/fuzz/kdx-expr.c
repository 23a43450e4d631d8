// SPDX-License-Identifier: GPL-2.0-or-later
/* What a user or script types: lines taken apart, expressions evaluated and printed, without a dump. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/layout-table.h"
#include "analyze/core/symbols-table.h"
#include "analyze/core/types-db.h"
#include "analyze/expr/expr.h"
#include "analyze/expr/print.h"
#include "analyze/shell/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool open_empty(struct kdx_session *s)
{
	*s = (struct kdx_session){ .pointer_size = 8 };
	return !kdx_symtab_new(&s->symtab) && !kdx_typedb_new(&s->types) && !kdx_layout_new(&s->layout) &&
	       !kdx_symtab_finish(s->symtab);
}

static void close_empty(struct kdx_session *s)
{
	for (size_t i = s->nkept; i-- > 0;)
		s->kept[i].key->destroy(s->kept[i].value);
	free(s->kept);
	kdx_layout_free(s->layout);
	kdx_typedb_free(s->types);
	kdx_symtab_free(s->symtab);
}

static void evaluate(struct kdx_session *s, const char *text)
{
	static const char formats[] = { 0, 'x', 'd', 'c', 't', 's' };
	struct kdx_shell shell = { .session = s, .radix = 10 };
	struct kdx_expr x = { .space = { s, KDF_KERNEL_PGD }, .shell = &shell, .cpu = 0 };
	const struct kdx_type *t;
	struct kdx_value v;
	unsigned n;
	FILE *f = fopen("/dev/null", "w");
	struct kdf_error *e = kdx_expr_eval(&x, text, &v);

	for (size_t i = 0; !e && v.type && i < sizeof(formats); i++) {
		struct kdx_print p = { .space = x.space, .radix = i & 1 ? 16 : 10, .format = formats[i] };

		if (kdx_out_new(f, i & 2, &p.out))
			abort();
		e = kdx_print_value(&p, "v", &v, true);
		kdf_error_free(kdx_out_close(p.out));
	}
	if (!e && !kdx_history_add(&shell, &v, &n))
		e = kdx_expr_eval(&x, "$1 + sizeof($)", &v);
	kdf_error_free(e);
	kdf_error_free(kdx_expr_type(s, text, &t));
	kdx_history_free(&shell);
	fclose(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kdx_session s;
	static unsigned runs;
	char *text = malloc(size + 1);
	struct kdx_words words;
	const char *rest, *cpus;
	size_t n;

	memcpy(text, data, size);
	text[size] = '\0';
	/* One session for many inputs; a new one now and then, so that what it keeps stays small. */
	if (runs++ % 4096 == 0) {
		if (runs > 1)
			close_empty(&s);
		if (!open_empty(&s))
			abort();
	}
	evaluate(&s, text);
	struct kdf_error *e = kdx_words_split(text, &words);
	if (!e)
		kdx_words_free(&words);
	kdf_error_free(e);
	kdx_redirect_find(text, &n, &rest);
	if (n > size || kdx_command_length(text) > size)
		abort();
	kdx_cpu_part(text, &n, &cpus);
	free(text);
	return 0;
}
