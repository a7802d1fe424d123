// The native codec: frames in, entries out. Twin of workers/portable.ts, byte for byte; whatever one of the two does, the
// other does.
#pragma once

#include "entries.h"
#include "fast.h"
#include "marks.h"
#include "split.h"
#include "validate.h"

namespace firn {

/** Where encoding of a slab stands, and the slab: the words that workers/native.ts shares with the addon. */
struct State {
  uint32_t frame, offset, record;
  /** Bytes and frames of input in use. */
  uint32_t bytes, frames;
  /** Reject summaries written so far. */
  uint32_t rejected;
};

struct Area {
  uint8_t* at;
  size_t bytes;
};

/** Is told each frame before it is touched. @returns false when encoding must end at once. */
struct Begin {
  virtual bool operator()(uint32_t frame) = 0;
  virtual ~Begin() = default;
};

class Codec {
 public:
  explicit Codec(std::vector<Stream> streams, const Vectors& vectors = bestVectors())
      : streams_(std::move(streams)), marks_(vectors) {}

  /**
   * Encodes frames from the state on into `out` until it is full or the slab is at its end.
   * @returns bytes written to `out`: whole entries.
   * @throws std::runtime_error for a slab that cannot be: a fault of the caller, never of what was sent.
   */
  size_t encode(State& state, Area input, Area rejects, Area out, Begin& begin);

 private:
  std::vector<Stream> streams_;
  EntryWriter entries_;
  Marks marks_;
  Split split_;
  Validator validator_;
  Row row_;
  /** The JSON string of `received_utc`, with slack behind it, and the time it says: at first none that there is. */
  uint8_t received_[receivedBytes + slack] = {};
  double receivedMs_ = std::numeric_limits<double>::quiet_NaN();
  State* state_ = nullptr;
  /** Over the payload in hand; `mark` is null when its marks are not known. */
  Walk walk_{};
  Area input_{}, rejects_{};

  bool frame(size_t at);
  enum class Outcome { done, full, unsure };
  /** A frame in the hands of the codec: its header, and its payload without the white space around it. */
  struct Frame {
    size_t at;
    const uint8_t* header;
    const uint8_t* start;
    const uint8_t* end;
  };
  Outcome quick(const Stream& stream, size_t at, size_t start, size_t end);
  Outcome text(const Stream& stream, const Frame& frame);
  Outcome lines(const Stream& stream, const Frame& frame);
  bool records(const Stream& stream, size_t at);
  bool refused(const Stream& stream, size_t at, uint32_t record, uint32_t before, Code code, At start, At end);
  bool refuseFrame(size_t at, uint32_t stream, Code code, At start, At end, At offset);
  const Stream& streamOf(uint32_t number) const;
  void setReceived(double ms);
  void tellReject(uint32_t before, uint32_t record, Code code, uint16_t field, At offset);
  void tellCounts(size_t at, uint32_t accepted, uint32_t rejected, Code refusal);
};

}  // namespace firn
