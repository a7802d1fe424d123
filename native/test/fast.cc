// The quick way against the exact one: same rows for whatever it takes, doubts for the rest, on records good, odd and
// damaged, cut off anywhere, with every number of bytes behind them up to the end of the memory.

#include "../fast.h"

#include "check.h"
#include "judge.h"
#include "records.h"

using namespace firn;
using namespace firn::test;

namespace {

/** What it must take, or the name of this way would be wrong. */
void common(Judge& judge, const std::vector<Stream>& streams) {
  const std::string record = R"({"sensor_id":"CC-SENSOR-0001","timestamp_utc":"2026-01-31T23:59:58.25Z","temperature_c":-4.50,)"
                             R"("zone_id":"FRZ-A1","compliance_state":"within_spec"})";
  CHECK(judge.judge(streams[0], record).common);
  CHECK(judge.judge(streams[0], record, "\n" + record).common);
  const std::string every = R"({ "timestamp_utc" : "2026-01-31T23:59:58Z" , "on":true,"count":7,"level":0,"zone":"a"})";
  CHECK(judge.judge(streams[1], every).common);
}

/** What only the exact way may take. */
void doubtful(Judge& judge, const std::vector<Stream>& streams) {
  const std::string head = R"({"timestamp_utc":"2026-01-31T23:59:58Z",)";
  for (const char* member : {R"("label":"\u0041")", R"("label":"ü")", R"("level":1e1)", R"("level":-0)", R"("label":null)",
                             R"("la\u0062el":"a")", R"("other":[1])", R"("level":0.0000001)", R"("level":1234567890123456)"}) {
    const Judgement judgement = judge.judge(streams[1], head + member + "}");
    CHECK_THAT(judgement.code == ok && !judgement.common, "%s", member);
  }
}

/** Every beginning and every end of a record, and every length of memory behind it. */
void cutOff(Judge& judge, const std::vector<StreamOf>& specs, const std::vector<Stream>& streams, Random& random) {
  for (size_t which = 0; which < streams.size(); which++) {
    RecordMaker maker(specs[which], random);
    for (int i = 0; i < 60; i++) {
      const std::string record = maker.record(50);
      for (size_t length = 0; length < record.size(); length++) {
        judge.judge(streams[which], record.substr(0, length));
        judge.judge(streams[which], record.substr(0, length) + '}');
        judge.judge(streams[which], record.substr(length));
      }
      for (size_t behind = 0; behind < 40; behind++) judge.judge(streams[which], record, std::string(behind, '"'));
    }
  }
}

void manyRecords(Judge& judge, const std::vector<StreamOf>& specs, const std::vector<Stream>& streams, Random& random) {
  size_t taken = 0;
  size_t accepted = 0;
  size_t refused = 0;
  constexpr int rounds = 40'000;
  for (int i = 0; i < rounds; i++) {
    const size_t which = random.below(streams.size());
    RecordMaker maker(specs[which], random);
    const Judgement judgement = judge.judge(streams[which], maker.record(60), random.oneIn(2) ? "," : "");
    taken += judgement.common;
    accepted += judgement.code == ok;
    refused += judgement.code != ok;
  }
  // The records are worth something only while each way and each end is taken often.
  CHECK_THAT(taken > rounds / 10 && accepted > taken + rounds / 20 && refused > rounds / 10, "%zu, %zu, %zu", taken, accepted,
             refused);
}

/** A table with the most fields there can be: every word of the set of fields is used. */
void widest(Judge& judge) {
  StreamOf spec = {.number = 1, .fields = {{.name = "timestamp_utc", .type = Type::timestamp, .required = true}}};
  while (spec.fields.size() < maxFields) {
    spec.fields.push_back({.name = "f" + std::to_string(spec.fields.size()), .type = Type::number, .required = true});
  }
  const std::vector<Stream> streams = compiled({spec});
  std::string record = R"({"timestamp_utc":"2026-01-31T23:59:58Z")";
  for (size_t i = 1; i < spec.fields.size(); i++) record += ",\"" + spec.fields[i].name + "\":" + std::to_string(i) + ".5";
  CHECK(judge.judge(streams[0], record + "}").common);
  const std::string unusual = record.substr(0, record.rfind(':')) + ":-1234.5678e-2}";
  CHECK(judge.judge(streams[0], unusual).code == ok);
  const size_t last = record.rfind(',');
  CHECK(judge.judge(streams[0], record.substr(0, last) + "}").code == fieldMissing);
}

}  // namespace

int main() {
  Random random(42);
  Judge judge;
  const std::vector<StreamOf> specs = bothStreams();
  const std::vector<Stream> streams = compiled(specs);
  common(judge, streams);
  doubtful(judge, streams);
  cutOff(judge, specs, streams, random);
  manyRecords(judge, specs, streams, random);
  widest(judge);
  return done("fast");
}
