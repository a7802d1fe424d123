// All frames of a run as they go over the wire, built once, one after the other: a burst is a range of these bytes, so
// sending one copies nothing. A connection goes round through them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace firn {

class Frames {
 public:
  /** Ends the frame whose bytes were appended to `bytes` last, of a payload of so many bytes. */
  void end(size_t payloadBytes) {
    starts_.push_back(bytes.size());
    payload_.push_back(payload_.back() + payloadBytes);
  }

  size_t count() const { return starts_.size() - 1; }
  /** Where the bytes of frame `number` start; number may be `count()`. */
  size_t start(size_t number) const { return starts_[number]; }
  /** Payload bytes of `frames` frames from frame `from` on, going round. */
  uint64_t payloadOf(size_t from, size_t frames) const {
    uint64_t sum = 0;
    for (; from + frames > count(); from = 0) {
      sum += payload_.back() - payload_[from];
      frames -= count() - from;
    }
    return sum + payload_[from + frames] - payload_[from];
  }

  void append(std::string_view text) { bytes.insert(bytes.end(), text.begin(), text.end()); }

  std::vector<uint8_t> bytes;

 private:
  std::vector<size_t> starts_{0};
  std::vector<uint64_t> payload_{0};
};

}  // namespace firn
