// zstd frames by libzstd, whose sources come with a package that may not be there: then this file is not compiled. Makes
// one frame with the content size in its header and no checksum (FORMAT.md §3); whether bytes are exactly one frame is
// asked and answered in workers/compress.ts before they come here.
#pragma once

#include <cstddef>
#include <cstdint>

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace firn {

/** Compresses and decompresses, with contexts that are made once. Neither copied nor used by two threads. */
class Zstd {
 public:
  static constexpr size_t failed = SIZE_MAX;

  Zstd() = default;
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd();

  /** `1.5.7`. */
  static const char* version();
  /** Room that the frame of `bytes` bytes can take. */
  static size_t bound(size_t bytes);
  /** @returns bytes written to `out`, or `failed`. */
  size_t compress(const uint8_t* in, size_t bytes, uint8_t* out, size_t room, int level);
  /** Writes no more than `room` bytes, whatever the frame says of itself. @returns bytes written to `out`, or `failed`. */
  size_t decompress(const uint8_t* in, size_t bytes, uint8_t* out, size_t room);

 private:
  ZSTD_CCtx_s* compressor_ = nullptr;
  ZSTD_DCtx_s* decompressor_ = nullptr;
};

}  // namespace firn
