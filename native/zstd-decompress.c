/* The half of libzstd that decompresses, its files as one; see zstd-compress.c. No code of firn's. */
#define ZSTD_DEPS_NEED_MALLOC
#include <decompress/huf_decompress.c>
#include <decompress/zstd_ddict.c>
#include <decompress/zstd_decompress.c>
#include <decompress/zstd_decompress_block.c>
