// The kernels, one for each kind of vectors, and the choice at run time; see marks.h.

#include "marks.h"

#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace firn {
namespace {

constexpr size_t blockBytes = 64;

/** One bit for each of 64 bytes. */
using Kernel = uint64_t (*)(const uint8_t* block);

uint64_t markedPortable(const uint8_t* block) {
  uint64_t marked = 0;
  for (size_t i = 0; i < blockBytes; i++) {
    const uint8_t byte = block[i];
    const bool found = byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;
    marked |= static_cast<uint64_t>(found) << i;
  }
  return marked;
}

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

uint32_t* findPortable(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedPortable>(start, end, limit, to);
}

#if defined(__x86_64__)
#define FIRN_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt,lzcnt")))
#define FIRN_AVX512 __attribute__((target("avx512f,avx512bw,bmi,bmi2,popcnt,lzcnt")))

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

FIRN_AVX512 inline uint64_t markedAvx512(const uint8_t* block) {
  const __m512i part = _mm512_loadu_si512(block);
  return _mm512_cmpeq_epi8_mask(part, _mm512_set1_epi8('"')) | _mm512_cmpeq_epi8_mask(part, _mm512_set1_epi8('\\')) |
         _mm512_cmplt_epi8_mask(part, _mm512_set1_epi8(' '));
}

uint32_t* findSse2(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedSse2>(start, end, limit, to);
}
FIRN_AVX2 uint32_t* findAvx2(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedAvx2>(start, end, limit, to);
}
FIRN_AVX512 uint32_t* findAvx512(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to) {
  return findWith<markedAvx512>(start, end, limit, to);
}

bool hasAvx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0;
}
bool hasAvx512() { return hasAvx2() && __builtin_cpu_supports("avx512bw") != 0; }
#endif

bool always() { return true; }

struct Way {
  Vectors vectors;
  bool (*isThere)();
};

/** Best first. */
constexpr Way ways[] = {
#if defined(__x86_64__)
    {{"avx512bw", findAvx512}, hasAvx512},
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
  // Every byte may be a mark, and places are written eight at a time.
  const size_t needed = bytes + 8 + beyond;
  if (needed > room_) {
    room_ = needed * 2;
    places_ = std::make_unique_for_overwrite<uint32_t[]>(room_);
  }
  uint32_t* to = vectors_->find(start, end, limit, places_.get());
  for (size_t i = 0; i < beyond; i++) to[i] = static_cast<uint32_t>(bytes);
  return places_.get();
}

}  // namespace firn
