// Strings of the slow path; see strings.h.

#include "strings.h"

#include <set>
#include <vector>

namespace firn {
namespace {

/** The UTF-16 code unit of the four hex digits at `at`. */
unsigned codeUnit(const uint8_t* bytes, At at) {
  unsigned unit = 0;
  for (At i = 0; i < 4; i++) unit = unit * 16 + static_cast<unsigned>(hexDigit(bytes[at + i]));
  return unit;
}

/** The character behind a backslash that is not `u`. */
uint8_t shortEscape(uint8_t byte) {
  switch (byte) {
    case 'b':
      return 0x08;
    case 'f':
      return 0x0c;
    case 'n':
      return 0x0a;
    case 'r':
      return 0x0d;
    case 't':
      return 0x09;
    default:
      return byte;
  }
}

bool isHighSurrogate(unsigned unit) { return (unit & 0xfc00) == 0xd800; }
bool isLowSurrogate(unsigned unit) { return (unit & 0xfc00) == 0xdc00; }

/** True when `\uDC00`–`\uDFFF` stands at `at`. */
bool lowSurrogateAt(const uint8_t* bytes, At at, At end) {
  return at + 6 <= end && bytes[at] == '\\' && bytes[at + 1] == 'u' && isLowSurrogate(codeUnit(bytes, at + 2));
}

/** One code point as UTF-8. @returns the position after it. */
uint8_t* writeCodePoint(unsigned point, uint8_t* to) {
  const auto byte = [](unsigned value) { return static_cast<uint8_t>(value); };
  if (point < 0x80) {
    *to++ = byte(point);
    return to;
  }
  if (point < 0x800) {
    *to++ = byte(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) *to++ = byte(0xe0 | (point >> 12));
    else {
      *to++ = byte(0xf0 | (point >> 18));
      *to++ = byte(0x80 | ((point >> 12) & 0x3f));
    }
    *to++ = byte(0x80 | ((point >> 6) & 0x3f));
  }
  *to++ = byte(0x80 | (point & 0x3f));
  return to;
}

/** Position of the quote that closes a string literal with good syntax, from a position inside it. */
At closingQuote(const uint8_t* bytes, At at) {
  while (bytes[at] != '"') at += bytes[at] == '\\' ? 2 : 1;
  return at;
}

}  // namespace

At firstLoneSurrogate(const uint8_t* bytes, At start, At end) {
  At at = start;
  while (at < end) {
    if (bytes[at] != '\\') {
      at++;
    } else if (bytes[at + 1] != 'u') {
      at += 2;
    } else {
      const unsigned unit = codeUnit(bytes, at + 2);
      if (isLowSurrogate(unit)) return at;
      if (!isHighSurrogate(unit)) at += 6;
      else if (lowSurrogateAt(bytes, at + 6, end)) at += 12;
      else return at;
    }
  }
  return -1;
}

At decodeInto(const uint8_t* bytes, At start, At end, Lone lone, uint8_t* into) {
  uint8_t* to = into;
  At from = start;
  while (from < end) {
    const uint8_t byte = bytes[from];
    if (byte != '\\') {
      *to++ = byte;
      from++;
      continue;
    }
    const uint8_t letter = bytes[from + 1];
    if (letter != 'u') {
      *to++ = shortEscape(letter);
      from += 2;
      continue;
    }
    unsigned point = codeUnit(bytes, from + 2);
    from += 6;
    if (isHighSurrogate(point) && lowSurrogateAt(bytes, from, end)) {
      point = 0x10000 + ((point & 0x3ff) << 10) + (codeUnit(bytes, from + 2) & 0x3ff);
      from += 6;
    } else if (lone == Lone::replaced && (point & 0xf800) == 0xd800) {
      point = 0xfffd;
    }
    to = writeCodePoint(point, to);
  }
  return to - into;
}

std::string decodeString(const uint8_t* bytes, At start, At end, Lone lone) {
  std::string text(static_cast<size_t>(end - start), '\0');
  const At length = decodeInto(bytes, start, end, lone, reinterpret_cast<uint8_t*>(text.data()));
  text.resize(static_cast<size_t>(length));
  return text;
}

At writeLiteral(const uint8_t* text, At bytes, uint8_t* into) {
  uint8_t* to = into;
  *to++ = '"';
  for (At i = 0; i < bytes; i++) {
    if (text[i] == '"' || text[i] == '\\') *to++ = '\\';
    *to++ = text[i];
  }
  *to++ = '"';
  return to - into;
}

Inspection inspect(const uint8_t* bytes, At start, At end) {
  struct Level {
    bool object;
    // A tree, not a hash table: no choice of names makes it slow.
    std::set<std::string> names;
  };
  Inspection found;
  std::vector<Level> open;
  bool nameNext = false;
  for (At at = start; at < end; at++) {
    const uint8_t byte = bytes[at];
    if (byte == '"') {
      const At close = closingQuote(bytes, at + 1);
      if (found.loneSurrogate < 0) found.loneSurrogate = firstLoneSurrogate(bytes, at + 1, close);
      if (nameNext && !open.empty() && open.back().object && found.duplicate < 0) {
        if (!open.back().names.insert(decodeString(bytes, at + 1, close, Lone::kept)).second) found.duplicate = at;
      }
      nameNext = false;
      at = close;
    } else if (byte == '{' || byte == '[') {
      open.push_back({byte == '{', {}});
      nameNext = byte == '{';
    } else if (byte == '}' || byte == ']') {
      open.pop_back();
    } else if (byte == ',') {
      // In an array a string may follow; its level is no object, so it is taken for no name.
      nameNext = true;
    }
  }
  return found;
}

}  // namespace firn
