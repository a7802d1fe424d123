// Memory that betrays whoever leaves it: inputs that end where their allocation ends, and outputs with guard bytes on both
// sides. AddressSanitizer stops at the very instruction; the guard bytes are looked at as well, so that a build without
// it, and a store that it does not see, are caught too.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

#include "../bytes.h"
#include "check.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIRN_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FIRN_ADDRESS_SANITIZER 1
#endif
#if defined(FIRN_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

namespace firn::test {

/** A copy of some bytes in an allocation of exactly their size. */
class Exact {
 public:
  explicit Exact(std::string_view bytes) : bytes_(bytes.size()), at_(new uint8_t[bytes.size()]) {
    if (!bytes.empty()) std::memcpy(at_.get(), bytes.data(), bytes.size());
  }
  uint8_t* at() const { return at_.get(); }
  uint8_t* end() const { return at_.get() + bytes_; }
  size_t bytes() const { return bytes_; }
  At length() const { return static_cast<At>(bytes_); }
  std::string text() const { return {reinterpret_cast<const char*>(at_.get()), bytes_}; }

 private:
  size_t bytes_;
  std::unique_ptr<uint8_t[]> at_;
};

/** An area to write to, full of rubbish, between two rows of guard bytes that must be as they were when it goes. */
class Guarded {
 public:
  explicit Guarded(size_t bytes) : bytes_(bytes), memory_(new uint8_t[bytes + 2 * guardBytes]) {
    std::memset(memory_.get(), guard, bytes + 2 * guardBytes);
    std::memset(at(), rubbish, bytes);
    ASAN_POISON_MEMORY_REGION(memory_.get(), guardBytes);
    ASAN_POISON_MEMORY_REGION(at() + bytes, guardBytes);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { check(); }

  uint8_t* at() { return memory_.get() + guardBytes; }
  size_t bytes() const { return bytes_; }
  /** The first `bytes` bytes. */
  std::string text(size_t bytes) {
    CHECK(bytes <= bytes_);
    return {reinterpret_cast<const char*>(at()), bytes};
  }
  /** True when nothing was written from `from` on. */
  bool untouched(size_t from) {
    for (size_t i = from; i < bytes_; i++) {
      if (at()[i] != rubbish) return false;
    }
    return true;
  }

 private:
  /** As much as the widest store can reach over, and a multiple of what AddressSanitizer tells apart. */
  static constexpr size_t guardBytes = 128;
  static constexpr uint8_t guard = 0x5c;
  static constexpr uint8_t rubbish = 0xaa;
  size_t bytes_;
  std::unique_ptr<uint8_t[]> memory_;

  void check() {
    ASAN_UNPOISON_MEMORY_REGION(memory_.get(), bytes_ + 2 * guardBytes);
    for (size_t i = 0; i < guardBytes; i++) {
      CHECK_THAT(memory_[i] == guard, "%zu bytes before the area were written", guardBytes - i);
      CHECK_THAT(at()[bytes_ + i] == guard, "byte %zu behind the area was written", i);
    }
  }
};

}  // namespace firn::test
