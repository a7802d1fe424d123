// The Merkle tree of RFC 6962 §2.1 over many leaves, and the leaves of many lines, in one call each. Twin of
// engine/batch/merkle.ts; works on independent messages, so that sha256.h can hash several at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sha256.h"

namespace firn {

constexpr size_t hashBytes = 32;

/** Hashes trees and lines, one after the other: its memory grows to the largest and stays. */
class TreeHasher {
 public:
  /** Root of the tree over `count` leaves of 32 bytes each, at least one, into the 32 bytes at `root`. */
  void root(const uint8_t* leaves, size_t count, uint8_t* root);

  /**
   * Leaf hashes, SHA256(0x00 ‖ line), of the lines of `body` in their order, each ended by a line feed that is not part of
   * it; what follows the last line feed is no line. Ends when `room` leaves are written. @returns leaves written
   */
  size_t lines(const uint8_t* body, size_t bytes, uint8_t* leaves, size_t room);

 private:
  LeafHasher hasher_;
  /** Messages that wait to be hashed, each after its prefix. */
  std::vector<uint8_t> messages_;
  std::vector<uint8_t> level_;

  size_t halve(const uint8_t* from, size_t width, uint8_t* into);
};

}  // namespace firn
