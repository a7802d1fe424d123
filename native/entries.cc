// The entry writer; see entries.h.

#include "entries.h"

namespace firn {
namespace {

/** Copies a piece. With `blocks`, short ones as a whole block: up to `slack` bytes from the start of the piece on both sides. */
inline uint8_t* copy(Piece piece, uint8_t* to, bool blocks) {
  if (blocks && piece.bytes <= slack) std::memcpy(to, piece.at, slack);
  else std::memcpy(to, piece.at, piece.bytes);
  return to + piece.bytes;
}

/** The value of a member of the line; nothing when the line does not have it. */
inline Piece valueOf(int member, const Row& row, const uint8_t* received) {
  if (member == receivedMember) return {received, receivedBytes};
  return member == evaluatedMember ? row.evaluated : row.values[static_cast<size_t>(member)];
}

size_t lineBytes(const Stream& stream, const Row& row, const uint8_t* received) {
  // The comma of the first key stands for the opening brace; the closing one and the LF are two.
  size_t bytes = 2;
  for (const Member& member : stream.order) {
    const Piece value = valueOf(member.number, row, received);
    if (value.at != nullptr) bytes += member.key.piece().bytes + value.bytes;
  }
  return bytes;
}

}  // namespace

bool EntryWriter::accepted(const Stream& stream, const Row& row, size_t most, const uint8_t* end,
                           const uint8_t* received) {
  const size_t bound = entry::frameBytes + padded(entry::acceptedLine + stream.mostAround + most) + slack;
  const bool roomy = most != 0 && bound <= size_ - at_;
  // The line is measured before it is written only where the room might be too short for it.
  if (!room(roomy ? 0 : padded(entry::acceptedLine + lineBytes(stream, row, received)))) return false;
  const bool blocks = roomy && inputEnd_ - end >= static_cast<At>(slack);
  uint8_t* const at = out_ + at_;
  uint8_t* const line = at + entry::acceptedLine;
  uint8_t* to = line;
  At timestampOffset = 0;
  for (const Member& member : stream.order) {
    const Piece value = valueOf(member.number, row, received);
    if (value.at == nullptr) continue;
    to = copy(member.key.piece(), to, blocks);
    if (member.number == stream.time) timestampOffset = to + 1 - line;
    to = copy(value, to, blocks);
  }
  // Every key begins with a comma; the first one gives way to the brace.
  *line = '{';
  *to++ = '}';
  *to++ = '\n';
  const auto bytes = static_cast<size_t>(to - line);
  begin(entry::kindAccepted, row.excursion ? entry::flagExcursion : 0, padded(entry::acceptedLine + bytes));
  at[entry::acceptedTimestampLength] =
      static_cast<uint8_t>(row.values[static_cast<size_t>(stream.time)].bytes - 2);
  store(at + entry::acceptedStream, stream.number);
  store(at + entry::acceptedNanos, row.nanos);
  store(at + entry::acceptedSeconds, static_cast<double>(row.seconds));
  store(at + entry::acceptedLineBytes, static_cast<uint32_t>(bytes));
  // Three bytes; the fourth is the first of the leaf, which is written last.
  store(at + entry::acceptedTimestampOffset, static_cast<uint32_t>(timestampOffset));
  at[entry::acceptedPrefix] = 0;
  // The 0x00 before the line is hashed, the LF at its end is not.
  const uint8_t* const leaf = at + entry::acceptedPrefix;
  hasher_.add({leaf, bytes, at + entry::acceptedLeaf, static_cast<size_t>(out_ + size_ - leaf)});
  this->end(to, padded(entry::acceptedLine + bytes));
  return true;
}

bool EntryWriter::refused(uint32_t stream, uint32_t record, Code code, uint16_t field, Piece raw, At offset) {
  const size_t bytes = padded(entry::refusedRaw + raw.bytes);
  if (!room(bytes)) return false;
  uint8_t* at = begin(entry::kindRefused, 0, bytes);
  store(at + entry::refusedStream, stream);
  store(at + entry::refusedRecord, record);
  store(at + entry::refusedOffset, static_cast<uint32_t>(offset));
  store(at + entry::refusedCode, static_cast<uint16_t>(code));
  store(at + entry::refusedField, field);
  store(at + entry::refusedRawBytes, static_cast<uint64_t>(raw.bytes));
  std::memcpy(at + entry::refusedRaw, raw.at, raw.bytes);
  end(at + entry::refusedRaw + raw.bytes, bytes);
  return true;
}

bool EntryWriter::control(uint32_t kind, Piece payload) {
  framePending_ = false;
  const size_t bytes = padded(entry::controlJson + payload.bytes);
  if (!room(bytes)) return false;
  uint8_t* at = begin(kind, 0, bytes);
  store(at + entry::controlJsonBytes, static_cast<uint64_t>(payload.bytes));
  std::memcpy(at + entry::controlJson, payload.at, payload.bytes);
  end(at + entry::controlJson + payload.bytes, bytes);
  return true;
}

/** True when an entry of `bytes` fits, with the frame entry before it where that is due; that one is then written. */
bool EntryWriter::room(size_t bytes) {
  const size_t frame = framePending_ ? entry::frameBytes : 0;
  if (frame + bytes > size_ - at_) return false;
  if (!framePending_) return true;
  framePending_ = false;
  uint8_t* at = begin(entry::kindFrame, continued_ ? entry::flagContinued : 0, entry::frameBytes);
  std::memcpy(at + entry::frameSource, header_ + frame::source, 4);
  std::memcpy(at + entry::frameStream, header_ + frame::stream, 4);
  std::memcpy(at + entry::frameFrame, header_ + frame::frame, 8);
  std::memcpy(at + entry::frameReceivedMs, header_ + frame::receivedMs, 8);
  end(at + entry::frameBytes, entry::frameBytes);
  return true;
}

/** The first eight bytes of an entry. Every byte of an entry is written, since the area held others before. */
uint8_t* EntryWriter::begin(uint32_t kind, uint32_t flags, size_t bytes) {
  uint8_t* at = out_ + at_;
  store(at + entry::bytes, static_cast<uint32_t>(bytes));
  store(at + entry::kind, kind | (flags << 8));
  return at;
}

/** Pads the entry that ends at `to` with zeros and goes past it. */
void EntryWriter::end(uint8_t* to, size_t bytes) {
  at_ += bytes;
  while (to < out_ + at_) *to++ = 0;
}

}  // namespace firn
