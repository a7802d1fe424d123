// A frame's payload taken apart into records (DESIGN.md §2, "What is a record in a frame"). Twin of workers/split.ts.
#pragma once

#include <vector>

#include "layout.h"
#include "scan.h"

namespace firn {

struct Span {
  At start, end;
};

class Split {
 public:
  /** Code for which the whole frame is refused, `ok` for none; and where in the input. */
  Code refusal = ok;
  At offset = 0;
  /** The payload without the white space around it: the raw bytes of a frame that is refused whole. */
  At start = 0, end = 0;
  /** Without white space around them. */
  std::vector<Span> records;

  /** Splits the payload [from, to) of a frame of the given mode into at most `maxRecords` records. */
  void run(const uint8_t* bytes, At from, At to, uint8_t mode, size_t maxRecords);

 private:
  Scan scan_;

  void text(const uint8_t* bytes, size_t maxRecords);
  void lines(const uint8_t* bytes, size_t maxRecords);
  void refuse(Code code, At at) {
    refusal = code;
    offset = at;
    records.clear();
  }
};

}  // namespace firn
