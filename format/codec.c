// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page compressors of the kdump-compressed format. A codec is one row of the table at the end; the flag values
 * are those of the page descriptors and the header status.
 */
#include "codec.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <lzo/lzo1x.h>
#include <zlib.h>
#include <zstd.h>
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef HAVE_SNAPPY
#include <snappy-c.h>
#endif

#include "base/buf.h"

/* ---- What a thread keeps for decompressing: made at its first page, gone with the thread ---- */

struct inflater {
#ifdef HAVE_LIBDEFLATE
	struct libdeflate_decompressor *zlib;
#else
	z_stream zlib;
	bool zlib_open;
#endif
	ZSTD_DCtx *zstd;
};

static pthread_key_t inflater_key;
static pthread_once_t inflater_once = PTHREAD_ONCE_INIT;
static bool inflater_key_made;

static void inflater_close(void *p)
{
	struct inflater *inf = p;

#ifdef HAVE_LIBDEFLATE
	if (inf->zlib)
		libdeflate_free_decompressor(inf->zlib);
#else
	if (inf->zlib_open)
		inflateEnd(&inf->zlib);
#endif
	ZSTD_freeDCtx(inf->zstd);
	free(inf);
}

static void inflater_init(void)
{
	inflater_key_made = !pthread_key_create(&inflater_key, inflater_close);
}

/* A main thread that leaves by exit() runs no key destructors: the leak checkers count what it holds as reachable. */
static struct inflater *inflater_get(void)
{
	pthread_once(&inflater_once, inflater_init);
	if (!inflater_key_made)
		return NULL;
	struct inflater *inf = pthread_getspecific(inflater_key);
	if (inf)
		return inf;
	inf = calloc(1, sizeof(*inf));
	if (inf && pthread_setspecific(inflater_key, inf)) {
		free(inf);
		return NULL;
	}
	return inf;
}

/* ---- zlib: RFC 1950 stream, by libdeflate where it is there ---- */

#ifdef HAVE_LIBDEFLATE

enum { ZLIB_MAX_LEVEL = 12 };

static struct kdf_error *zlib_open(int level, void **work)
{
	*work = NULL;
	if (level < 1 || level > ZLIB_MAX_LEVEL)
		return kdf_err(KDF_USAGE, "zlib level %d: must be 1 to %d", level, ZLIB_MAX_LEVEL);
	*work = libdeflate_alloc_compressor(level);
	return *work ? NULL : kdf_err(KDF_NOMEM, "no memory for a zlib compressor (level %d)", level);
}

static void zlib_close(void *work)
{
	if (work)
		libdeflate_free_compressor(work);
}

static size_t zlib_bound(size_t n)
{
	return libdeflate_zlib_compress_bound(NULL, n);
}

static size_t zlib_compress(void *work, const void *in, size_t n, void *out, size_t cap)
{
	return libdeflate_zlib_compress(work, in, n, out, cap);
}

static bool zlib_decompress(const void *in, size_t size, void *out, size_t n)
{
	struct inflater *inf = inflater_get();

	if (!inf || (!inf->zlib && !(inf->zlib = libdeflate_alloc_decompressor())))
		return false;
	/* Without a place for the real size anything but exactly n bytes is a failure. */
	return libdeflate_zlib_decompress(inf->zlib, in, size, out, n, NULL) == LIBDEFLATE_SUCCESS;
}

#else

enum { ZLIB_MAX_LEVEL = 9 };

static struct kdf_error *zlib_open(int level, void **work)
{
	z_stream *z = calloc(1, sizeof(*z));

	*work = NULL;
	if (!z)
		return kdf_err(KDF_NOMEM, "no memory for a zlib compressor");
	int rc = deflateInit(z, level);
	if (rc != Z_OK) {
		free(z);
		return kdf_err(rc == Z_MEM_ERROR ? KDF_NOMEM : KDF_USAGE, "zlib refuses level %d (error %d)", level,
			       rc);
	}
	*work = z;
	return NULL;
}

static void zlib_close(void *work)
{
	if (!work)
		return;
	deflateEnd(work);
	free(work);
}

static size_t zlib_bound(size_t n)
{
	return compressBound(n);
}

