// Trees and leaves; see tree.h.

#include "tree.h"

#include <algorithm>
#include <cstring>

namespace firn {
namespace {

constexpr size_t nodeBytes = 1 + 2 * hashBytes;
/** Nodes whose inputs are written before they are hashed together. */
constexpr size_t group = 64;
/** Lines are gathered up to this many bytes: what they came from and they themselves stay in the cache. */
constexpr size_t windowBytes = 128 * 1024;

}  // namespace

void TreeHasher::root(const uint8_t* leaves, size_t count, uint8_t* root) {
  level_.resize(std::max(level_.size(), (count + 1) / 2 * hashBytes));
  const uint8_t* from = leaves;
  for (size_t width = count; width > 1; from = level_.data()) width = halve(from, width, level_.data());
  std::memcpy(root, from, hashBytes);
}

/**
 * One level up: the parents of the `width` nodes of `from` into `into`, which may be the same memory: parents are written
 * below the nodes that are read next, and a group is read before any of it is written. A last odd node goes up unchanged.
 */
size_t TreeHasher::halve(const uint8_t* from, size_t width, uint8_t* into) {
  uint8_t inputs[group * nodeBytes];
  const size_t pairs = width / 2;
  for (size_t done = 0; done < pairs;) {
    const size_t now = std::min(group, pairs - done);
    for (size_t i = 0; i < now; i++) {
      uint8_t* input = inputs + i * nodeBytes;
      input[0] = 1;
      std::memcpy(input + 1, from + 2 * (done + i) * hashBytes, 2 * hashBytes);
      hasher_.add({input, nodeBytes, into + (done + i) * hashBytes, (group - i) * nodeBytes});
    }
    hasher_.flush();
    done += now;
  }
  if (width % 2 == 0) return pairs;
  std::memmove(into + pairs * hashBytes, from + (width - 1) * hashBytes, hashBytes);
  return pairs + 1;
}

size_t TreeHasher::lines(const uint8_t* body, size_t bytes, uint8_t* leaves, size_t room) {
  messages_.resize(std::max(messages_.size(), windowBytes));
  size_t count = 0;
  size_t used = 0;
  const uint8_t* const end = body + bytes;
  for (const uint8_t* at = body; at < end && count < room; count++) {
    const auto* lf = static_cast<const uint8_t*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (lf == nullptr) break;
    const size_t message = 1 + static_cast<size_t>(lf - at);
    if (used + message > messages_.size()) {
      hasher_.flush();
      used = 0;
      messages_.resize(std::max(messages_.size(), message));
    }
    uint8_t* to = messages_.data() + used;
    to[0] = 0;
    std::memcpy(to + 1, at, message - 1);
    hasher_.add({to, message, leaves + count * hashBytes, messages_.size() - used});
    used += message;
    at = lf + 1;
  }
  hasher_.flush();
  return count;
}

}  // namespace firn
