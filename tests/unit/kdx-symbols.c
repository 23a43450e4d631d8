// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols: the order of preference, images, both sources, modules, CPUs, and the check that vmlinux and dump fit. */
#include "test.h"

#include "analyze/core/memory.h"
#include "analyze/core/session-match.h"
#include "analyze/core/symbols-table.h"
#include "kdx-symbols-fixture.h"

static const char id_a[] = "000102030405060708090a0b0c0d0e0f10111213";
static const char id_b[] = "f00102030405060708090a0b0c0d0e0f10111213";

static struct kdf_error *open_paths(const char *a, const char *b, bool force, struct kdx_session **out)
{
	const char *path[] = { a, b };

	*out = NULL;
	return kdx_session_open(&(struct kdx_open_args){ .path = path, .npaths = b ? 2 : 1, .force = force }, out);
}

/* ---- the table by itself ---- */

static void add(struct kdx_symtab *t, uint64_t address, char type, const char *name, uint16_t module)
{
	CHECK_OK(kdx_symtab_add(t, &(struct kdx_symbol){ address, 0, name, type, module }));
}

static const char *name_at(struct kdx_session *s, uint64_t address, uint64_t *offset)
{
	const struct kdx_symbol *symbol = kdx_symbol_by_address(s, address, offset);

	return symbol ? symbol->name : "(none)";
}

static void order(void)
{
	struct kdx_session s = { 0 };
	uint64_t offset = 0;

	CHECK_OK(kdx_symtab_new(&s.symtab));
	add(s.symtab, 0x1000, 'T', "_text", 0);
	add(s.symtab, 0x9000, 'B', "_end", 0);
	add(s.symtab, 0x2000, 't', "local", 0);
	add(s.symtab, 0x2000, 'T', "__global", 0);
	add(s.symtab, 0x2000, 'T', "global", 0);
	add(s.symtab, 0x2000, 'A', "AAA", 0);
	add(s.symtab, 0x3000, 't', "same", 0);
	add(s.symtab, 0x3100, 'T', "same", 0);
	add(s.symtab, 0x20, 'D', "this_cpu", 0);
	add(s.symtab, 0x5000, 'A', "absolute", 0);
	CHECK_OK(kdx_symtab_finish(s.symtab));
	CHECK_TEXT(name_at(&s, 0x2004, &offset), "global");
	CHECK(offset == 4);
	CHECK_TEXT(name_at(&s, 0x8fff, NULL), "same");
	CHECK_TEXT(name_at(&s, 0x9000, NULL), "(none)");
	CHECK_TEXT(name_at(&s, 0x30, NULL), "(none)");
	CHECK_TEXT(name_at(&s, 0xfff, NULL), "(none)");
	const struct kdx_symbol *first = kdx_symbol_by_name(&s, "same");
	CHECK(first && first->address == 0x3100);
	const struct kdx_symbol *second = kdx_symbol_next_same(&s, first);
	CHECK(second && second->address == 0x3000 && !kdx_symbol_next_same(&s, second));
	CHECK(!kdx_symbol_by_name(&s, "nobody"));
	for (size_t i = 1; i < kdx_symbol_count(&s); i++)
		CHECK(kdx_symbol_at(&s, i - 1)->address <= kdx_symbol_at(&s, i)->address);
	CHECK(!kdx_symbol_at(&s, kdx_symbol_count(&s)));
	/* Modules come later; their symbols stand behind the kernel's. */
	add(s.symtab, 0x10010, 'T', "same", 1);
	CHECK_OK(kdx_symtab_finish(s.symtab));
	CHECK(kdx_symbol_by_name(&s, "same")->address == 0x3100);
	kdx_symtab_free(s.symtab);
}

/* Names and addresses in any order and number: each must be found again. */
static void many(void)
{
	enum { N = 20000 };
	struct kdx_session s = { 0 };
	static char name[N][12];
	int wrong = 0;

	CHECK_OK(kdx_symtab_new(&s.symtab));
	for (uint32_t i = 0; i < N; i++) {
		uint64_t address = 0xffffffff81000000u + (i * 2654435761u >> 8);

		snprintf(name[i], sizeof(name[i]), "f%u", i);
		add(s.symtab, address, 't', name[i], 0);
	}
	CHECK_OK(kdx_symtab_finish(s.symtab));
	for (size_t i = 0; i < N; i++) {
		const struct kdx_symbol *symbol = kdx_symbol_by_name(&s, name[i]);

		wrong += !symbol || strcmp(symbol->name, name[i]) ||
			 symbol->address != 0xffffffff81000000u + ((uint32_t)i * 2654435761u >> 8);
		wrong += i && kdx_symbol_at(&s, i)->address < kdx_symbol_at(&s, i - 1)->address;
	}
	CHECK(!wrong);
	kdx_symtab_free(s.symtab);
}

