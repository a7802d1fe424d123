// Timestamps of records (FORMAT.md §2): a narrow RFC 3339, UTC only, in integer arithmetic; and the time of receipt as
// text. Twin of workers/timestamp.ts.
#pragma once

#include "bytes.h"
#include "layout.h"

namespace firn {

struct Instant {
  /** Whole seconds since 1970-01-01T00:00:00Z. */
  int64_t seconds = 0;
  uint32_t nanos = 0;
};

/** Reads the characters [start, end). `instant` is filled when the answer is `ok`. */
Code readTimestamp(const uint8_t* start, const uint8_t* end, Instant& instant);

constexpr size_t receivedBytes = 26;

/** Writes Unix ms as the JSON string `"YYYY-MM-DDTHH:MM:SS.mmmZ"`, receivedBytes long. False outside years 1970–9999. */
bool writeReceived(double ms, uint8_t* into);

}  // namespace firn
