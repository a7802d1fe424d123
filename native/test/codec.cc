// Whole slabs: the same entries through output areas of every size, rejects areas of every size, slabs that end where
// their memory ends; headers that lie are refused before anything is read by them.

#include "../codec.h"

#include "check.h"
#include "records.h"
#include "slab.h"

using namespace firn;
using namespace firn::test;

namespace {

/** A slab with every kind of frame, on both streams. */
std::vector<FrameOf> everyFrame(Random& random) {
  const std::vector<StreamOf> specs = bothStreams();
  RecordMaker telemetry(specs[0], random);
  RecordMaker every(specs[1], random);
  return {
      {.payload = telemetry.record(0)},
      {.payload = ""},
      {.payload = "{\"no\":\"source\"}", .kind = 4},
      {.payload = telemetry.payload(4, 30)},
      {.payload = every.payload(5, 60), .stream = 2},
      {.payload = "[" + every.record(0) + " , " + every.record(0) + "]", .stream = 2},
      {.payload = " [1,2", .mode = frame::modeJson},
      {.payload = " any \n bytes \xff ", .flags = frame::flagCrash, .stream = 9},
      {.payload = "x\ny\n\n" + every.record(40), .mode = frame::modeLines, .stream = 2},
      {.payload = "\xff\xfe"},
      {.payload = telemetry.record(0) + "\n" + telemetry.record(100), .receivedMs = 0},
  };
}

/** The least areas first: every call stands before another end of the area. */
void everyArea(Random& random) {
  for (int round = 0; round < 4; round++) {
    const std::vector<FrameOf> frames = everyFrame(random);
    const std::string slab = slabOf(frames);
    const auto count = static_cast<uint32_t>(frames.size());
    Codec codec(compiled(bothStreams()));
    const Outcome whole = encodeAtOnce(codec, slab, count);
    CHECK(!whole.error && whole.calls == 1 && whole.refused > 0);
    for (size_t bytes = 0; bytes < whole.entries.size() + 80; bytes += round == 0 ? 1 : 13) {
      checkSame(whole, encodeSlab(codec, slab, count, [bytes] { return bytes; }));
    }
    for (int i = 0; i < 150; i++) {
      checkSame(whole, encodeSlab(codec, slab, count, [&random] { return random.below(700); }, 64 * rejectBytes,
                                  random.below(100)));
    }
  }
}

/** A rejects area of any size is filled as far as whole lines go, and not further. */
void everyRejectsArea(Random& random) {
  const std::vector<FrameOf> frames = everyFrame(random);
  const std::string slab = slabOf(frames);
  const auto count = static_cast<uint32_t>(frames.size());
  Codec codec(compiled(bothStreams()));
  const Outcome whole = encodeAtOnce(codec, slab, count);
  for (size_t bytes = 0; bytes < whole.rejects.size() + 2 * rejectBytes; bytes++) {
    const Outcome some = encodeAtOnce(codec, slab, count, bytes);
    CHECK(some.rejects == whole.rejects.substr(0, std::min(bytes - bytes % rejectBytes, whole.rejects.size())));
    CHECK(some.entries == whole.entries);
  }
}

/** Many slabs of records, each through areas of random sizes and through one. */
void manySlabs(Random& random) {
  const std::vector<StreamOf> specs = bothStreams();
  Codec codec(compiled(specs));
  for (int round = 0; round < 400; round++) {
    std::vector<FrameOf> frames;
    for (size_t count = 1 + random.below(5); count > 0; count--) {
      const size_t which = random.below(2);
      RecordMaker maker(specs[which], random);
      frames.push_back({.payload = maker.payload(random.oneIn(9) ? 60 : 4, random.oneIn(2) ? 0 : 40),
                        .mode = static_cast<uint8_t>(random.below(3)),
                        .stream = static_cast<uint32_t>(which + 1)});
    }
    const std::string slab = slabOf(frames);
    const auto count = static_cast<uint32_t>(frames.size());
    const Outcome whole = encodeAtOnce(codec, slab, count);
    checkSame(whole, encodeSlab(codec, slab, count, [&random] { return random.below(2000); }));
  }
}

/** One call for a slab and a state that may be impossible. @returns what it threw, "" when it did not. */
std::string thrown(const std::string& slab, State state, size_t memory) {
  Codec codec(compiled(bothStreams()));
  const Exact input(slab.substr(0, memory));
  Guarded rejects(64), out(4096);
  CountFrames begin;
  try {
    codec.encode(state, {input.at(), input.bytes()}, {rejects.at(), rejects.bytes()}, {out.at(), out.bytes()}, begin);
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

void impossible(Random& random) {
  const std::string slab = slabOf({{.payload = everyFrame(random)[0].payload}});
  const auto bytes = static_cast<uint32_t>(slab.size());
  const auto state = [](uint32_t offset, uint32_t used, uint32_t frames) {
    State made{};
    made.offset = offset;
    made.bytes = used;
    made.frames = frames;
    return made;
  };
  CHECK(thrown(slab, state(0, bytes, 1), bytes).empty());
  CHECK(thrown(slab, state(0, bytes, 0), bytes).empty());
  // More bytes than there is memory; frames behind the end; an offset anywhere, also where sums wrap around.
  CHECK(!thrown(slab, state(0, bytes + 1, 1), bytes).empty());
  CHECK(!thrown(slab, state(0, 0xffffffff, 1), bytes).empty());
  CHECK(!thrown(slab, state(0, bytes, 2), bytes).empty());
  for (const uint32_t offset : {bytes - 47, bytes, bytes + 1, 0x7fffffffu, 0xffffffd0u, 0xffffffffu}) {
    CHECK(!thrown(slab, state(offset, bytes, 1), bytes).empty());
  }
  // A slab that is cut off anywhere, or whose frame says that it is longer than the slab.
  for (uint32_t length = 0; length + 8 < bytes; length++) {
    CHECK(!thrown(slab, state(0, length, 1), length).empty());
  }
  for (const uint32_t payload : {bytes - 47, bytes, 0x7fffffffu, 0xffffffc8u, 0xffffffd0u, 0xffffffffu}) {
    std::string lying = slab;
    store(reinterpret_cast<uint8_t*>(lying.data()) + frame::bytes, payload);
    CHECK(!thrown(lying, state(0, bytes, 1), bytes).empty());
  }
  CHECK(!thrown(slabOf({{.payload = "{}", .stream = 3}}), state(0, 56, 1), 56).empty());
  // Times that no text can say.
  for (const double ms : {-1.0, 1e18, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THAT(!thrown(slabOf({{.payload = "{}", .receivedMs = ms}}), state(0, 56, 1), 56).empty(), "received at %g", ms);
  }
}

}  // namespace

int main() {
  Random random(3);
  everyArea(random);
  everyRejectsArea(random);
  manySlabs(random);
  impossible(random);
  return done("codec");
}
