// The quick way through the common record: a flat object of known members, ASCII strings without escapes, plain decimal
// numbers whose own characters are the canonical ones. Anything else, and above all any fault, is left to the exact
// validator: this one never refuses, it only has doubts.
#pragma once

#include "row.h"

namespace firn {

/**
 * Reads the record that begins at `start`. The last byte before `end` is a closing bracket or brace, its own or of what it
 * lies in; blocks are read up to `limit`, behind `end`.
 * @returns the position after it when it is good and `row` holds what the exact validator would find; null for any doubt.
 */
const uint8_t* readCommon(const Stream& stream, const uint8_t* start, const uint8_t* end, const uint8_t* limit, Row& row);

}  // namespace firn
