// What a string literal says: its escapes (RFC 8259 §7) decoded, its lone surrogates found, names that repeat. Twin of
// workers/strings.ts and workers/duplicates.ts. Works on literals whose syntax and UTF-8 are known to be good; positions
// run between the quotes.
#pragma once

#include <string>

#include "bytes.h"

namespace firn {

/** What a surrogate without its partner becomes when a literal is decoded. */
enum class Lone {
  /** Itself, in three bytes as UTF-8 would write it: texts are equal exactly when their UTF-16 is. */
  kept,
  /** U+FFFD, as TextEncoder has it. */
  replaced,
};

/** Offset of the backslash of the first surrogate escape without its partner; -1 when there is none. */
At firstLoneSurrogate(const uint8_t* bytes, At start, At end);

/** Writes the text of a literal at `into`: never more bytes than the literal. @returns how many. */
At decodeInto(const uint8_t* bytes, At start, At end, Lone lone, uint8_t* into);

/** The text of a literal. */
std::string decodeString(const uint8_t* bytes, At start, At end, Lone lone);

/**
 * Writes decoded text of `bytes` bytes that holds no control character as a JCS string literal with its quotes.
 * @returns bytes written.
 */
At writeLiteral(const uint8_t* text, At bytes, uint8_t* into);

/** What `inspect` found: offsets, -1 where there is nothing. */
struct Inspection {
  /** The opening quote of the first name, in order of the text, that repeats one of its object. */
  At duplicate = -1;
  /** The backslash of the first lone surrogate, in a name or a value. */
  At loneSurrogate = -1;
};

/** Looks through the value in [start, end), whose nesting is bounded. */
Inspection inspect(const uint8_t* bytes, At start, At end);

}  // namespace firn
