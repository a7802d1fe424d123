// CRC-32C eight bytes a step; see crc32c.h.

#include "crc32c.h"

#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#endif

namespace firn {

#if defined(__x86_64__)

bool hasCrcInstruction() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2"))) uint32_t crc32c(const uint8_t* at, size_t bytes) {
  uint64_t crc = 0xffffffff;
  for (; bytes >= 8; at += 8, bytes -= 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    crc = _mm_crc32_u64(crc, word);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (; bytes > 0; at++, bytes--) rest = _mm_crc32_u8(rest, *at);
  return ~rest;
}

#else

bool hasCrcInstruction() { return false; }

uint32_t crc32c(const uint8_t*, size_t) { return 0; }

#endif

}  // namespace firn
