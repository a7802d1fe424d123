// SHA-256 of the leaves of records (RFC 6962 §2.1), several at once where the processor has the instructions: it works on
// four independent messages almost as fast as on one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace firn {

/** A message, and where its 32 bytes of hash go. The bytes stay where they are until `flush`. */
struct Message {
  const uint8_t* at;
  size_t bytes;
  uint8_t* digest;
  /** How far memory may be read from `at` on, where that is further than `bytes`: it makes the last block cheaper. */
  size_t readable = 0;
};

/** Collects messages of the same number of blocks and hashes four of them together. */
class LeafHasher {
 public:
  void add(const Message& message);
  /** Hashes what is left. */
  void flush();
  /** Forgets what is left. */
  void drop() { waiting_.fill(0); }

 private:
  static constexpr size_t lanes = 4;
  static constexpr size_t buckets = 17;
  std::array<std::array<Message, lanes>, buckets> messages_;
  std::array<size_t, buckets> waiting_{};
};

/** True when the processor's own instructions are used. */
bool hasShaInstructions();

/** One message by the portable way: for tests. */
void sha256Portable(const Message& message);

}  // namespace firn
