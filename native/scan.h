// The grammar of JSON (RFC 8259) and nothing else: is this one JSON text, and where are the children of its root? Twin of
// workers/scan.ts: works on bytes that are known to be well-formed UTF-8, never recurses, reads each byte once.
//
// The offset of a syntax fault is the length of the longest beginning that could still be continued to a JSON text.
#pragma once

#include <vector>

#include "bytes.h"

namespace firn {

/** What kind of value stands somewhere. */
enum Kind : uint8_t { noKind, object, array, string, number, wordTrue, wordFalse, wordNull };

/** A child of the root. A name runs between its quotes; a value includes its quotes or brackets. */
struct Child {
  At nameStart, nameEnd, valueStart, valueEnd;
  Kind kind;
  /** The value is a string with a backslash in it; the name has one in it. */
  bool valueEscaped, nameEscaped;
};

class Scan {
 public:
  /** Offset of the syntax fault, when `run` was false. */
  At fault = -1;
  /** Of the root value. */
  Kind kind = noKind;
  /** Offset of the first bracket that opens a level past the bound, -1 when there is none. The root is level 1. */
  At deep = -1;
  /** Elements of an array, members of an object. */
  std::vector<Child> children;

  /** Scans [start, end) of `bytes`. True when it is one JSON text, white space around it allowed. */
  bool run(const uint8_t* bytes, At start, At end, At maxLevel);

 private:
  std::vector<uint8_t> open_;
  At nameStart_ = 0, nameEnd_ = 0;
  bool nameEscaped_ = false;

  bool refuse(At offset) {
    fault = offset;
    return false;
  }
  At name(const uint8_t* bytes, At start, At end);
};

}  // namespace firn
