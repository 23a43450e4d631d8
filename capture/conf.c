// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "files.h"

enum { CONF_FILE_LIMIT = 1 << 20 };

/* A check gets the value and stores its parsed form; its error says what would be right, without the place. */
typedef struct kdf_error *check_fn(struct conf *, enum conf_key, const char *value);

static const struct {
	const char *name;
	enum conf_action action;
} actions[] = {
	{ "reboot", ACTION_REBOOT },
	{ "halt", ACTION_HALT },
	{ "poweroff", ACTION_POWEROFF },
	{ "shell", ACTION_SHELL },
};

const char *action_name(enum conf_action action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i].action == action)
			return actions[i].name;
	return "unknown";
}

static struct kdf_error *check_action(struct conf *c, enum conf_key key, const char *value)
{
	if (!strcmp(value, "dump_to_rootfs"))
		return kdf_err(KDF_UNSUPPORTED,
			       "dump_to_rootfs is not supported yet; use reboot, halt, poweroff or shell");
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(value, actions[i].name))
			continue;
		*(key == CONF_FINAL_ACTION ? &c->final_action : &c->failure_action) = actions[i].action;
		return NULL;
	}
	return kdf_err(KDF_USAGE, "'%s' is none of reboot, halt, poweroff, shell", value);
}

static struct kdf_error *check_flag(struct conf *c, enum conf_key key, const char *value)
{
	if (strcmp(value, "0") && strcmp(value, "1"))
		return kdf_err(KDF_USAGE, "'%s' is neither 0 nor 1", value);
	*(key == CONF_FORCE_REBUILD ? &c->force_rebuild : &c->force_no_rebuild) = *value == '1';
	return NULL;
}

static struct kdf_error *check_auto_reset(struct conf *c, enum conf_key key, const char *value)
{
	(void)c;
	(void)key;
	if (!strcmp(value, "no"))
		return NULL;
	if (!strcmp(value, "yes"))
		return kdf_err(KDF_UNSUPPORTED,
			       "changing crashkernel= by itself is not supported yet; write 'no' and set "
			       "crashkernel= in the boot loader");
	return kdf_err(KDF_USAGE, "'%s' is neither yes nor no", value);
}

static struct kdf_error *check_path(struct conf *c, enum conf_key key, const char *value)
{
	(void)c;
	(void)key;
	size_t len = strlen(value);
	/* ".." would leave the target once its file system is mounted somewhere else. */
	if (strstr(value, "/../") || !strncmp(value, "../", 3) || (len >= 3 && !strcmp(value + len - 3, "/..")) ||
	    !strcmp(value, ".."))
		return kdf_err(KDF_USAGE, "'%s' contains '..'; give the folder itself", value);
	if (strpbrk(value, " \t"))
		return kdf_err(KDF_USAGE, "'%s' contains a blank", value);
	return NULL;
}

/* makedumpfile's flattened form goes to stdout, and no file would be left on a local target. */
static struct kdf_error *check_collector(struct conf *c, enum conf_key key, const char *value)
{
	KDF_AUTO_FREE char *copy = strdup(value);
	char *words[64];

	(void)c;
	(void)key;
	if (!copy)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (split_words(copy, words, 64) == 64)
		return kdf_err(KDF_LIMIT, "more than 62 words");
	for (char **w = words + 1; *w; w++)
		if (!strcmp(*w, "-F"))
			return kdf_err(KDF_USAGE,
				       "-F is for targets without files (ssh, raw); leave it out for a file system");
	const char *name = strrchr(words[0], '/') ? strrchr(words[0], '/') + 1 : words[0];
	if (!strcmp(name, "scp"))
		return kdf_err(KDF_UNSUPPORTED, "scp needs the ssh target, which is not supported yet; use kdx-filter, "
						"makedumpfile, cp or dd");
	return NULL;
}

static struct kdf_error *check_device(struct conf *c, enum conf_key key, const char *value)
{
	(void)c;
	(void)key;
	if (strpbrk(value, " \t"))
		return kdf_err(KDF_USAGE, "'%s': one device is wanted: UUID=..., LABEL=... or /dev/...", value);
	if (!strncmp(value, "UUID=", 5) || !strncmp(value, "LABEL=", 6) || !strncmp(value, "/dev/", 5))
		return NULL;
	return kdf_err(KDF_USAGE, "'%s' is neither UUID=..., LABEL=... nor /dev/...", value);
}

struct directive {
	const char *name;
	enum conf_key key;
	check_fn *check;
	const char *fallback; /* default value */
	const char *instead;  /* not supported (yet): what works; key is not used */
};

#define LOCAL_TARGET                                                                                                   \
	"a local file system as target works: ext4, xfs, btrfs or vfat with UUID=..., LABEL=... or /dev/..."
