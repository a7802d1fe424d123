/* The half of libzstd that both halves need, and the one that compresses: its files as one, so that one rule builds them
   wherever the package with them lies. Their folder is on the include path. No code of firn's. */
#define ZSTD_DEPS_NEED_MALLOC
#include <common/debug.c>
#include <common/entropy_common.c>
#include <common/error_private.c>
#include <common/fse_decompress.c>
#include <common/xxhash.c>
#include <common/zstd_common.c>

#include <compress/fse_compress.c>
#include <compress/hist.c>
#include <compress/huf_compress.c>
#include <compress/zstd_compress.c>
#include <compress/zstd_compress_literals.c>
#include <compress/zstd_compress_sequences.c>
#include <compress/zstd_compress_superblock.c>
#include <compress/zstd_double_fast.c>
#include <compress/zstd_fast.c>
#include <compress/zstd_lazy.c>
#include <compress/zstd_ldm.c>
#include <compress/zstd_opt.c>
#include <compress/zstd_preSplit.c>
