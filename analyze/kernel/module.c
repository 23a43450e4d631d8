// SPDX-License-Identifier: GPL-2.0-or-later
#include "module.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/core/memory.h"
#include "base/buf.h"
#include "list.h"

enum { MAX_MODULES = 65536, MODULE_STATE_UNFORMED = 3 };

void kdx_taint_letters(uint64_t taints, char *out)
{
	/* kernel/panic.c, taint_flags: N came with 6.0, J with 6.15 */
	static const char letters[] = "PFSRMBUDAWCIOELKXTNJ";
	size_t n = 0;

	for (unsigned bit = 0; bit < 64; bit++)
		if (taints >> bit & 1)
			out[n++] = bit < sizeof(letters) - 1 ? letters[bit] : '?';
	out[n] = '\0';
}

/* Text base, and the sum of all areas, of which the init ones are gone (0) once the module is live. */
static struct kdf_error *read_areas(struct kdx_session *session, struct kdx_module *module)
{
	const struct kdx_field *mem = kdx_field(session, KDX_module_mem), *area = kdx_field(session, KDX_module_memory);
	uint64_t init = 0;
	struct kdf_error *e;

	if (!mem || !area || !area->size) { /* until 6.3 */
		e = kdx_get(session, module->module, KDX_module_core_base, &module->base);
		if (!e)
			e = kdx_get(session, module->module, KDX_module_core_size, &module->size);
		if (!e && kdx_has(session, KDX_module_init_size))
			e = kdx_get(session, module->module, KDX_module_init_size, &init);
		module->size += init;
		return e;
	}
	for (uint64_t i = 0; i < mem->elements; i++) {
		uint64_t at = module->module + mem->offset + i * area->size, base, size;

		e = kdx_get(session, at, KDX_module_memory_base, &base);
		if (!e)
			e = kdx_get(session, at, KDX_module_memory_size, &size);
		if (e)
			return e;
		if (!i) /* MOD_TEXT */
			module->base = base;
		module->size += size;
	}
	return NULL;
}

static struct kdf_error *read_module(struct kdx_session *session, struct kdx_module *module)
{
	const struct kdx_field *name;
	struct kdf_error *e = kdx_need(session, KDX_module_name, &name);

	if (!e)
		e = kdx_read_string(session, module->module + name->offset, module->name, sizeof(module->name),
				    "module name");
	if (!e)
		e = read_areas(session, module);
	if (!e && kdx_has(session, KDX_module_taints))
		e = kdx_get(session, module->module, KDX_module_taints, &module->taints);
	kdx_taint_letters(module->taints, module->taint_letters);
	return e;
}

static struct kdf_error *add_module(struct kdx_session *session, uint64_t kva, struct kdx_module_list *out, size_t *cap)
{
	struct kdx_module module = {.module = kva};
	uint64_t state = 0;
	struct kdf_error *e = NULL;

	if (kdx_has(session, KDX_module_state))
		e = kdx_get(session, kva, KDX_module_state, &state);
	if (!e && state == MODULE_STATE_UNFORMED)
		return NULL;
	if (!e)
		e = read_module(session, &module);
	if (e)
		return kdf_err_wrap(e, "module at %#" PRIx64, kva);
	if (!kdf_grow(&out->module, cap, out->count + 1, sizeof(module)))
		return kdf_err(KDF_NOMEM, "no memory for %zu modules", out->count);
	out->module[out->count++] = module;
	return NULL;
}

struct kdf_error *kdx_modules(struct kdx_session *session, struct kdx_module_list *out)
{
	const struct kdx_field *head, *link;
	struct kdx_list list;
	uint64_t node;
	size_t cap = 0;
	struct kdf_error *e = kdx_need(session, KDX_modules, &head);

	memset(out, 0, sizeof(*out));
	if (!e)
		e = kdx_need(session, KDX_module_list, &link);
	if (e)
		return e;
	kdx_list_begin(&list, session, head->value, MAX_MODULES, "module");
	while (kdx_list_next(&list, &node)) {
		e = add_module(session, node - link->offset, out, &cap);
		if (kdf_error_code(e) == KDF_NOMEM) {
			kdx_modules_free(out);
			return e;
		}
		if (e && !out->problem)
			out->problem = e;
		else
			kdf_error_free(e);
	}
	e = kdx_list_end(&list);
	if (e && !out->problem)
		out->problem = e;
	else
		kdf_error_free(e);
	return NULL;
}

void kdx_modules_free(struct kdx_module_list *list)
{
	free(list->module);
	kdf_error_free(list->problem);
	memset(list, 0, sizeof(*list));
}