/* ---- sessions ---- */

static void common(struct kdx_session *s, uint64_t base)
{
	uint64_t address, offset;

	CHECK_OK(kdx_symbol_address(s, "schedule", &address));
	CHECK(address == base + AT_SCHEDULE);
	/* Per-CPU values are never moved. */
	CHECK_OK(kdx_symbol_address(s, "this_cpu_thing", &address));
	CHECK(address == 0x40);
	CHECK_TEXT(name_at(s, base + AT_SCHEDULE + 5, &offset), "schedule");
	CHECK(offset == 5);
	CHECK_TEXT(name_at(s, base + AT_PANIC + 0x100, NULL), "panic");
	CHECK_TEXT(name_at(s, 0x41, NULL), "(none)");
	CHECK(kdx_is_text(s, base + AT_PANIC) && !kdx_is_text(s, base + AT_BANNER) && !kdx_is_text(s, 0));
	CHECK_CODE(kdx_symbol_address(s, "nobody", &address), KDF_NOT_FOUND);
	CHECK(!kdx_symbol_by_name(s, ".L12") && !kdx_symbol_by_name(s, "a_constant") &&
	      !kdx_symbol_by_name(s, "elsewhere") && !kdx_symbol_by_name(s, "__crc_schedule"));
}

static void module(struct kdx_session *s)
{
	const struct kdx_module_range *m = kdx_symtab_module(s, 0);
	const struct kdx_symbol *symbol = kdx_symbol_by_name(s, "crash_init");
	uint64_t offset = 0;

	if (!CHECK(kdx_symtab_module_count(s) == 1 && m && symbol))
		return;
	CHECK_TEXT(m->name, "crashme");
	CHECK(m->struct_module == LOADED + AT_MODULE && m->nranges == 2);
	CHECK(m->range[0].start == LOADED + AT_MODULE_TEXT && m->range[1].end == LOADED + AT_MODULE_END);
	CHECK(symbol->type == 't' && symbol->address == LOADED + AT_MODULE_TEXT + 0x10);
	CHECK_TEXT(kdx_symbol_module(s, symbol), "crashme");
	CHECK_TEXT(name_at(s, LOADED + AT_MODULE_TEXT + 0x20, &offset), "crash_init");
	CHECK(offset == 0x10);
	CHECK_TEXT(name_at(s, LOADED + AT_MODULE_DATA + 0x900, NULL), "crash_data");
	/* Before the first symbol of a section there is none: not the one of the section below. */
	CHECK_TEXT(name_at(s, LOADED + AT_MODULE_DATA + 8, NULL), "(none)");
	CHECK(kdx_is_text(s, LOADED + AT_MODULE_TEXT + 4) && !kdx_is_text(s, LOADED + AT_MODULE_DATA + 4));
	CHECK(!kdx_symbol_by_name(s, "undefined"));
	CHECK(!kdx_symtab_module(s, 1));
}

static void cpus(struct kdx_session *s)
{
	uint64_t address;
	bool yes = false;

	CHECK(kdx_cpu_limit(s) == 3);
	CHECK_OK(kdx_cpu_possible(s, 1, &yes));
	CHECK(yes);
	CHECK_OK(kdx_cpu_online(s, 1, &yes));
	CHECK(!yes);
	CHECK_OK(kdx_cpu_possible(s, 3, &yes));
	CHECK(!yes);
	CHECK_OK(kdx_cpu_possible(s, 1 << 30, &yes));
	CHECK(!yes);
	CHECK_OK(kdx_percpu_address(s, 0x40, 2, &address));
	CHECK(address == 0x300040);
	CHECK_CODE(kdx_percpu_address(s, 0x40, 3, &address), KDF_NOT_FOUND);
}

static void memory(struct kdx_session *s)
{
	char text[32];
	uint32_t v;

	CHECK_OK(kdx_read_string(s, LOADED + AT_BANNER, text, sizeof(text), "banner"));
	CHECK_TEXT(text, "Linux version 6.1.99-test (buil");
	CHECK_OK(kdx_read_u32(s, LOADED + AT_NR_CPU_IDS, &v, NULL));
	CHECK(v == 4);
	CHECK(kdx_readable(s, LOADED, MEMORY) && !kdx_readable(s, LOADED, MEMORY + 1));
	struct kdf_error *e = kdx_read_u32(s, LOADED + MEMORY, &v, "a thing");
	CHECK(e && strstr(kdf_error_text(e), "a thing at 0xffffffff83020000"));
	kdf_error_free(e);
	uint64_t wide;
	CHECK_CODE(kdx_read_uint(s, LOADED, 3, &wide, NULL), KDF_USAGE);
	/* A string that runs into missing memory is returned as far as it goes. */
	CHECK_OK(kdx_read_string(s, LOADED + MEMORY - 4, text, sizeof(text), NULL));
	CHECK_CODE(kdx_read_string(s, LOADED + MEMORY, text, sizeof(text), NULL), KDF_HOLE);
}

