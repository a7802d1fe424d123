// The grammar of JSON (RFC 8259) once more, as plainly as it can be written: by recursion, one function a rule. Judges the
// scanner; makes texts of its own, and damages them.
#pragma once

#include <string>

#include "check.h"

namespace firn::test {

class Grammar {
 public:
  explicit Grammar(const std::string& text) : text_(text) {}
  bool accepts() {
    space();
    if (!value()) return false;
    space();
    return at_ == text_.size();
  }

 private:
  const std::string& text_;
  size_t at_ = 0;

  bool is(char wanted) const { return at_ < text_.size() && text_[at_] == wanted; }
  bool take(char wanted) {
    if (!is(wanted)) return false;
    at_++;
    return true;
  }
  bool word(const std::string& wanted) {
    if (text_.compare(at_, wanted.size(), wanted) != 0) return false;
    at_ += wanted.size();
    return true;
  }
  bool oneOf(const std::string& set) {
    if (at_ >= text_.size() || set.find(text_[at_]) == std::string::npos) return false;
    at_++;
    return true;
  }
  void space() {
    while (oneOf(" \t\n\r")) {
    }
  }
  bool value() {
    if (is('{')) return sequence('{', '}', true);
    if (is('[')) return sequence('[', ']', false);
    if (is('"')) return string();
    return word("true") || word("false") || word("null") || number();
  }
  bool sequence(char open, char close, bool named) {
    take(open);
    space();
    if (take(close)) return true;
    do {
      space();
      if (named) {
        if (!string()) return false;
        space();
        if (!take(':')) return false;
        space();
      }
      if (!value()) return false;
      space();
    } while (take(','));
    return take(close);
  }
  bool string() {
    if (!take('"')) return false;
    while (!take('"')) {
      if (take('\\')) {
        if (take('u')) {
          for (int i = 0; i < 4; i++) {
            if (!oneOf("0123456789abcdefABCDEF")) return false;
          }
        } else if (!oneOf("\"\\/bfnrt")) {
          return false;
        }
      } else {
        if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return false;
        at_++;
      }
    }
    return true;
  }
  bool digits() {
    if (!oneOf("0123456789")) return false;
    while (oneOf("0123456789")) {
    }
    return true;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (oneOf("eE")) {
      oneOf("+-");
      if (!digits()) return false;
    }
    return true;
  }
};

inline bool isJson(const std::string& text) { return Grammar(text).accepts(); }

/** A string literal of a few characters, some of them escaped. */
inline std::string randomLiteral(Random& random) {
  const char* parts[] = {"a", "zone", "CC-SENSOR-0001", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "\xc3\xbc", " ", "0"};
  std::string literal = "\"";
  for (size_t count = random.below(5); count > 0; count--) literal += parts[random.below(std::size(parts))];
  return literal + '"';
}

/** A JSON text of at most `depth` levels, with white space here and there. */
inline std::string randomJson(Random& random, size_t depth) {
  const char* spaces[] = {"", "", "", " ", "\n\t"};
  const auto space = [&] { return std::string(spaces[random.below(std::size(spaces))]); };
  const size_t choice = random.below(depth == 0 ? 5 : 8);
  const char* plain[] = {"true", "false", "null", "0", "-1.5e+3"};
  if (choice < 3) return space() + plain[random.below(std::size(plain))] + space();
  if (choice < 5) return space() + randomLiteral(random) + space();
  const bool named = choice > 5;
  std::string text = named ? "{" : "[";
  for (size_t count = random.below(4), i = 0; i < count; i++) {
    if (i > 0) text += ',';
    if (named) text += space() + randomLiteral(random) + space() + ':';
    text += randomJson(random, depth - 1);
  }
  return space() + text + space() + (named ? "}" : "]") + space();
}

/** A text with a byte changed, left out or added, or a part of it twice, or cut off. */
inline std::string damage(std::string text, Random& random) {
  constexpr char alphabet[] = "{}[]\":,\\ \n-+.eE019tfnu\x01\x7f\xc3\xff";
  for (size_t times = 1 + random.below(2); times > 0 && !text.empty(); times--) {
    const size_t at = random.below(text.size());
    const char byte = alphabet[random.below(sizeof alphabet)];
    switch (random.below(5)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.erase(at, 1 + random.below(3));
        break;
      case 2:
        text.insert(at, 1, byte);
        break;
      case 3:
        text.insert(at, text.substr(random.below(text.size()), random.below(12)));
        break;
      default:
        text.resize(at);
    }
  }
  return text;
}

}  // namespace firn::test
