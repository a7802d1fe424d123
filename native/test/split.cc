// Frames taken apart: which parts of a payload are records, by mode; and what holds for any bytes: records lie in the
// payload behind each other, without white space around them. Payloads end where their memory ends.

#include "../split.h"

#include "../utf8.h"
#include "check.h"
#include "grammar.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

struct Result {
  Code refusal;
  std::vector<std::string> records;
};

Result splitOf(Split& split, const std::string& payload, uint8_t mode, size_t most = 100) {
  const Exact exact(payload);
  split.run(exact.at(), 0, exact.length(), mode, most);
  Result result{split.refusal, {}};
  CHECK(split.start >= 0 && split.start <= split.end && split.end <= exact.length());
  CHECK(split.offset >= split.start && split.offset <= split.end);
  CHECK(split.refusal == ok || split.records.empty());
  CHECK(split.records.size() <= most || split.records.size() == 1);
  At last = split.start;
  for (const auto& [start, end] : split.records) {
    CHECK(start >= last && start < end && end <= split.end);
    CHECK(!isSpace(exact.at()[start]) && !isSpace(exact.at()[end - 1]));
    last = end;
    result.records.push_back(payload.substr(static_cast<size_t>(start), static_cast<size_t>(end - start)));
  }
  return result;
}

void known(Split& split) {
  using Texts = std::vector<std::string>;
  const auto is = [&](const std::string& payload, uint8_t mode, const Texts& wanted) {
    const Result result = splitOf(split, payload, mode);
    CHECK_THAT(result.refusal == ok && result.records == wanted, "%s", shown(payload).c_str());
  };
  const auto refused = [&](const std::string& payload, uint8_t mode, Code code, At offset, size_t most = 100) {
    CHECK_THAT(splitOf(split, payload, mode, most).refusal == code, "%s", shown(payload).c_str());
    CHECK_THAT(split.offset == offset, "%s at %td", shown(payload).c_str(), split.offset);
  };
  for (const uint8_t mode : {frame::modeAuto, frame::modeJson, frame::modeLines}) {
    is("", mode, {});
    is(" \r\n\t ", mode, {});
    is(" {} ", mode, {"{}"});
  }
  is("{}\n \r\n{\"a\":1}\r\n", frame::modeAuto, {"{}", "{\"a\":1}"});
  is("[1]\n[2]", frame::modeLines, {"[1]", "[2]"});
  is(" [ {} , 1 ,\"x\" ] ", frame::modeAuto, {"{}", "1", "\"x\""});
  is("[]", frame::modeAuto, {});
  is("{\n}", frame::modeJson, {"{\n}"});
  is("{\n}", frame::modeLines, {"{", "}"});
  refused("[1,]", frame::modeAuto, jsonSyntax, 3);
  refused("{}\n{}", frame::modeJson, jsonSyntax, 3);
  refused("  [\"\xff\"]", frame::modeAuto, jsonUtf8, 4);
  refused("[1,2,3]", frame::modeAuto, frameRecords, 0, 2);
  refused(" 1\n2\n3", frame::modeLines, frameRecords, 1, 2);
}

void anything(Split& split, Random& random) {
  for (int i = 0; i < 40'000; i++) {
    std::string payload;
    for (size_t parts = random.below(4); parts > 0; parts--) {
      payload += random.oneIn(3) ? "[" : random.oneIn(2) ? "\n" : "";
      payload += randomJson(random, 2) + (random.oneIn(2) ? "\n" : random.oneIn(2) ? "," : "]");
    }
    if (random.oneIn(2)) payload = damage(payload, random);
    for (const uint8_t mode : {frame::modeAuto, frame::modeJson, frame::modeLines}) {
      const Result result = splitOf(split, payload, mode, 1 + random.below(6));
      const Exact exact(payload);
      if (mode != frame::modeJson || result.refusal != ok || result.records.empty()) continue;
      CHECK(isJson(payload) && firstIllFormed(exact.at(), 0, exact.length()) == -1);
      for (const std::string& record : result.records) CHECK(isJson(record));
    }
  }
}

}  // namespace

int main() {
  Split split;
  Random random(2);
  known(split);
  anything(split, random);
  return done("split");
}
