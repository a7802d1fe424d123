// What every test program here is made of: a check that says what is not so and ends the program, random numbers that are
// the same in every run, and the one line that a program prints when all is well.
#pragma once

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace firn::test {

inline uint64_t checked = 0;

/** Ends the program with where and what. Aborts, so that a fuzzer takes it for a crash and keeps the input. */
[[noreturn]] __attribute__((format(printf, 4, 5))) inline void fail(const char* file, int line, const char* condition,
                                                                    const char* format, ...) {
  std::fprintf(stderr, "%s:%d: not so: %s: ", file, line, condition);
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::abort();
}

/** Printed at the end of `main`, whose result it is. */
inline int done(const char* name) {
  std::printf("%s: %llu checks\n", name, static_cast<unsigned long long>(checked));
  return checked > 0 ? 0 : 1;
}

/** Random numbers (xorshift64*): the same seed gives the same ones. */
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1du;
  }
  /** From 0 to below `bound`, which is not 0. */
  size_t below(size_t bound) { return static_cast<size_t>(next() >> 16) % bound; }
  bool oneIn(size_t count) { return below(count) == 0; }

 private:
  uint64_t state_;
};

/** Bytes as text that a terminal can show. */
inline std::string shown(const std::string& bytes) {
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    char hex[8];
    std::snprintf(hex, sizeof hex, byte >= 0x20 && byte < 0x7f ? "%c" : "\\x%02x", byte);
    text += hex;
  }
  return text;
}

}  // namespace firn::test

#define CHECK_THAT(condition, ...)                                                     \
  do {                                                                                 \
    firn::test::checked++;                                                             \
    if (!(condition)) firn::test::fail(__FILE__, __LINE__, #condition, __VA_ARGS__);   \
  } while (false)
#define CHECK(condition) CHECK_THAT(condition, "see the line")
