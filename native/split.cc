// Splits frames; see split.h.

#include "split.h"

#include "utf8.h"

namespace firn {
namespace {

/** Depth is judged record by record, so the frame's own scan has no bound. */
constexpr At noBound = PTRDIFF_MAX;

}  // namespace

void Split::run(const uint8_t* bytes, At from, At to, uint8_t mode, size_t maxRecords) {
  refusal = ok;
  records.clear();
  start = skipSpace(bytes, from, to);
  end = trimEnd(bytes, start, to);
  offset = start;
  if (start == end) return;
  if (mode == frame::modeJson || (mode == frame::modeAuto && bytes[start] == '[')) text(bytes, maxRecords);
  else lines(bytes, maxRecords);
}

/** One JSON text: an array of records, or a record. */
void Split::text(const uint8_t* bytes, size_t maxRecords) {
  const At illFormed = firstIllFormed(bytes, start, end);
  if (illFormed >= 0) {
    refuse(jsonUtf8, illFormed);
  } else if (!scan_.run(bytes, start, end, noBound)) {
    refuse(jsonSyntax, scan_.fault);
  } else if (scan_.kind != array) {
    records.push_back({start, end});
  } else if (scan_.children.size() > maxRecords) {
    refuse(frameRecords, start);
  } else {
    for (const Child& child : scan_.children) records.push_back({child.valueStart, child.valueEnd});
  }
}

/** Lines end at LF or with the frame. Blank ones are no records. */
void Split::lines(const uint8_t* bytes, size_t maxRecords) {
  for (At at = start; at < end;) {
    const void* feed = std::memchr(bytes + at, '\n', static_cast<size_t>(end - at));
    const At lineEnd = feed == nullptr ? end : static_cast<const uint8_t*>(feed) - bytes;
    At from = at;
    while (from < lineEnd && isBlank(bytes[from])) from++;
    At to = lineEnd;
    while (to > from && isBlank(bytes[to - 1])) to--;
    at = lineEnd + 1;
    if (from == to) continue;
    if (records.size() == maxRecords) {
      refuse(frameRecords, start);
      return;
    }
    records.push_back({from, to});
  }
}

}  // namespace firn
