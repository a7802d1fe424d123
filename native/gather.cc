// Entries into batches; see gather.h.

#include "gather.h"

#include <cstring>

#include "bytes.h"
#include "layout.h"

namespace firn {

bool gather(const uint8_t* at, size_t bytes, uint8_t* lines, size_t lineRoom, uint8_t* leaves, size_t leafRoom,
            Gathered& to) {
  constexpr size_t leafBytes = 32;
  size_t lineBytes = 0;
  size_t taken = 0;
  while (to.left > 0) {
    if (bytes < 8) return false;
    const size_t length = load<uint32_t>(at + entry::bytes);
    if (length < 8 || length > bytes) return false;
    if (at[entry::kind] == entry::kindAccepted) {
      if (length < entry::acceptedLine) return false;
      const size_t line = load<uint32_t>(at + entry::acceptedLineBytes);
      if (line > length - entry::acceptedLine || line > lineRoom - lineBytes || leafBytes > leafRoom - taken * leafBytes) {
        return false;
      }
      const auto seconds = load<double>(at + entry::acceptedSeconds);
      const auto nanos = static_cast<double>(load<uint32_t>(at + entry::acceptedNanos));
      // The offset is the low 24 bits: the leaf's first byte lies above it.
      const size_t textOffset = load<uint32_t>(at + entry::acceptedTimestampOffset) & 0xffffff;
      const auto text = to.lineBytes + static_cast<double>(lineBytes + textOffset);
      const auto textLength = static_cast<double>(at[entry::acceptedTimestampLength]);
      if (seconds < to.earliestSeconds || (seconds == to.earliestSeconds && nanos < to.earliestNanos)) {
        to.earliestSeconds = seconds;
        to.earliestNanos = nanos;
        to.earliestAt = text;
        to.earliestLength = textLength;
      }
      if (seconds > to.latestSeconds || (seconds == to.latestSeconds && nanos > to.latestNanos)) {
        to.latestSeconds = seconds;
        to.latestNanos = nanos;
        to.latestAt = text;
        to.latestLength = textLength;
      }
      if ((at[entry::kind + 1] & entry::flagExcursion) != 0) to.excursions++;
      std::memcpy(leaves + taken * leafBytes, at + entry::acceptedLeaf, leafBytes);
      std::memcpy(lines + lineBytes, at + entry::acceptedLine, line);
      lineBytes += line;
      taken++;
      to.left--;
    }
    at += length;
    bytes -= length;
  }
  to.lineBytes += static_cast<double>(lineBytes);
  to.leafBytes += static_cast<double>(taken * leafBytes);
  return true;
}

}  // namespace firn
