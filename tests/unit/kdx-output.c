// SPDX-License-Identifier: GPL-2.0-or-later
/* Text and JSON from the same calls; hostile text; writing errors. */
#include "test.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "analyze/output/json.h"
#include "analyze/output/output.h"

static char *text;
static size_t size;

/* The same calls in both modes. */
static void two_records(struct kdx_out *out)
{
	for (int pid = 1; pid <= 2; pid++) {
		kdx_record(out);
		kdx_int(out, "pid", pid, "%3d", pid);
		kdx_hex(out, "task", 0xffff888003a68000, " %016lx", 0xffff888003a68000);
		kdx_str(out, "comm", pid == 1 ? "systemd" : "a\033[31m\n\"b\xff", " [%s]",
			pid == 1 ? "systemd" : "x\033[31m");
		kdx_array(out, "frames");
		for (int i = 0; i < pid; i++) {
			kdx_object(out, NULL);
			kdx_uint(out, "n", (uint64_t)i, "<%d", i);
			kdx_bool(out, "last", i == pid - 1, ">");
			kdx_object_end(out);
		}
		kdx_array_end(out);
		kdx_null(out, "none", NULL);
		kdx_double(out, "load", pid == 1 ? 3.2 : (double)NAN, NULL);
		kdx_text(out, "\n");
		kdx_record_end(out);
	}
}

static const char *printed(bool json, void (*fill)(struct kdx_out *))
{
	struct kdx_out *out;
	FILE *f;

	free(text);
	text = NULL;
	f = open_memstream(&text, &size);
	CHECK_OK(kdx_out_new(f, json, &out));
	CHECK(kdx_out_json(out) == json);
	fill(out);
	CHECK_OK(kdx_out_close(out));
	fclose(f);
	return text;
}

static void nothing_closed(struct kdx_out *out)
{
	kdx_record_kind(out, "a");
	kdx_array(out, "x");
	kdx_int(out, NULL, 1, NULL);
	kdx_record_kind(out, "b");
	kdx_object(out, "y");
}

static void too_deep(struct kdx_out *out)
{
	kdx_record(out);
	for (int i = 0; i < 1000; i++)
		kdx_array(out, "x");
	kdx_int(out, NULL, 1, NULL);
	for (int i = 0; i < 1000; i++)
		kdx_array_end(out);
	kdx_int(out, "after", 7, NULL);
	kdx_record_end(out);
}

static void problems(struct kdx_out *out)
{
	kdx_problem(out, "list", kdf_err(KDF_LIMIT, "a loop"));
	kdx_record(out);
	kdx_problem(out, "regs", kdf_err(KDF_EXCLUDED, "page %d", 5));
	kdx_record_end(out);
}

static void without_record(struct kdx_out *out)
{
	kdx_str(out, "name", "x", "%s\n", "x");
	kdx_raw_text(out, "raw", "a\001\xc3\xa9\xc2\x9b", 6);
}

static void records(void)
{
	CHECK_TEXT(printed(false, two_records), "  1 ffff888003a68000 [systemd]<0>\n"
						"  2 ffff888003a68000 [x\\x1b[31m]<0><1>\n");
	CHECK_TEXT(
		printed(true, two_records),
		"{\"pid\":1,\"task\":\"0xffff888003a68000\",\"comm\":\"systemd\",\"frames\":[{\"n\":0,\"last\":true}],"
		"\"none\":null,\"load\":3.2}\n"
		"{\"pid\":2,\"task\":\"0xffff888003a68000\",\"comm\":\"a\\u001b[31m\\n\\\"b\\ufffd\","
		"\"frames\":[{\"n\":0,\"last\":false},{\"n\":1,\"last\":true}],\"none\":null,\"load\":null}\n");
	CHECK_TEXT(printed(true, nothing_closed), "{\"record\":\"a\",\"x\":[1]}\n{\"record\":\"b\",\"y\":{}}\n");
	CHECK(strstr(printed(true, too_deep), "]],\"after\":7}\n") || strstr(text, "],\"after\":7}\n"));
	CHECK_TEXT(printed(true, problems),
		   "{\"record\":\"problem\",\"what\":\"list\",\"error\":\"limit\",\"text\":\"a loop\"}\n"
		   "{\"regs\":{\"error\":\"excluded\",\"text\":\"page 5\"}}\n");
	CHECK_TEXT(printed(false, problems), "(list: a loop)\n(regs: page 5)\n");
	CHECK_TEXT(printed(false, without_record), "x\na\\x01\xc3\xa9\\xc2\\x9b");
	CHECK_TEXT(printed(true, without_record), "{\"name\":\"x\",\"raw\":\"a\\u0001\xc3\xa9\\u009b\"}\n");
}

static void quote(const char *bytes, size_t len, const char *want)
{
	struct kdf_buf b = { 0 };

	kdx_json_quote(&b, bytes, len);
	CHECK_TEXT(kdf_buf_text(&b), want);
	kdf_buf_free(&b);
}

static void quoting(void)
{
	quote("", 0, "\"\"");
	quote("a\0b", 3, "\"a\\u0000b\"");
	quote("\t\\\x7f", 3, "\"\\t\\\\\\u007f\"");
	quote("\xe2\x82\xac\xf0\x9f\x98\x80", 7, "\"\xe2\x82\xac\xf0\x9f\x98\x80\"");
	/* overlong, surrogate, cut, out of range, lone continuation */
	quote("\xc0\xaf", 2, "\"\\ufffd\\ufffd\"");
	quote("\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\"");
	quote("\xe2\x82", 2, "\"\\ufffd\\ufffd\"");
	quote("\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	quote("\x80z", 2, "\"\\ufffdz\"");
}

static void full_disk(void)
{
	FILE *f = fopen("/dev/full", "w");
	struct kdx_out *out;

	if (!CHECK(f != NULL))
		return;
	CHECK_OK(kdx_out_new(f, false, &out));
	for (int i = 0; i < 10000; i++)
		kdx_text(out, "a line that fills the stream's buffer\n");
	CHECK(kdx_out_stopped(out));
	CHECK_CODE(kdx_out_close(out), KDF_NO_SPACE);
	fclose(f);
}

static void closed_pipe(void)
{
	struct kdx_out *out;
	int fd[2];
	FILE *f;

	signal(SIGPIPE, SIG_IGN);
	if (!CHECK(!pipe(fd)))
		return;
	close(fd[0]);
	f = fdopen(fd[1], "w");
	CHECK_OK(kdx_out_new(f, true, &out));
	for (int i = 0; i < 10000 && !kdx_out_stopped(out); i++) {
		kdx_record(out);
		kdx_int(out, "i", i, NULL);
		kdx_record_end(out);
	}
	CHECK(kdx_out_stopped(out));
	CHECK_OK(kdx_out_close(out));
	fclose(f);
}

int main(void)
{
	records();
	quoting();
	full_disk();
	closed_pipe();
	free(text);
	TEST_END();
}
