// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses, numbers and CPU lists as commands take them. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/num.h"
#include "expr.h"

static struct kdf_error *of_expression(const struct kdx_expr *x, const char *word, bool address, uint64_t *out)
{
	struct kdx_value v, n;
	struct kdf_error *e = kdx_expr_eval(x, word, &v);

	if (e)
		return e;
	if (address)
		return kdx_value_address(&x->space, &v, out);
	e = kdx_value_scalar(&x->space, &v, &n);
	if (!e)
		*out = n.bits;
	return e;
}

/* Where a symbol lies, its instance on x->cpu when it is per-CPU. */
static struct kdf_error *of_symbol(const struct kdx_expr *x, const struct kdx_symbol *sym, uint64_t *out)
{
	*out = sym->address;
	if (x->cpu >= 0 && kdx_is_percpu(x->space.session, sym))
		return kdx_percpu_address(x->space.session, sym->address, (unsigned)x->cpu, out);
	return NULL;
}

/* "name+offset" or "name-offset", decimal or 0x; the way addresses are printed. */
static const struct kdx_symbol *symbol_offset(struct kdx_session *s, const char *word, uint64_t *offset)
{
	size_t n = strcspn(word, "+-");
	KDF_AUTO_FREE char *name = strndup(word, n);
	const struct kdx_symbol *sym = name ? kdx_symbol_by_name(s, name) : NULL;

	if (!sym || (word[n] && !kdf_parse_u64(word + n + 1, 0, offset)))
		return NULL;
	if (word[n] == '-')
		*offset = 0 - *offset;
	return sym;
}

struct kdf_error *kdx_expr_address(const struct kdx_expr *x, const char *word, uint64_t *out)
{
	const struct kdx_symbol *sym;
	uint64_t offset = 0;
	struct kdf_error *e;

	if (kdf_parse_u64(word, 16, out))
		return NULL;
	sym = symbol_offset(x->space.session, word, &offset);
	if (!sym)
		return of_expression(x, word, true, out);
	e = of_symbol(x, sym, out);
	*out += offset;
	return e;
}

struct kdf_error *kdx_expr_number(const struct kdx_expr *x, const char *word, uint64_t *out)
{
	int64_t v;

	if (kdf_parse_i64(word, 0, &v)) {
		*out = (uint64_t)v;
		return NULL;
	}
	if (kdf_parse_u64(word, 0, out) || kdf_parse_u64(word, 16, out))
		return NULL;
	return of_expression(x, word, false, out);
}

/* ---- CPU lists ---- */

void kdx_cpu_part(const char *text, size_t *length, const char **cpus)
{
	const char *colon = strrchr(text, ':');
	const char *end = colon ? colon + 1 : NULL;

	*length = strlen(text);
	*cpus = NULL;
	if (!colon || strchr(text, '?'))
		return;
	if (!strcmp(end, "a") || !strcmp(end, "all") || strspn(end, "0123456789,-") == strlen(end)) {
		*length = (size_t)(colon - text);
		*cpus = end;
	}
}

static struct kdf_error *set_range(struct kdx_session *s, unsigned from, unsigned to, bool must, bool *set,
				   const char *cpus)
{
	for (unsigned cpu = from; cpu <= to; cpu++) {
		bool yes = false;
		struct kdf_error *e = cpu < kdx_cpu_limit(s) ? kdx_cpu_possible(s, cpu, &yes) : NULL;

		if (e)
			return e;
		if (!yes && must)
			return kdf_err(KDF_USAGE, "invalid cpu specification: %s (this kernel has no CPU %u)", cpus,
				       cpu);
		if (yes)
			set[cpu] = true;
	}
	return NULL;
}

static struct kdf_error *one_part(struct kdx_session *s, const char **p, bool *set, const char *cpus)
{
	char *end;
	unsigned long from, to;

	if (!isdigit((unsigned char)**p))
		return kdf_err(KDF_USAGE, "invalid cpu specification: %s", cpus);
	from = to = strtoul(*p, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return kdf_err(KDF_USAGE, "invalid cpu specification: %s", cpus);
		to = strtoul(end + 1, &end, 10);
	}
	if (from > to || to >= kdx_cpu_limit(s) || (*end && *end != ','))
		return kdf_err(KDF_USAGE, "invalid cpu specification: %s", cpus);
	*p = end + (*end == ',');
	return set_range(s, (unsigned)from, (unsigned)to, true, set, cpus);
}

struct kdf_error *kdx_cpu_set(struct kdx_session *s, const char *cpus, unsigned current, bool **out)
{
	unsigned limit = kdx_cpu_limit(s);
	bool *set = calloc(limit, sizeof(*set));
	const char *p = cpus;
	struct kdf_error *e = NULL;

	if (!set)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (!strcmp(cpus, "a") || !strcmp(cpus, "all"))
		e = set_range(s, 0, limit - 1, false, set, cpus);
	else if (!*cpus)
		e = set_range(s, current, current, true, set, cpus);
	while (!e && isdigit((unsigned char)*p))
		e = one_part(s, &p, set, cpus);
	if (!e && *p && *p != 'a')
		e = kdf_err(KDF_USAGE, "invalid cpu specification: %s", cpus);
	if (e)
		free(set);
	else
		*out = set;
	return e;
}
