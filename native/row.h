// What validation found out about one record: for each field the canonical value that goes into the line, and what the
// line and its entry need beside. Twin of workers/row.ts.
#pragma once

#include <limits>

#include "table.h"

namespace firn {

using FieldSet = std::array<uint64_t, maxFields / 64>;

struct Row {
  /** Fault of the record: field number and offset in the input; valid when `validate` returned a code. */
  uint16_t field = noField;
  At offset = 0;

  /** Fields that are there, null ones too. */
  FieldSet seen{};
  /** The JSON of each field: of the record, else its default, else nothing. */
  std::array<Piece, maxFields> values;
  int64_t seconds = 0;
  uint32_t nanos = 0;
  /** Number of the record's zone, and the value judged; -1 and NaN when there is none. */
  int zone = -1;
  double judged = 0;
  bool excursion = false;
  Piece evaluated;

  /** Decoded texts and canonical values that are not in the input as they must stand in the line (slow path). */
  std::vector<uint8_t> scratch;
  size_t scratchEnd = 0;

  void reset(const Stream& stream) {
    seen.fill(0);
    std::memcpy(static_cast<void*>(values.data()), stream.fallbacks.data(), stream.fallbacks.size() * sizeof(Piece));
    zone = stream.hasZones ? stream.defaultZone : -1;
    judged = stream.hasZones ? stream.defaultValue : std::numeric_limits<double>::quiet_NaN();
    excursion = stream.excursionByDefault;
    evaluated = {};
  }

  bool has(int number) const { return (seen[static_cast<size_t>(number) / 64] >> (number % 64) & 1) != 0; }
  void mark(int number) { seen[static_cast<size_t>(number) / 64] |= uint64_t{1} << (number % 64); }

  /** Gives the record its `evaluated_state`, where its zone has limits and there is a value. Limits are inclusive. */
  void evaluate(const Stream& stream) {
    if (zone < 0 || judged != judged) return;
    const auto at = static_cast<size_t>(zone);
    const bool within = judged >= stream.zoneMin[at] && judged <= stream.zoneMax[at];
    evaluated = (within ? stream.within : stream.excursion).piece();
    if (!within) excursion = true;
  }
};

}  // namespace firn
