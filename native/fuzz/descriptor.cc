// Fuzz target: descriptors of streams. The bytes are a descriptor, or changes to a good one; what is taken encodes a slab
// of records inside its areas, whatever table has come of it.
//
// byte 0: 0 = a descriptor follows; else changes of 4 bytes each to the good one: u16 place, what to do, a byte

#include "../test/slab.h"
#include "../test/tables.h"
#include "fuzz.h"

using namespace firn;
using namespace firn::test;

namespace {

std::string changed(fuzz::Feed& feed) {
  static const std::string good = describe(bothStreams());
  std::string bytes = good;
  while (feed.left() >= 4 && !bytes.empty()) {
    const size_t at = feed.half() % bytes.size();
    const uint8_t what = feed.byte();
    const uint8_t byte = feed.byte();
    if (what < 128) bytes[at] = static_cast<char>(what < 64 ? byte : static_cast<uint8_t>(bytes[at]) ^ byte);
    else if (what < 160) bytes.insert(at, byte % 16, static_cast<char>(what));
    else if (what < 192) bytes.erase(at, byte % 16);
    else if (what < 224) bytes.insert(at, bytes.substr(byte % bytes.size(), what));
    else bytes.resize(at);
  }
  return bytes;
}

/** Records that ask for every part of a table. */
const std::string& slab() {
  static const std::string made = [] {
    const std::string telemetry = R"({"sensor_id":"probe-1","timestamp_utc":"2026-01-31T23:59:58Z","temperature_c":4.5,)"
                                  R"("zone_id":"DOCK-7","compliance_state":"excursion"})";
    const std::string every = R"({"timestamp_utc":"2026-01-31T23:59:58Z","label":"\u0041","count":7,"level":1e0,"on":true,)"
                              R"("zone":"b \"q\" \\","seen_utc":"2026-01-31T23:59:58Z","Alpha":"ab","n":0.25,"more":[1]})";
    return slabOf({{.payload = telemetry + "\n" + every}, {.payload = "[" + every + "," + every + "]", .stream = 2}});
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  fuzz::Feed feed(bytes, length);
  const Exact descriptor(feed.byte() == 0 ? feed.rest() : changed(feed));
  try {
    Codec codec(readStreams(descriptor.at(), descriptor.bytes()));
    const Exact input(slab());
    Guarded rejects(128), out(16384);
    CountFrames begin;
    State state{};
    state.bytes = static_cast<uint32_t>(input.bytes());
    state.frames = 2;
    const size_t written = codec.encode(state, {input.at(), input.bytes()}, {rejects.at(), rejects.bytes()},
                                        {out.at(), out.bytes()}, begin);
    CHECK(written <= out.bytes());
  } catch (const std::runtime_error&) {
    // No descriptor, or one without the streams of the slab.
  }
  return 0;
}
