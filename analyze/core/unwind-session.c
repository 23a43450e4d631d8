// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwinding over a session: memory, the kernel's and its modules' ORC tables, symbols. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "layout.h"
#include "machine.h"
#include "memory.h"
#include "symbols.h"
#include "unwind.h"

/* A distribution kernel has 0.4 to 0.6 million rows; this is only to survive damaged bounds. */
enum { MAX_ROWS = 16 << 20 };

struct module_orc {
	struct kdx_orc_table table;
	bool tried;
};

struct unwind_state {
	struct kdx_session *session;
	const struct kdx_machine *machine;
	enum kdx_orc_version version;
	struct kdx_orc_table kernel;
	uint64_t text_low, text_high; /* what the kernel's own table covers */
	struct module_orc *module;
	size_t nmodules;
	char *why; /* no ORC: the reason */
};

static void destroy_state(void *value)
{
	struct unwind_state *state = value;

	kdx_orc_table_free(&state->kernel);
	for (size_t i = 0; i < state->nmodules; i++)
		kdx_orc_table_free(&state->module[i].table);
	free(state->module);
	free(state->why);
	free(state);
}

static const struct kdx_keep state_keep = {destroy_state};

/* ---- tables ---- */

static struct kdf_error *read_table(struct kdx_session *session, uint64_t ip, uint64_t entries, uint64_t count,
				    struct kdx_orc_table *out)
{
	struct kdf_error *e;

	if (!count || count > MAX_ROWS)
		return kdf_err(KDF_CORRUPT, "an ORC table of %" PRIu64 " rows (at most %d are believed)", count,
			       MAX_ROWS);
	memset(out, 0, sizeof(*out));
	out->ip = malloc(count * KDX_ORC_IP_SIZE);
	out->entry = malloc(count * KDX_ORC_ENTRY_SIZE);
	out->count = count;
	out->ip_kva = ip;
	out->big_endian = session->big_endian;
	if (!out->ip || !out->entry)
		e = kdf_err(KDF_NOMEM, "no memory for %" PRIu64 " ORC rows", count);
	else
		e = kdx_read(session, ip, out->ip, count * KDX_ORC_IP_SIZE, "ORC addresses");
	if (!e)
		e = kdx_read(session, entries, out->entry, count * KDX_ORC_ENTRY_SIZE, "ORC entries");
	if (!e)
		e = kdx_orc_table_check(out);
	if (e)
		kdx_orc_table_free(out);
	return e;
}

static enum kdx_orc_version version_of(struct kdx_session *session, const struct kdx_orc_table *table)
{
	const struct kdx_field *start = kdx_field(session, KDX_start_orc_header);
	const struct kdx_field *stop = kdx_field(session, KDX_stop_orc_header);
	uint8_t header[KDX_ORC_HEADER_SIZE];
	enum kdx_orc_version version = KDX_ORC_UNKNOWN;

	if (start && stop && stop->value - start->value == sizeof(header)) {
		struct kdf_error *e = kdx_read(session, start->value, header, sizeof(header), "ORC header");

		if (!e)
			version = kdx_orc_version_by_header(header, sizeof(header));
		kdf_error_free(e);
	}
	/* RHEL 9 has 6.4's entries without the header, and a new hash need not mean a new layout. */
	if (version == KDX_ORC_UNKNOWN)
		version = kdx_orc_version_by_entries(table->entry, table->count, table->big_endian);
	return version;
}

static struct kdf_error *load_kernel_table(struct kdx_session *session, struct unwind_state *state)
{
	const struct kdx_field *ip, *ip_end, *entry, *entry_end;
	uint64_t count;
	struct kdf_error *e = kdx_need(session, KDX_start_orc_unwind_ip, &ip);

	if (!e)
		e = kdx_need(session, KDX_stop_orc_unwind_ip, &ip_end);
	if (!e)
		e = kdx_need(session, KDX_start_orc_unwind, &entry);
	if (!e)
		e = kdx_need(session, KDX_stop_orc_unwind, &entry_end);
	if (e)
		return kdf_err_wrap(e, "this kernel's ORC tables");
	count = (ip_end->value - ip->value) / KDX_ORC_IP_SIZE;
	if (ip_end->value < ip->value || entry_end->value < entry->value ||
	    (entry_end->value - entry->value) / KDX_ORC_ENTRY_SIZE != count)
		return kdf_err(KDF_CORRUPT, "the bounds of the ORC tables do not fit each other");
	e = read_table(session, ip->value, entry->value, count, &state->kernel);
	if (e)
		return e;
	state->version = version_of(session, &state->kernel);
	if (state->version == KDX_ORC_UNKNOWN)
		return kdf_err(KDF_UNSUPPORTED, "the ORC entries are of no known layout");
	state->text_low = kdx_orc_table_pc(&state->kernel, 0);
	state->text_high = kdx_orc_table_pc(&state->kernel, count - 1);
	return NULL;
}