#define TAKEN_AWAY "kdump-utils no longer knows it either; "

/* Every directive that kdump-utils knows or refuses. The first row of a key gives its name in messages. */
static const struct directive directives[] = {
	{ "path", CONF_PATH, check_path, "/var/crash", NULL },
	{ "core_collector", CONF_CORE_COLLECTOR, check_collector, "kdx-filter -l --message-level 7 -d 31", NULL },
	{ "kdump_pre", CONF_KDUMP_PRE, NULL, NULL, NULL },
	{ "kdump_post", CONF_KDUMP_POST, NULL, NULL, NULL },
	{ "kdump_emergency", CONF_KDUMP_EMERGENCY, NULL, NULL, NULL },
	{ "extra_bins", CONF_EXTRA_BINS, NULL, NULL, NULL },
	{ "extra_modules", CONF_EXTRA_MODULES, NULL, NULL, NULL },
	{ "failure_action", CONF_FAILURE_ACTION, check_action, "reboot", NULL },
	{ "default", CONF_FAILURE_ACTION, check_action, NULL, NULL }, /* its older name */
	{ "final_action", CONF_FINAL_ACTION, check_action, "reboot", NULL },
	{ "force_rebuild", CONF_FORCE_REBUILD, check_flag, "0", NULL },
	{ "force_no_rebuild", CONF_FORCE_NO_REBUILD, check_flag, "0", NULL },
	{ "dracut_args", CONF_DRACUT_ARGS, NULL, NULL, NULL },
	{ "auto_reset_crashkernel", CONF_AUTO_RESET_CRASHKERNEL, check_auto_reset, "no", NULL },
	/* targets */
	{ "ext4", CONF_TARGET, check_device, NULL, NULL },
	{ "ext3", CONF_TARGET, check_device, NULL, NULL },
	{ "ext2", CONF_TARGET, check_device, NULL, NULL },
	{ "xfs", CONF_TARGET, check_device, NULL, NULL },
	{ "btrfs", CONF_TARGET, check_device, NULL, NULL },
	{ "vfat", CONF_TARGET, check_device, NULL, NULL },
	{ "minix", CONF_TARGET, NULL, NULL, LOCAL_TARGET },
	{ "virtiofs", CONF_TARGET, NULL, NULL, LOCAL_TARGET },
	{ "nfs", CONF_TARGET, NULL, NULL, LOCAL_TARGET },
	{ "ssh", CONF_TARGET, NULL, NULL, LOCAL_TARGET },
	{ "raw", CONF_TARGET, NULL, NULL, LOCAL_TARGET },
	{ "sshkey", CONF_TARGET, NULL, NULL, "it belongs to the ssh target; " LOCAL_TARGET },
	{ "fence_kdump_args", CONF_KEY_MAX, NULL, NULL,
	  "let kdump_pre send the messages, with extra_bins fence_kdump_send" },
	{ "fence_kdump_nodes", CONF_KEY_MAX, NULL, NULL,
	  "let kdump_pre send the messages, with extra_bins fence_kdump_send" },
	/* given up by kdump-utils */
	{ "net", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY LOCAL_TARGET },
	{ "options", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "put module options into /etc/modprobe.d" },
	{ "link_delay", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "leave it out" },
	{ "disk_timeout", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "leave it out" },
	{ "debug_mem_level", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "memory use is in kdx-status.json of every dump" },
	{ "blacklist", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "only what the target needs is loaded; leave it out" },
	{ "override_resettable", CONF_KEY_MAX, NULL, NULL, TAKEN_AWAY "leave it out" },
};

enum { NDIRECTIVES = sizeof(directives) / sizeof(directives[0]) };

static const struct directive *find_directive(const char *name, size_t len)
{
	for (size_t i = 0; i < NDIRECTIVES; i++)
		if (strlen(directives[i].name) == len && !memcmp(directives[i].name, name, len))
			return &directives[i];
	return NULL;
}

const char *conf_key_name(enum conf_key key)
{
	if (key == CONF_TARGET)
		return "target";
	for (size_t i = 0; i < NDIRECTIVES; i++)
		if (directives[i].key == key)
			return directives[i].name;
	return "unknown";
}

/* A '#' at the start or after a blank begins a comment. */
static void cut_comment(char *line)
{
	for (char *p = line; *p; p++)
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			return;
		}
}

static char *trim(char *text)
{
	text += strspn(text, " \t\r");
	size_t len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
	return text;
}

static char *unquote(char *value)
{
	size_t len = strlen(value);

	if (len < 2 || value[0] != '"' || value[len - 1] != '"')
		return value;
	value[len - 1] = '\0';
	return trim(value + 1);
}

