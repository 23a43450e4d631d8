// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const single_name[PLAN_SINGLE_MAX] = {
	[PLAN_KERNEL] = "kernel",	  [PLAN_HOST] = "host",
	[PLAN_FILESYSTEM] = "filesystem", [PLAN_DEVICE] = "device",
	[PLAN_DEVICE_WAS] = "device_was", [PLAN_MOUNT_OPTIONS] = "mount_options",
	[PLAN_FOLDER] = "folder",
};

static const char *const list_name[PLAN_LIST_MAX] = {
	[PLAN_DRIVER] = "driver",
	[PLAN_MODULE] = "module",
	[PLAN_PROGRAM] = "program",
	[PLAN_OPTIONAL] = "optional",
};

struct kdf_error *plan_set(struct plan *p, enum plan_key key, const char *value)
{
	if (strchr(value, '\n'))
		return kdf_err(KDF_USAGE, "%s '%s' contains a line break", single_name[key], value);
	free(p->single[key]);
	p->single[key] = strdup(value);
	return p->single[key] ? NULL : kdf_err(KDF_NOMEM, "out of memory");
}

struct kdf_error *plan_add(struct plan *p, enum plan_list list, const char *value)
{
	struct plan_words *l = &p->list[list];

	if (strpbrk(value, " \t\n"))
		return kdf_err(KDF_USAGE, "%s '%s' contains a blank", list_name[list], value);
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->word[i], value))
			return NULL;
	if (!kdf_grow(&l->word, &l->cap, l->n + 1, sizeof(*l->word)) || !(l->word[l->n] = strdup(value)))
		return kdf_err(KDF_NOMEM, "out of memory");
	l->n++;
	return NULL;
}

struct kdf_error *plan_add_words(struct plan *p, enum plan_list list, const char *words)
{
	KDF_AUTO_FREE char *copy = strdup(words);
	struct kdf_error *e = copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char *save = NULL;

	for (char *w = e ? NULL : strtok_r(copy, " \t", &save); w && !e; w = strtok_r(NULL, " \t", &save))
		e = plan_add(p, list, w);
	return e;
}

const char *plan_text(const struct plan *p, enum plan_key key)
{
	return p->single[key] ? p->single[key] : "";
}

struct kdf_error *plan_write(const struct plan *p, struct kdf_buf *out)
{
	for (int i = 0; i < PLAN_SINGLE_MAX; i++)
		if (p->single[i])
			kdf_buf_printf(out, "%s %s\n", single_name[i], p->single[i]);
	for (int i = 0; i < PLAN_LIST_MAX; i++)
		for (size_t k = 0; k < p->list[i].n; k++)
			kdf_buf_printf(out, "%s %s\n", list_name[i], p->list[i].word[k]);
	return kdf_buf_error(out);
}

static struct kdf_error *parse_line(struct plan *p, char *line)
{
	size_t len = strcspn(line, " ");
	char *value = line + len;

	if (!len)
		return NULL;
	if (*value)
		*value++ = '\0';
	for (int i = 0; i < PLAN_SINGLE_MAX; i++)
		if (!strcmp(single_name[i], line))
			return plan_set(p, (enum plan_key)i, value);
	for (int i = 0; i < PLAN_LIST_MAX; i++)
		if (!strcmp(list_name[i], line))
			return plan_add(p, (enum plan_list)i, value);
	return kdf_err(KDF_USAGE, "unknown key '%s'", line);
}

struct kdf_error *plan_parse(const char *file, const char *text, struct plan *out)
{
	struct plan p = { 0 };
	KDF_AUTO_FREE char *copy = strdup(text);
	struct kdf_error *e = copy ? NULL : kdf_err(KDF_NOMEM, "out of memory");
	char *rest = copy;

	for (unsigned line = 1; !e && rest; line++) {
		e = parse_line(&p, strsep(&rest, "\n"));
		if (e)
			e = kdf_err_wrap(e, "%s:%u", file, line);
	}
	if (e) {
		plan_free(&p);
		return e;
	}
	*out = p;
	return NULL;
}

void plan_free(struct plan *p)
{
	for (int i = 0; i < PLAN_SINGLE_MAX; i++)
		free(p->single[i]);
	for (int i = 0; i < PLAN_LIST_MAX; i++) {
		for (size_t k = 0; k < p->list[i].n; k++)
			free(p->list[i].word[k]);
		free(p->list[i].word);
	}
	*p = (struct plan){ 0 };
}
