// Where things lie in slabs, entries and the rejects area, and the numbers of the refusal codes. Twin of
// engine/ring/frame.ts, engine/ring/layout.ts, engine/journal/entry.ts, engine/codes.ts and engine/limits.ts;
// the twins' outputs are compared byte for byte by test/native.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firn {

/** A frame in a slab: a header, then the payload, padded to 8. */
namespace frame {
constexpr size_t headerBytes = 48;
constexpr size_t bytes = 0, kind = 4, mode = 5, flags = 6, stream = 8, source = 12, frame = 16, receivedMs = 24;
constexpr size_t accepted = 36, rejected = 40, refusal = 44;
constexpr uint8_t kindData = 1;
constexpr uint8_t modeAuto = 0, modeJson = 1, modeLines = 2;
constexpr uint8_t flagCrash = 1;
}  // namespace frame

/** An entry in an output area: padded to 8. */
namespace entry {
constexpr size_t bytes = 0, kind = 4;
constexpr uint32_t kindFrame = 1, kindAccepted = 2, kindRefused = 3;
constexpr uint32_t flagContinued = 1, flagExcursion = 1;
constexpr size_t frameSource = 8, frameStream = 12, frameFrame = 16, frameReceivedMs = 24, frameBytes = 32;
constexpr size_t acceptedTimestampLength = 6, acceptedStream = 8, acceptedNanos = 12, acceptedSeconds = 16;
constexpr size_t acceptedLineBytes = 24, acceptedTimestampOffset = 28, acceptedLeaf = 31, acceptedPrefix = 63;
constexpr size_t acceptedLine = 64;
constexpr size_t refusedStream = 8, refusedRecord = 12, refusedOffset = 16, refusedCode = 20, refusedField = 22;
constexpr size_t refusedRawBytes = 24, refusedRaw = 32;
constexpr size_t controlJsonBytes = 8, controlJson = 16;
}  // namespace entry

constexpr size_t rejectBytes = 16;
constexpr uint32_t maxRejectsTold = 16;
constexpr int maxDepth = 64;
constexpr int maxFields = 256;
constexpr uint16_t noField = 0xffff;

enum Code : uint16_t {
  ok = 0,
  jsonSyntax,
  jsonUtf8,
  jsonDepth,
  jsonDuplicateMember,
  jsonLoneSurrogate,
  numberOverflow,
  numberUnderflow,
  numberPrecision,
  recordNotObject,
  frameRecords,
  fieldUnknown,
  fieldMissing,
  fieldType,
  fieldLength,
  fieldRange,
  fieldPattern,
  fieldEnum,
  timestampSyntax,
  timestampNotUtc,
  timestampCalendar,
  codecCrash,
  schemaUnknown,
};

inline size_t padded(size_t bytes) { return (bytes + 7) & ~static_cast<size_t>(7); }

}  // namespace firn