static struct kdf_error *take_value(struct conf *c, const struct directive *d, unsigned line, const char *value)
{
	struct conf_value *v = &c->value[d->key];

	if (v->line && d->key == CONF_TARGET)
		return kdf_err(KDF_USAGE,
			       "a second target, '%s': the first one, '%s', stands in line %u; only one is possible",
			       d->name, c->target_type, v->line);
	if (v->line)
		return kdf_err(KDF_USAGE, "'%s' was already set in line %u", d->name, v->line);
	if (!*value)
		return kdf_err(KDF_USAGE, "'%s' needs a value", d->name);
	if (d->check) {
		struct kdf_error *e = d->check(c, d->key, value);

		if (e)
			return kdf_err_wrap(e, "%s", d->name);
	}
	v->text = strdup(value);
	v->line = line;
	if (!v->text)
		return kdf_err(KDF_NOMEM, "out of memory");
	if (d->key == CONF_TARGET)
		c->target_type = d->name;
	return NULL;
}

static struct kdf_error *parse_line(struct conf *c, unsigned line, char *text)
{
	cut_comment(text);
	text = trim(text);
	if (!*text)
		return NULL;
	size_t len = strcspn(text, " \t");
	const struct directive *d = find_directive(text, len);

	if (!d)
		return kdf_err(KDF_USAGE, "unknown directive '%.*s'", (int)len, text);
	if (d->instead)
		return kdf_err(KDF_UNSUPPORTED, "'%s' is not supported yet: %s", d->name, d->instead);
	return take_value(c, d, line, unquote(trim(text + len)));
}

static struct kdf_error *take_defaults(struct conf *c)
{
	for (size_t i = 0; i < NDIRECTIVES; i++) {
		const struct directive *d = &directives[i];

		if (!d->fallback || c->value[d->key].text)
			continue;
		struct kdf_error *e = d->check ? d->check(c, d->key, d->fallback) : NULL;
		if (e)
			return e;
		c->value[d->key].text = strdup(d->fallback);
		if (!c->value[d->key].text)
			return kdf_err(KDF_NOMEM, "out of memory");
	}
	return NULL;
}

/* Rules that join two directives. */
static struct kdf_error *check_together(const struct conf *c)
{
	if (c->force_rebuild && c->force_no_rebuild)
		return kdf_err(KDF_USAGE, "%s:%u: force_no_rebuild 1 contradicts force_rebuild 1 in line %u", c->file,
			       c->value[CONF_FORCE_NO_REBUILD].line, c->value[CONF_FORCE_REBUILD].line);
	if (!c->target_type && conf_text(c, CONF_PATH)[0] != '/')
		return kdf_err(KDF_USAGE, "%s:%u: path '%s' must begin with '/' unless a target is named", c->file,
			       c->value[CONF_PATH].line, conf_text(c, CONF_PATH));
	const char *args = conf_text(c, CONF_DRACUT_ARGS);
	if (strstr(args, "--mount"))
		return kdf_err(KDF_UNSUPPORTED,
			       "%s:%u: dracut_args: --mount as target is not supported yet: " LOCAL_TARGET, c->file,
			       c->value[CONF_DRACUT_ARGS].line);
	return NULL;
}

struct kdf_error *conf_parse(const char *file, const char *text, struct conf *out)
{
	struct conf c = { .file = strdup(file) };
	KDF_AUTO_FREE char *copy = strdup(text);
	struct kdf_error *e = c.file && copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char *rest = copy;

	for (unsigned line = 1; !e && rest; line++) {
		char *now = strsep(&rest, "\n");

		e = parse_line(&c, line, now);
		if (e)
			e = kdf_err_wrap(e, "%s:%u", file, line);
	}
	if (!e)
		e = take_defaults(&c);
	if (!e)
		e = check_together(&c);
	if (e) {
		conf_free(&c);
		return e;
	}
	*out = c;
	return NULL;
}

struct kdf_error *conf_read(const char *file, struct conf *out)
{
	KDF_AUTO_FREE char *text = NULL;
	struct kdf_error *e = file_read(file, CONF_FILE_LIMIT, &text);

	if (e)
		return kdf_err_wrap(e, "configuration");
	return conf_parse(file, text, out);
}

void conf_free(struct conf *c)
{
	for (int i = 0; i < CONF_KEY_MAX; i++)
		free(c->value[i].text);
	free(c->file);
	*c = (struct conf){ 0 };
}

const char *conf_text(const struct conf *c, enum conf_key key)
{
	return c->value[key].text ? c->value[key].text : "";
}

const char *conf_where(const struct conf *c, enum conf_key key, char *buf, size_t cap)
{
	if (c->value[key].line)
		snprintf(buf, cap, "%s:%u", c->file, c->value[key].line);
	else
		snprintf(buf, cap, "default");
	return buf;
}
