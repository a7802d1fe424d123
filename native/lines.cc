// Plainly sound lines; see lines.h. Every line ends with an LF, which no token may hold: nothing here reads past it, so
// only reading many bytes at once needs a limit.

#include "lines.h"

#include <bit>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace firn {
namespace {

/** A decimal of at most this many digits is the shortest form of its double (IEEE 754: 15 digits always come back). */
constexpr std::ptrdiff_t safeDigits = 15;
/** `0.000001`: shorter fractions need no exponent. */
constexpr std::ptrdiff_t leastFraction = 8;
constexpr size_t quotedOwnTime = 26;
constexpr std::string_view excursion = "\"excursion\"";

bool digit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') <= 9; }

/** Value of two digits, 99 when they are none. */
int two(const uint8_t* at) { return digit(at[0]) && digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : 99; }

/**
 * Whether the string token is a moment in UTC: `YYYY-MM-DDTHH:MM:SS`, 0–9 fraction digits, then `Z` or `+00:00`. The day
 * itself is not checked, as in engine/verify/instant.ts.
 */
bool isInstant(const uint8_t* token, size_t bytes) {
  if (bytes < 22 || bytes > 37 || token[0] != '"') return false;
  const uint8_t* at = token + 1;
  const uint8_t* const end = token + bytes - 1;
  for (int i = 0; i < 4; i++)
    if (!digit(at[i])) return false;
  if (at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':') return false;
  if (two(at + 5) > 12 || two(at + 8) > 31 || two(at + 11) > 23 || two(at + 14) > 59 || two(at + 17) > 59) return false;
  at += 19;
  if (*at == '.') {
    const uint8_t* const first = ++at;
    while (digit(*at)) at++;
    if (at == first || at - first > 9) return false;
  }
  if (end - at == 1) return *at == 'Z';
  return end - at == 6 && std::memcmp(at, "+00:00", 6) == 0;
}

/** Negative, 0 or positive as the moment `a` is before, equal to or after `b`. */
int compareInstants(const uint8_t* a, const uint8_t* b) {
  const int order = std::memcmp(a, b, 19);
  if (order != 0) return order;
  a += a[19] == '.' ? 20 : 19;
  b += b[19] == '.' ? 20 : 19;
  for (;;) {
    const bool moreA = digit(*a);
    const bool moreB = digit(*b);
    if (!moreA && !moreB) return 0;
    const int difference = (moreA ? *a : '0') - (moreB ? *b : '0');
    if (difference != 0) return difference;
    a += moreA ? 1 : 0;
    b += moreB ? 1 : 0;
  }
}

/** End of a number that is canonical beyond doubt, or null. */
const uint8_t* number(const uint8_t* at) {
  const bool minus = *at == '-';
  const uint8_t* const from = minus ? at + 1 : at;
  at = from;
  while (digit(*at)) at++;
  const auto whole = at - from;
  if (whole == 0) return nullptr;
  const bool zero = *from == '0';
  if (*at != '.') return whole <= safeDigits && (!zero || (whole == 1 && !minus)) ? at : nullptr;
  const uint8_t* const fraction = ++at;
  while (digit(*at)) at++;
  if (at == fraction || at[-1] == '0' || whole + (at - fraction) > safeDigits) return nullptr;
  if (zero && (whole != 1 || at - from > leastFraction)) return nullptr;
  return at;
}

const uint8_t* word(const uint8_t* at, std::string_view text) {
  // Byte by byte: the line may end before the word does.
  for (const char c : text)
    if (*at++ != static_cast<uint8_t>(c)) return nullptr;
  return at;
}

}  // namespace

