// Fuzz target: the walk over the frames of a slab. The bytes are a slab as it stands, headers and all, or payloads in good
// headers; streams, state words and the sizes of output and rejects areas come from them too. Whatever a slab says, the
// codec stays inside its areas, gets on, and leaves the same behind through small areas as through one that holds all.
//
// byte 0: 1 = the rest is a slab as it stands; 2 = state words follow, 4 = they lie inside   1: frames, or frames in use   2: rejects bytes
// 3..10: four sizes of output areas (u16)   then, per frame: mode, flags, stream, kind (a byte each), u16 bytes, payload

#include "../test/slab.h"
#include "../test/tables.h"
#include "fuzz.h"

using namespace firn;
using namespace firn::test;

namespace {

/** Telemetry with and without zones, every type, and a stream that takes few records: numbers 1 to 4. */
Codec freshCodec() {
  static const std::string descriptor = [] {
    StreamOf zoned = telemetryStream();
    zoned.number = 3;
    zoned.zones = {{.name = "FRZ-A1", .min = -25, .max = -15}, {.name = "A", .max = 8}};
    zoned.zoneBy = 3;
    zoned.zoneField = 2;
    StreamOf narrow = everyTypeStream();
    narrow.number = 4;
    narrow.maxRecords = 2;
    return describe({telemetryStream(), everyTypeStream(), zoned, narrow});
  }();
  return Codec(readStreams(reinterpret_cast<const uint8_t*>(descriptor.data()), descriptor.size()));
}

std::string framed(fuzz::Feed& feed, uint32_t frames) {
  std::vector<FrameOf> made;
  while (made.size() < frames) {
    FrameOf each;
    each.mode = static_cast<uint8_t>(feed.byte() % 3);
    each.flags = feed.byte() == 1 ? frame::flagCrash : 0;
    each.stream = 1u + feed.byte() % 4;
    each.kind = feed.byte();
    if (each.kind < 200) each.kind = frame::kindData;
    each.payload = feed.text(feed.half());
    made.push_back(each);
  }
  return slabOf(made);
}

/** A slab whose control frames have no kind of the codec's own entries: those could not be told apart in the output. */
std::string ownKinds(std::string slab) {
  for (size_t at = 0; slab.size() >= frame::headerBytes && at <= slab.size() - frame::headerBytes;) {
    auto* header = reinterpret_cast<uint8_t*>(slab.data()) + at;
    if (header[frame::kind] > frame::kindData && header[frame::kind] <= entry::kindRefused) header[frame::kind] = 4;
    at += padded(frame::headerBytes + load<uint32_t>(header + frame::bytes));
  }
  return slab;
}

/**
 * One call with state words that nobody checked: an error or an answer, nothing else. `inside` = the slab is said to
 * end inside its memory.
 */
void hostileState(Codec& codec, fuzz::Feed& feed, uint32_t frames, size_t areaBytes, bool inside) {
  State state{};
  state.frame = feed.byte();
  state.offset = feed.whole();
  state.record = feed.half();
  state.bytes = feed.whole();
  state.frames = state.frame + frames;
  state.rejected = feed.half();
  const Exact input(feed.rest());
  if (inside) {
    state.bytes = static_cast<uint32_t>(state.bytes % (input.bytes() + 1));
    state.offset %= state.bytes + 8;
  }
  Guarded rejects(256), out(areaBytes);
  CountFrames begin;
  try {
    const size_t written = codec.encode(state, {input.at(), input.bytes()}, {rejects.at(), rejects.bytes()},
                                        {out.at(), out.bytes()}, begin);
    CHECK(written <= out.bytes());
  } catch (const std::runtime_error&) {
    // A slab that cannot be is the fault of whoever calls: an error is all that may come of it.
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
  fuzz::Feed feed(bytes, length);
  static Codec codec = freshCodec();
  const uint8_t choice = feed.byte();
  const uint32_t frames = feed.byte() % 12;
  const size_t rejectsBytes = size_t{feed.byte()} * 4;
  size_t sizes[4];
  for (size_t& size : sizes) size = feed.half() % 3000;
  if ((choice & 2) != 0) {
    hostileState(codec, feed, frames, sizes[0], (choice & 4) != 0);
    return 0;
  }
  const bool raw = (choice & 1) != 0;
  const std::string slab = raw ? ownKinds(feed.rest()) : framed(feed, frames);
  size_t call = 0;
  const Outcome parts = encodeSlab(codec, slab, frames, [&] { return sizes[call++ % 4]; }, rejectsBytes, choice >> 2);
  checkSame(encodeAtOnce(codec, slab, frames, rejectsBytes), parts);
  return 0;
}
