// What every fuzz target starts from: the bytes of the fuzzer, taken from the front, so that a seed can be written by hand.
// When they are used up there are zeros.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "../bytes.h"

namespace firn::fuzz {

class Feed {
 public:
  Feed(const uint8_t* at, size_t bytes) : at_(at), left_(bytes) {}
  uint8_t byte() { return static_cast<uint8_t>(word<uint8_t>()); }
  uint16_t half() { return word<uint16_t>(); }
  uint32_t whole() { return word<uint32_t>(); }
  double real() { return word<double>(); }
  /** At most `bytes` bytes. */
  std::string text(size_t bytes) {
    const size_t taken = std::min(bytes, left_);
    std::string text(reinterpret_cast<const char*>(at_), taken);
    at_ += taken;
    left_ -= taken;
    return text;
  }
  std::string rest() { return text(left_); }
  size_t left() const { return left_; }

 private:
  const uint8_t* at_;
  size_t left_;

  template <typename T>
  T word() {
    uint8_t bytes[sizeof(T)] = {};
    const size_t taken = std::min(sizeof(T), left_);
    std::copy_n(at_, taken, bytes);
    at_ += taken;
    left_ -= taken;
    return load<T>(bytes);
  }
};

}  // namespace firn::fuzz
