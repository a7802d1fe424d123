// UTF-8 well-formedness (RFC 3629, Unicode §3.9 table 3-7): no overlong form, no surrogate, nothing past U+10FFFF. Twin
// of workers/utf8.ts.
#pragma once

#include "bytes.h"

namespace firn {

/** Length of the well-formed sequence at `at`, 0 when there is none. */
inline At sequenceLength(const uint8_t* bytes, At at, At end) {
  const uint8_t lead = bytes[at];
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const At length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  // The second byte has a narrower range after four leads: overlong forms, surrogates, past U+10FFFF.
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (bytes[at + 1] < low || bytes[at + 1] > high) return 0;
  for (At i = 2; i < length; i++) {
    if ((bytes[at + i] & 0xc0) != 0x80) return 0;
  }
  return length;
}

/** Offset of the byte that begins the first ill-formed sequence in [at, end); -1 when all is well-formed. */
inline At firstIllFormed(const uint8_t* bytes, At at, At end) {
  while (at < end) {
    while (end - at >= 8 && (load<uint64_t>(bytes + at) & 0x8080808080808080u) == 0) at += 8;
    if (at == end) break;
    const At length = sequenceLength(bytes, at, end);
    if (length == 0) return at;
    at += length;
  }
  return -1;
}

/** Number of code points in the well-formed text [start, end). */
inline At countCodePoints(const uint8_t* bytes, At start, At end) {
  At count = 0;
  for (At i = start; i < end; i++) count += (bytes[i] & 0xc0) != 0x80;
  return count;
}

}  // namespace firn
