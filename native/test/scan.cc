// The scanner: what it takes for JSON against a grammar that is read by recursion, offsets of faults by what they promise,
// children by scanning them alone; and the searches for the end of a run, at every address and length.

#include "../scan.h"

#include "check.h"
#include "grammar.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

constexpr At noBound = PTRDIFF_MAX;

/** Every stop at every place behind every length of plain text, ended by the end of the memory. */
void runs() {
  for (size_t length = 0; length < 70; length++) {
    for (const char stop : {'"', '\\', '\x00', '\x1f', '\n', '\x7f', ' ', '\x80', '\xff', 'a'}) {
      for (size_t at = 0; at < length; at++) {
        std::string text(length, 'x');
        text[at] = stop;
        const Exact exact(text);
        const bool stops = stop == '"' || stop == '\\' || static_cast<unsigned char>(stop) < 0x20;
        const At wanted = static_cast<At>(stops ? at : length);
        CHECK(plainEnd(exact.at(), 0, exact.length()) == wanted);
      }
    }
  }
}

/** True when [0, end) of the text could go on to be JSON, as far as the scanner knows: it has no complaint but its end. */
bool couldGoOn(Scan& scan, const std::string& text, size_t end) {
  const Exact beginning(text.substr(0, end));
  return scan.run(beginning.at(), 0, beginning.length(), noBound) || scan.fault == static_cast<At>(end);
}

void children(Scan& scan, const Exact& text) {
  const std::vector<Child> found = scan.children;
  const Kind root = scan.kind;
  At last = 0;
  for (const Child& child : found) {
    CHECK(child.valueStart >= last && child.valueStart < child.valueEnd && child.valueEnd < text.length());
    if (root == object) {
      CHECK(child.nameStart > last && child.nameStart <= child.nameEnd && child.nameEnd < child.valueStart);
      CHECK(text.at()[child.nameStart - 1] == '"' && text.at()[child.nameEnd] == '"');
      const bool backslash = std::memchr(text.at() + child.nameStart, '\\',
                                         static_cast<size_t>(child.nameEnd - child.nameStart)) != nullptr;
      CHECK(child.nameEscaped == backslash);
    }
    last = child.valueEnd;
    const Exact alone(text.text().substr(static_cast<size_t>(child.valueStart),
                                         static_cast<size_t>(child.valueEnd - child.valueStart)));
    CHECK(scan.run(alone.at(), 0, alone.length(), noBound) && scan.kind == child.kind);
    if (child.kind == string) CHECK(child.valueEscaped == (alone.text().find('\\') != std::string::npos));
  }
}

/** Scans one text and checks all that is promised of it. */
void judge(Scan& scan, const std::string& text) {
  const Exact exact(text);
  const bool good = scan.run(exact.at(), 0, exact.length(), noBound);
  CHECK_THAT(good == isJson(text), "%s", shown(text).c_str());
  if (good) {
    children(scan, exact);
    for (size_t length = 0; length < text.size(); length++) CHECK(couldGoOn(scan, text, length));
    return;
  }
  const auto fault = static_cast<size_t>(scan.fault);
  CHECK(fault <= text.size());
  CHECK_THAT(couldGoOn(scan, text, fault), "%s is at fault before %zu", shown(text).c_str(), fault);
  if (fault < text.size()) CHECK_THAT(!couldGoOn(scan, text, fault + 1), "%s goes on at %zu", shown(text).c_str(), fault);
}

void texts(Random& random) {
  Scan scan;
  const char* known[] = {"", " ", "{}", "[]", "[ ]", "{ }", "0", "-0", "01", "1.", "-", "1e", "1e+", "1E-5", ".5", "tru", "true",
                         "nullx", "\"", "\"\\", "\"\\u12", "\"\\u12G4\"", "\"\\x\"", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}",
                         "{\"a\":1,}", "{a:1}", "[1 2]", "{\"a\":[{\"b\":[[]]}]}", "]", "}", "[}", "{]", "[[]", "\"\x01\"",
                         " [ 1 , {\"a\" : \"\\u00e9\" } , null ] ", "1 1", "[1]x"};
  for (const char* each : known) judge(scan, each);
  for (int i = 0; i < 60'000; i++) {
    std::string text = randomJson(random, 3);
    if (!random.oneIn(3)) text = damage(text, random);
    judge(scan, text);
  }
}

void depth() {
  Scan scan;
  for (At levels = 1; levels < 200; levels++) {
    const auto count = static_cast<size_t>(levels);
    const Exact nested(std::string(count, '[') + std::string(count, ']'));
    CHECK(scan.run(nested.at(), 0, nested.length(), 64));
    CHECK(scan.deep == (levels > 64 ? 64 : -1));
  }
  // A million levels take no stack.
  const Exact deep(std::string(1'000'000, '['));
  CHECK(!scan.run(deep.at(), 0, deep.length(), 64) && scan.fault == deep.length());
}

}  // namespace

int main() {
  Random random(8259);
  runs();
  texts(random);
  depth();
  return done("scan");
}
