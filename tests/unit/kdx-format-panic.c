// SPDX-License-Identifier: GPL-2.0-or-later
/* Which line of the log tells why the kernel stopped; the log command over the same records. */
#include "test.h"

#include <stdlib.h>

#include "analyze/commands/panic-text.h"
#include "analyze/expr/expr.h"
#include "analyze/shell/run.h"
#include "base/cleanup.h"
#include "format-log.h"
#include "kdx-session.h"

static struct guest *log_of(const char *const lines[], int facility)
{
	struct guest *g = guest_new(4);
	struct log l;

	log_vmcoreinfo(g, true);
	log_begin(&l, g, 8);
	for (size_t i = 0; lines[i]; i++) {
		uint64_t id = log_add(&l, lines[i]);

		guest_put(g, log_info(id) + 18, (uint64_t)facility, 1);
	}
	return g;
}

static void reason(const char *const lines[], int facility, const char *want, const char *want_cause)
{
	struct guest *g = log_of(lines, facility);
	struct kdx_session s = { .pointer_size = 8 };
	char text[KDX_PANIC_TEXT], cause[KDX_PANIC_TEXT];

	if (CHECK_OK(guest_open(g, NULL, true, &s.dump))) {
		CHECK_OK(kdx_panic_text(&s, text, cause));
		CHECK_TEXT(text, want);
		CHECK_TEXT(cause, want_cause);
		kdf_close(s.dump);
	}
	guest_free(g);
}

static void reasons(void)
{
	reason((const char *const[]){ "sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash",
				      NULL },
	       0, "Kernel panic - not syncing: sysrq triggered crash", "");
	reason((const char *const[]){ "BUG: kernel NULL pointer dereference, address: 18", "Oops: 0002 [#1]",
				      "Oops: 0000 [#2]", "Kernel panic - not syncing: Fatal exception", NULL },
	       0, "Oops: 0002 [#1]", "BUG: kernel NULL pointer dereference, address: 18");
	reason((const char *const[]){ "kernel BUG at mm/x.c:1!", "invalid opcode: 0000 [#1]", NULL }, 0,
	       "kernel BUG at mm/x.c:1!", "");
	reason((const char *const[]){ "sysrq: Trigger a crash\nmore", NULL }, 0, "sysrq: Trigger a crash", "");
	reason((const char *const[]){ "all is well", NULL }, 0, "", "");
	/* A daemon may write what it likes. */
	reason((const char *const[]){ "Kernel panic - not syncing: made up", NULL }, 3, "", "");
}

static void log_gives(struct kdx_shell *shell, const char *line, const char *want)
{
	char path[] = "/tmp/kdx-unit-XXXXXX", text[4096] = "";
	int fd = mkstemp(path);
	KDF_AUTO_FREE char *whole = NULL;
	FILE *f = fdopen(fd, "r");

	if (!CHECK(f && asprintf(&whole, "%s > %s", line, path) > 0))
		return;
	CHECK(kdx_shell_lines(shell, whole));
	CHECK(fread(text, 1, sizeof(text) - 1, f) > 0);
	CHECK_TEXT(text, want);
	fclose(f);
	unlink(path);
}

static void log_command(void)
{
	struct guest *g = log_of((const char *const[]){ "one", "two\nlines \033[31m\xff", NULL }, 1);
	struct kdx_session s;
	struct kdx_shell shell = { .session = &s, .silent = true };

	test_session_open(&s);
	if (CHECK_OK(guest_open(g, NULL, true, &s.dump))) {
		log_gives(&shell, "log",
			  "[    0.000000] one\n[    0.000001] two\n               lines \\x1b[31m\\xff\n");
		log_gives(&shell, "log -t", "one\ntwo\nlines \\x1b[31m\\xff\n");
		log_gives(&shell, "log -m -c",
			  "[    0.000000] <14>[      C2] one\n"
			  "[    0.000001] <14>[      C2] two\n               lines \\x1b[31m\\xff\n");
		log_gives(&shell, "log -td",
			  "one\nSUBSYSTEM=pci\nDEVICE=+pci:0000:00:01.0\n"
			  "two\nlines \\x1b[31m\\xff\nSUBSYSTEM=pci\nDEVICE=+pci:0000:00:01.0\n");
		log_gives(
			&shell, "log --json",
			"{\"seq\":0,\"ts_nsec\":0,\"level\":6,\"level_name\":\"info\",\"facility\":1,\"caller\":\"C2\","
			"\"text\":\"one\",\"subsystem\":\"pci\",\"device\":\"+pci:0000:00:01.0\"}\n"
			"{\"seq\":1,\"ts_nsec\":1000,\"level\":6,\"level_name\":\"info\",\"facility\":1,\"caller\":"
			"\"C2\","
			"\"text\":\"two\\nlines "
			"\\u001b[31m\\ufffd\",\"subsystem\":\"pci\",\"device\":\"+pci:0000:00:01.0\"}\n");
		kdf_close(s.dump);
		s.dump = NULL;
	}
	kdx_history_free(&shell);
	test_session_close(&s);
	guest_free(g);
}

int main(void)
{
	reasons();
	log_command();
	TEST_END();
}
