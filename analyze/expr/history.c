// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "base/buf.h"
#include "expr.h"

struct bytes {
	struct bytes *older;
	uint8_t data[];
};

struct history {
	struct kdx_value *value;
	size_t count, cap;
	struct bytes *newest;
};

static struct history *history_of(struct kdx_shell *shell)
{
	if (!shell->history)
		shell->history = calloc(1, sizeof(struct history));
	return shell->history;
}

struct kdf_error *kdx_history_add(struct kdx_shell *shell, const struct kdx_value *v, unsigned *number)
{
	struct history *h = history_of(shell);

	if (!h || !kdf_grow(&h->value, &h->cap, h->count + 1, sizeof(*h->value)))
		return kdf_err(KDF_NOMEM, "out of memory");
	h->value[h->count++] = *v;
	*number = (unsigned)h->count;
	return NULL;
}

unsigned kdx_history_count(const struct kdx_shell *shell)
{
	const struct history *h = shell ? shell->history : NULL;

	return h ? (unsigned)h->count : 0;
}

const struct kdx_value *kdx_history_get(const struct kdx_shell *shell, unsigned number)
{
	const struct history *h = shell ? shell->history : NULL;

	return h && number >= 1 && number <= h->count ? &h->value[number - 1] : NULL;
}

uint8_t *kdx_history_bytes(struct kdx_shell *shell, size_t len)
{
	struct history *h = history_of(shell);
	struct bytes *b = h ? malloc(sizeof(*b) + len) : NULL;

	if (!b)
		return NULL;
	b->older = h->newest;
	h->newest = b;
	return b->data;
}

void kdx_history_free(struct kdx_shell *shell)
{
	struct history *h = shell->history;

	if (!h)
		return;
	while (h->newest) {
		struct bytes *b = h->newest;

		h->newest = b->older;
		free(b);
	}
	free(h->value);
	free(h);
	shell->history = NULL;
}
