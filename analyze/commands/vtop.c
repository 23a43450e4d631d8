// SPDX-License-Identifier: GPL-2.0-or-later
/* vtop: virtual addresses through the page tables. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "context.h"
#include "task-line.h"

static const struct kdf_option options[] = {
	{ 'c', NULL, "TASK", "By the page tables of a task: its pid or address.", 0 },
	{ 'u', NULL, NULL, "User addresses.", 0 },
	{ 'k', NULL, NULL, "Kernel addresses.", 0 },
	{ 0 },
};

static const struct kdx_example examples[] = {
	{ "vtop init_task", "a kernel address" },
	{ "vtop linux_banner init_task", "two" },
	{ "vtop -k schedule", "code" },
	{ NULL, NULL },
};

/* ---- names of page table flags, one table a machine ---- */

struct flag {
	uint64_t mask;
	const char *name, *large; /* large: its name in an entry that maps a large page, NULL: the same */
};

static const struct flag x86_64_flags[] = {
	{ 1ull << 0, "PRESENT", NULL }, { 1ull << 1, "RW", NULL },   { 1ull << 2, "USER", NULL },
	{ 1ull << 3, "PWT", NULL },     { 1ull << 4, "PCD", NULL },  { 1ull << 5, "ACCESSED", NULL },
	{ 1ull << 6, "DIRTY", NULL },   { 1ull << 7, "PAT", "PSE" }, { 1ull << 8, "GLOBAL", NULL },
	{ 1ull << 63, "NX", NULL },     { 0, NULL, NULL },
};

static const struct {
	const char *machine;
	const struct flag *flags;
} machines[] = {
	{ "x86_64", x86_64_flags },
};

static void flags_text(const struct kdf *dump, uint64_t entry, bool large, struct kdf_buf *b)
{
	const struct flag *f = NULL;
	const char *gap = "(";

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].machine, kdf_info(dump)->machine))
			f = machines[i].flags;
	for (; f && f->mask; f++) {
		if (!(entry & f->mask))
			continue;
		kdf_buf_printf(b, "%s%s", gap, large && f->large ? f->large : f->name);
		gap = "|";
	}
	kdf_buf_puts(b, *gap == '(' ? "(none)" : ")");
}

/* ---- one address ---- */

static const char *size_name(uint64_t size)
{
	return size == 1ull << 30 ? "  (1GB)" : size == 1ull << 21 ? "  (2MB)" : "";
}

static void steps(struct kdx_out *out, const struct kdf *dump, const struct kdf_walk *w, bool user)
{
	uint64_t top;

	kdx_array(out, "walk");
	for (unsigned i = 0; i < w->nsteps; i++) {
		const struct kdf_walk_step *step = &w->step[i];

		kdx_object(out, NULL);
		kdx_str(out, "level", step->level, NULL);
		kdx_hex(out, "entry_phys", step->entry_phys, NULL);
		kdx_hex(out, "entry", step->entry, NULL);
		kdx_object_end(out);
		if (i || user) {
			kdx_text(out, "%6s: %" PRIx64 " => %" PRIx64 "\n", step->level, step->entry_phys, step->entry);
			continue;
		}
		if (kdf_vmcoreinfo_symbol(dump, "swapper_pg_dir", &top))
			kdx_text(out, "PGD DIRECTORY: %" PRIx64 "\n", top);
		kdx_text(out, "PAGE DIRECTORY: %" PRIx64 "\n", step->entry);
	}
	kdx_array_end(out);
}

static void mapping(struct kdx_out *out, const struct kdf *dump, const struct kdf_walk *w)
{
	uint64_t entry = w->nsteps ? w->step[w->nsteps - 1].entry : 0, page = w->phys & ~(w->page_size - 1);
	bool large = w->page_size > kdf_info(dump)->page_size;
	struct kdf_buf flags = { 0 };
	char pte[20];

	flags_text(dump, entry, large, &flags);
	snprintf(pte, sizeof(pte), "%" PRIx64, entry);
	kdx_hex(out, "page", page, "  PAGE: %" PRIx64 "%s\n\n", page, size_name(w->page_size));
	kdx_uint(out, "page_size", w->page_size, NULL);
	kdx_text(out, "%*s  PHYSICAL          FLAGS\n", (int)strlen(pte), "PTE");
	kdx_hex(out, "pte", entry, "%s  %-16" PRIx64 "  ", pte, page);
	kdx_str(out, "flags", kdf_buf_text(&flags), "%s\n", kdf_buf_text(&flags));
	kdf_buf_free(&flags);
}

