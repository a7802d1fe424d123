// The marks of a text by every kind of vectors that this processor has, against a walk byte by byte: every length, every
// place, any number of bytes behind the text, and none.

#include "../marks.h"

#include <string>
#include <vector>

#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

bool isMark(char each) {
  const auto byte = static_cast<unsigned char>(each);
  return byte == '"' || byte == '\\' || byte < 0x20 || byte >= 0x80;
}

void compare(Marks& marks, const char* vectors, const std::string& text, size_t behind) {
  const Exact memory(text + std::string(behind, '"'));
  const uint32_t* found = marks.find(memory.at(), memory.at() + text.size(), memory.end());
  for (size_t i = 0; i < text.size(); i++) {
    if (isMark(text[i])) CHECK_THAT(*found++ == i, "%s: %zu of %zu bytes", vectors, i, text.size());
  }
  for (size_t i = 0; i < Marks::beyond; i++) CHECK(*found++ == text.size());
}

/** One mark of each kind, and what is none, at each place of each length. */
void everyPlace(Marks& marks, const char* vectors) {
  for (size_t length = 1; length < 200; length++) {
    for (const char each : {'"', '\\', '\x00', '\x1f', '\n', ' ', '!', '\x7f', '\x80', '\xff', 'a'}) {
      const size_t at = (length * 37 + static_cast<unsigned char>(each)) % length;
      std::string text(length, 'x');
      text[at] = each;
      compare(marks, vectors, text, 0);
      compare(marks, vectors, text, length % 90);
    }
  }
}

/** From no mark at all to nothing but marks. */
void everyDensity(Marks& marks, const char* vectors, Random& random) {
  for (int round = 0; round < 4000; round++) {
    const size_t share = random.below(101);
    std::string text(random.below(400), 'x');
    for (char& each : text) {
      if (random.below(100) < share) each = static_cast<char>(random.below(256));
    }
    compare(marks, vectors, text, random.oneIn(2) ? 0 : random.below(130));
  }
  compare(marks, vectors, std::string(100'000, '"'), 0);
}

}  // namespace

int main() {
  Random random(64);
  std::string told = "marks:";
  for (const char* name : {"avx512", "avx2", "sse2", "portable"}) {
    const Vectors* vectors = vectorsNamed(name);
    if (vectors == nullptr) continue;
    Marks marks(*vectors);
    compare(marks, name, "", 0);
    everyPlace(marks, name);
    everyDensity(marks, name, random);
    told += std::string(" ") + name;
  }
  CHECK(vectorsNamed("portable") != nullptr && vectorsNamed("none") == nullptr);
  return done(told.c_str());
}