static void sources(void)
{
	struct kernel k = { .build_id = id_a };
	struct kdx_session *s;

	make_kernel(&k);
	if (CHECK_OK(open_paths(k.files.paths[0], NULL, false, &s))) {
		CHECK_TEXT(kdx_symtab_source(s), "kallsyms in the dump");
		CHECK(!s->nwarnings && !s->vmlinux_path && s->dump_path);
		common(s, LOADED);
		module(s);
		cpus(s);
		memory(s);
	}
	kdx_session_close(s);
	if (CHECK_OK(open_paths(k.files.paths[0], k.files.paths[1], false, &s))) {
		CHECK_TEXT(kdx_symtab_source(s), "vmlinux");
		CHECK(!s->nwarnings);
		common(s, LOADED);
		module(s);
		cpus(s);
	}
	kdx_session_close(s);
	if (CHECK_OK(open_paths(k.files.paths[1], NULL, false, &s))) {
		uint32_t v;

		CHECK(!s->dump);
		common(s, LINKED);
		CHECK_CODE(kdx_read_u32(s, LINKED, &v, NULL), KDF_NOT_FOUND);
	}
	kdx_session_close(s);
	CHECK_CODE(open_paths(k.files.paths[1], k.files.paths[1], false, &s), KDF_USAGE);
	drop_kernel(&k);
}

/* ---- does vmlinux fit the dump ---- */

static void match(struct kernel k, enum kdf_code code, const char *says, size_t warnings)
{
	struct kdx_session *s;

	make_kernel(&k);
	struct kdf_error *e = open_paths(k.files.paths[1], k.files.paths[0], false, &s);
	if (says && !CHECK(e && strstr(kdf_error_text(e), says)))
		fprintf(stderr, "  %s\n", kdf_error_text(e));
	if (!code)
		CHECK(s && s->nwarnings == warnings);
	CHECK_CODE(e, code);
	kdx_session_close(s);
	if (code == KDF_MISMATCH) {
		CHECK_OK(open_paths(k.files.paths[1], k.files.paths[0], true, &s));
		CHECK(s && s->nwarnings);
		kdx_session_close(s);
	}
	drop_kernel(&k);
}

static void matches(void)
{
	static const char other[] = "Linux version 6.1.99-test (other@host) (gcc 12) #2 SMP\n";
	static const char bad[] = "Linux version 6.1.115 (builder@host) (gcc 12) #1 SMP\n";

	match((struct kernel){ .build_id = id_a, .other_id = id_b, .other_banner = other }, KDF_MISMATCH, id_b, 0);
	match((struct kernel){ .build_id = id_a, .other_id = id_b, .other_banner = other }, KDF_MISMATCH, id_a, 0);
	/* Other ids, the same banner: said, but taken. */
	match((struct kernel){ .build_id = id_a, .other_id = id_b }, KDF_OK, NULL, 1);
	/* Releases that are known to write garbage: the banner decides, silently. */
	match((struct kernel){ .build_id = id_a, .other_id = id_b, .release = "6.1.115", .banner = bad }, KDF_OK, NULL,
	      0);
	match((struct kernel){ .build_id = id_a, .other_id = id_b, .release = "6.1.115", .banner = bad,
			       .other_banner = other }, KDF_MISMATCH, "#2 SMP", 0);
	/* No id at all. */
	match((struct kernel){ .other_id = NULL }, KDF_OK, NULL, 0);
	match((struct kernel){ .other_banner = other }, KDF_MISMATCH, "#2 SMP", 0);
}

static void garbage_releases(void)
{
	CHECK(kdx_build_id_is_garbage("6.1.113", "") && kdx_build_id_is_garbage("6.1.118-x", ""));
	CHECK(!kdx_build_id_is_garbage("6.1.112", "") && !kdx_build_id_is_garbage("6.1.119", ""));
	CHECK(kdx_build_id_is_garbage("6.11.3", "") && !kdx_build_id_is_garbage("6.11.10", ""));
	CHECK(kdx_build_id_is_garbage("5.15.200", "") && !kdx_build_id_is_garbage("6.12.117+deb12-cloud-amd64", ""));
	CHECK(kdx_build_id_is_garbage("6.1.0-27-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.115-1 (2024-11-01)"));
	CHECK(!kdx_build_id_is_garbage("6.1.0-28-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)"));
	CHECK(!kdx_build_id_is_garbage("", "") && !kdx_build_id_is_garbage("6", "Debian "));
}

/* ---- what is survived, what is refused ---- */

