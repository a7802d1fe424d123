// Numbers of a record's fields: the nearest double, what is wrong with a literal, and the one way to write a double
// (ECMAScript's, RFC 8785 §3.2.2.3). Twin of workers/number.ts.
#pragma once

#include "bytes.h"
#include "layout.h"

namespace firn {

constexpr size_t numberBytes = 25;

/** Reads the literal [start, end), whose syntax is good. `value` is set when the answer is `ok`; -0 comes out as 0. */
Code readNumber(const uint8_t* start, const uint8_t* end, double& value);

/** Writes a finite double, at most numberBytes. @returns bytes written. */
size_t writeNumber(double value, uint8_t* into);

}  // namespace firn
