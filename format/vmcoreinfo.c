// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcoreinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "dump.h"

/* The kernel's own is one page; text made by hand may be longer. */
enum { MAX_TEXT = 1 << 20 };

/* The first of several lines with one key counts: the kernel appends, it does not replace. */
static bool add_line(struct kdf_vmcoreinfo *v, char *line)
{
	char *equals = strchr(line, '=');

	if (!equals)
		return true;
	*equals = 0;
	if (kdf_hash_get_text(&v->value, line))
		return true;
	return kdf_hash_put_text(&v->value, line, equals + 1);
}

static bool parse_lines(struct kdf_vmcoreinfo *v)
{
	char *rest = v->lines;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (!add_line(v, line))
			return false;
	return true;
}

struct kdf_error *kdf_vmcoreinfo_parse(struct kdf_vmcoreinfo *v, const void *text, size_t size)
{
	const char *bytes = text;

	if (size > MAX_TEXT)
		return kdf_err(KDF_LIMIT, "VMCOREINFO of %zu bytes, at most %d are read", size, MAX_TEXT);
	while (size && !bytes[size - 1])
		size--;
	if (size && memchr(bytes, 0, size))
		return kdf_err(KDF_CORRUPT, "VMCOREINFO has a zero byte in its text");
	kdf_vmcoreinfo_free(v);
	v->text = malloc(size + 1);
	v->lines = malloc(size + 1);
	if (!v->text || !v->lines)
		return kdf_err(KDF_NOMEM, "no memory for VMCOREINFO");
	memcpy(v->text, bytes, size);
	memcpy(v->lines, bytes, size);
	v->text[size] = v->lines[size] = 0;
	v->len = size;
	return parse_lines(v) ? NULL : kdf_err(KDF_NOMEM, "no memory for VMCOREINFO");
}

struct kdf_error *kdf_vmcoreinfo_load(struct kdf_vmcoreinfo *v, const char *path)
{
	struct kdf_source *s;
	void *text;
	struct kdf_error *e = kdf_source_open(path, &s);

	if (e)
		return kdf_err_wrap(e, "VMCOREINFO file");
	if (s->size > MAX_TEXT)
		e = kdf_err(KDF_LIMIT, "VMCOREINFO file '%s' has %llu bytes, at most %d are read", path,
			    (unsigned long long)s->size, MAX_TEXT);
	if (!e)
		e = kdf_source_copy(s, 0, s->size, &text);
	if (!e) {
		e = kdf_vmcoreinfo_parse(v, text, s->size);
		free(text);
	}
	if (!e && !v->value.count)
		e = kdf_err(KDF_CORRUPT, "'%s' has no line KEY=value: not a VMCOREINFO text", path);
	kdf_source_close(s);
	return e;
}

void kdf_vmcoreinfo_free(struct kdf_vmcoreinfo *v)
{
	free(v->text);
	free(v->lines);
	kdf_hash_free(&v->value);
	*v = (struct kdf_vmcoreinfo){ 0 };
}

const char *kdf_vmcoreinfo_get(const struct kdf_vmcoreinfo *v, const char *key)
{
	return kdf_hash_get_text(&v->value, key);
}

/* ---- Public calls ---- */

const char *kdf_vmcoreinfo(const struct kdf *d, size_t *len)
{
	if (len)
		*len = d->vmcoreinfo.len;
	return d->vmcoreinfo.text;
}

const char *kdf_vmcoreinfo_value(const struct kdf *d, const char *key)
{
	return kdf_vmcoreinfo_get(&d->vmcoreinfo, key);
}

static const char *value_of(const struct kdf *d, const char *kind, const char *name)
{
	char key[128];
	int n = snprintf(key, sizeof(key), "%s(%s)", kind, name);

	return n > 0 && (size_t)n < sizeof(key) ? kdf_vmcoreinfo_value(d, key) : NULL;
}

bool kdf_vmcoreinfo_symbol(const struct kdf *d, const char *name, uint64_t *address)
{
	const char *text = value_of(d, "SYMBOL", name);

	return text && kdf_parse_u64(text, 16, address);
}

bool kdf_vmcoreinfo_number(const struct kdf *d, const char *name, int64_t *value)
{
	const char *text = value_of(d, "NUMBER", name);
	uint64_t raw;

	if (!text)
		return false;
	if (kdf_parse_i64(text, 0, value))
		return true;
	/* NUMBER(VMALLOC_START)=0xffff... : an address, beyond the signed range. */
	if (!kdf_parse_u64(text, 0, &raw))
		return false;
	*value = (int64_t)raw;
	return true;
}

static bool count_of(const struct kdf *d, const char *kind, const char *name, uint64_t *value)
{
	const char *text = value_of(d, kind, name);

	return text && kdf_parse_u64(text, 0, value);
}

bool kdf_vmcoreinfo_size(const struct kdf *d, const char *name, uint64_t *bytes)
{
	return count_of(d, "SIZE", name, bytes);
}

bool kdf_vmcoreinfo_offset(const struct kdf *d, const char *name, uint64_t *bytes)
{
	return count_of(d, "OFFSET", name, bytes);
}

bool kdf_vmcoreinfo_length(const struct kdf *d, const char *name, uint64_t *elements)
{
	return count_of(d, "LENGTH", name, elements);
}
