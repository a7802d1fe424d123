// String literals: escapes decode to the characters they were made from, never to more bytes than the literal has; lone
// surrogates and repeated names are found where they stand; what is written as a literal reads back.

#include "../strings.h"

#include "../scan.h"
#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

/** A code point, or a surrogate taken for one, in UTF-8's form. */
std::string utf8Of(uint32_t point) {
  const auto byte = [](uint32_t value) { return std::string(1, static_cast<char>(value)); };
  const auto tail = [&](uint32_t shift) { return byte(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) return byte(0xc0 | point >> 6) + tail(0);
  if (point < 0x10000) return byte(0xe0 | point >> 12) + tail(6) + tail(0);
  return byte(0xf0 | point >> 18) + tail(12) + tail(6) + tail(0);
}

std::string escaped(uint32_t unit, bool upper) {
  char text[8];
  std::snprintf(text, sizeof text, upper ? "\\u%04X" : "\\u%04x", unit & 0xffffu);
  return text;
}

/** Between the quotes: the characters `points`, escaped where chance wants it or JSON does. */
std::string literalOf(const std::vector<uint32_t>& points, Random& random) {
  std::string text;
  for (const uint32_t point : points) {
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    const size_t form = random.below(3);
    const size_t shortAt = std::string("\"\\/\b\f\n\r\t").find(static_cast<char>(point));
    if (point < 0x80 && shortAt != std::string::npos && form != 0) {
      text += std::string("\\") + "\"\\/bfnrt"[shortAt];
    } else if (surrogate || point < 0x20 || point == '"' || point == '\\' || form == 0) {
      if (point < 0x10000) {
        text += escaped(point, random.oneIn(2));
      } else {
        text += escaped(0xd800 + ((point - 0x10000) >> 10), random.oneIn(2));
        text += escaped(0xdc00 + ((point - 0x10000) & 0x3ff), random.oneIn(2));
      }
    } else {
      text += utf8Of(point);
    }
  }
  return text;
}

std::string decoded(const Exact& literal, Lone lone) {
  Guarded into(literal.bytes());
  const At bytes = decodeInto(literal.at(), 0, literal.length(), lone, into.at());
  CHECK(bytes >= 0 && into.untouched(static_cast<size_t>(bytes)));
  const std::string text = into.text(static_cast<size_t>(bytes));
  CHECK(text == decodeString(literal.at(), 0, literal.length(), lone));
  return text;
}

/** A literal between quotes, for the functions that need them around. */
Inspection inspected(const std::string& json) {
  const Exact exact(json);
  Scan scan;
  CHECK_THAT(scan.run(exact.at(), 0, exact.length(), PTRDIFF_MAX), "%s", shown(json).c_str());
  return inspect(exact.at(), 0, exact.length());
}

void decoding(Random& random) {
  constexpr uint32_t bounds[] = {0x20, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff, '"', '\\', '\n', 0xd7ff, 0xe000};
  for (int round = 0; round < 60'000; round++) {
    std::vector<uint32_t> points;
    std::string text;
    for (size_t count = random.below(9); count > 0; count--) {
      uint32_t point = random.oneIn(2) ? bounds[random.below(std::size(bounds))] : static_cast<uint32_t>(random.below(0x110000));
      if (point >= 0xd800 && point <= 0xdfff) point = 'x';
      points.push_back(point);
      text += utf8Of(point);
    }
    const Exact literal(literalOf(points, random));
    CHECK(decoded(literal, Lone::kept) == text && decoded(literal, Lone::replaced) == text);
    CHECK(firstLoneSurrogate(literal.at(), 0, literal.length()) == -1);
    if (text.find_first_of("\n") != std::string::npos) continue;
    Guarded into(2 * text.size() + 2);
    const Exact plain(text);
    const At bytes = writeLiteral(plain.at(), plain.length(), into.at());
    const std::string written = into.text(static_cast<size_t>(bytes));
    const Exact between(written.substr(1, written.size() - 2));
    CHECK(written.front() == '"' && written.back() == '"' && decoded(between, Lone::kept) == text);
    CHECK(between.bytes() <= literal.bytes());
  }
}

void loneSurrogates(Random& random) {
  for (int round = 0; round < 20'000; round++) {
    const uint32_t lone = 0xd800 + static_cast<uint32_t>(random.below(0x800));
    std::string before = literalOf({'a', 0x1f600, 'b'}, random);
    if (lone >= 0xdc00) before += 'x';
    const std::string after = lone < 0xdc00 ? literalOf({'z', 0x1f600}, random) : literalOf({0x1f600, 'z'}, random);
    const Exact literal(before + escaped(lone, true) + after);
    CHECK(firstLoneSurrogate(literal.at(), 0, literal.length()) == static_cast<At>(before.size()));
    CHECK(decoded(literal, Lone::kept).find(utf8Of(lone)) != std::string::npos);
    CHECK(decoded(literal, Lone::replaced).find("\xef\xbf\xbd") != std::string::npos);
    CHECK(inspected("[\"" + literal.text() + "\"]").loneSurrogate == static_cast<At>(2 + before.size()));
  }
  // High, then low, each at the end of its literal: the next quote must not be looked behind.
  for (const char* each : {"\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d", "\\ud83dxxxxxx"}) {
    const Exact literal(each);
    CHECK(firstLoneSurrogate(literal.at(), 0, literal.length()) == 0);
  }
}

void duplicates() {
  const std::pair<const char*, At> known[] = {
      {"{\"a\":1,\"a\":2}", 7},
      {"{\"a\":1,\"\\u0061\":2}", 7},
      {"{\"a\":1,\"b\":{\"a\":1}}", -1},
      {"{\"b\":{\"a\":1,\"a\":1}}", 12},
      {"[\"a\",\"a\"]", -1},
      {"{\"a\":[\"a\",\"a\",{\"a\":\"a\"}],\"A\":1}", -1},
      {"{\"\":1,\"\":2}", 6},
      {"{\"\\ud800\":1,\"\\ud800\":2}", 12},
      {"{\"\\ud800\":1,\"\\ud801\":2}", -1},
      {"{\"a\":[{},{}],\"a\":{}}", 13},
  };
  for (const auto& [json, offset] : known) CHECK_THAT(inspected(json).duplicate == offset, "%s", json);
}

}  // namespace

int main() {
  Random random(7493);
  decoding(random);
  loneSurrogates(random);
  duplicates();
  return done("strings");
}