/* NULL: the module has none that could be used; tried once. */
static const struct kdx_orc_table *module_table(struct unwind_state *state, size_t i)
{
	const struct kdx_module_range *module = kdx_symtab_module(state->session, i);
	struct module_orc *orc = &state->module[i];
	uint64_t ip, entries, count;
	struct kdf_error *e;

	if (orc->tried || !module)
		return orc->table.count ? &orc->table : NULL;
	orc->tried = true;
	e = kdx_get(state->session, module->struct_module, KDX_module_orc_ip, &ip);
	if (!e)
		e = kdx_get(state->session, module->struct_module, KDX_module_orc_entries, &entries);
	if (!e)
		e = kdx_get(state->session, module->struct_module, KDX_module_orc_count, &count);
	if (!e && count)
		e = read_table(state->session, ip, entries, count, &orc->table);
	kdf_error_free(e);
	return orc->table.count ? &orc->table : NULL;
}

static bool in_module(const struct kdx_module_range *module, uint64_t pc)
{
	for (unsigned i = 0; module && i < module->nranges; i++)
		if (pc >= module->range[i].start && pc < module->range[i].end)
			return true;
	return false;
}

static bool find_orc(void *arg, uint64_t pc, struct kdx_orc_entry *out)
{
	struct unwind_state *state = arg;

	if (state->version == KDX_ORC_UNKNOWN)
		return false;
	if (pc >= state->text_low && pc < state->text_high)
		return kdx_orc_table_find(&state->kernel, state->version, pc, out);
	for (size_t i = 0; i < state->nmodules; i++) {
		const struct kdx_orc_table *table;

		if (!in_module(kdx_symtab_module(state->session, i), pc))
			continue;
		table = module_table(state, i);
		return table && kdx_orc_table_find(table, state->version, pc, out);
	}
	return false;
}

/* ---- memory ---- */

static struct kdf_error *read_word(void *arg, uint64_t kva, uint64_t *out)
{
	struct unwind_state *state = arg;

	return kdx_read_u64(state->session, kva, out, "stack");
}

static bool is_text(void *arg, uint64_t pc)
{
	struct unwind_state *state = arg;

	return kdx_is_text(state->session, pc);
}

static bool function_start(void *arg, uint64_t pc, uint64_t *start)
{
	struct unwind_state *state = arg;
	const struct kdx_symbol *symbol = kdx_symbol_by_address(state->session, pc, NULL);

	if (symbol)
		*start = symbol->address;
	return symbol != NULL;
}

static struct kdf_error *read_code(void *arg, uint64_t kva, void *buf, size_t len)
{
	struct unwind_state *state = arg;

	return kdx_read(state->session, kva, buf, len, "code");
}

static struct kdf_error *make_state(struct kdx_session *session, struct unwind_state **out)
{
	struct unwind_state *state = calloc(1, sizeof(*state));
	struct kdf_error *e;

	*out = state;
	if (!state)
		return kdf_err(KDF_NOMEM, "no memory for the unwinder");
	state->session = session;
	e = kdx_machine(session, &state->machine);
	if (e)
		goto fail;
	state->nmodules = kdx_symtab_module_count(session);
	state->module = calloc(state->nmodules ? state->nmodules : 1, sizeof(*state->module));
	if (!state->module) {
		e = kdf_err(KDF_NOMEM, "no memory for the ORC tables of %zu modules", state->nmodules);
		goto fail;
	}
	e = load_kernel_table(session, state);
	if (e) {
		state->why = strdup(kdf_error_text(e));
		state->version = KDX_ORC_UNKNOWN;
		kdf_error_free(e);
	}
	e = kdx_keep(session, &state_keep, state);
	if (!e)
		return NULL;
fail:
	destroy_state(state);
	*out = NULL;
	return e;
}

struct kdf_error *kdx_unwind_session_env(struct kdx_session *session, struct kdx_unwind_env *out, const char **why)
{
	struct unwind_state *state = kdx_kept(session, &state_keep);

	if (!state) {
		struct kdf_error *e = make_state(session, &state);

		if (e)
			return e;
	}
	*out = (struct kdx_unwind_env){read_word, find_orc, is_text, function_start, read_code, state};
	if (why)
		*why = state->why;
	return NULL;
}

enum kdx_orc_version kdx_unwind_orc_version(struct kdx_session *session)
{
	const struct unwind_state *state = kdx_kept(session, &state_keep);

	return state ? state->version : KDX_ORC_UNKNOWN;
}
