// A histogram of durations after HdrHistogram's log-linear method with 3 significant digits: 1,024 equal buckets to each
// doubling, so a bucket is never wider than a thousandth of its value. Fixed memory; recording allocates nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace firn {

class Histogram {
 public:
  Histogram() : counts_(buckets) {}

  /** Counts `times` durations of `nanos` each. One of over two hours counts as two hours, but for `max` and `mean`. */
  void record(uint64_t nanos, uint64_t times = 1) {
    counts_[bucketOf(std::min(nanos, largest))] += times;
    count_ += times;
    sum_ += static_cast<double>(nanos) * static_cast<double>(times);
    max_ = std::max(max_, nanos);
  }

  uint64_t count() const { return count_; }
  /** Longest duration, exactly; 0 when nothing was recorded. */
  uint64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  /**
   * The highest value of the bucket in which the share `q` (0–1) of the durations is reached, never above `max`:
   * at most 0.1 % more than the exact quantile, never less. 0 when nothing was recorded.
   */
  uint64_t quantile(double q) const {
    const auto wanted = std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(q * static_cast<double>(count_))));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < buckets; bucket++) {
      seen += counts_[bucket];
      if (seen >= wanted) return std::min(max_, highestOf(bucket));
    }
    return max_;
  }

  /** Every bucket that counted something: its highest value in nanoseconds, and how many. */
  std::vector<std::pair<uint64_t, uint64_t>> filled() const {
    std::vector<std::pair<uint64_t, uint64_t>> all;
    for (size_t bucket = 0; bucket < buckets; bucket++) {
      if (counts_[bucket] > 0) all.emplace_back(highestOf(bucket), counts_[bucket]);
    }
    return all;
  }

 private:
  /** Values below twice this have a bucket of their own: 2 × 10^3 rounded up to a power of two, halved. */
  static constexpr int halfBits = 10;
  static constexpr uint64_t half = uint64_t{1} << halfBits;
  static constexpr uint64_t largest = (uint64_t{1} << 43) - 1;
  static constexpr size_t buckets = (43 - halfBits + 1) * half;

  static size_t bucketOf(uint64_t value) {
    const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - halfBits - 1);
    // Below 2 × half the value is the bucket; above it, each doubling has the upper `half` of its mantissas.
    return static_cast<size_t>((static_cast<uint64_t>(shift) << halfBits) + (value >> shift));
  }

  static uint64_t highestOf(size_t bucket) {
    const uint64_t shift = bucket < 2 * half ? 0 : (bucket >> halfBits) - 1;
    const uint64_t mantissa = bucket - (shift << halfBits);
    return ((mantissa + 1) << shift) - 1;
  }

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace firn
