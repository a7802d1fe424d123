// UTF-8: every sequence of up to three bytes, and four-byte ones of every lead, against the definition; behind and before
// ASCII of every length, so that each way of the word-wise walk is taken. Texts end where their memory ends.

#include "../utf8.h"

#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

/** Length of the sequence that a code point has as UTF-8, by the definition of the encoding; 0 for no scalar value. */
size_t lengthOf(uint32_t point) {
  if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return 0;
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

/** Length of the well-formed sequence at the beginning of a text that is not empty; 0 when there is none. */
size_t expectedLength(const std::string& text) {
  const auto byte = [&text](size_t at) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at])); };
  const uint32_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  uint32_t point = length == 1 ? lead : lead & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (byte(i) >> 6 != 2) return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  return lengthOf(point) == length ? length : 0;
}

void sequence(const std::string& text) {
  const Exact exact(text);
  CHECK_THAT(static_cast<size_t>(sequenceLength(exact.at(), 0, exact.length())) == expectedLength(text), "%s",
             shown(text).c_str());
}

void everySequence(Random& random) {
  std::string text;
  for (int a = 0; a < 256; a++) {
    sequence(text.assign(1, static_cast<char>(a)));
    for (int b = 0; b < 256; b++) {
      text = {static_cast<char>(a), static_cast<char>(b)};
      sequence(text);
      for (int c = 0; c < 256; c += a < 0xe0 || a > 0xef ? 17 : 1) {
        text = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        sequence(text);
        if (a >= 0xf0) sequence(text + static_cast<char>(random.next()));
        if (a >= 0xf0) sequence(text + static_cast<char>(0x80 + random.below(64)));
      }
    }
  }
}

At expectedFault(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = expectedLength(text.substr(at, 4));
    if (length == 0) return static_cast<At>(at);
    at += length;
  }
  return -1;
}

void everyPlace() {
  for (const std::string part : {"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80",
                                  "\xff", "\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    for (size_t before = 0; before < 20; before++) {
      for (size_t after = 0; after < 20; after++) {
        const std::string text = std::string(before, 'a') + part + std::string(after, 'b');
        const Exact exact(text);
        CHECK(firstIllFormed(exact.at(), 0, exact.length()) == expectedFault(text));
      }
    }
  }
}

void randomTexts(Random& random) {
  for (int i = 0; i < 100'000; i++) {
    std::string text;
    At points = 0;
    for (size_t count = random.below(12); count > 0; count--, points++) {
      const char* parts[] = {"a", "bcdefgh", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
      const size_t which = random.below(5);
      text += parts[which];
      if (which == 1) points += 6;
    }
    const Exact good(text);
    CHECK(firstIllFormed(good.at(), 0, good.length()) == -1);
    CHECK(countCodePoints(good.at(), 0, good.length()) == points);
    if (!text.empty()) text[random.below(text.size())] = static_cast<char>(random.next());
    const Exact changed(text);
    CHECK(firstIllFormed(changed.at(), 0, changed.length()) == expectedFault(text));
  }
}

}  // namespace

int main() {
  Random random(3629);
  everySequence(random);
  everyPlace();
  randomTexts(random);
  return done("utf8");
}
