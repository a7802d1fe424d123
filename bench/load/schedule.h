// The open loop's timetable: burst k is due at start + k × period and belongs to connection k mod connections, whatever
// has become of the bursts before it. So a delay is counted with every burst that it delays, not once.
#pragma once

#include <cstdint>

#include "connection.h"

namespace firn {

class Schedule {
 public:
  Schedule(double framesPerSecond, uint32_t burst, uint32_t connections)
      : period_(framesPerSecond > 0 ? 1e9 * burst / framesPerSecond : 0), connections_(connections) {}

  void start(Nanos at) {
    start_ = at;
    running_ = period_ > 0;
  }
  /** No burst is due after this. */
  void stop() { running_ = false; }

  /** When the next burst is due that `advance` has not passed; never, before the start and after the stop. */
  Nanos nextDue() const { return running_ ? due(passed_) : UINT64_MAX; }
  /** Number of the connection that it belongs to. */
  uint32_t nextConnection() const { return static_cast<uint32_t>(passed_ % connections_); }
  void advance() { passed_++; }
  uint64_t passed() const { return passed_; }

  /** Bursts of a connection that are due and not begun. */
  uint64_t owed(const Connection& c) const {
    const uint64_t own = (passed_ + connections_ - 1 - c.index) / connections_;
    return own - c.bursts;
  }

  /** When burst `number` of a connection is or was due. */
  Nanos dueOf(const Connection& c, uint64_t number) const { return due(number * connections_ + c.index); }

 private:
  Nanos due(uint64_t k) const { return start_ + static_cast<Nanos>(period_ * static_cast<double>(k)); }

  double period_;
  uint32_t connections_;
  Nanos start_ = 0;
  uint64_t passed_ = 0;
  bool running_ = false;
};

}  // namespace firn
