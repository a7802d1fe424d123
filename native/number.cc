// Numbers of the slow path; see number.h.

#include "number.h"

#include <charconv>
#include <cmath>

namespace firn {
namespace {

constexpr double maxSafeInteger = 9007199254740991.0;

/** True when a digit other than 0 stands before the exponent. */
bool hasNonZeroDigit(const uint8_t* at, const uint8_t* end) {
  for (; at < end; at++) {
    if (*at > '0' && *at <= '9') return true;
    if ((*at | 0x20) == 'e') return false;
  }
  return false;
}

/** True when the value of a literal that no double is near is above 1: it is too large, not too small. */
bool isLarge(const uint8_t* start, const uint8_t* end) {
  // Position of the first digit that is not 0, counted from the point, and the exponent, which saturates.
  int64_t leading = 0;
  bool afterPoint = false;
  bool seen = false;
  const uint8_t* at = start;
  for (; at < end && (*at | 0x20) != 'e'; at++) {
    if (*at == '.') {
      afterPoint = true;
    } else if (isDigit(*at)) {
      seen = seen || *at != '0';
      if (seen && !afterPoint) leading++;
      if (!seen && afterPoint) leading--;
    }
  }
  int64_t exponent = 0;
  bool negative = false;
  if (at < end) {
    at++;
    negative = *at == '-';
    for (; at < end; at++) {
      if (isDigit(*at) && exponent < 1'000'000'000'000) exponent = exponent * 10 + (*at - '0');
    }
  }
  return leading + (negative ? -exponent : exponent) > 0;
}

}  // namespace

Code readNumber(const uint8_t* start, const uint8_t* end, double& value) {
  double read = 0;
  const auto result = std::from_chars(reinterpret_cast<const char*>(start), reinterpret_cast<const char*>(end), read);
  const bool nonZero = hasNonZeroDigit(start, end);
  if (result.ec != std::errc{} || std::isinf(read)) {
    if (!nonZero) read = 0;
    else return isLarge(start, end) ? numberOverflow : numberUnderflow;
  }
  if (read == 0) {
    if (nonZero) return numberUnderflow;
    read = 0;
    value = 0;
    return ok;
  }
  // Every double from 2^53 on is integral.
  if (read > maxSafeInteger || read < -maxSafeInteger) return numberPrecision;
  value = read;
  return ok;
}

size_t writeNumber(double value, uint8_t* into) {
  uint8_t* to = into;
  if (value == 0) {
    *to = '0';
    return 1;
  }
  // The shortest digits that give the double back, and of those the nearest, as d.ddde±xx.
  char text[40];
  const auto result = std::to_chars(text, text + sizeof text, std::fabs(value), std::chars_format::scientific);
  char digits[24];
  int count = 0;
  const char* at = text;
  for (; at < result.ptr && *at != 'e'; at++) {
    if (*at != '.') digits[count++] = *at;
  }
  int exponent = 0;
  const bool negative = at[1] == '-';
  for (at += 2; at < result.ptr; at++) exponent = exponent * 10 + (*at - '0');
  if (negative) exponent = -exponent;

  // ECMAScript, Number::toString: the value is 0.digits × 10^point.
  const int point = exponent + 1;
  const auto put = [&to](char character) { *to++ = static_cast<uint8_t>(character); };
  if (value < 0) put('-');
  if (point > 0 && point <= 21) {
    for (int i = 0; i < count || i < point; i++) {
      if (i == point) put('.');
      put(i < count ? digits[i] : '0');
    }
  } else if (point > -6 && point <= 0) {
    put('0');
    put('.');
    for (int i = point; i < 0; i++) put('0');
    for (int i = 0; i < count; i++) put(digits[i]);
  } else {
    put(digits[0]);
    if (count > 1) put('.');
    for (int i = 1; i < count; i++) put(digits[i]);
    put('e');
    put(exponent < 0 ? '-' : '+');
    const auto end = std::to_chars(text, text + sizeof text, std::abs(exponent)).ptr;
    for (const char* digit = text; digit < end; digit++) put(*digit);
  }
  return static_cast<size_t>(to - into);
}

}  // namespace firn
