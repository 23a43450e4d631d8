// SPDX-License-Identifier: GPL-2.0-or-later
#include "panic-text.h"

#include <string.h>

/* What a message must hold to count, best first. crash ranks them the same way. */
enum rank { PANIC_REASON, KERNEL_BUG, OOPS, BUG, PANIC_AFTER_OOPS, SYSRQ, RANKS };

struct found {
	char text[RANKS][KDX_PANIC_TEXT];
};

static const struct {
	const char *text;
	enum rank rank;
} signs[] = {
	/* After an oops panic() only repeats that there was one: the oops says more. */
	{ "Kernel panic - not syncing: Fatal exception", PANIC_AFTER_OOPS },
	{ "Kernel panic - not syncing: ", PANIC_REASON },
	{ "kernel BUG at ", KERNEL_BUG },
	{ "Oops: ", OOPS },
	{ "general protection fault", OOPS },
	{ "double fault: ", OOPS },
	{ "divide error: ", OOPS },
	{ "invalid opcode: ", OOPS },
	{ "stack segment: ", OOPS },
	{ "BUG: ", BUG },
	{ "Unable to handle kernel ", BUG },
	{ "sysrq: Trigger a crash", SYSRQ },
	{ "SysRq : Trigger a crash", SYSRQ },
};

static struct kdf_error *look(void *arg, const struct kdf_log_record *r)
{
	struct found *f = arg;
	const char *end = memchr(r->text, '\n', r->text_len);
	size_t n = end ? (size_t)(end - r->text) : r->text_len;

	if (r->facility) /* written by user space */
		return NULL;
	n = n >= KDX_PANIC_TEXT ? KDX_PANIC_TEXT - 1 : n;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		char *to = f->text[signs[i].rank];

		if (!memmem(r->text, n, signs[i].text, strlen(signs[i].text)))
			continue;
		/* The first oops is the cause, later ones follow from it; of panics the last one happened. */
		if (signs[i].rank == PANIC_REASON || !*to) {
			memcpy(to, r->text, n);
			to[n] = '\0';
		}
		break;
	}
	return NULL;
}

struct kdf_error *kdx_panic_text(struct kdx_session *s, char out[KDX_PANIC_TEXT], char cause[KDX_PANIC_TEXT])
{
	struct found f = { 0 };
	struct kdf_error *e;

	*out = *cause = '\0';
	if (!s->dump)
		return NULL;
	e = kdf_log_walk(s->dump, false, look, &f, NULL);
	for (unsigned i = 0; i < RANKS && !*out; i++)
		memcpy(out, f.text[i], KDX_PANIC_TEXT);
	/* "Oops: 0002 [#1]" has a line in front of it that says what was wrong. */
	if (*f.text[BUG] && !*f.text[PANIC_REASON])
		memcpy(cause, f.text[BUG], KDX_PANIC_TEXT);
	return e;
}
