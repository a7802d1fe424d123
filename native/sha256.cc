// SHA-256 (FIPS 180-4); see sha256.h.

#include "sha256.h"

#include <array>
#include <bit>
#include <cstring>
#include <new>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace firn {
namespace {

constexpr size_t blockBytes = 64;

alignas(64) constexpr uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/** `keep + blockBytes - n` keeps the first n bytes of a block. */
constexpr auto masks = [] {
  std::array<uint8_t, 2 * blockBytes> bytes{};
  for (size_t i = 0; i < blockBytes; i++) bytes[i] = 0xff;
  return bytes;
}();
constexpr const uint8_t* keep = masks.data();

/** Blocks of a message with its padding. */
size_t blocksOf(size_t bytes) { return (bytes + 9 + blockBytes - 1) / blockBytes; }

/** A message as blocks: whole ones where they lie, the last one or two in `tail` with the padding. */
struct Blocks {
  const uint8_t* at;
  size_t whole;
  alignas(16) uint8_t tail[2 * blockBytes];

  explicit Blocks(const Message& message) : at(message.at), whole(message.bytes / blockBytes) {
    const size_t rest = message.bytes - whole * blockBytes;
    const size_t tailBytes = (blocksOf(message.bytes) - whole) * blockBytes;
    const uint8_t* from = message.at + whole * blockBytes;
    if (message.readable >= (whole + 1) * blockBytes) {
      // A whole block with what does not belong to it masked out: no call, and no branch on its length.
      const uint8_t* mask = keep + blockBytes - rest;
      for (size_t i = 0; i < blockBytes; i++) tail[i] = from[i] & mask[i];
      std::memset(tail + blockBytes, 0, blockBytes);
    } else {
      std::memset(tail, 0, sizeof tail);
      if (rest > 0) std::memcpy(tail, from, rest);
    }
    tail[rest] = 0x80;
    const uint64_t bits = message.bytes * 8;
    for (size_t i = 0; i < 8; i++) tail[tailBytes - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
  }
  const uint8_t* block(size_t i) const {
    return i < whole ? at + i * blockBytes : tail + (i - whole) * blockBytes;
  }
};

#if defined(__x86_64__)
#define FIRN_SHA __attribute__((target("sha,sse4.1,ssse3")))

bool detectSha() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  const bool vectors = (c & bit_SSSE3) != 0 && (c & bit_SSE4_1) != 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  return vectors && (b & bit_SHA) != 0;
}

// Without AVX on purpose: with it the compiler mixes 256-bit code in, and with the upper halves of registers dirty the SHA
// instructions, which are encoded without AVX, took 100 times as long on an Intel Xeon (20 µs a leaf of four blocks).
/** N messages of `count` blocks each, side by side. The instructions want the state as ABEF and CDGH. */
template <int N>
FIRN_SHA void hashTogether(const Message* messages, size_t count) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  alignas(16) uint8_t storage[N * sizeof(Blocks)];
  auto* blocks = reinterpret_cast<Blocks*>(storage);
  __m128i abef[N], cdgh[N];
  for (int n = 0; n < N; n++) {
    new (static_cast<void*>(blocks + n)) Blocks(messages[n]);
    abef[n] = _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c));
    cdgh[n] = _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19);
  }
  for (size_t i = 0; i < count; i++) {
    __m128i abef0[N], cdgh0[N], words[N][4];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) {
      abef0[n] = abef[n];
      cdgh0[n] = cdgh[n];
      const auto* from = reinterpret_cast<const __m128i*>(blocks[n].block(i));
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) words[n][j] = _mm_shuffle_epi8(_mm_loadu_si128(from + j), swap);
    }
