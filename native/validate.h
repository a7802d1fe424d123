// The exact way through one record: its bytes in, a code or a filled row out, for any input. Twin of workers/validate.ts
// and workers/value.ts. The order in which faults are told is the contract of DESIGN.md §2.
#pragma once

#include <set>

#include "row.h"
#include "scan.h"

namespace firn {

class Validator {
 public:
  /**
   * Judges the record [start, end), which has no white space around it.
   * @returns `ok`, and `row` holds the record; or a code, and `row.field` and `row.offset` say where.
   */
  Code validate(const Stream& stream, const uint8_t* bytes, At start, At end, Row& row);

 private:
  Scan scan_;
  /** Decoded names of a record's unknown members, where the stream ignores them. */
  std::set<std::string> ignored_;

  Code member(const Stream& stream, const uint8_t* bytes, const Child& child, Row& row);
};

}  // namespace firn
