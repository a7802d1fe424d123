// The scanner; see scan.h.

#include "scan.h"

namespace firn {
namespace {

/** Bytes that may follow a backslash: `"` `\` `/` b f n r t u. */
bool isEscape(uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
    case 'u':
      return true;
    default:
      return false;
  }
}

/** The rest of a string literal from anywhere inside. @returns the position after its quote, or ~offset of a fault. */
At stringEnd(const uint8_t* bytes, At at, At end) {
  for (;;) {
    at = plainEnd(bytes, at, end);
    if (at == end) return ~end;
    if (bytes[at] == '"') return at + 1;
    if (bytes[at] != '\\') return ~at;
    at++;
    if (at == end) return ~end;
    const uint8_t letter = bytes[at];
    if (!isEscape(letter)) return ~at;
    at++;
    if (letter != 'u') continue;
    for (int i = 0; i < 4; i++, at++) {
      if (at == end || hexDigit(bytes[at]) < 0) return ~at;
    }
  }
}

/** At least one digit. @returns the position after the digits, or ~offset of a fault. */
At digitsEnd(const uint8_t* bytes, At start, At end) {
  At at = start;
  while (at < end && isDigit(bytes[at])) at++;
  return at > start ? at : ~at;
}

/** A number by RFC 8259 §6. @returns the position after it, or ~offset of a fault. */
At numberEnd(const uint8_t* bytes, At at, At end) {
  if (bytes[at] == '-') at++;
  if (at < end && bytes[at] == '0') at++;
  else at = digitsEnd(bytes, at, end);
  if (at >= 0 && at < end && bytes[at] == '.') at = digitsEnd(bytes, at + 1, end);
  if (at < 0 || at == end || (bytes[at] | 0x20) != 'e') return at;
  at++;
  if (at < end && (bytes[at] == '+' || bytes[at] == '-')) at++;
  return digitsEnd(bytes, at, end);
}

/** Kind of a value that begins with this byte and is no string or container. */
Kind literalKind(uint8_t byte) {
  if (byte == '-' || isDigit(byte)) return number;
  if (byte == 't') return wordTrue;
  if (byte == 'f') return wordFalse;
  return byte == 'n' ? wordNull : noKind;
}

/** @returns the position after `true`, `false` or `null`, or ~offset of a fault. */
At wordEnd(const uint8_t* bytes, At start, At end, Kind kind) {
  if (kind == noKind) return ~start;
  const char* word = kind == wordTrue ? "true" : kind == wordFalse ? "false" : "null";
  At at = start + 1;
  for (word++; *word != 0; word++, at++) {
    if (at == end || bytes[at] != static_cast<uint8_t>(*word)) return ~at;
  }
  return at;
}

}  // namespace

bool Scan::run(const uint8_t* bytes, At start, At end, At maxLevel) {
  fault = -1;
  deep = -1;
  children.clear();
  open_.clear();
  At at = start;
  for (;;) {
    // A value must begin here.
    at = skipSpace(bytes, at, end);
    if (at == end) return refuse(end);
    if (open_.size() == 1) children.push_back({nameStart_, nameEnd_, at, 0, noKind, false, nameEscaped_});
    const uint8_t first = bytes[at];
    Kind valueKind = string;
    bool escaped = false;
    if (first == '{' || first == '[') {
      open_.push_back(first);
      if (static_cast<At>(open_.size()) > maxLevel && deep < 0) deep = at;
      at = skipSpace(bytes, at + 1, end);
      // Both closing brackets are their opening ones + 2.
      if (at == end || bytes[at] != first + 2) {
        if (first == '{') at = name(bytes, at, end);
        if (at < 0) return refuse(~at);
        continue;
      }
      valueKind = first == '{' ? object : array;
      open_.pop_back();
      at++;
    } else if (first == '"') {
      at = plainEnd(bytes, at + 1, end);
      if (at < end && bytes[at] == '"') at++;
      else {
        escaped = true;
        at = stringEnd(bytes, at, end);
      }
    } else {
      valueKind = literalKind(first);
      at = valueKind == number ? numberEnd(bytes, at, end) : wordEnd(bytes, at, end, valueKind);
    }
    if (at < 0) return refuse(~at);

    // A value has ended here; close every container that ends with it.
    for (;;) {
      if (open_.empty()) {
        kind = valueKind;
        at = skipSpace(bytes, at, end);
        return at == end || refuse(at);
      }
      if (open_.size() == 1) {
        Child& child = children.back();
        child.valueEnd = at;
        child.kind = valueKind;
        child.valueEscaped = escaped;
      }
      at = skipSpace(bytes, at, end);
      if (at == end) return refuse(end);
      const uint8_t opened = open_.back();
      if (bytes[at] == ',') {
        at++;
        if (opened == '{') at = name(bytes, skipSpace(bytes, at, end), end);
        if (at < 0) return refuse(~at);
        break;
      }
      if (bytes[at] != opened + 2) return refuse(at);
      at++;
      open_.pop_back();
      valueKind = opened == '{' ? object : array;
      escaped = false;
    }
  }
}

/** A member's name and its colon. @returns the position after the colon, or ~offset of a fault. */
At Scan::name(const uint8_t* bytes, At start, At end) {
  if (start == end || bytes[start] != '"') return ~start;
  At at = plainEnd(bytes, start + 1, end);
  nameEscaped_ = false;
  if (at < end && bytes[at] == '"') at++;
  else {
    nameEscaped_ = true;
    at = stringEnd(bytes, at, end);
    if (at < 0) return at;
  }
  nameStart_ = start + 1;
  nameEnd_ = at - 1;
  at = skipSpace(bytes, at, end);
  return at < end && bytes[at] == ':' ? at + 1 : ~at;
}

}  // namespace firn
