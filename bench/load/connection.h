// One connection: what a protocol tells of it, and how far its frames have got. Frames are counted from 0 as they are
// sent; acknowledgements come in that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clock.h"

namespace firn {

/** Frames that went out together, waiting for their acknowledgement. */
struct Chunk {
  /** When they were due (open loop) or sent (closed loop). */
  Nanos start;
  uint32_t frames;
};

/** Chunks in flight, oldest first. Grows to what the window needs and then allocates no more. */
class Flight {
 public:
  bool empty() const { return head_ == tail_; }
  Chunk& front() { return slots_[head_ & (slots_.size() - 1)]; }
  void pop() { head_++; }

  void push(Chunk chunk) {
    if (tail_ - head_ == slots_.size()) grow();
    slots_[tail_++ & (slots_.size() - 1)] = chunk;
  }

 private:
  void grow() {
    std::vector<Chunk> wider(slots_.empty() ? 4 : 2 * slots_.size());
    for (size_t i = head_; i != tail_; i++) wider[i & (wider.size() - 1)] = slots_[i & (slots_.size() - 1)];
    slots_ = std::move(wider);
  }

  std::vector<Chunk> slots_;
  size_t head_ = 0;
  size_t tail_ = 0;
};

/** How far a connection has got. It only goes on; `gone` from anywhere. */
enum class Stage : uint8_t { none, connecting, greeting, open, gone };

struct Connection {
  int fd = -1;
  uint32_t index = 0;
  Stage stage = Stage::none;
  /** Step of the protocol's own greeting, 0 at first. */
  uint8_t step = 0;

  // Set by the protocol.
  /** Frames that may be unacknowledged, as the server said last. */
  uint32_t window = UINT32_MAX;
  uint64_t acked = 0;
  /** Number that the server gives to our frame 0. */
  uint64_t base = 0;
  /** The server said goodbye: close code, 0 = it has not. */
  uint16_t closeCode = 0;
  /** The reason that came with it, printable. */
  std::string closeReason;
  /** What the server did wrong, as the end of a sentence: then the connection is closed. */
  std::string fault;
  /** Bytes that go out before the next frame: greeting, pong, close. */
  std::string control;
  /** Bytes of a message that has not come whole. */
  std::string carry;
  /** The same within the messages, for protocols that are a stream of bytes inside WebSocket frames. */
  std::string inner;

  // Kept by the traffic.
  uint64_t sent = 0;
  Flight flight;
  /** Of the run's frames: the connection's own frame 0, the one that goes next, and the one acknowledged next. */
  size_t first = 0;
  size_t next = 0;
  size_t ackedNext = 0;
  /** The chunk that is going out: its range in the frames' bytes, and its frames. Empty when at == end. */
  size_t at = 0;
  size_t end = 0;
  uint32_t chunkFrames = 0;
  /** Open loop: bursts that were begun, frames left of the last one, and when that was due. */
  uint64_t bursts = 0;
  uint32_t burstLeft = 0;
  Nanos burstStart = 0;
  /** The kernel took less than it was given: nothing is sent until it says so. */
  bool blocked = false;
  /** Waits in the queue of those that may send. */
  bool queued = false;
  /** We said goodbye. */
  bool leaving = false;

  uint64_t outstanding() const { return sent - acked; }
  bool midChunk() const { return at != end; }
  void fail(std::string why) {
    if (fault.empty()) fault = std::move(why);
  }
};

}  // namespace firn
