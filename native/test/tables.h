// The streams that unit tests and fuzzers work on, written as the TypeScript side writes them. That both mean the same is
// shown by the two digests: test/native/descriptor.test.ts finds them in this file and compares them with what
// workers/descriptor.ts writes, descriptor.cc with what descriptor.h writes.
#pragma once

#include "descriptor.h"

namespace firn::test {

/** SHA-256 of the descriptors of `telemetryStream()` and of `everyTypeStream()`, each alone. */
constexpr char telemetryDigest[] = "fa4c46dcce241a848bde1b261a02263da6acc81145922c5f92b8067a3ea3ff7c";
constexpr char everyTypeDigest[] = "315c5120516b2e6ced3611febe0863ebe558a6cdccd30bbe951bcbaa2d920506";

constexpr char upperDigitsHyphen[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
constexpr char lowerHex[] = "0123456789abcdef";

/** telemetry/1 (engine/schema/telemetry.ts) as stream 1. */
inline StreamOf telemetryStream() {
  return {
      .number = 1,
      .fields =
          {
              {.name = "sensor_id", .required = true, .minLength = 4, .maxLength = 64},
              {.name = "timestamp_utc", .type = Type::timestamp, .required = true},
              {.name = "temperature_c", .type = Type::number, .required = true, .min = -100, .max = 100},
              {.name = "zone_id", .required = true, .minLength = 1, .maxLength = 64, .characters = upperDigitsHyphen},
              {.name = "compliance_state",
               .type = Type::enumeration,
               .fallback = "\"unknown\"",
               .values = {"within_spec", "excursion", "unknown"}},
              {.name = "raw_payload_hash", .minLength = 64, .maxLength = 64, .characters = lowerHex},
          },
  };
}

/** A field of every type, defaults and bounds, unknown members ignored, zones: as stream 2. */
inline StreamOf everyTypeStream() {
  return {
      .number = 2,
      .fields =
          {
              {.name = "timestamp_utc", .type = Type::timestamp, .required = true},
              {.name = "label"},
              {.name = "count", .type = Type::integer, .min = -5},
              {.name = "level", .type = Type::number, .fallback = "0.5"},
              {.name = "on", .type = Type::boolean, .fallback = "false"},
              {.name = "zone", .type = Type::enumeration, .fallback = "\"a\"", .values = {"a", "b \"q\" \\", "\xc3\xbc"}},
              {.name = "seen_utc", .type = Type::timestamp},
              {.name = "Alpha", .fallback = "\"q\\\"\\\\\"", .minLength = 1, .maxLength = 3},
              {.name = "compliance_state",
               .type = Type::enumeration,
               .fallback = "\"excursion\"",
               .values = {"within_spec", "excursion"}},
              {.name = "n", .type = Type::number, .min = -1e300, .max = 1e300},
          },
      .ignoreUnknown = true,
      .maxRecords = 40,
      .zones = {{.name = "a", .min = 0, .max = 1}, {.name = "b \"q\" \\", .max = 3.5}},
      .zoneBy = 5,
      .zoneField = 3,
  };
}

inline std::vector<StreamOf> bothStreams() { return {telemetryStream(), everyTypeStream()}; }

}  // namespace firn::test
