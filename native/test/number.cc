// Numbers: what is written is the shortest that gives the double back, in ECMAScript's form; what is read is what the C
// library reads, with the codec's own refusals. Literals end where their memory ends; what is written is guarded.

#include "../number.h"

#include <bit>
#include <cmath>

#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

std::string written(double value) {
  Guarded into(numberBytes);
  const size_t bytes = writeNumber(value, into.at());
  CHECK(into.untouched(bytes));
  return into.text(bytes);
}

double parsed(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

/** ECMAScript's forms, at the edges of each. */
void forms() {
  const std::pair<double, const char*> known[] = {
      {0.0, "0"},
      {-0.0, "0"},
      {1.0, "1"},
      {-1.5, "-1.5"},
      {1e20, "100000000000000000000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {-1.5e21, "-1.5e+21"},
      {1e-6, "0.000001"},
      {-1.25e-6, "-0.00000125"},
      {9.999999999999997e-7, "9.999999999999997e-7"},
      {1e-7, "1e-7"},
      {123456.789, "123456.789"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {9007199254740991.0, "9007199254740991"},
      {-0.0000012345678901234567, "-0.0000012345678901234567"},
  };
  for (const auto& [value, text] : known) CHECK_THAT(written(value) == text, "%s", written(value).c_str());
}

/** Digits of a number's text, without zeros that only say where the point is. */
std::string digitsOf(const std::string& text) {
  std::string digits;
  for (const char each : text.substr(0, text.find('e'))) {
    if (isDigit(static_cast<uint8_t>(each)) && (each != '0' || !digits.empty())) digits += each;
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return digits;
}

/** The text gives the double back, and no shorter or nearer one does: the C library's rounding is asked. */
void shortest(double value) {
  const std::string text = written(value);
  CHECK_THAT(parsed(text) == value, "%.17g is written %s", value, text.c_str());
  if (value == 0) return;
  char best[40];
  int precision = 0;
  do std::snprintf(best, sizeof best, "%.*e", precision, value);
  while (parsed(best) != value && precision++ < 17);
  // Below a power of two doubles lie closer: there the nearest text of some length may belong to the neighbour.
  const bool power = (std::bit_cast<uint64_t>(value) & 0xfffffffffffffu) == 0;
  if (!power) CHECK_THAT(digitsOf(text) == digitsOf(best), "%s, shortest is %s", text.c_str(), best);
}

void manyDoubles(Random& random) {
  for (int i = 0; i < 30'000; i++) {
    const auto any = std::bit_cast<double>(random.next());
    if (std::isfinite(any)) shortest(any);
    shortest(static_cast<double>(static_cast<int64_t>(random.next()) >> random.below(60)));
    shortest(static_cast<double>(random.below(2'000'000)) / 1000 - 1000);
  }
  for (int exponent = 0; exponent < 2047; exponent++) {
    for (const uint64_t fraction : {0ull, 1ull, 0xfffffffffffffull}) {
      shortest(std::bit_cast<double>(static_cast<uint64_t>(exponent) << 52 | fraction));
    }
  }
}

/** What readNumber has to say of a literal, by strtod: correctly rounded, as from_chars is. */
void reads(const std::string& literal) {
  const Exact text(literal);
  double value = 12345;
  const Code code = readNumber(text.at(), text.end(), value);
  const double wanted = parsed(literal);
  const size_t exponentAt = literal.find_first_of("eE");
  const bool nonZero = literal.substr(0, exponentAt).find_first_of("123456789") != std::string::npos;
  Code expected = ok;
  if (std::isinf(wanted)) expected = numberOverflow;
  else if (wanted == 0 && nonZero) expected = numberUnderflow;
  else if (std::fabs(wanted) > 9007199254740991.0) expected = numberPrecision;
  CHECK_THAT(code == expected, "%s: code %d, not %d", literal.c_str(), code, expected);
  if (code != ok) {
    CHECK(value == 12345);
    return;
  }
  CHECK_THAT(value == wanted && !(value == 0 && std::signbit(value)), "%s is read as %.17g", literal.c_str(), value);
  Guarded into(numberBytes);
  const size_t bytes = writeNumber(value, into.at());
  const Exact canonical(into.text(bytes));
  double again = 0;
  CHECK(readNumber(canonical.at(), canonical.end(), again) == ok && again == value);
}

std::string literalOf(Random& random) {
  const auto digits = [&random](size_t most) {
    std::string text;
    for (size_t i = 1 + random.below(most); i > 0; i--) text += static_cast<char>('0' + random.below(random.oneIn(3) ? 2 : 10));
    return text;
  };
  std::string text = random.oneIn(3) ? "-" : "";
  text += random.oneIn(3) ? "0" : static_cast<char>('1' + random.below(9)) + (random.oneIn(2) ? digits(25) : "");
  if (random.oneIn(2)) text += "." + digits(random.oneIn(5) ? 400 : 20);
  if (random.oneIn(2)) {
    text += random.oneIn(2) ? 'e' : 'E';
    text += random.oneIn(3) ? "" : random.oneIn(2) ? "-" : "+";
    text += digits(random.oneIn(6) ? 22 : 3);
  }
  return text;
}

void literals(Random& random) {
  for (const char* each : {"0", "-0", "-0.0", "0e999", "-0e-999", "1e400", "-1e400", "1e-400", "4.9e-324", "2.4e-324",
                           "9007199254740991", "9007199254740992", "-9007199254740991.5", "9007199254740991.4", "1E+2"}) {
    reads(each);
  }
  const std::string zeros(400, '0');
  for (const std::string& each : {"0." + zeros + "1e401", "1" + zeros + "e-400", "0." + zeros + "1", "9" + zeros,
                                  std::string("1e99999999999999999999"), std::string("1e-99999999999999999999")}) {
    reads(each);
  }
  for (int i = 0; i < 50'000; i++) reads(literalOf(random));
}

}  // namespace

int main() {
  Random random(8785);
  forms();
  manyDoubles(random);
  literals(random);
  return done("number");
}
