// Slabs for tests of the codec: frames in, all that the codec leaves behind out, through output areas of any sizes. Every
// area is guarded, every entry is taken apart and checked (entry-walk.h).
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>

#include "../codec.h"
#include "entry-walk.h"
#include "guarded.h"

namespace firn::test {

struct FrameOf {
  std::string payload;
  uint8_t kind = frame::kindData;
  uint8_t mode = frame::modeAuto;
  uint8_t flags = 0;
  uint32_t stream = 1;
  double receivedMs = 1769903999007;
};

/** Frames behind each other, each padded to 8; the words that the codec writes hold rubbish. */
inline std::string slabOf(const std::vector<FrameOf>& frames) {
  std::string slab;
  for (size_t i = 0; i < frames.size(); i++) {
    const FrameOf& each = frames[i];
    uint8_t header[frame::headerBytes];
    std::memset(header, 0xee, sizeof header);
    store(header + frame::bytes, static_cast<uint32_t>(each.payload.size()));
    header[frame::kind] = each.kind;
    header[frame::mode] = each.mode;
    header[frame::flags] = each.flags;
    store(header + frame::stream, each.stream);
    store(header + frame::source, uint32_t{77});
    store(header + frame::frame, static_cast<double>(i));
    store(header + frame::receivedMs, each.receivedMs);
    slab.append(reinterpret_cast<const char*>(header), sizeof header);
    slab += each.payload;
    slab.append(padded(each.payload.size()) - each.payload.size(), '\xee');
  }
  return slab;
}

/** Counts frames, and stops the codec before one of them where that is asked for. */
struct CountFrames final : Begin {
  uint32_t calls = 0;
  bool operator()(uint32_t) override {
    calls++;
    return true;
  }
};

/** What is left of a slab that went through the codec. */
struct Outcome {
  /** Entries of all calls, but for the frame entries with which later calls go on. */
  std::string entries;
  std::string input, rejects;
  State state{};
  /** What the codec threw, nothing when it did not. */
  std::optional<std::string> error;
  size_t accepted = 0, refused = 0, calls = 0;
};

/**
 * Puts a slab through a codec. `areaBytes` is asked for the size of each output area; one that takes nothing is followed
 * by a larger one, so that it always ends. `spare` bytes of memory lie behind the slab.
 */
inline Outcome encodeSlab(Codec& codec, const std::string& slab, uint32_t frames, const std::function<size_t()>& areaBytes,
                          size_t rejectsBytes = 64 * rejectBytes, size_t spare = 0) {
  Outcome outcome;
  const Exact input(slab + std::string(spare, '\xee'));
  Guarded rejects(rejectsBytes);
  State& state = outcome.state;
  state.bytes = static_cast<uint32_t>(slab.size());
  state.frames = frames;
  CountFrames begin;
  size_t least = 0;
  try {
    while (state.frame < state.frames) {
      Guarded out(std::max(areaBytes(), least));
      const State before = state;
      const size_t written = codec.encode(state, {input.at(), input.bytes()}, {rejects.at(), rejects.bytes()},
                                          {out.at(), out.bytes()}, begin);
      outcome.calls++;
      CHECK(written <= out.bytes());
      const bool moved = state.frame != before.frame || state.record != before.record;
      // What is too small for the next entry is doubled until it is not.
      least = moved ? 0 : 2 * out.bytes() + 64;
      const Walked walked = walkEntries(out.text(written));
      CHECK_THAT(moved || walked.entries.empty(), "something was written, and the state stands still");
      CHECK(out.bytes() < (size_t{1} << 24));
      outcome.entries += walked.entries;
      outcome.accepted += walked.accepted;
      outcome.refused += walked.refused;
    }
  } catch (const std::runtime_error& error) {
    outcome.error = error.what();
  }
  CHECK(begin.calls >= state.frame);
  CHECK(size_t{state.rejected} * rejectBytes <= rejects.bytes());
  CHECK(rejects.untouched(size_t{state.rejected} * rejectBytes));
  outcome.input = input.text().substr(0, slab.size());
  outcome.rejects = rejects.text(size_t{state.rejected} * rejectBytes);
  return outcome;
}

/** The same through one area that holds everything: 40 bytes for each refused record, which may be one byte and a comma. */
inline Outcome encodeAtOnce(Codec& codec, const std::string& slab, uint32_t frames, size_t rejectsBytes = 64 * rejectBytes) {
  const size_t enough = slab.size() * 24 + 8192;
  return encodeSlab(codec, slab, frames, [enough] { return enough; }, rejectsBytes);
}

/** Both ways left the same behind. Where one threw the other did too, and only that is compared. */
inline void checkSame(const Outcome& one, const Outcome& other) {
  CHECK_THAT(one.error == other.error, "one way: %s, other way: %s", one.error.value_or("no error").c_str(),
             other.error.value_or("no error").c_str());
  if (one.error) return;
  CHECK(one.entries == other.entries);
  CHECK(one.input == other.input);
  CHECK(one.rejects == other.rejects);
  CHECK(one.state.offset == other.state.offset && one.state.record == other.state.record);
}

}  // namespace firn::test
