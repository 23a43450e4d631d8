// SPDX-License-Identifier: GPL-2.0-or-later
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "files.h"

static const struct {
	const char *name;
	enum setting_key key; /* SETTING_KEY_MAX: known to kdump-utils, without effect on ours; `instead` says why */
	const char *instead;
} keys[] = {
	{ "KDUMP_KERNELVER", SETTING_KERNELVER, NULL },
	{ "KDUMP_COMMANDLINE", SETTING_COMMANDLINE, NULL },
	{ "KDUMP_COMMANDLINE_REMOVE", SETTING_COMMANDLINE_REMOVE, NULL },
	{ "KDUMP_COMMANDLINE_APPEND", SETTING_COMMANDLINE_APPEND, NULL },
	{ "KEXEC_ARGS", SETTING_KEXEC_ARGS, NULL },
	{ "KDUMP_BOOTDIR", SETTING_BOOTDIR, NULL },
	{ "KDUMP_IMG", SETTING_KEY_MAX, "the image is found by the names that the machine uses; leave it out" },
	{ "KDUMP_IMG_EXT", SETTING_KEY_MAX, "the image is found by the names that the machine uses; leave it out" },
	{ "FADUMP_COMMANDLINE_APPEND", SETTING_KEY_MAX, "fadump is not supported yet; kdump with crashkernel= works" },
	{ "VMCORE_CREATION_NOTIFICATION", SETTING_KEY_MAX, "not supported yet; use kdump_post in kdump.conf" },
	{ "KDUMP_STDLOGLVL", SETTING_KEY_MAX, "kdx-capture tells every step; leave it out" },
	{ "KDUMP_SYSLOGLVL", SETTING_KEY_MAX, "kdx-capture tells every step; leave it out" },
	{ "KDUMP_KMSGLVL", SETTING_KEY_MAX, "kdx-capture tells every step; leave it out" },
};

static struct kdf_error *parse_line(struct settings *s, unsigned line, char *text)
{
	text += strspn(text, " \t");
	text[strcspn(text, "\r")] = '\0';
	if (!*text || *text == '#')
		return NULL;
	char *value = strchr(text, '=');
	if (!value)
		return kdf_err(KDF_USAGE, "'%s' is no KEY=\"value\"", text);
	*value++ = '\0';
	size_t k = 0;
	while (k < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[k].name, text))
		k++;
	if (k == sizeof(keys) / sizeof(keys[0]))
		return kdf_err(KDF_USAGE, "unknown setting '%s'", text);

	char quote = *value == '"' || *value == '\'' ? *value : 0;
	char *end = quote ? strchr(value + 1, quote) : value + strcspn(value, " \t");
	if (!end)
		return kdf_err(KDF_USAGE, "%s: the closing %c is missing", text, quote);
	const char *rest = end + (quote != 0);
	rest += strspn(rest, " \t");
	if (*rest && *rest != '#')
		return kdf_err(KDF_USAGE, "%s: '%s' stands behind the value; put quotes around all of it", text, rest);
	value += quote != 0;
	*end = '\0';
	if (quote != '\'' && strpbrk(value, "$`\\"))
		return kdf_err(KDF_USAGE, "%s: $, ` and \\ have no meaning here, no shell reads this file", text);
	if (keys[k].key == SETTING_KEY_MAX)
		return *value ? kdf_err(KDF_UNSUPPORTED, "%s has no effect: %s", text, keys[k].instead) : NULL;
	if (s->line[keys[k].key])
		return kdf_err(KDF_USAGE, "'%s' was already set in line %u", text, s->line[keys[k].key]);
	s->line[keys[k].key] = line;
	s->value[keys[k].key] = strdup(value);
	return s->value[keys[k].key] ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

struct kdf_error *settings_parse(const char *file, const char *text, struct settings *out)
{
	struct settings s = { .file = strdup(file) };
	KDF_AUTO_FREE char *copy = strdup(text);
	struct kdf_error *e = s.file && copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char *rest = copy;

	for (unsigned line = 1; !e && rest; line++) {
		char *now = strsep(&rest, "\n");

		e = parse_line(&s, line, now);
		if (e)
			e = kdf_err_wrap(e, "%s:%u", file, line);
	}
	if (e) {
		settings_free(&s);
		return e;
	}
	*out = s;
	return NULL;
}

struct kdf_error *settings_read(const char *root, struct settings *out)
{
	static const char *const place[] = { "/etc/sysconfig/kdump", "/etc/default/kdx" };

	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		char path[PATH_MAX];
		KDF_AUTO_FREE char *text = NULL;
		struct kdf_error *e = path_make(path, "%s%s", root, place[i]);

		if (!e && access(path, F_OK))
			continue;
		if (!e)
			e = file_read(path, 1 << 20, &text);
		return e ? e : settings_parse(path, text, out);
	}
	*out = (struct settings){ 0 };
	return NULL;
}

void settings_free(struct settings *s)
{
	for (int i = 0; i < SETTING_KEY_MAX; i++)
		free(s->value[i]);
	free(s->file);
	*s = (struct settings){ 0 };
}

const char *settings_text(const struct settings *s, enum setting_key key)
{
	return s->value[key] ? s->value[key] : "";
}
