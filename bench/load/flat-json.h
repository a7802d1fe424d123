// Reads the members of one flat JSON object (RFC 8259) as a firn server sends them: texts, numbers, true, false, null.
// No copy, no allocation. What it does not know it refuses rather than guesses.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace firn {

class FlatJson {
 public:
  explicit FlatJson(std::string_view text) : text_(text) {
    skip();
    sound_ = take('{');
    skip();
    if (sound_ && take('}')) done_ = true;
  }

  /** Goes to the next member; false at the end, and then `sound` tells whether it was the end of an object. */
  bool next() {
    if (!sound_ || done_) return false;
    sound_ = readMember();
    return sound_;
  }

  std::string_view name() const { return name_; }
  /** The raw value; of a text what is between the quotes, escapes as they came. */
  std::string_view value() const { return value_; }

  /** The value as a whole number; false when it is none. */
  bool number(uint64_t& to) const {
    const auto [end, error] = std::from_chars(value_.data(), value_.data() + value_.size(), to);
    return error == std::errc{} && end == value_.data() + value_.size();
  }

  bool sound() const {
    return sound_ && done_;
  }

 private:
  bool take(char wanted) {
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    at_++;
    return true;
  }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) at_++;
  }

  bool readText(std::string_view& to) {
    if (!take('"')) return false;
    const size_t start = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    to = text_.substr(start, at_++ - start);
    return true;
  }

  bool readMember() {
    if (!readText(name_)) return false;
    skip();
    if (!take(':')) return false;
    skip();
    if (at_ < text_.size() && text_[at_] == '"') {
      if (!readText(value_)) return false;
    } else {
      const size_t start = at_;
      while (at_ < text_.size() && (text_[at_] == '-' || text_[at_] == '+' || text_[at_] == '.' || isAlphanumeric(text_[at_]))) at_++;
      if (at_ == start) return false;
      value_ = text_.substr(start, at_ - start);
    }
    skip();
    if (take(',')) {
      skip();
      return true;
    }
    if (!take('}')) return false;
    skip();
    done_ = true;
    return at_ == text_.size();
  }

  static bool isAlphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

  std::string_view text_;
  std::string_view name_;
  std::string_view value_;
  size_t at_ = 0;
  bool sound_ = false;
  bool done_ = false;
};

}  // namespace firn