static size_t zlib_compress(void *work, const void *in, size_t n, void *out, size_t cap)
{
	z_stream *z = work;

	if (n > UINT_MAX || deflateReset(z) != Z_OK)
		return 0;
	z->next_in = (Bytef *)(uintptr_t)in; /* zlib does not write there, its type only says so with ZLIB_CONST */
	z->avail_in = (uInt)n;
	z->next_out = out;
	z->avail_out = cap > UINT_MAX ? UINT_MAX : (uInt)cap;
	return deflate(z, Z_FINISH) == Z_STREAM_END ? z->total_out : 0;
}

static bool zlib_decompress(const void *in, size_t size, void *out, size_t n)
{
	struct inflater *inf = inflater_get();

	if (!inf || size > UINT_MAX || n > UINT_MAX)
		return false;
	z_stream *z = &inf->zlib;
	if (inf->zlib_open ? inflateReset(z) != Z_OK : inflateInit(z) != Z_OK)
		return false;
	inf->zlib_open = true;
	z->next_in = (Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)size;
	z->next_out = out;
	z->avail_out = (uInt)n;
	return inflate(z, Z_FINISH) == Z_STREAM_END && z->total_out == n;
}

#endif

/* ---- lzo: a bare lzo1x block ---- */

static pthread_once_t lzo_once = PTHREAD_ONCE_INIT;
static bool lzo_usable;

static void lzo_start(void)
{
	lzo_usable = lzo_init() == LZO_E_OK;
}

/* lzo1x_1 knows no limit of its output: it writes to `spill` when the caller's room is below the worst case. */
struct lzo_work {
	uint8_t *spill;
	size_t spill_size;
	_Alignas(16) uint8_t mem[LZO1X_1_MEM_COMPRESS];
};

static struct kdf_error *lzo_open(int level, void **work)
{
	struct lzo_work *w = malloc(sizeof(*w));

	(void)level;
	*work = NULL;
	if (!w)
		return kdf_err(KDF_NOMEM, "no memory for an lzo compressor");
	pthread_once(&lzo_once, lzo_start);
	if (!lzo_usable) {
		free(w);
		return kdf_err(KDF_UNSUPPORTED, "liblzo2 refuses to start: it was built for another machine");
	}
	w->spill = NULL;
	w->spill_size = 0;
	*work = w;
	return NULL;
}

static void lzo_close(void *work)
{
	struct lzo_work *w = work;

	if (!w)
		return;
	free(w->spill);
	free(w);
}

/* The library's documented worst case. */
static size_t lzo_bound(size_t n)
{
	return n + n / 16 + 64 + 3;
}

static size_t lzo_compress(void *work, const void *in, size_t n, void *out, size_t cap)
{
	struct lzo_work *w = work;
	size_t need = lzo_bound(n);
	uint8_t *to = out;
	lzo_uint got = 0;

	if (cap < need) {
		if (w->spill_size < need) {
			free(w->spill);
			w->spill = malloc(need);
			w->spill_size = w->spill ? need : 0;
		}
		to = w->spill;
	}
	if (!to || lzo1x_1_compress(in, n, to, &got, w->mem) != LZO_E_OK || got > cap)
		return 0;
	if (to != out)
		memcpy(out, to, got);
	return got;
}

static bool lzo_decompress(const void *in, size_t size, void *out, size_t n)
{
	lzo_uint got = n;

	return lzo1x_decompress_safe(in, size, out, &got, NULL) == LZO_E_OK && got == n;
}

/* ---- snappy: a bare block ---- */

#ifdef HAVE_SNAPPY
static struct kdf_error *snappy_open(int level, void **work)
{
	(void)level;
	*work = NULL;
	return NULL;
}

static void snappy_close(void *work)
{
	(void)work;
}

/* Like lzo, the library wants room for its worst case; unlike lzo it checks that it is there. */
static size_t snappy_compress_page(void *work, const void *in, size_t n, void *out, size_t cap)
{
	size_t need = snappy_max_compressed_length(n), got = need;
	char *spill = NULL;

	(void)work;
	if (cap < need && !(spill = malloc(need)))
		return 0;
	if (snappy_compress(in, n, spill ? spill : out, &got) != SNAPPY_OK || got > cap)
		got = 0;
	if (spill && got)
		memcpy(out, spill, got);
	free(spill);
	return got;
}

