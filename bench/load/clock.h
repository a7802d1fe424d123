// One clock for everything that is measured: monotonic, in nanoseconds.
#pragma once

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>

namespace firn {

using Nanos = uint64_t;

constexpr Nanos nanosPerSecond = 1'000'000'000;

inline Nanos now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * nanosPerSecond + static_cast<Nanos>(time.tv_nsec);
}

/** Seconds, which may have a fraction, as nanoseconds. */
inline Nanos toNanos(double seconds) { return static_cast<Nanos>(seconds * 1e9); }

inline double toSeconds(Nanos nanos) { return static_cast<double>(nanos) / 1e9; }

/** Seconds for a sentence: `10 s`, `0.5 s`. */
inline std::string secondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

}  // namespace firn
