// Fuzz target: one record through both ways of reading it, and a payload taken apart, for two tables: telemetry/1, and one
// with a field of every type and zones. What the quick way takes the exact one takes, with the same row; what is accepted
// is accepted again in its canonical form.
//
// byte 0: 1 = the second table; 2 = payload instead of record; 4, 8 = its mode; the rest: bytes behind the record

#include "../split.h"
#include "../test/judge.h"
#include "../test/tables.h"
#include "fuzz.h"

using namespace firn;
using namespace firn::test;

namespace {

/** Records are judged with the bytes behind them that they have in the payload. */
void judgePayload(Judge& judge, const Stream& stream, const std::string& payload, uint8_t mode) {
  static Split split;
  const Exact text(payload);
  split.run(text.at(), 0, text.length(), mode, 50);
  CHECK(split.start >= 0 && split.start <= split.end && split.end <= text.length());
  CHECK(split.offset >= split.start && split.offset <= split.end);
  CHECK(split.refusal == ok || split.records.empty());
  const std::vector<Span> records = split.records;
  At last = split.start;
  for (const auto& [start, end] : records) {
    CHECK(start >= last && start < end && end <= split.end);
    CHECK(!isSpace(text.at()[start]) && !isSpace(text.at()[end - 1]));
    last = end;
    judge.judge(stream, payload.substr(static_cast<size_t>(start), static_cast<size_t>(end - start)),
                payload.substr(static_cast<size_t>(end)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  static const std::vector<Stream> streams = compiled(bothStreams());
  static Judge judge;
  fuzz::Feed feed(bytes, length);
  const uint8_t choice = feed.byte();
  const Stream& stream = streams[choice & 1];
  const std::string text = feed.rest();
  if ((choice & 2) != 0) {
    judgePayload(judge, stream, text, static_cast<uint8_t>((choice >> 2 & 3) % 3));
  } else {
    const size_t behind = std::min<size_t>(choice >> 4, text.size());
    judge.judge(stream, text.substr(0, text.size() - behind), text.substr(text.size() - behind));
  }
  return 0;
}