static bool snappy_decompress(const void *in, size_t size, void *out, size_t n)
{
	size_t got = 0;

	if (snappy_uncompressed_length(in, size, &got) != SNAPPY_OK || got != n)
		return false;
	return snappy_uncompress(in, size, out, &got) == SNAPPY_OK && got == n;
}
#endif

/* ---- zstd: one standard frame ---- */

struct zstd_work {
	ZSTD_CCtx *ctx;
	int level;
};

static struct kdf_error *zstd_open(int level, void **work)
{
	struct zstd_work *w = malloc(sizeof(*w));

	*work = NULL;
	if (!w || !(w->ctx = ZSTD_createCCtx())) {
		free(w);
		return kdf_err(KDF_NOMEM, "no memory for a zstd compressor");
	}
	w->level = level;
	*work = w;
	return NULL;
}

static void zstd_close(void *work)
{
	struct zstd_work *w = work;

	if (!w)
		return;
	ZSTD_freeCCtx(w->ctx);
	free(w);
}

static size_t zstd_bound(size_t n)
{
	return ZSTD_compressBound(n);
}

static size_t zstd_compress(void *work, const void *in, size_t n, void *out, size_t cap)
{
	struct zstd_work *w = work;
	size_t got = ZSTD_compressCCtx(w->ctx, out, cap, in, n, w->level);

	return ZSTD_isError(got) ? 0 : got;
}

static bool zstd_decompress(const void *in, size_t size, void *out, size_t n)
{
	struct inflater *inf = inflater_get();

	if (!inf || (!inf->zstd && !(inf->zstd = ZSTD_createDCtx())))
		return false;
	size_t got = ZSTD_decompressDCtx(inf->zstd, out, n, in, size);
	return !ZSTD_isError(got) && got == n;
}

/* ---- The table ---- */

/* Order is the order of kdf_features. Level 1 is what makedumpfile uses for zlib and zstd. */
static const struct kdf_codec codecs[] = {
	{ "zlib", 'c', KDF_FLAG_ZLIB, 1, 1, ZLIB_MAX_LEVEL, zlib_open, zlib_close, zlib_bound, zlib_compress, zlib_decompress },
	{ "lzo", 'l', KDF_FLAG_LZO, 0, 0, 0, lzo_open, lzo_close, lzo_bound, lzo_compress, lzo_decompress },
#ifdef HAVE_SNAPPY
	{ "snappy", 'p', KDF_FLAG_SNAPPY, 0, 0, 0, snappy_open, snappy_close, snappy_max_compressed_length,
	  snappy_compress_page, snappy_decompress },
#endif
	{ "zstd", 'z', KDF_FLAG_ZSTD, 1, 1, 19, zstd_open, zstd_close, zstd_bound, zstd_compress, zstd_decompress },
};

size_t kdf_codec_count(void)
{
	return sizeof(codecs) / sizeof(*codecs);
}

const struct kdf_codec *kdf_codec_at(size_t i)
{
	return i < kdf_codec_count() ? &codecs[i] : NULL;
}

const struct kdf_codec *kdf_codec_by_name(const char *name)
{
	for (size_t i = 0; i < kdf_codec_count(); i++)
		if (!strcmp(codecs[i].name, name))
			return &codecs[i];
	return NULL;
}

const struct kdf_codec *kdf_codec_by_letter(char letter)
{
	for (size_t i = 0; i < kdf_codec_count(); i++)
		if (codecs[i].letter == letter)
			return &codecs[i];
	return NULL;
}

const struct kdf_codec *kdf_codec_by_flag(uint32_t flag)
{
	for (size_t i = 0; i < kdf_codec_count(); i++)
		if (codecs[i].flag == flag)
			return &codecs[i];
	return NULL;
}

#ifdef HAVE_LIBDEFLATE
#define ZLIB_FEATURE "zlib(libdeflate)"
#else
#define ZLIB_FEATURE "zlib"
#endif

const char *kdf_features(void)
{
#ifdef HAVE_SNAPPY
	return ZLIB_FEATURE " lzo snappy zstd";
#else
	return ZLIB_FEATURE " lzo zstd -snappy";
#endif
}
