// Writes entries (engine/journal/entry.ts) into an output area. An entry is written whole or not at all; a frame entry is
// written together with the first entry of the frame. Twin of workers/entries.ts.
#pragma once

#include "row.h"
#include "sha256.h"
#include "timestamp.h"

namespace firn {

class EntryWriter {
 public:
  /** Starts a call: entries go to [out, out + bytes); texts of records lie before `inputEnd`. */
  void open(uint8_t* out, size_t bytes, const uint8_t* inputEnd) {
    out_ = out;
    size_ = bytes;
    inputEnd_ = inputEnd;
    at_ = 0;
    framePending_ = false;
    hasher_.drop();
  }
  /** Completes the leaves. @returns bytes written. */
  size_t close() {
    hasher_.flush();
    return at_;
  }

  /** What follows belongs to the data frame whose header is given. `continued` = some of it is out already. */
  void frame(const uint8_t* header, bool continued) {
    header_ = header;
    continued_ = continued;
    framePending_ = true;
  }
  /** Where a frame's entries begin, for `rollBack`. To be asked before the first of them. */
  size_t mark() const { return at_; }
  /** Takes all entries of the newest frame back. What they left in the output is written over or lies behind its end. */
  void rollBack(size_t mark) {
    // Leaves of frames before are among those that wait, so all are hashed; those taken back still lie in the output.
    hasher_.flush();
    at_ = mark;
    framePending_ = true;
  }
  /** Writes the entry of a frame that has no records. Like all below: false, and nothing is written, without room. */
  bool frameAlone() { return !framePending_ || room(0); }
  /**
   * An accepted record, which lies before `end`. `most` = bytes that the record's own values take together at most, 0 when
   * that is not known. `received` = receivedBytes of JSON, with slack behind them.
   */
  bool accepted(const Stream& stream, const Row& row, size_t most, const uint8_t* end, const uint8_t* received);
  /** A refused record, or a frame refused whole: its bytes, the fault at `offset` of them. */
  bool refused(uint32_t stream, uint32_t record, Code code, uint16_t field, Piece raw, At offset);
  /** A control frame: its payload becomes the entry of its kind. */
  bool control(uint32_t kind, Piece payload);

 private:
  uint8_t* out_ = nullptr;
  size_t size_ = 0;
  size_t at_ = 0;
  const uint8_t* inputEnd_ = nullptr;
  const uint8_t* header_ = nullptr;
  bool framePending_ = false;
  bool continued_ = false;
  LeafHasher hasher_;

  bool room(size_t bytes);
  uint8_t* begin(uint32_t kind, uint32_t flags, size_t bytes);
  void end(uint8_t* to, size_t bytes);
};

}  // namespace firn
