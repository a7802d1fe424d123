// Time; see timestamp.h.

#include "timestamp.h"

#include <cmath>

namespace firn {
namespace {

constexpr At secondsEnd = 19;
/** Places of the digits in `+00:00`. */
constexpr int offsetDigits[] = {1, 2, 4, 5};
constexpr int daysBeforeMonth[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

int digits(const uint8_t* at, int count) {
  int value = 0;
  for (int i = 0; i < count; i++) value = value * 10 + at[i] - '0';
  return value;
}

/** True when the 19 characters at `at` are `dddd-dd-ddTdd:dd:dd`. */
bool hasShape(const uint8_t* at) {
#if defined(__SSE2__)
  // Two blocks that overlap: characters 0–15 and 3–18. Where the shape has a digit, byte - '0' is at most 9; elsewhere the
  // difference to the shape's own character is 0.
  const auto isShape = [](const uint8_t* from, const char* shape, const char* most) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i wanted = _mm_loadu_si128(reinterpret_cast<const __m128i*>(shape));
    const __m128i bound = _mm_loadu_si128(reinterpret_cast<const __m128i*>(most));
    const __m128i above = _mm_subs_epu8(_mm_sub_epi8(block, wanted), bound);
    return _mm_movemask_epi8(_mm_cmpeq_epi8(above, _mm_setzero_si128())) == 0xffff;
  };
  return isShape(at, "0000-00-00T00:00", "\11\11\11\11\0\11\11\0\11\11\0\11\11\0\11\11") &&
         isShape(at + 3, "0-00-00T00:00:00", "\11\0\11\11\0\11\11\0\11\11\0\11\11\0\11\11");
#endif
  static constexpr char shape[] = "0000-00-00T00:00:00";
  bool good = true;
  for (int i = 0; i < secondsEnd; i++) {
    const auto wanted = static_cast<uint8_t>(shape[i]);
    good &= wanted == '0' ? isDigit(at[i]) : at[i] == wanted;
  }
  return good;
}

/** `ok` for `Z` and `+00:00`; not-utc for nothing and for `+dd:dd`, `-dd:dd` (RFC 3339 §4.3: -00:00 is "unknown"). */
Code offsetFault(const uint8_t* at, const uint8_t* end) {
  if (at == end) return timestampNotUtc;
  const uint8_t sign = *at;
  if (sign == 'Z') return at + 1 == end ? ok : timestampSyntax;
  if ((sign != '+' && sign != '-') || end - at != 6 || at[3] != ':') return timestampSyntax;
  for (const int i : offsetDigits) {
    if (!isDigit(at[i])) return timestampSyntax;
  }
  return sign == '+' && digits(at + 1, 2) == 0 && digits(at + 4, 2) == 0 ? ok : timestampNotUtc;
}

bool isLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int daysInMonth(int year, int month) {
  if (month == 2) return isLeapYear(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Days from 1970-01-01 to a day of the Gregorian calendar in 1970–9999. */
int daysSince1970(int year, int month, int day) {
  const int before = year - 1;
  const int leapDays = before / 4 - before / 100 + before / 400;
  const int leapDaysTo1970 = 477;
  const int thisYear = daysBeforeMonth[month - 1] + (month > 2 && isLeapYear(year) ? 1 : 0);
  return (year - 1970) * 365 + leapDays - leapDaysTo1970 + thisYear + day - 1;
}

void writeDigits(uint8_t* at, int64_t value, int count) {
  for (int i = count - 1; i >= 0; i--, value /= 10) at[i] = static_cast<uint8_t>('0' + value % 10);
}

}  // namespace

Code readTimestamp(const uint8_t* start, const uint8_t* end, Instant& instant) {
  if (end - start < secondsEnd || !hasShape(start)) return timestampSyntax;
  const uint8_t* at = start + secondsEnd;
  uint32_t nanos = 0;
  if (at < end && *at == '.') {
    const uint8_t* first = at + 1;
    uint32_t unit = 100'000'000;
    for (at = first; at < end && isDigit(*at); at++, unit /= 10) {
      if (at - first == 9) return timestampSyntax;
      nanos += (*at - static_cast<uint32_t>('0')) * unit;
    }
    if (at == first) return timestampSyntax;
  }
  const Code offset = offsetFault(at, end);
  if (offset != ok) return offset;

  const int year = digits(start, 4);
  const int month = digits(start + 5, 2);
  const int day = digits(start + 8, 2);
  const int hour = digits(start + 11, 2);
  const int minute = digits(start + 14, 2);
  const int second = digits(start + 17, 2);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return timestampCalendar;
  if (hour > 23 || minute > 59 || second > 59) return timestampCalendar;
  if (year < 1970) return fieldRange;
  const int64_t days = daysSince1970(year, month, day);
  instant.seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
  instant.nanos = nanos;
  return ok;
}

bool writeReceived(double ms, uint8_t* into) {
  const double whole = std::trunc(ms);
  if (!(ms >= 0 && whole <= 253'402'300'799'999.0)) return false;
  const auto value = static_cast<int64_t>(whole);
  const int64_t days = value / 86'400'000;
  const int64_t inDay = value % 86'400'000;
  // The calendar in eras of 400 years that begin on 1 March (Howard Hinnant, chrono-compatible low-level date algorithms).
  const int64_t shifted = days + 719'468;
  const int64_t era = shifted / 146'097;
  const int64_t dayOfEra = shifted - era * 146'097;
  const int64_t yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36'524 - dayOfEra / 146'096) / 365;
  const int64_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const int64_t monthFromMarch = (5 * dayOfYear + 2) / 153;
  const int64_t month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  std::memcpy(into, "\"0000-00-00T00:00:00.000Z\"", receivedBytes);
  writeDigits(into + 1, yearOfEra + era * 400 + (month <= 2 ? 1 : 0), 4);
  writeDigits(into + 6, month, 2);
  writeDigits(into + 9, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2);
  writeDigits(into + 12, inDay / 3'600'000, 2);
  writeDigits(into + 15, inDay / 60'000 % 60, 2);
  writeDigits(into + 18, inDay / 1000 % 60, 2);
  writeDigits(into + 21, inDay % 1000, 3);
  return true;
}

}  // namespace firn