void LineChecker::check(const uint8_t* body, size_t bytes, const uint8_t* day, LineWalk& walk) {
  if (bytes == 0 || body[bytes - 1] != '\n') return;
  end_ = body + bytes;
  known_ = 0;
  const uint8_t* at = body + static_cast<size_t>(walk.at);
  const uint8_t* earliest = walk.earliest < 0 ? nullptr : body + static_cast<size_t>(walk.earliest);
  const uint8_t* latest = walk.latest < 0 ? nullptr : body + static_cast<size_t>(walk.latest);
  size_t lines = 0;
  size_t excursions = 0;
  while (at < end_) {
    const uint8_t* const next = line(at);
    if (next == nullptr) break;
    const Text& time = values_[timestamp];
    const Text& own = values_[received];
    if (!isInstant(time.at, time.bytes) || std::memcmp(time.at + 1, day, 11) != 0) break;
    if (own.bytes != quotedOwnTime || own.at[24] != 'Z' || !isInstant(own.at, own.bytes)) break;
    const uint8_t* const moment = time.at + 1;
    if (earliest == nullptr || compareInstants(moment, earliest) < 0) earliest = moment;
    if (latest == nullptr || compareInstants(moment, latest) > 0) latest = moment;
    if (isExcursion(compliance) || isExcursion(evaluated)) excursions++;
    lines++;
    at = next;
  }
  walk.at = static_cast<double>(at - body);
  walk.lines += static_cast<double>(lines);
  walk.excursions += static_cast<double>(excursions);
  walk.earliest = earliest == nullptr ? -1 : static_cast<double>(earliest - body);
  walk.latest = latest == nullptr ? -1 : static_cast<double>(latest - body);
}

/** One line with its LF. @returns where the next one begins, or null when this one is not a plain canonical object. */
const uint8_t* LineChecker::line(const uint8_t* at) {
  values_.fill({nullptr, 0});
  if (*at++ != '{') return nullptr;
  for (size_t number = 0;; number++, at++) {
    const uint8_t* const from = name(at, number);
    if (from == nullptr) return nullptr;
    at = value(from);
    if (at == nullptr) return nullptr;
    values_[shape_[number].member] = {from, static_cast<size_t>(at - from)};
    if (*at == ',') continue;
    return at[0] == '}' && at[1] == '\n' ? at + 2 : nullptr;
  }
}

/** A name with its colon, after the one before it in the order of bytes. @returns where its value begins, or null. */
const uint8_t* LineChecker::name(const uint8_t* at, size_t number) {
  if (number < known_) {
    const Text& last = shape_[number].text;
    if (static_cast<size_t>(end_ - at) >= last.bytes && std::memcmp(at, last.at, last.bytes) == 0) return at + last.bytes;
  }
  if (number >= maxMembers || *at != '"') return nullptr;
  // Of plain ASCII names the order of bytes is that of UTF-16 code units, which RFC 8785 wants.
  const uint8_t* to = at + 1;
  while (*to != '"' && *to != '\\' && *to >= 0x20 && *to < 0x80) to++;
  if (to[0] != '"' || to[1] != ':') return nullptr;
  const std::string_view text(reinterpret_cast<const char*>(at + 1), static_cast<size_t>(to - at) - 1);
  if (number > 0) {
    const Text& before = shape_[number - 1].text;
    // Without quotes and colon.
    if (text <= std::string_view(reinterpret_cast<const char*>(before.at + 1), before.bytes - 3)) return nullptr;
  }
  Member member = other;
  if (text == "timestamp_utc") member = timestamp;
  if (text == "received_utc") member = received;
  if (text == "compliance_state") member = compliance;
  if (text == "evaluated_state") member = evaluated;
  shape_[number] = {{at, text.size() + 3}, member};
  known_ = number + 1;
  return to + 2;
}

/** A value that is no container. @returns its end, or null. */
const uint8_t* LineChecker::value(const uint8_t* at) const {
  switch (*at) {
    case '"': return string(at);
    case 't': return word(at, "true");
    case 'f': return word(at, "false");
    case 'n': return word(at, "null");
    default: return number(at);
  }
}

/** A string without escapes. @returns its end, or null. */
const uint8_t* LineChecker::string(const uint8_t* at) const {
  at++;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"');
  const __m128i backslash = _mm_set1_epi8('\\');
  const __m128i control = _mm_set1_epi8(0x1f);
  for (; end_ - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i stops = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)),
                                       _mm_cmpeq_epi8(_mm_min_epu8(block, control), block));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(stops));
    if (mask == 0) continue;
    at += std::countr_zero(mask);
    return *at == '"' ? at + 1 : nullptr;
  }
#endif
  while (*at != '"' && *at != '\\' && *at >= 0x20) at++;
  return *at == '"' ? at + 1 : nullptr;
}

bool LineChecker::isExcursion(Member member) const {
  const Text& value = values_[member];
  return value.bytes == excursion.size() && std::memcmp(value.at, excursion.data(), excursion.size()) == 0;
}

}  // namespace firn
