// The bytes that the grammar of JSON (RFC 8259) is made of, and how numbers lie in memory: little-endian, at any address.
// Twin of workers/ascii.ts.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace firn {

static_assert(std::endian::native == std::endian::little, "slabs and journal are little-endian");

/** A position in an input, counted from its first byte; ~position says that there is a fault. */
using At = std::ptrdiff_t;

/** White space of JSON (RFC 8259 §2): space, tab, LF, CR. */
inline bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t'; }

/** White space inside a line: space, tab, CR. */
inline bool isBlank(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

inline bool isDigit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') <= 9; }

/** Value 0–15 of a hex digit in either case, -1 for any other byte. */
inline int hexDigit(uint8_t byte) {
  if (isDigit(byte)) return byte - '0';
  const int lower = byte | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/** First position in [at, end) that holds no JSON white space; `end` when there is none. */
inline At skipSpace(const uint8_t* bytes, At at, At end) {
  while (at < end && isSpace(bytes[at])) at++;
  return at;
}

/** One past the last position in [start, end) that holds no JSON white space; `start` when there is none. */
inline At trimEnd(const uint8_t* bytes, At start, At end) {
  while (end > start && isSpace(bytes[end - 1])) end--;
  return end;
}

/** First position that a run of plain string characters does not cover: a quote, backslash, control character, or end. */
inline At plainEnd(const uint8_t* bytes, At at, At end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + at));
    const __m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)),
                                       _mm_cmpeq_epi8(_mm_min_epu8(block, control), block));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  while (at < end && bytes[at] != '"' && bytes[at] != '\\' && bytes[at] >= 0x20) at++;
  return at;
}

template <typename T>
inline T load(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
inline void store(uint8_t* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

}  // namespace firn
