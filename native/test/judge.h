// One record judged by both ways through the codec: the quick one may have doubts, but what it takes the exact one takes
// too, with the very same row; and what is accepted, written again from its row, is accepted with that row again.
#pragma once

#include "../fast.h"
#include "../marks.h"
#include "../validate.h"
#include "guarded.h"

namespace firn::test {

/** What a row says, apart from where its pieces lie. */
struct RowText {
  std::vector<std::string> values;
  std::string evaluated;
  int64_t seconds = 0;
  uint32_t nanos = 0;
  bool excursion = false;

  bool operator==(const RowText&) const = default;
};

inline std::string textOf(Piece piece) {
  if (piece.at == nullptr) return "nothing";
  return {reinterpret_cast<const char*>(piece.at), piece.bytes};
}

inline RowText textOf(const Stream& stream, const Row& row) {
  RowText text;
  for (size_t i = 0; i < stream.fields.size(); i++) text.values.push_back(textOf(row.values[i]));
  text.evaluated = textOf(row.evaluated);
  text.seconds = row.seconds;
  text.nanos = row.nanos;
  text.excursion = row.excursion;
  return text;
}

struct Judgement {
  Code code = ok;
  bool common = false;
};

class Judge {
 public:
  /** Judges a record without white space around it, which `behind` follows in memory. */
  Judgement judge(const Stream& stream, const std::string& record, const std::string& behind = "") {
    const Exact text(record + behind);
    const auto end = static_cast<At>(record.size());
    const uint8_t* read = quick(stream, text, end, false);
    CHECK(read == nullptr || (read > text.at() && read <= text.at() + end));
    const Code code = validator_.validate(stream, text.at(), 0, end, exact_);
    CHECK(code <= codecCrash);
    const bool common = read == text.at() + end;
    if (code != ok) {
      CHECK_THAT(!common, "taken, and refused with %d: %s", code, shown(record).c_str());
      CHECK(exact_.offset >= 0 && exact_.offset <= end);
      CHECK(exact_.field == noField || exact_.field < stream.fields.size());
      return {code, false};
    }
    CHECK_THAT(read == nullptr || common, "taken up to %td: %s", read - text.at(), shown(record).c_str());
    const RowText row = textOf(stream, exact_);
    if (common) CHECK_THAT(textOf(stream, fast_) == row, "two rows of %s", shown(record).c_str());
    // In a text of lines the same, but for records with a line feed inside.
    const bool line = quick(stream, text, end, true) == text.at() + end;
    const bool marked = record.find_first_of("\n\r\t") != std::string::npos;
    CHECK_THAT(line == common || (marked && !line), "read otherwise as a line: %s", shown(record).c_str());
    CHECK_THAT(!line || record.find('\n') == std::string::npos, "a line with a feed inside: %s", shown(record).c_str());
    if (line) CHECK_THAT(textOf(stream, fast_) == row, "two rows of %s", shown(record).c_str());
    again(stream, row);
    return {code, common};
  }

 private:
  Validator validator_;
  Marks marks_{bestVectors()};
  /** Rows are used again and again, as the codec does it: nothing of the record before may stay. */
  Row fast_, exact_;

  /** What the codec makes sure of before it asks: the last byte is a closing bracket or brace. */
  const uint8_t* quick(const Stream& stream, const Exact& text, At end, bool lines) {
    if (end < 2 || (text.at()[end - 1] != '}' && text.at()[end - 1] != ']')) return nullptr;
    const uint8_t* const to = text.at() + end;
    Walk walk = {text.at(), to, marks_.find(text.at(), to, text.end()), lines};
    const uint32_t* const mark = walk.mark;
    const uint8_t* const read = readCommon(stream, walk, text.at(), fast_);
    CHECK(read != nullptr || walk.mark == mark);
    return read;
  }

  /** The members of the row as a record: canonical values are values, and their own canonical form. */
  void again(const Stream& stream, const RowText& row) {
    std::string text;
    for (const Member& member : stream.order) {
      if (member.number < 0 || row.values[static_cast<size_t>(member.number)] == "nothing") continue;
      text += textOf(member.key.piece()) + row.values[static_cast<size_t>(member.number)];
    }
    text[0] = '{';
    const Exact record(text + "}");
    const Code code = validator_.validate(stream, record.at(), 0, record.length(), exact_);
    CHECK_THAT(code == ok, "canonical, and refused with %d: %s", code, shown(record.text()).c_str());
    CHECK_THAT(textOf(stream, exact_).values == row.values, "canonical, and changed: %s", shown(record.text()).c_str());
  }
};

}  // namespace firn::test
