// SPDX-License-Identifier: GPL-2.0-or-later
/* mod: loaded modules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/core/layout.h"
#include "analyze/kernel/module.h"
#include "analyze/shell/command.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{'t', NULL, NULL, "Only modules that taint the kernel, with the letters of their taints.", 0},
	{'s', NULL, "MODULE", "Load the symbols and debug info of one module.", KDF_OPT_PLANNED},
	{'S', NULL, NULL, "Load those of all modules.", KDF_OPT_PLANNED},
	{'d', NULL, "MODULE", "Forget those of one module.", KDF_OPT_PLANNED},
	{'D', NULL, NULL, "Forget those of all modules.", KDF_OPT_PLANNED},
	{'r', NULL, NULL, "Read debug info at once.", KDF_OPT_PLANNED},
	{'R', NULL, NULL, "Read the list of modules again.", KDF_OPT_PLANNED},
	{'o', NULL, NULL, "The old way to load symbols.", KDF_OPT_PLANNED},
	{'g', NULL, NULL, "Add symbols of section bounds.", KDF_OPT_PLANNED},
	{0, NULL, NULL, NULL, 0},
};

static const struct kdx_example examples[] = {
	{"mod", "all loaded modules"},
	{"mod -t", "the modules that taint the kernel, and how"},
	{"mod --json", "the same for programs"},
	{NULL, NULL},
};

static int name_width(const struct kdx_module_list *list, bool tainted_only)
{
	size_t width = 4;

	for (size_t i = 0; i < list->count; i++)
		if ((!tainted_only || list->module[i].taints) && strlen(list->module[i].name) > width)
			width = strlen(list->module[i].name);
	return (int)width;
}

static int size_width(const struct kdx_module_list *list)
{
	uint64_t most = 0;

	for (size_t i = 0; i < list->count; i++)
		most = list->module[i].size > most ? list->module[i].size : most;
	return most > 999999 ? snprintf(NULL, 0, "%llu", (unsigned long long)most) : 6;
}

static void show_module(struct kdx_out *out, const struct kdx_module *module, int width, int digits)
{
	kdx_record(out);
	kdx_hex(out, "module", module->module, "%016llx  ", (unsigned long long)module->module);
	kdx_str(out, "name", module->name, "%-*s  ", width, module->name);
	kdx_hex(out, "base", module->base, "%016llx  ", (unsigned long long)module->base);
	kdx_uint(out, "size", module->size, "%*llu", digits, (unsigned long long)module->size);
	kdx_str(out, "taints", module->taint_letters, NULL);
	kdx_text(out, "  (not loaded)  [CONFIG_KALLSYMS]\n");
	kdx_record_end(out);
}

static void show_taints(struct kdx_out *out, const struct kdx_module *module, int width)
{
	kdx_record(out);
	kdx_hex(out, "module", module->module, NULL);
	kdx_str(out, "name", module->name, "%-*s  ", width, module->name);
	kdx_hex(out, "base", module->base, NULL);
	kdx_uint(out, "size", module->size, NULL);
	kdx_str(out, "taints", module->taint_letters, "%s\n", module->taint_letters);
	kdx_record_end(out);
}

static int compare_base(const void *a, const void *b)
{
	const struct kdx_module *x = a, *y = b;

	return (x->base > y->base) - (x->base < y->base);
}

/* By address, as crash has them. */
static void show_list(struct kdx_call *call, struct kdx_module_list *list, bool taints)
{
	struct kdx_out *out = call->out;
	int width = name_width(list, taints), digits = size_width(list);

	if (taints)
		kdx_text(out, "%-*s  TAINTS\n", width, "NAME");
	else
		kdx_text(out, "     MODULE       %-*s  %s  %*s  OBJECT FILE\n", width, "NAME",
			 kdx_has(call->session, KDX_module_mem) ? "   TEXT_BASE    " : "      BASE      ", digits,
			 "SIZE");
	if (list->count)
		qsort(list->module, list->count, sizeof(*list->module), compare_base);
	for (size_t i = 0; i < list->count && !kdx_out_stopped(out); i++) {
		if (!taints)
			show_module(out, &list->module[i], width, digits);
		else if (list->module[i].taints)
			show_taints(out, &list->module[i], width);
	}
}

static struct kdf_error *run(struct kdx_call *call)
{
	struct kdx_module_list list;
	struct kdf_error *e;

	if (call->args.nword)
		return kdf_err(KDF_USAGE, "takes no words: %s", call->args.word[0]);
	e = kdx_modules(call->session, &list);
	if (e)
		return e;
	show_list(call, &list, kdf_args_count(&call->args, 't'));
	if (list.problem) {
		kdx_record(call->out);
		kdx_problem(call->out, "problem", list.problem);
		kdx_record_end(call->out);
		list.problem = NULL;
	}
	kdx_modules_free(&list);
	return NULL;
}

const struct kdx_command kdx_command_mod = {
	.name = "mod",
	.summary = "loaded kernel modules",
	.about = "Lists the modules of the kernel, by address: address of struct module, name, where its text begins, "
		 "and the bytes it takes.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP | KDX_NEEDS_SYMBOLS | KDX_NEEDS_TYPES,
	.run = run,
};
