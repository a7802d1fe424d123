// The common record; see fast.h.
//
// A string goes from one mark to the next, so where the next one begins is known before this one has been looked at: no
// step waits for the one before. Between strings no step looks whether it has come to the end: the last byte is a closing
// bracket or brace, at which white space, digits and words stop by themselves.

#include "fast.h"

#include "timestamp.h"

namespace firn {
namespace {

constexpr double powersOfTen[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr int exactDigits = 15;

inline const uint8_t* skip(const uint8_t* at) {
  // Most often there is none, which one comparison tells.
  while (*at <= ' ' && isSpace(*at)) at++;
  return at;
}

/** A decimal token: where it ends, where its canonical part ends, its value. */
struct Decimal {
  const uint8_t* end;
  const uint8_t* canonicalEnd;
  double value;
  bool integral;
};

/**
 * Reads a number of at most 15 digits without exponent. With so few digits the decimal is the only one of its length that
 * its double gives back, so without trailing zeros of a fraction it is what ECMAScript writes; but for -0, and for values
 * below 10^-6, which ECMAScript writes with an exponent.
 * @returns false for any other number and for what is none.
 */
inline bool readDecimal(const uint8_t* at, Decimal& number) {
  const bool negative = *at == '-';
  if (negative) at++;
  const uint8_t* first = at;
  uint64_t digits = 0;
  // Sixteen digits are enough to see that there are too many.
  while (isDigit(*at) && at - first <= exactDigits) digits = digits * 10 + (*at++ - static_cast<uint64_t>('0'));
  const At whole = at - first;
  if (whole == 0 || (*first == '0' && whole > 1)) return false;
  At fraction = 0;
  const uint8_t* canonicalEnd = at;
  if (*at == '.') {
    const uint8_t* point = at++;
    const uint8_t* last = point;
    while (isDigit(*at) && at - first <= exactDigits + 1) {
      if (*at != '0') last = at;
      digits = digits * 10 + (*at++ - static_cast<uint64_t>('0'));
    }
    fraction = at - point - 1;
    if (fraction == 0) return false;
    canonicalEnd = last == point ? point : last + 1;
  }
  if (whole + fraction > exactDigits || (digits == 0 && negative)) return false;
  // What follows must be white space, a comma or a brace: an exponent is found by whoever looks for those.
  if (fraction > 6 && digits != 0 && digits < static_cast<uint64_t>(powersOfTen[fraction - 6])) return false;
  const double value = static_cast<double>(digits) / powersOfTen[fraction];
  number = {at, canonicalEnd, negative ? -value : value, canonicalEnd <= first + whole};
  return true;
}

/** A string of a string, timestamp or enum field, without its quotes. */
inline bool checkText(const Stream& stream, const Field& field, int number, const uint8_t* at, const uint8_t* end,
                      Row& row) {
  const auto bytes = static_cast<size_t>(end - at);
  if (field.type == Type::timestamp) {
    Instant instant;
    if (readTimestamp(at, end, instant) != ok) return false;
    if (number == stream.time) {
      row.seconds = instant.seconds;
      row.nanos = instant.nanos;
    }
    return true;
  }
  if (field.type == Type::enumeration) {
    const int value = field.values.find(at, bytes);
    if (value < 0) return false;
    if (number == stream.compliance) row.excursion = value == stream.excursionValue;
  } else {
    const auto length = static_cast<double>(bytes);
    if (length < field.minLength || length > field.maxLength) return false;
    if (!field.allAllowed) {
      uint8_t allowed = 1;
      for (const uint8_t* each = at; each < end; each++) allowed &= field.allowed[*each];
      if (allowed == 0) return false;
    }
  }
  if (stream.hasZones && number == stream.zoneBy) row.zone = stream.zoneNames.find(at, bytes);
  return true;
}

/** True when the next mark is at `at`. Marks before it are white space, which in a text of lines may not have been passed. */
inline bool isMark(const Walk& walk, const uint32_t*& mark, const uint8_t* at) {
  if (walk.start + *mark == at) return true;
  if (walk.lines) return false;
  while (walk.start + *mark < at) mark++;
  return walk.start + *mark == at;
}

}  // namespace

const uint8_t* readCommon(const Stream& stream, Walk& walk, const uint8_t* at, Row& row) {
  if (*at != '{') return nullptr;
  row.reset(stream);
  const uint8_t* const start = walk.start;
  const uint8_t* const end = walk.end;
  const uint32_t* mark = walk.mark;
  at = skip(at + 1);
  for (;;) {
    if (!isMark(walk, mark, at)) return nullptr;
    const uint8_t* const name = at + 1;
    at = start + mark[1];
    if (at >= end || name[-1] != '"' || *at != '"') return nullptr;
    mark += 2;
    const int number = stream.names.find(name, static_cast<size_t>(at - name));
    if (number < 0 || row.has(number)) return nullptr;
    row.mark(number);
    at = skip(at + 1);
    if (*at != ':') return nullptr;
    at = skip(at + 1);

    const Field& field = stream.fields[static_cast<size_t>(number)];
    Piece& value = row.values[static_cast<size_t>(number)];
    const uint8_t* const from = at;
    if (*at == '"') {
      if (field.type == Type::number || field.type == Type::integer || field.type == Type::boolean) return nullptr;
      if (!isMark(walk, mark, at)) return nullptr;
      at = start + mark[1];
      if (at >= end || *at != '"') return nullptr;
      mark += 2;
      if (!checkText(stream, field, number, from + 1, at, row)) return nullptr;
      at++;
      value = {from, static_cast<size_t>(at - from)};
    } else if (field.type == Type::number || field.type == Type::integer) {
      Decimal decimal;
      if (!readDecimal(at, decimal)) return nullptr;
      if (field.type == Type::integer && !decimal.integral) return nullptr;
      if (decimal.value < field.min || decimal.value > field.max) return nullptr;
      if (stream.hasZones && number == stream.zoneField) row.judged = decimal.value;
      value = {from, static_cast<size_t>(decimal.canonicalEnd - from)};
      at = decimal.end;
    } else if (field.type == Type::boolean) {
      const size_t left = static_cast<size_t>(end - at);
      const size_t bytes = *at == 't' ? 4 : 5;
      if (left <= bytes || std::memcmp(at, bytes == 4 ? "true" : "false", bytes) != 0) return nullptr;
      value = {from, bytes};
      at += bytes;
    } else {
      return nullptr;
    }

    at = skip(at);
    if (*at == ',') {
      at = skip(at + 1);
    } else {
      if (*at != '}') return nullptr;
      break;
    }
  }
  if (!stream.hasSeenRequired(row.seen)) return nullptr;
  row.evaluate(stream);
  // A line feed before the last brace is a mark that nothing has passed yet.
  if (walk.lines && start + *mark < at) return nullptr;
  walk.mark = mark;
  return at + 1;
}

}  // namespace firn
