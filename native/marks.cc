// The kernels, one for each kind of vectors, and the choice at run time; see marks.h.

#include "marks.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// The compiler's own header makes "undefined" vectors of themselves.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#else
#include <immintrin.h>
#endif
#endif

namespace firn {
namespace {

constexpr size_t blockBytes = 64;

/** 1 for each byte that is a mark. */
constexpr auto isMark = [] {
  std::array<uint8_t, 256> flags{};
  for (size_t byte = 0; byte < flags.size(); byte++) {
    flags[byte] = byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;
  }
  return flags;
}();

uint32_t* findPortable(const uint8_t* start, const uint8_t* end, const uint8_t*, uint32_t* to) {
  const auto bytes = static_cast<uint32_t>(end - start);
  for (uint32_t i = 0; i < bytes; i++) {
    // Written always and kept sometimes: there is no branch to be guessed wrong.
    *to = i;
    to += isMark[start[i]];
  }
  return to;
}

#if defined(__x86_64__)
/** One bit for each of 64 bytes. */
using Kernel = uint64_t (*)(const uint8_t* block);

/** Writes the places of the bits of `marked`, which stand for 64 bytes from `base` on, eight at once: few blocks have more. */
inline __attribute__((always_inline)) uint32_t* writePlaces(uint64_t marked, uint32_t base, uint32_t* to) {
  const int count = std::popcount(marked);
  uint32_t* const next = to + count;
  while (true) {
    for (int i = 0; i < 8; i++) {
      // countr_zero of 0 is 64: what is written behind the last bit is written over, or lies in the room behind.
      to[i] = base + static_cast<uint32_t>(std::countr_zero(marked));
      marked &= marked - 1;
    }
    to += 8;
    if (to >= next) return next;
  }
}

template <Kernel marked>
inline __attribute__((always_inline)) uint32_t* findWith(const uint8_t* start, const uint8_t* end, const uint8_t* limit,
                                                         uint32_t* to) {
  const uint8_t* at = start;
  for (; at < end; at += blockBytes) {
    const auto base = static_cast<uint32_t>(at - start);
    const auto left = static_cast<size_t>(end - at);
    uint8_t rest[blockBytes];
    const uint8_t* block = at;
    if (static_cast<size_t>(limit - at) < blockBytes) {
      std::memset(rest, ' ', blockBytes);
      std::memcpy(rest, at, left);
      block = rest;
    }
    uint64_t found = marked(block);
    if (left < blockBytes) found &= (uint64_t{1} << left) - 1;
    to = writePlaces(found, base, to);
  }
  return to;
}

#define FIRN_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define FIRN_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt,lzcnt")))

inline uint64_t markedSse2(const uint8_t* block) {
  uint64_t marked = 0;
  for (int i = 0; i < 4; i++) {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * i));
    // Compared as signed bytes, what is past ASCII is below the space too.
    const __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8('"')),
                                                    _mm_cmpeq_epi8(part, _mm_set1_epi8('\\'))),
                                       _mm_cmplt_epi8(part, _mm_set1_epi8(' ')));
    marked |= static_cast<uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(found))) << (16 * i);
  }
  return marked;
}

FIRN_AVX2 inline uint64_t markedAvx2(const uint8_t* block) {
  uint64_t marked = 0;
  for (int i = 0; i < 2; i++) {
    const __m256i part = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32 * i));
    const __m256i found = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(part, _mm256_set1_epi8('"')),
                                                          _mm256_cmpeq_epi8(part, _mm256_set1_epi8('\\'))),
                                          _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), part));
    marked |= static_cast<uint64_t>(static_cast<unsigned>(_mm256_movemask_epi8(found))) << (32 * i);
  }
  return marked;
}

/**
 * As `findWith`, the places of a block made by one instruction: three times as fast. Without that instruction (VBMI2) the
 * wider block was not faster than AVX2, so it has no kernel of its own.
 */
FIRN_AVX512 uint32_t* findAvx512(const uint8_t* start, const uint8_t* end, const uint8_t*, uint32_t* to) {
  alignas(blockBytes) static constexpr auto numbers = [] {
    std::array<uint8_t, blockBytes> bytes{};
    for (size_t i = 0; i < blockBytes; i++) bytes[i] = static_cast<uint8_t>(i);
    return bytes;
  }();
  const __m512i all = _mm512_load_si512(numbers.data());
  for (const uint8_t* at = start; at < end; at += blockBytes) {
    const auto left = static_cast<size_t>(end - at);
    const __mmask64 inside = left < blockBytes ? (uint64_t{1} << left) - 1 : ~uint64_t{0};
    const __m512i block = _mm512_maskz_loadu_epi8(inside, at);
    const __mmask64 marked = inside & (_mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"')) |
                                       _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\\')) |
                                       _mm512_cmplt_epi8_mask(block, _mm512_set1_epi8(' ')));
    __m512i places = _mm512_maskz_compress_epi8(marked, all);
    const __m512i base = _mm512_set1_epi32(static_cast<int>(at - start));
    uint32_t* const next = to + std::popcount(static_cast<uint64_t>(marked));
    while (true) {
      _mm512_storeu_si512(to, _mm512_add_epi32(base, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places))));
      to += 16;
      if (to >= next) break;
      places = _mm512_alignr_epi32(places, places, 4);
    }
    to = next;
  }
  return to;
}

uint32_t* findSse2(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedSse2>(start, end, limit, to);
}
FIRN_AVX2 uint32_t* findAvx2(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedAvx2>(start, end, limit, to);
}

bool hasAvx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0;
}
bool hasAvx512() {
  return hasAvx2() && __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0;
}
#endif

bool always() { return true; }

struct Way {
  Vectors vectors;
  bool (*isThere)();
};

/** Best first. */
constexpr Way ways[] = {
#if defined(__x86_64__)
    {{"avx512", findAvx512}, hasAvx512},
    {{"avx2", findAvx2}, hasAvx2},
    {{"sse2", findSse2}, always},
#endif
    {{"portable", findPortable}, always},
};

}  // namespace

const Vectors& bestVectors() {
  const Way* way = ways;
  while (!way->isThere()) way++;
  return way->vectors;
}

const Vectors* vectorsNamed(const char* name) {
  for (const Way& way : ways) {
    if (std::strcmp(way.vectors.name, name) == 0 && way.isThere()) return &way.vectors;
  }
  return nullptr;
}

const uint32_t* Marks::find(const uint8_t* start, const uint8_t* end, const uint8_t* limit) {
  const auto bytes = static_cast<size_t>(end - start);
  // Every byte may be a mark, and places are written up to 16 at a time.
  const size_t needed = bytes + 16 + beyond;
  if (needed > room_) {
    room_ = needed * 2;
    places_ = std::make_unique_for_overwrite<uint32_t[]>(room_);
  }
  uint32_t* to = vectors_->find(start, end, limit, places_.get());
  for (size_t i = 0; i < beyond; i++) to[i] = static_cast<uint32_t>(bytes);
  return places_.get();
}

}  // namespace firn
