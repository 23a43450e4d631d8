// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a dump: files, format, VMCOREINFO, layout, and the facts of struct kdf_info. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "dump.h"
#include "machine.h"
#include "notes.h"
#include "uts.h"

enum { DEFAULT_CACHE = 64 << 20, MIN_PAGE = 4096, MAX_PAGE = 256 << 10 };

struct kdf_error *kdf_set_page_size(struct kdf *d, uint64_t size)
{
	if (size < MIN_PAGE || size > MAX_PAGE || size & (size - 1))
		return kdf_err(KDF_CORRUPT, "page size of %" PRIu64 " bytes", size);
	d->info.page_size = (uint32_t)size;
	d->info.page_shift = (unsigned)__builtin_ctzll(size);
	return NULL;
}

static struct kdf_error *probe(const struct kdf_source *s, const struct kdf_format **out)
{
	struct kdf_probe p = { .size = s->size < KDF_PROBE_SIZE ? s->size : KDF_PROBE_SIZE };
	struct kdf_error *e = kdf_source_read(s, 0, p.head, p.size);

	if (e)
		return e;
	*out = kdf_format_find(&p);
	if (!*out)
		return kdf_err(KDF_UNSUPPORTED,
			       "'%s' is in no dump format that is known (it begins with %02x %02x %02x %02x)", s->name,
			       p.head[0], p.head[1], p.head[2], p.head[3]);
	if (!(*out)->open)
		return kdf_err(KDF_UNSUPPORTED, "'%s' is a %s, which is not read: %s", s->name, (*out)->name,
			       (*out)->way_out);
	return NULL;
}

/* All files of a set have the format of the first. */
static struct kdf_error *find_format(struct kdf *d)
{
	const struct kdf_format *format = NULL;

	for (size_t i = 0; i < d->nsources; i++) {
		struct kdf_error *e = probe(d->source[i], &format);

		if (e)
			return e;
		if (i && format != d->format)
			return kdf_err(KDF_USAGE, "'%s' is %s and '%s' is %s: not parts of one dump",
				       d->source[0]->name, d->format->name, d->source[i]->name, format->name);
		d->format = format;
	}
	return NULL;
}

/* What a caller gives stands above the header's place, and that above the note. */
static struct kdf_error *find_vmcoreinfo(struct kdf *d, const struct kdf_options *o)
{
	const struct kdf_note *note = kdf_notes_find(d, "VMCOREINFO");

	if (o->vmcoreinfo_file)
		return kdf_vmcoreinfo_load(&d->vmcoreinfo, o->vmcoreinfo_file);
	if (d->vmcoreinfo.text || !note)
		return NULL;
	struct kdf_error *e = kdf_vmcoreinfo_parse(&d->vmcoreinfo, note->desc, note->size);
	if (kdf_error_code(e) == KDF_NOMEM)
		return e;
	/* Damaged text: the dump opens with fewer facts. */
	kdf_error_free(e);
	return NULL;
}

static void fill_info(struct kdf *d)
{
	const char *time = kdf_vmcoreinfo_value(d, "CRASHTIME");
	int64_t seconds;

	for (size_t i = 0; i < d->nsources; i++) {
		d->info.file_size += d->source[i]->live ? 0 : d->source[i]->file_size;
		d->info.flattened |= d->source[i]->flat != NULL;
	}
	if (time && kdf_parse_i64(time, 10, &seconds))
		d->info.crash_time = seconds;
	if (d->info.live) /* its notes describe one CPU only */
		d->info.nr_cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (!d->info.nr_cpus)
		d->info.nr_cpus = kdf_notes_cpus(d);
	if (!d->info.compression)
		d->info.compression = "none";
	if (!d->info.machine)
		d->info.machine = d->info.uts_machine;
}

static struct kdf_error *load(struct kdf *d, const struct kdf_options *o)
{
	struct kdf_error *e = find_format(d);

	if (!e)
		e = kdf_err_wrap(d->format->open(d), "'%s' (%s)", d->source[0]->name, d->format->name);
	if (!e)
		e = find_vmcoreinfo(d, o);
	if (!e)
		e = kdf_page_cache_new(o->cache_bytes ? o->cache_bytes : DEFAULT_CACHE, d->info.page_size, &d->cache);
	if (e)
		return e;
	d->zero_excluded = o->zero_excluded;
	fill_info(d);
	if (d->machine)
		d->machine->find_layout(d);
	kdf_uts_fill(d);
	return NULL;
}

/* Takes the sources over. */
static struct kdf_error *open_sources(struct kdf *d, const struct kdf_options *options, struct kdf **out)
{
	static const struct kdf_options defaults;
	struct kdf_error *e = load(d, options ? options : &defaults);

	if (e) {
		kdf_close(d);
		return e;
	}
	*out = d;
	return NULL;
}

static struct kdf *new_dump(size_t nsources)
{
	struct kdf *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->info.dump_level = -1;
	d->source = calloc(nsources, sizeof(*d->source));
	if (!d->source) {
		free(d);
		return NULL;
	}
	return d;
}

struct kdf_error *kdf_open(const char *const paths[], size_t npaths, const struct kdf_options *options,
			   struct kdf **out)
{
	struct kdf_error *e = NULL;

	*out = NULL;
	if (!npaths)
		return kdf_err(KDF_USAGE, "no dump file given");
	struct kdf *d = new_dump(npaths);
	if (!d)
		return kdf_err(KDF_NOMEM, "no memory to open '%s'", paths[0]);
	for (size_t i = 0; !e && i < npaths; i++) {
		e = kdf_source_open(paths[i], &d->source[i]);
		d->nsources += !e;
	}
	if (e) {
		kdf_close(d);
		return e;
	}
	return open_sources(d, options, out);
}

struct kdf_error *kdf_open_fd(int fd, const char *name, const struct kdf_options *options, struct kdf **out)
{
	struct kdf *d = new_dump(1);

	*out = NULL;
	if (!d) {
		close(fd);
		return kdf_err(KDF_NOMEM, "no memory to open '%s'", name);
	}
	struct kdf_error *e = kdf_source_from_fd(fd, name, &d->source[0]);
	if (e) {
		kdf_close(d);
		return e;
	}
	d->nsources = 1;
	return open_sources(d, options, out);
}

void kdf_close(struct kdf *d)
{
	if (!d)
		return;
	if (d->format && d->format->close)
		d->format->close(d);
	kdf_page_cache_free(d->cache);
	kdf_vmcoreinfo_free(&d->vmcoreinfo);
	kdf_notes_free(d);
	kdf_ranges_free(&d->ram);
	free(d->segment);
	for (size_t i = 0; i < d->nsources; i++)
		kdf_source_close(d->source[i]);
	free(d->source);
	free(d);
}

const struct kdf_info *kdf_info(const struct kdf *d)
{
	return &d->info;
}
