// Fuzz target: the canonical forms. A double that is written reads back as itself, in the C library too; a literal is read
// as the C library reads it; a string that is decoded and written decodes again to the same; a timestamp that is good says
// the moment that its text says.
//
// byte 0 chooses: 0 a double (8 bytes), 1 a number's literal, 2 a string between its quotes, 3 a timestamp

#include <bit>
#include <cmath>

#include "../number.h"
#include "../scan.h"
#include "../strings.h"
#include "../test/guarded.h"
#include "../timestamp.h"
#include "../utf8.h"
#include "fuzz.h"

using namespace firn;
using namespace firn::test;

namespace {

/** True when the text alone is a JSON text of that kind. */
bool isAlone(const std::string& text, Kind kind) {
  static Scan scan;
  const Exact exact(text);
  return scan.run(exact.at(), 0, exact.length(), 64) && scan.kind == kind && !text.empty() && !isSpace(exact.at()[0]) &&
         !isSpace(exact.end()[-1]);
}

std::string written(double value) {
  Guarded into(numberBytes);
  const size_t bytes = writeNumber(value, into.at());
  CHECK(bytes <= numberBytes && into.untouched(bytes));
  return into.text(bytes);
}

void writes(double value) {
  if (!std::isfinite(value)) return;
  const std::string text = written(value);
  CHECK_THAT(isAlone(text, Kind::number), "%s", text.c_str());
  CHECK_THAT(std::strtod(text.c_str(), nullptr) == value, "%.17g is written %s", value, text.c_str());
  const Exact literal(text);
  double again = 0;
  const Code code = readNumber(literal.at(), literal.end(), again);
  CHECK((code == ok) == (std::fabs(value) <= 9007199254740991.0));
  CHECK(code != ok || again == value);
}

void literal(const std::string& text) {
  if (!isAlone(text, Kind::number)) return;
  const Exact exact(text);
  double value = 0;
  const Code code = readNumber(exact.at(), exact.end(), value);
  const double wanted = std::strtod(text.c_str(), nullptr);
  const bool nonZero = text.substr(0, text.find_first_of("eE")).find_first_of("123456789") != std::string::npos;
  const Code expected = std::isinf(wanted)                            ? numberOverflow
                        : wanted == 0 && nonZero                      ? numberUnderflow
                        : std::fabs(wanted) > 9007199254740991.0      ? numberPrecision
                                                                      : ok;
  CHECK_THAT(code == expected, "%s: %d, not %d", text.c_str(), code, expected);
  if (code != ok) return;
  CHECK(value == wanted && !(value == 0 && std::signbit(value)));
  writes(value);
}

/** Decodes what lies between quotes, into as many bytes as it has. */
std::string decoded(const Exact& between, Lone lone) {
  Guarded into(between.bytes());
  return into.text(static_cast<size_t>(decodeInto(between.at(), 0, between.length(), lone, into.at())));
}

void text(const std::string& between) {
  const Exact exact(between);
  if (firstIllFormed(exact.at(), 0, exact.length()) >= 0 || !isAlone('"' + between + '"', Kind::string)) return;
  const std::string kept = decoded(exact, Lone::kept);
  const std::string replaced = decoded(exact, Lone::replaced);
  const At lone = firstLoneSurrogate(exact.at(), 0, exact.length());
  CHECK((lone < 0) == (kept == replaced));
  CHECK(lone < 0 || exact.at()[lone] == '\\');
  const Exact sound(replaced);
  CHECK(firstIllFormed(sound.at(), 0, sound.length()) == -1);
  const bool control = std::any_of(kept.begin(), kept.end(), [](char each) { return static_cast<uint8_t>(each) < 0x20; });
  if (control || lone >= 0) return;
  Guarded into(2 * kept.size() + 2);
  const std::string literal = into.text(static_cast<size_t>(writeLiteral(sound.at(), sound.length(), into.at())));
  CHECK_THAT(isAlone(literal, Kind::string), "%s", shown(literal).c_str());
  CHECK(literal.size() <= between.size() + 2);
  CHECK(decoded(Exact(literal.substr(1, literal.size() - 2)), Lone::kept) == kept);
}

void timestamp(const std::string& moment) {
  const Exact exact(moment);
  Instant instant;
  if (readTimestamp(exact.at(), exact.end(), instant) != ok) return;
  Guarded received(receivedBytes);
  CHECK(writeReceived(static_cast<double>(instant.seconds * 1000 + instant.nanos / 1'000'000), received.at()));
  const std::string again = received.text(receivedBytes);
  CHECK_THAT(again.substr(1, 19) == moment.substr(0, 19), "%s, %s", moment.c_str(), again.c_str());
  std::string fraction = moment[19] == '.' ? moment.substr(20, moment.find_first_of("Z+") - 20) : "";
  fraction.resize(9, '0');
  CHECK(std::stoul(fraction) == instant.nanos && again.substr(21, 3) == fraction.substr(0, 3));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  fuzz::Feed feed(bytes, length);
  switch (feed.byte() % 4) {
    case 0:
      while (feed.left() > 0) writes(feed.real());
      break;
    case 1:
      literal(feed.rest());
      break;
    case 2:
      text(feed.rest());
      break;
    default:
      timestamp(feed.rest());
  }
  return 0;
}
