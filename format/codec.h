/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compression flags of the kdump-compressed format, the same in a page descriptor's `flags` and in the header's
 * `status`. The codecs themselves are reached through kdf_codec_* in kdf.h.
 */
#ifndef KDF_CODEC_H
#define KDF_CODEC_H

#include "kdf.h"

enum {
	KDF_FLAG_ZLIB = 0x1,
	KDF_FLAG_LZO = 0x2,
	KDF_FLAG_SNAPPY = 0x4,
	KDF_FLAG_INCOMPLETE = 0x8,	 /* header status only: the writer never finished */
	KDF_FLAG_EXCLUDED_VMEMMAP = 0x10, /* header status only */
	KDF_FLAG_ZSTD = 0x20,
};

#endif
