// Records for the streams of tables.h: mostly good ones as endpoints send them, with members in any order, white space,
// unusual spellings, and every kind of damage.
#pragma once

#include "grammar.h"
#include "tables.h"

namespace firn::test {

class RecordMaker {
 public:
  RecordMaker(const StreamOf& stream, Random& random) : stream_(stream), random_(random) {}

  /** `odd` = of a hundred records, how many have something unusual or bad about them. */
  std::string record(size_t odd) {
    odd_ = random_.below(100) < odd;
    const bool spaced = random_.oneIn(8);
    std::vector<std::string> members;
    for (const FieldOf& field : stream_.fields) {
      if (!(field.required && !oddly()) && random_.oneIn(3)) continue;
      std::string name = quoted(field.name);
      if (oddly()) name.replace(1, 1, "\\u00" + hexOf(field.name[0]));
      members.push_back(name + (spaced ? " : " : ":") + valueOf(field));
    }
    if (oddly()) members.push_back("\"more\":" + randomJson(random_, 2));
    if (oddly() && !members.empty()) members.push_back(members[random_.below(members.size())]);
    for (size_t i = members.size(); i > 1; i--) std::swap(members[i - 1], members[random_.below(i)]);
    std::string text = "{";
    for (size_t i = 0; i < members.size(); i++) text += (i == 0 ? "" : spaced ? " , " : ",") + members[i];
    text += spaced ? " }" : "}";
    return oddly() && random_.oneIn(2) ? damage(text, random_) : text;
  }

  /** A few records as the payload of a frame: lines, or an array. */
  std::string payload(size_t most, size_t odd) {
    const bool array = random_.oneIn(2);
    std::string text;
    for (size_t count = random_.below(most + 1), i = 0; i < count; i++) {
      text += (i == 0 ? "" : array ? "," : "\n") + record(odd);
    }
    return array ? "[" + text + "]" : text;
  }

 private:
  const StreamOf& stream_;
  Random& random_;
  bool odd_ = false;

  bool oddly() { return odd_ && random_.oneIn(6); }
  static std::string hexOf(char byte) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(byte));
    return hex;
  }
  std::string pick(const std::vector<std::string>& from) { return from[random_.below(from.size())]; }

  std::string valueOf(const FieldOf& field) {
    if (oddly()) return randomJson(random_, 1);
    switch (field.type) {
      case Type::boolean:
        return pick({"true", "false"});
      case Type::number:
      case Type::integer:
        return numberFor(field);
      case Type::timestamp:
        return oddly() ? pick({"\"2026-02-30T00:00:00Z\"", "\"2026-01-31T23:59:58\"", "\"1969-12-31T00:00:00Z\"", "\"\""})
                       : pick({"\"2026-01-31T23:59:58Z\"", "\"2026-11-21T07:08:09.25Z\"",
                               "\"2024-02-29T00:00:00.123456789+00:00\""});
      case Type::enumeration:
        return oddly() ? pick({"\"none\"", "\"\\u0061\"", "\"\""}) : quoted(pick(field.values));
      default:
        return stringFor(field);
    }
  }
  std::string numberFor(const FieldOf& field) {
    if (oddly()) {
      return pick({"1e1", "-0", "-0.0", "0.0000001", "1e400", "1e-400", "9007199254740992", "12345678901234567.5", "01", "1."});
    }
    char text[40];
    const int whole = static_cast<int>(random_.below(200)) - 100;
    std::snprintf(text, sizeof text, field.type == Type::integer ? "%d" : "%d.%02d", whole, static_cast<int>(random_.below(100)));
    return text;
  }
  std::string stringFor(const FieldOf& field) {
    if (oddly()) return randomLiteral(random_);
    const std::string from = field.characters.empty() ? "abcXYZ-_ 019\"\\" : field.characters;
    const auto most = static_cast<size_t>(std::min(field.maxLength, 64.0));
    const auto least = static_cast<size_t>(field.minLength);
    std::string text;
    const size_t plain = random_.oneIn(4) ? from.size() : from.size() - (field.characters.empty() ? 2 : 0);
    for (size_t count = least + random_.below(most - least + 1); count > 0; count--) text += from[random_.below(plain)];
    return quoted(text);
  }
};

}  // namespace firn::test
