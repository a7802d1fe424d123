// Entries taken apart: every length is inside the entry that names it, paddings are zeros, leaves are those of their lines
// by the portable SHA-256, and a chunk begins with a frame entry wherever records follow.
#pragma once

#include <cmath>

#include "../layout.h"
#include "../sha256.h"
#include "guarded.h"

namespace firn::test {

struct Walked {
  /** The entries but for frame entries that are marked as going on. */
  std::string entries;
  size_t accepted = 0, refused = 0;
};

inline void checkZeros(const uint8_t* from, const uint8_t* to) {
  for (; from < to; from++) CHECK_THAT(*from == 0, "the padding of an entry is not zero");
}

/** An accepted record: a line of JSON with its LF, its time where the entry says, its leaf. */
inline void checkAccepted(const uint8_t* at, size_t bytes) {
  CHECK(bytes > entry::acceptedLine);
  const size_t lineBytes = load<uint32_t>(at + entry::acceptedLineBytes);
  CHECK(padded(entry::acceptedLine + lineBytes) == bytes);
  const uint8_t* line = at + entry::acceptedLine;
  CHECK(lineBytes >= 3 && line[0] == '{' && line[lineBytes - 2] == '}' && line[lineBytes - 1] == '\n');
  CHECK(std::memchr(line, '\n', lineBytes) == line + lineBytes - 1);
  const size_t timeAt = load<uint32_t>(at + entry::acceptedTimestampOffset) & 0xffffff;
  const size_t timeBytes = at[entry::acceptedTimestampLength];
  CHECK(timeAt >= 1 && timeAt + timeBytes < lineBytes && line[timeAt - 1] == '"' && line[timeAt + timeBytes] == '"');
  const auto seconds = load<double>(at + entry::acceptedSeconds);
  CHECK(seconds >= 0 && seconds == std::trunc(seconds) && load<uint32_t>(at + entry::acceptedNanos) < 1'000'000'000);
  CHECK(at[entry::acceptedPrefix] == 0);
  uint8_t leaf[32];
  sha256Portable({at + entry::acceptedPrefix, lineBytes, leaf});
  CHECK_THAT(std::memcmp(leaf, at + entry::acceptedLeaf, sizeof leaf) == 0, "the leaf is not that of its line");
  checkZeros(line + lineBytes, at + bytes);
}

inline void checkRefused(const uint8_t* at, size_t bytes) {
  CHECK(bytes >= entry::refusedRaw);
  const uint64_t rawBytes = load<uint64_t>(at + entry::refusedRawBytes);
  CHECK(rawBytes < bytes && padded(entry::refusedRaw + static_cast<size_t>(rawBytes)) == bytes);
  CHECK(load<uint32_t>(at + entry::refusedOffset) <= rawBytes);
  const auto code = load<uint16_t>(at + entry::refusedCode);
  CHECK(code > ok && code <= codecCrash);
  checkZeros(at + entry::refusedRaw + rawBytes, at + bytes);
}

/** Checks what one call wrote. */
inline Walked walkEntries(const std::string& chunk) {
  Walked walked;
  const Exact copy(chunk);
  bool inFrame = false;
  for (size_t from = 0; from < chunk.size();) {
    const uint8_t* at = copy.at() + from;
    CHECK(chunk.size() - from >= 8);
    const size_t bytes = load<uint32_t>(at + entry::bytes);
    CHECK(bytes >= 8 && bytes % 8 == 0 && bytes <= chunk.size() - from);
    const uint32_t kind = at[entry::kind];
    const uint32_t flags = at[entry::kind + 1];
    bool keep = true;
    if (kind == entry::kindFrame) {
      CHECK(bytes == entry::frameBytes && flags <= entry::flagContinued);
      keep = flags == 0;
      CHECK_THAT(keep || from == 0, "a frame goes on in the middle of a chunk");
      inFrame = true;
    } else if (kind == entry::kindAccepted || kind == entry::kindRefused) {
      CHECK_THAT(inFrame, "a record without the entry of its frame");
      if (kind == entry::kindAccepted) checkAccepted(at, bytes);
      else checkRefused(at, bytes);
      (kind == entry::kindAccepted ? walked.accepted : walked.refused)++;
    } else {
      const uint64_t length = load<uint64_t>(at + entry::controlJsonBytes);
      CHECK(length < bytes && padded(entry::controlJson + static_cast<size_t>(length)) == bytes);
      checkZeros(at + entry::controlJson + length, at + bytes);
    }
    if (keep) walked.entries.append(chunk, from, bytes);
    from += bytes;
  }
  return walked;
}

}  // namespace firn::test