static struct kdf_error *translate(struct kdx_call *call, const struct kdx_space *space, uint64_t address)
{
	struct kdf *dump = call->session->dump;
	bool user = space->pgd_phys != KDF_KERNEL_PGD;
	struct kdf_walk w = { 0 };
	struct kdx_out *out = call->out;
	struct kdf_error *e = kdf_walk(dump, space->pgd_phys, address, &w);

	/* Not mapped is an answer; anything else that goes wrong is told behind the steps that worked. */
	if (kdf_error_code(e) == KDF_FAULT) {
		kdf_error_free(e);
		e = NULL;
		w.present = false;
	}
	kdx_record_kind(out, "translation");
	kdx_text(out, "VIRTUAL           PHYSICAL\n");
	kdx_hex(out, "virtual", address, "%-16" PRIx64 "  ", address);
	if (!e && w.present)
		kdx_hex(out, "physical", w.phys, "%-16" PRIx64 "\n\n", w.phys);
	else
		kdx_null(out, "physical", "%s\n\n", e ? "(unknown)" : "(not mapped)");
	steps(out, dump, &w, user);
	if (!e && w.present)
		mapping(out, dump, &w);
	kdx_text(out, "\n");
	kdx_record_end(out);
	return e;
}

/* ---- which address space ---- */

/* Of the two halves of the address space, the lower is the user's. */
static bool is_user(const struct kdf *dump, uint64_t address)
{
	unsigned bits = kdf_layout(dump)->virtual_bits;

	return bits > 1 && bits <= 64 && !(address >> (bits - 1));
}

static struct kdf_error *space_of(struct kdx_call *call, uint64_t address, struct kdx_space *out)
{
	const struct kdf_args *a = &call->args;
	uint64_t task = call->shell->task;
	const struct kdx_task *t;
	struct kdf_error *e;

	*out = (struct kdx_space){ call->session, KDF_KERNEL_PGD };
	if (kdf_args_count(a, 'c')) {
		if ((e = kdx_task_parse(call->session, kdf_args_value(a, 'c'), &t)))
			return e;
		task = t->task;
	}
	if (kdf_args_count(a, 'k') || (!kdf_args_count(a, 'u') && !is_user(call->session->dump, address)))
		return NULL;
	return kdx_task_space(call->session, task, out);
}

static struct kdf_error *run(struct kdx_call *call)
{
	const struct kdf_args *a = &call->args;
	struct kdx_expr x;
	struct kdf_error *e = kdx_call_expr(call, false, &x);

	if (!e && !a->nword)
		e = kdf_err(KDF_USAGE, "which address?");
	if (!e && kdf_args_count(a, 'k') && kdf_args_count(a, 'u'))
		e = kdf_err(KDF_USAGE, "-k and -u exclude each other");
	for (size_t i = 0; i < a->nword && !e; i++) {
		struct kdx_space space;
		uint64_t address;

		e = kdx_expr_address(&x, a->word[i], &address);
		if (!e)
			e = space_of(call, address, &space);
		if (!e)
			e = translate(call, &space, address);
	}
	return e;
}

const struct kdx_command kdx_command_vtop = {
	.name = "vtop",
	.summary = "virtual addresses through the page tables",
	.words = "address...",
	.about = "Translates virtual addresses into physical ones and shows each page table entry on the way, with the "
		 "flags of "
		 "the last. Kernel addresses go through the kernel's own tables, user addresses through those of the "
		 "context "
		 "task or of the one given with -c.",
	.options = options,
	.examples = examples,
	.needs = KDX_NEEDS_DUMP,
	.run = run,
};
