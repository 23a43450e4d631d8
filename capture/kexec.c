// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "files.h"
#include "run.h"

enum { WORDS_MAX = 32 };

void kexec_state(struct kexec_state *s)
{
	uint64_t loaded = 0, disabled = 0;

	*s = (struct kexec_state){ 0 };
	file_number("/sys/kernel/kexec_crash_size", &s->reserved);
	file_number("/sys/kernel/kexec_crash_loaded", &loaded);
	file_number("/proc/sys/kernel/kexec_load_disabled", &disabled);
	s->loaded = loaded;
	s->disabled = disabled;
}

static struct kdf_error *run_kexec(char *const words[])
{
	const struct run_request request = { .argv = words };
	struct run_result result;
	char why[64];
	struct kdf_error *e = run_program(&request, &result);

	if (!e && result.exit_code)
		e = kdf_err(KDF_IO, "kexec: %s", run_outcome(result.exit_code, why, sizeof(why)));
	return e;
}

static struct kdf_error *load_with(char *program, const char *args, const char *kernel, const char *initramfs,
				   const char *cmdline)
{
	KDF_AUTO_FREE char *copy = strdup(args), *initrd = NULL, *line = NULL;
	static char panic[] = "-p";
	char *words[WORDS_MAX + 8] = { program, panic };

	if (!copy || asprintf(&initrd, "--initrd=%s", initramfs) < 0 ||
	    asprintf(&line, "--command-line=%s", cmdline) < 0)
		return kdf_err(KDF_NOMEM, "out of memory");
	size_t n = 2 + split_words(copy, words + 2, WORDS_MAX);
	if (n == 2 + WORDS_MAX)
		return kdf_err(KDF_LIMIT, "KEXEC_ARGS: more than %d words", WORDS_MAX - 1);
	words[n++] = initrd;
	words[n++] = line;
	words[n++] = (char *)kernel;
	words[n] = NULL;
	return run_kexec(words);
}

struct kdf_error *kexec_load_crash(const char *kernel, const char *initramfs, const char *cmdline, const char *args,
				   const char **how)
{
	char program[PATH_MAX];
	struct kdf_error *e = find_program("kexec", program);

	if (e)
		return kdf_err_wrap(e, "kexec-tools is needed (apt install kexec-tools)");
	*how = "KEXEC_ARGS";
	if (*args)
		return load_with(program, args, kernel, initramfs, cmdline);
	*how = "kexec_file_load";
	struct kdf_error *first = load_with(program, "-s", kernel, initramfs, cmdline);
	if (!first)
		return NULL;
	*how = "kexec_load";
	e = load_with(program, "-c", kernel, initramfs, cmdline);
	if (e)
		e = kdf_err_wrap(
			e,
			"the kernel refused both ways (kexec -s: %s); with Secure Boot or lockdown the kernel image "
			"must be signed",
			kdf_error_text(first));
	kdf_error_free(first);
	return e;
}

struct kdf_error *kexec_unload_crash(void)
{
	static char panic[] = "-p", unload[] = "-u", file[] = "-s", classic[] = "-c";
	char program[PATH_MAX];
	struct kexec_state state;
	struct kdf_error *e = find_program("kexec", program);

	if (e)
		return e;
	/* A locked-down kernel takes only the file way, an older one only the classic way; either unloads both. */
	e = run_kexec((char *[]){ program, file, panic, unload, NULL });
	kexec_state(&state);
	if (!state.loaded) {
		kdf_error_free(e);
		return NULL;
	}
	kdf_error_free(e);
	return run_kexec((char *[]){ program, classic, panic, unload, NULL });
}