#pragma GCC unroll 16
    for (int round = 0; round < 16; round++) {
      const __m128i constant = _mm_load_si128(reinterpret_cast<const __m128i*>(constants + 4 * round));
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) {
        __m128i* w = words[n];
        const __m128i sum = _mm_add_epi32(w[round & 3], constant);
        cdgh[n] = _mm_sha256rnds2_epu32(cdgh[n], abef[n], sum);
        abef[n] = _mm_sha256rnds2_epu32(abef[n], cdgh[n], _mm_shuffle_epi32(sum, 0x0e));
        if (round < 12) {
          __m128i next = _mm_sha256msg1_epu32(w[round & 3], w[(round + 1) & 3]);
          next = _mm_add_epi32(next, _mm_alignr_epi8(w[(round + 3) & 3], w[(round + 2) & 3], 4));
          w[round & 3] = _mm_sha256msg2_epu32(next, w[(round + 3) & 3]);
        }
      }
    }
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) {
      abef[n] = _mm_add_epi32(abef[n], abef0[n]);
      cdgh[n] = _mm_add_epi32(cdgh[n], cdgh0[n]);
    }
  }
  for (int n = 0; n < N; n++) {
    const __m128i feba = _mm_shuffle_epi32(abef[n], 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh[n], 0xb1);
    const __m128i dcba = _mm_blend_epi16(feba, dchg, 0xf0);
    const __m128i hgfe = _mm_alignr_epi8(dchg, feba, 8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(messages[n].digest), _mm_shuffle_epi8(dcba, swap));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(messages[n].digest + 16), _mm_shuffle_epi8(hgfe, swap));
  }
}
#endif

const bool shaInstructions =
#if defined(__x86_64__)
    detectSha();
#else
    false;
#endif

void hashOne(const Message& message, size_t count) {
#if defined(__x86_64__)
  if (shaInstructions) return hashTogether<1>(&message, count);
#else
  (void)count;
#endif
  sha256Portable(message);
}

void hashFour(const Message* messages, size_t count) {
#if defined(__x86_64__)
  if (shaInstructions) return hashTogether<4>(messages, count);
#else
  (void)count;
#endif
  for (int n = 0; n < 4; n++) sha256Portable(messages[n]);
}

}  // namespace

bool hasShaInstructions() { return shaInstructions; }

void LeafHasher::add(const Message& message) {
  const size_t count = blocksOf(message.bytes);
  if (count >= buckets) return hashOne(message, count);
  auto& bucket = messages_[count];
  bucket[waiting_[count]++] = message;
  if (waiting_[count] < lanes) return;
  hashFour(bucket.data(), count);
  waiting_[count] = 0;
}

void LeafHasher::flush() {
  for (size_t count = 1; count < buckets; count++) {
    for (size_t i = 0; i < waiting_[count]; i++) hashOne(messages_[count][i], count);
    waiting_[count] = 0;
  }
}

void sha256Portable(const Message& message) {
  const Blocks blocks(message);
  uint32_t state[8];
  std::memcpy(state, initial, sizeof state);
  const size_t count = blocksOf(message.bytes);
  for (size_t i = 0; i < count; i++) {
    const uint8_t* from = blocks.block(i);
    uint32_t w[64];
    for (int t = 0; t < 16; t++, from += 4) {
      w[t] = static_cast<uint32_t>(from[0]) << 24 | static_cast<uint32_t>(from[1]) << 16 |
             static_cast<uint32_t>(from[2]) << 8 | from[3];
    }
    for (int t = 16; t < 64; t++) {
      const uint32_t a = w[t - 15];
      const uint32_t b = w[t - 2];
      w[t] = w[t - 16] + w[t - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ (a >> 3)) +
             (std::rotr(b, 17) ^ std::rotr(b, 19) ^ (b >> 10));
    }
    uint32_t s[8];
    std::memcpy(s, state, sizeof s);
    for (int t = 0; t < 64; t++) {
      const uint32_t e = s[4];
      const uint32_t a = s[0];
      const uint32_t one = s[7] + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & s[5]) ^ (~e & s[6])) +
                           constants[t] + w[t];
      const uint32_t two =
          (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
      for (int j = 7; j > 0; j--) s[j] = s[j - 1];
      s[4] += one;
      s[0] = one + two;
    }
    for (int j = 0; j < 8; j++) state[j] += s[j];
  }
  for (int j = 0; j < 8; j++) {
    for (int k = 0; k < 4; k++) message.digest[4 * j + k] = static_cast<uint8_t>(state[j] >> (24 - 8 * k));
  }
}

}  // namespace firn
