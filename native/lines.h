// Lines of accepted records as a verifier looks at them: whether each is the canonical form (RFC 8785) of a flat object
// whose times are as FORMAT.md §2 wants them. Never refuses: a line that is not plainly sound is left to the exact check in
// engine/verify/lines.ts, whose verdict counts. Shares no code with the codec that wrote the lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace firn {

/** What was found so far: the words that engine/verify/lines.ts shares with the addon. Offsets are bytes of the body. */
struct LineWalk {
  /** Where the next line begins, and how many there were before it. */
  double at, lines;
  double excursions;
  /** Where the first among the earliest and among the latest `timestamp_utc` lie, without their quote; −1: none yet. */
  double earliest, latest;
};

/** Looks at lines of one body, one after the other. */
class LineChecker {
 public:
  /**
   * Goes on from `walk` over all lines that are plainly sound and of the day `day`, which is the 11 characters
   * `YYYY-MM-DDT`. Ends at the end of the body, or before the first line that is not. The body is UTF-8 and ends with LF.
   */
  void check(const uint8_t* body, size_t bytes, const uint8_t* day, LineWalk& walk);

 private:
  static constexpr size_t maxMembers = 64;
  enum Member : uint8_t { timestamp, received, compliance, evaluated, other };

  struct Text {
    const uint8_t* at;
    size_t bytes;
  };
  /** `"name":` in a line before, and which member it is. */
  struct Name {
    Text text;
    Member member;
  };

  /** Names in order, each after the one before it: those of the line before, or of this line as far as it is read. */
  std::array<Name, maxMembers> shape_;
  size_t known_ = 0;
  /** Values in the line under work, with their quotes; of those that are not there `bytes` is 0. */
  std::array<Text, other + 1> values_;
  const uint8_t* end_ = nullptr;

  const uint8_t* line(const uint8_t* at);
  const uint8_t* name(const uint8_t* at, size_t number);
  const uint8_t* value(const uint8_t* at) const;
  const uint8_t* string(const uint8_t* at) const;
  bool isExcursion(Member member) const;
};

}  // namespace firn
