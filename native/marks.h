// Where the walk over common records must look: the quotes of a text, and every byte that a common record does not have
// inside a string (control characters, backslashes, bytes past ASCII). Found 64 bytes at a time with the widest vectors
// that the processor has, so that the walk itself waits for nothing: the next string is known before this one is read.
#pragma once

#include <cstdint>
#include <memory>

#include "bytes.h"

namespace firn {

/** A kind of vectors, as this processor has them. */
struct Vectors {
  /** `avx512`, `avx2`, `sse2` or `portable`. */
  const char* name;
  /** Writes the places of the marks of [start, end), and returns where the next one would go. */
  uint32_t* (*find)(const uint8_t* start, const uint8_t* end, const uint8_t* limit, uint32_t* to);
};

/** The widest of this processor. */
const Vectors& bestVectors();

/** The one of that name, null when the processor or the build does not have it: so that tests reach all of them. */
const Vectors* vectorsNamed(const char* name);

class Marks {
 public:
  explicit Marks(const Vectors& vectors) : vectors_(&vectors) {}

  /**
   * Finds the marks of [start, end), which is shorter than 4 GiB. Blocks are read up to `limit`, behind `end`.
   * @returns their offsets from `start` in rising order, then the length of the text `beyond` times. Valid until the next call.
   */
  const uint32_t* find(const uint8_t* start, const uint8_t* end, const uint8_t* limit);

  /** How far a walk may look past the last mark. */
  static constexpr size_t beyond = 4;

 private:
  const Vectors* vectors_;
  std::unique_ptr<uint32_t[]> places_;
  size_t room_ = 0;
};

}  // namespace firn
