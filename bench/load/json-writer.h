// Writes JSON, member by member, in the order that it is told.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

namespace firn {

class JsonWriter {
 public:
  JsonWriter& open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
    return *this;
  }

  JsonWriter& close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }

  JsonWriter& key(std::string_view name) {
    value(name);
    text_ += ':';
    first_ = true;
    return *this;
  }

  JsonWriter& value(std::string_view text) {
    separate();
    text_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') text_ += '\\';
      if (static_cast<unsigned char>(c) >= 0x20) {
        text_ += c;
      } else {
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
        text_ += escape;
      }
    }
    text_ += '"';
    return *this;
  }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }

  template <typename T>
    requires std::is_arithmetic_v<T>
  JsonWriter& value(T number) {
    separate();
    if constexpr (std::is_same_v<T, bool>) {
      text_ += number ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      text_ += std::to_string(number);
    } else {
      char digits[40];
      std::snprintf(digits, sizeof digits, "%.9g", static_cast<double>(number));
      text_ += digits;
    }
    return *this;
  }

  template <typename T>
  JsonWriter& member(std::string_view name, const T& of) {
    return key(name).value(of);
  }

  const std::string& text() const { return text_; }

 private:
  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace firn
