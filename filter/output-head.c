// SPDX-License-Identifier: GPL-2.0-or-later
#include "output-head.h"

#include <stdlib.h>
#include <string.h>

/* The layout of the headers is that of the dumped machine. */
static struct kdf_error *check_machine(const struct kdf_info *info)
{
	static const char *const bits32[] = { "i386", "i486", "i586", "i686", "arm", "armv6l", "armv7l", "armv8l",
					      "ppc",  "mips", "s390", "sparc", "riscv32" };

	for (size_t i = 0; i < sizeof(bits32) / sizeof(*bits32); i++)
		if (!strcmp(info->machine, bits32[i]))
			return kdf_err(KDF_UNSUPPORTED, "dumps of 32-bit machines (%s) are not written", bits32[i]);
	if (info->big_endian != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
		return kdf_err(KDF_UNSUPPORTED, "dumps of the other byte order (%s) are not written: filter it on such "
						"a machine",
			       info->machine);
	return NULL;
}

struct kdf_error *output_head_make(struct kdf *dump, const struct plan *plan, const struct kdf_writer_format *format,
				   const struct kdf_codec *codec, struct output_head *out)
{
	const struct kdf_info *info = kdf_info(dump);
	const struct kdf_layout *layout = kdf_layout(dump);
	const char *const names[6] = { info->sysname, info->nodename,	 info->release,
				       info->version, info->uts_machine, info->domainname };

	*out = (struct output_head){ 0 };
	struct kdf_error *e = check_machine(info);
	if (e)
		return e;
	for (int i = 0; i < 6; i++)
		snprintf(out->uts[i], KDF_UTS_LEN, "%s", names[i]);
	if (!out->uts[4][0])
		snprintf(out->uts[4], KDF_UTS_LEN, "%s", info->machine);
	out->head = (struct kdf_writer_head){
		.uts = (const char (*)[KDF_UTS_LEN])out->uts,
		.crash_time = info->crash_time,
		.page_size = info->page_size,
		.max_pfn = plan->max_pfn,
		.phys_base = layout->known & KDF_KNOWS_PHYS_BASE ? layout->phys_base : 0,
		.dump_level = (int)plan->level,
		.nr_cpus = info->nr_cpus,
		.compression = codec ? codec->flag : 0,
		.ram = plan->ram,
		.dumped = plan->dumped,
		.share_zero_page = plan->level & LEVEL_ZERO,
	};
	out->head.notes = kdf_notes_raw(dump, &out->head.notes_size);
	out->how = (struct kdf_writer_how){ .format = format->name, .machine = info->machine };
	if (!format->compresses)
		e = kdf_writer_segments(dump, &out->segment, &out->how.nsegments);
	out->how.segment = out->segment;
	return e;
}

void output_head_free(struct output_head *o)
{
	free(o->segment);
	*o = (struct output_head){ 0 };
}
