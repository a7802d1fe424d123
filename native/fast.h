// The quick way through the common record: a flat object of known members, ASCII strings without escapes, plain decimal
// numbers whose own characters are the canonical ones. Anything else, and above all any fault, is left to the exact
// validator: this one never refuses, it only has doubts.
#pragma once

#include "row.h"

namespace firn {

/**
 * Reads the record [start, end), which has no white space around it; nothing is read at or after `limit`.
 * @returns true when it is good and `row` holds what the exact validator would find; false for any doubt.
 */
bool readCommon(const Stream& stream, const uint8_t* start, const uint8_t* end, const uint8_t* limit, Row& row);

}  // namespace firn
