// SPDX-License-Identifier: GPL-2.0-or-later
#include "mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* Copies the blank-delimited field at *p with \ooo undone; false when there is none or it does not fit. */
static bool field(const char **p, char *out, size_t cap)
{
	size_t n = 0;

	*p += strspn(*p, " ");
	for (; **p && **p != ' ' && **p != '\n'; (*p)++) {
		char c = **p;
		const char *d = *p + 1;

		if (c == '\\' && d[0] >= '0' && d[0] <= '3' && d[1] >= '0' && d[1] <= '7' && d[2] >= '0' &&
		    d[2] <= '7') {
			c = (char)((d[0] - '0') << 6 | (d[1] - '0') << 3 | (d[2] - '0'));
			*p += 3;
		}
		if (n + 1 >= cap)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0;
}

/* ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPER_OPTIONS */
static bool parse_entry(const char *line, struct mount_entry *m)
{
	char word[PATH_MAX];
	const char *p = line;

	if (!field(&p, word, sizeof(word)) || !field(&p, word, sizeof(word)) || !field(&p, word, sizeof(word)) ||
	    sscanf(word, "%u:%u", &m->major, &m->minor) != 2)
		return false;
	if (!field(&p, m->root, sizeof(m->root)) || !field(&p, m->point, sizeof(m->point)))
		return false;
	do {
		if (!field(&p, word, sizeof(word)))
			return false;
	} while (strcmp(word, "-"));
	return field(&p, m->type, sizeof(m->type)) && field(&p, m->source, sizeof(m->source));
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* point is folder, or a folder above it. */
static bool holds(const char *point, const char *folder)
{
	size_t n = strlen(point);

	if (n && point[n - 1] == '/')
		n--;
	return !strncmp(point, folder, n) && (folder[n] == '/' || !folder[n]);
}

struct kdf_error *mount_of_folder(const char *mountinfo, const char *folder, struct mount_entry *out)
{
	struct mount_entry m;
	size_t best = 0;

	for (const char *line = mountinfo; *line; line = next_line(line)) {
		/* Of mounts over each other the later one is on top. */
		if (!parse_entry(line, &m) || !holds(m.point, folder) || strlen(m.point) < best)
			continue;
		best = strlen(m.point);
		*out = m;
	}
	return best ? NULL : kdf_err(KDF_NOT_FOUND, "no mounted file system holds %s", folder);
}

bool mount_of_device(const char *mountinfo, unsigned major, unsigned minor, struct mount_entry *out)
{
	struct mount_entry m;

	for (const char *line = mountinfo; *line; line = next_line(line)) {
		if (!parse_entry(line, &m) || m.major != major || m.minor != minor || strcmp(m.root, "/"))
			continue;
		*out = m;
		return true;
	}
	return false;
}

struct kdf_error *resolve_folder(const char *folder, char out[PATH_MAX])
{
	char head[PATH_MAX], real[PATH_MAX];
	struct kdf_error *e = path_make(head, "%s", folder);

	if (e)
		return e;
	for (;;) {
		if (realpath(head, real))
			return path_make(out, "%s%s", strcmp(real, "/") ? real : "", folder + strlen(head));
		if (errno != ENOENT && errno != ENOTDIR)
			return kdf_err_sys(errno, "cannot resolve %s", folder);
		char *slash = strrchr(head, '/');
		if (!slash || slash == head)
			return path_make(out, "%s", folder);
		*slash = '\0';
	}
}
