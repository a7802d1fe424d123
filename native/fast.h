// The quick way through the common record: a flat object of known members, ASCII strings without escapes, plain decimal
// numbers whose own characters are the canonical ones. Anything else, and above all any fault, is left to the exact
// validator: this one never refuses, it only has doubts.
#pragma once

#include "row.h"

namespace firn {

/** A walk over a text whose marks are known (marks.h). */
struct Walk {
  /** Where the text begins, and its end: the byte before it is a closing bracket or brace. */
  const uint8_t* start;
  const uint8_t* end;
  /** The next mark. */
  const uint32_t* mark;
  /** True in a text of lines: a record has no line feed inside. */
  bool lines;

  /** Goes to the first mark at or behind `at`. */
  void skipTo(const uint8_t* at) {
    while (start + *mark < at) mark++;
  }
};

/**
 * Reads the record that begins at `at`, which lies before the walk's end, as does the walk's mark.
 * @returns the position after it when it is good and `row` holds what the exact validator would find: the walk then stands
 * behind it. Null for any doubt: then the walk stands where it stood.
 */
const uint8_t* readCommon(const Stream& stream, Walk& walk, const uint8_t* at, Row& row);

}  // namespace firn
