// libzstd behind two functions; see zstd.h.

#include "zstd.h"

#include <zstd.h>

#include <new>

namespace firn {

Zstd::~Zstd() {
  ZSTD_freeCCtx(compressor_);
  ZSTD_freeDCtx(decompressor_);
}

const char* Zstd::version() { return ZSTD_versionString(); }

size_t Zstd::bound(size_t bytes) { return ZSTD_compressBound(bytes); }

size_t Zstd::compress(const uint8_t* in, size_t bytes, uint8_t* out, size_t room, int level) {
  if (compressor_ == nullptr) compressor_ = ZSTD_createCCtx();
  if (compressor_ == nullptr) throw std::bad_alloc();
  const size_t written = ZSTD_compressCCtx(compressor_, out, room, in, bytes, level);
  return ZSTD_isError(written) != 0 ? failed : written;
}

size_t Zstd::decompress(const uint8_t* in, size_t bytes, uint8_t* out, size_t room) {
  if (decompressor_ == nullptr) decompressor_ = ZSTD_createDCtx();
  if (decompressor_ == nullptr) throw std::bad_alloc();
  const size_t written = ZSTD_decompressDCtx(decompressor_, out, room, in, bytes);
  return ZSTD_isError(written) != 0 ? failed : written;
}

}  // namespace firn