static void survived(void)
{
	struct kernel old = { .no_kallsyms = true, .release = "5.10.0-test" }, bare = { .no_vmcoreinfo = true };
	struct kernel loop = { .module_loop = true };
	struct kdx_session *s;
	uint64_t address;

	make_kernel(&old);
	if (CHECK_OK(open_paths(old.files.paths[0], NULL, false, &s))) {
		CHECK(s->nwarnings == 2 && strstr(s->warning[0], "(kernels before 6.0): give the vmlinux of kernel 5.10"));
		CHECK_TEXT(kdx_symtab_source(s), "none");
		struct kdf_error *e = kdx_symbol_address(s, "schedule", &address);
		CHECK(e && strstr(kdf_error_text(e), "5.10.0-test"));
		kdf_error_free(e);
		CHECK(!kdx_symbol_by_address(s, LOADED, NULL) && !kdx_symbol_by_name(s, "schedule"));
	}
	kdx_session_close(s);
	drop_kernel(&old);
	make_kernel(&bare);
	if (CHECK_OK(open_paths(bare.files.paths[0], NULL, false, &s)))
		CHECK(s->nwarnings == 2 && strstr(s->warning[0], "no VMCOREINFO: give the vmlinux of its kernel"));
	kdx_session_close(s);
	drop_kernel(&bare);
	make_kernel(&loop);
	if (CHECK_OK(open_paths(loop.files.paths[0], NULL, false, &s))) {
		CHECK(s->nwarnings == 1 && strstr(s->warning[0], "comes back to module crashme"));
		module(s);
	}
	kdx_session_close(s);
	drop_kernel(&loop);
}

static void refuse(const void *bytes, size_t n, enum kdf_code code, const char *says)
{
	struct kdf_buf b = { 0 };
	struct temp_files t = { 0 };
	struct kdx_session *s;

	kdf_buf_add(&b, bytes, n);
	temp_add(&t, &b);
	struct kdf_error *e = open_paths(t.paths[0], NULL, false, &s);
	if (!CHECK(e && strstr(kdf_error_text(e), says)))
		fprintf(stderr, "  %s\n", kdf_error_text(e));
	CHECK_CODE(e, code);
	temp_remove(&t);
	kdf_buf_free(&b);
}

static void mistakes(void)
{
	static const char object[64] = "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\1\0\76";
	static const char stripped[64] = { [0] = '\177', 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62, [20] = 1,
					   [52] = 64 };
	char boot[0x206] = { 0 };
	struct kdx_session *s;

	memcpy(boot + 0x202, "HdrS", 4);
	refuse("", 0, KDF_USAGE, "empty");
	refuse("just a text\n", 12, KDF_USAGE, "text file");
	refuse("\x1f\x8b\x08 packed", 9, KDF_UNSUPPORTED, "gunzip");
	refuse(boot, sizeof(boot), KDF_UNSUPPORTED, "boot image");
	refuse(object, sizeof(object), KDF_USAGE, "module");
	refuse(object, 10, KDF_CORRUPT, "ELF header");
	refuse(stripped, sizeof(stripped), KDF_NO_DEBUG, "stripped");
	CHECK_CODE(open_paths("/tmp", NULL, false, &s), KDF_USAGE);
	CHECK_CODE(open_paths("/nonexistent", NULL, false, &s), KDF_NOT_FOUND);
	CHECK_CODE(kdx_session_open(&(struct kdx_open_args){ .npaths = 0 }, &s), KDF_USAGE);
}

/* A vmlinux that was not copied to its end. */
static void cut(void)
{
	struct kernel k = { 0 };
	struct kdx_session *s;

	make_kernel(&k);
	for (off_t size = 64; size < 0x8000; size += 1777) {
		if (truncate(k.files.paths[1], size))
			break;
		struct kdf_error *e = open_paths(k.files.paths[1], NULL, false, &s);
		CHECK(e && !s);
		kdf_error_free(e);
	}
	drop_kernel(&k);
}

static int destroyed;
static void destroy(void *value) { destroyed = destroyed * 10 + *(int *)value; }

static void keeping(void)
{
	static const struct kdx_keep first = { destroy }, second = { destroy };
	struct kernel k = { 0 };
	struct kdx_session *s;
	int one = 1, two = 2;

	make_kernel(&k);
	if (CHECK_OK(open_paths(k.files.paths[0], NULL, false, &s))) {
		CHECK(!kdx_kept(s, &first));
		CHECK_OK(kdx_keep(s, &first, &one));
		CHECK_OK(kdx_keep(s, &second, &two));
		CHECK(kdx_kept(s, &first) == &one && kdx_kept(s, &second) == &two);
		kdx_session_close(s);
		CHECK(destroyed == 21);
	}
	drop_kernel(&k);
}

int main(void)
{
	order();
	many();
	sources();
	matches();
	garbage_releases();
	survived();
	mistakes();
	cut();
	keeping();
	TEST_END();
}
