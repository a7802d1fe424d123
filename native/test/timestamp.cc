// Timestamps: every day from 1970 to 9999 by a calendar that counts days, every character changed to every byte, every
// truncation, and the time of receipt, which must read back. Texts end where their memory ends.

#include "../timestamp.h"

#include <limits>

#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

Code read(const std::string& text, Instant& instant) {
  const Exact exact(text);
  return readTimestamp(exact.at(), exact.end(), instant);
}

/** Writes `YYYY-MM-DDTHH:MM:SS` over a text that has this shape. */
void writeText(uint8_t* at, int year, int month, int day, int second) {
  const auto put = [at](int place, int value, int count) {
    for (int i = count - 1; i >= 0; i--, value /= 10) at[place + i] = static_cast<uint8_t>('0' + value % 10);
  };
  put(0, year, 4);
  put(5, month, 2);
  put(8, day, 2);
  put(11, second / 3600, 2);
  put(14, second / 60 % 60, 2);
  put(17, second % 60, 2);
}

/** Days of months as everybody learns them. */
int daysOf(int year, int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/** Every day, at some second of it, in a text that is written anew in place. */
void everyDay(Random& random) {
  const Exact whole("0000-00-00T00:00:00Z");
  Guarded received(receivedBytes);
  int64_t day = 0;
  for (int year = 1970; year <= 9999; year++) {
    for (int month = 1; month <= 12; month++) {
      for (int inMonth = 1; inMonth <= daysOf(year, month); inMonth++, day++) {
        const int second = static_cast<int>(random.below(86400));
        writeText(whole.at(), year, month, inMonth, second);
        Instant instant;
        CHECK(readTimestamp(whole.at(), whole.end() - 1, instant) == timestampNotUtc);
        CHECK_THAT(readTimestamp(whole.at(), whole.end(), instant) == ok, "%s", whole.text().c_str());
        CHECK_THAT(instant.seconds == day * 86400 + second && instant.nanos == 0, "%s", whole.text().c_str());
        CHECK(writeReceived(static_cast<double>(instant.seconds * 1000 + 7) + 0.25, received.at()));
        CHECK(std::memcmp(received.at() + 1, whole.at(), 19) == 0);
        CHECK(std::memcmp(received.at() + 20, ".007Z\"", 6) == 0 && received.at()[0] == '"');
      }
      Instant instant;
      writeText(whole.at(), year, month, daysOf(year, month) + 1, 0);
      CHECK(readTimestamp(whole.at(), whole.end(), instant) == timestampCalendar);
    }
  }
}

/** The rules once more, character by character. */
Code expected(const std::string& text) {
  const std::string shape = "dddd-dd-ddTdd:dd:dd";
  const auto digit = [&text](size_t at) { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  for (size_t i = 0; i < shape.size(); i++) {
    if (shape[i] == 'd' ? !digit(i) : i >= text.size() || text[i] != shape[i]) return timestampSyntax;
  }
  size_t at = shape.size();
  if (at < text.size() && text[at] == '.') {
    const size_t first = ++at;
    while (digit(at)) at++;
    if (at == first || at > first + 9) return timestampSyntax;
  }
  const std::string zone = text.substr(at);
  const bool offset = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && digit(at + 1) && digit(at + 2) &&
                      zone[3] == ':' && digit(at + 4) && digit(at + 5);
  if (zone.empty() || (offset && zone != "+00:00")) return timestampNotUtc;
  if (zone != "Z" && !offset) return timestampSyntax;
  const auto number = [&text](size_t from, size_t count) { return std::stoi(text.substr(from, count)); };
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(number(0, 4), month)) return timestampCalendar;
  if (number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) return timestampCalendar;
  return number(0, 4) < 1970 ? fieldRange : ok;
}

void judge(const std::string& text) {
  Instant instant{-5, 5};
  const Code code = read(text, instant);
  CHECK_THAT(code == expected(text), "%s: code %d, not %d", shown(text).c_str(), code, expected(text));
  CHECK(code == ok || (instant.seconds == -5 && instant.nanos == 5));
}

void damaged(Random& random) {
  const std::string good[] = {"2026-01-31T23:59:58Z", "2024-02-29T00:00:00.123456789+00:00", "1999-12-31T23:59:59.5-01:30",
                              "1969-06-30T12:00:00.000Z"};
  for (const std::string& text : good) {
    for (size_t length = 0; length <= text.size(); length++) judge(text.substr(0, length));
    for (size_t at = 0; at < text.size(); at++) {
      for (int byte = 0; byte < 256; byte++) {
        std::string changed = text;
        changed[at] = static_cast<char>(byte);
        judge(changed);
        judge(text.substr(0, at) + static_cast<char>(byte) + text.substr(at));
      }
    }
  }
  const std::string alphabet = "0123456789-:TZ.+";
  for (int i = 0; i < 60'000; i++) {
    std::string text = good[random.below(4)];
    for (size_t changes = 1 + random.below(4); changes > 0; changes--) {
      text[random.below(text.size())] = alphabet[random.below(alphabet.size())];
    }
    judge(text);
  }
}

void fractions() {
  for (size_t count = 1; count <= 9; count++) {
    const std::string digits = std::string("123456789").substr(0, count);
    Instant instant;
    CHECK(read("2026-01-31T23:59:58." + digits + "Z", instant) == ok);
    CHECK(instant.nanos == static_cast<uint32_t>(std::stoi(digits + std::string(9 - count, '0'))));
  }
}

void received() {
  Guarded into(receivedBytes);
  CHECK(writeReceived(253'402'300'799'999.0, into.at()));
  CHECK(into.text(receivedBytes) == "\"9999-12-31T23:59:59.999Z\"");
  const double bad[] = {-1, -0.5, 253'402'300'800'000.0, 1e300, std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN()};
  for (const double each : bad) CHECK(!writeReceived(each, into.at()));
}

}  // namespace

int main() {
  Random random(3339);
  everyDay(random);
  damaged(random);
  fractions();
  received();
  return done("timestamp");
}
