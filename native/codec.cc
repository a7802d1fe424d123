// The walk over the frames of a slab; see codec.h.

#include "codec.h"

#include <stdexcept>
#include <string>

namespace firn {
namespace {

void must(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("assertion: " + what);
}

}  // namespace

size_t Codec::encode(State& state, Area input, Area rejects, Area out, Begin& begin) {
  must(state.bytes <= input.bytes, "a slab lies inside its memory");
  state_ = &state;
  input_ = input;
  rejects_ = rejects;
  entries_.open(out.at, out.bytes, input.at + input.bytes);
  while (state.frame < state.frames) {
    if (!begin(state.frame)) return 0;
    const size_t at = state.offset;
    must(at <= state.bytes && state.bytes - at >= frame::headerBytes, "a frame lies inside its slab");
    const size_t payload = load<uint32_t>(input.at + at + frame::bytes);
    must(payload <= state.bytes - at - frame::headerBytes, "a frame lies inside its slab");
    if (!this->frame(at)) break;
    state.offset += static_cast<uint32_t>(padded(frame::headerBytes + payload));
    state.frame++;
    state.record = 0;
  }
  return entries_.close();
}

/** The frame whose header is at `at`. @returns false when the output is full before its end. */
bool Codec::frame(size_t at) {
  const uint8_t* bytes = input_.at;
  const uint8_t* header = bytes + at;
  const size_t start = at + frame::headerBytes;
  const size_t end = start + load<uint32_t>(header + frame::bytes);
  const uint8_t kind = header[frame::kind];
  if (kind != frame::kindData) return entries_.control(kind, {bytes + start, end - start});
  const auto number = load<uint32_t>(header + frame::stream);
  if ((header[frame::flags] & frame::flagCrash) != 0) {
    const At from = skipSpace(bytes, static_cast<At>(start), static_cast<At>(end));
    const At to = trimEnd(bytes, from, static_cast<At>(end));
    entries_.frame(header, false);
    return refuseFrame(at, number, codecCrash, from, to, from);
  }
  const Stream& stream = streamOf(number);
  entries_.frame(header, state_->record > 0);
  if (state_->record == 0 && header[frame::mode] != frame::modeLines && commonText(stream, at, start, end)) return true;
  split_.run(bytes, static_cast<At>(start), static_cast<At>(end), header[frame::mode], stream.maxRecords);
  if (split_.refusal != ok) {
    return refuseFrame(at, number, split_.refusal, split_.start, split_.end, split_.offset);
  }
  return records(stream, at);
}

/** A frame that is refused whole: one refused record. */
bool Codec::refuseFrame(size_t at, uint32_t stream, Code code, At start, At end, At offset) {
  const Piece raw = {input_.at + start, static_cast<size_t>(end - start)};
  if (!entries_.refused(stream, 0, code, noField, raw, offset - start)) return false;
  tellReject(0, 0, code, noField, offset - static_cast<At>(at + frame::headerBytes));
  tellCounts(at, 0, 1, code);
  return true;
}

/**
 * A frame that is an array of common records, or in JSON mode a common record, in one walk: entries are written on the
 * assumption that no doubt will come up, and taken back when one does, or when there is no room.
 * @returns false when nothing is written and the frame must go the exact way.
 */
bool Codec::commonText(const Stream& stream, size_t at, size_t start, size_t end) {
  const uint8_t* bytes = input_.at;
  const uint8_t* header = bytes + at;
  const uint8_t* limit = bytes + input_.bytes;
  const uint8_t* p = bytes + skipSpace(bytes, static_cast<At>(start), static_cast<At>(end));
  const uint8_t* to = bytes + trimEnd(bytes, p - bytes, static_cast<At>(end));
  if (to - p < 2) return false;
  const bool array = *p == '[';
  if (to[-1] != (array ? ']' : '}') || (!array && header[frame::mode] != frame::modeJson)) return false;
  setReceived(load<double>(header + frame::receivedMs));
  const size_t mark = entries_.mark();
  uint32_t count = 0;
  bool sure = false;
  if (array) p++;
  while (!sure) {
    if (array) p += skipSpace(p, 0, to - p);
    p = readCommon(stream, p, to, limit, row_);
    if (p == nullptr || count == stream.maxRecords || !entries_.accepted(stream, row_, p, received_)) break;
    count++;
    if (array) {
      p += skipSpace(p, 0, to - p);
      if (*p == ',') {
        p++;
        continue;
      }
      if (*p++ != ']') break;
    }
    if (p != to) break;
    sure = true;
  }
  if (sure) tellCounts(at, count, 0, ok);
  else entries_.rollBack(mark);
  return sure;
}

/** The records of a frame from the state's on. */
bool Codec::records(const Stream& stream, size_t at) {
  const uint8_t* bytes = input_.at;
  const uint8_t* header = bytes + at;
  const uint8_t* limit = bytes + input_.bytes;
  const size_t count = split_.records.size();
  uint32_t& record = state_->record;
  uint32_t accepted = record == 0 ? 0 : load<uint32_t>(header + frame::accepted);
  uint32_t rejected = record == 0 ? 0 : load<uint32_t>(header + frame::rejected);
  setReceived(load<double>(header + frame::receivedMs));
  for (; record < count; record++) {
    const auto [start, end] = split_.records[record];
    Code code = ok;
    if (readCommon(stream, bytes + start, bytes + end, limit, row_) != bytes + end) {
      code = validator_.validate(stream, bytes, start, end, row_);
    }
    if (code == ok) {
      if (!entries_.accepted(stream, row_, bytes + end, received_)) break;
      accepted++;
      continue;
    }
    const Piece raw = {bytes + start, static_cast<size_t>(end - start)};
    if (!entries_.refused(stream.number, record, code, row_.field, raw, row_.offset - start)) break;
    tellReject(rejected, record, code, row_.field, row_.offset - static_cast<At>(at + frame::headerBytes));
    rejected++;
  }
  tellCounts(at, accepted, rejected, ok);
  if (record < count) return false;
  return count > 0 || entries_.frameAlone();
}

const Stream& Codec::streamOf(uint32_t number) const {
  for (const Stream& stream : streams_) {
    if (stream.number == number) return stream;
  }
  throw std::runtime_error("assertion: stream number " + std::to_string(number) + " is known");
}

void Codec::setReceived(double ms) {
  if (ms == receivedMs_) return;
  must(writeReceived(ms, received_), "a frame came in at a time that can be told");
  receivedMs_ = ms;
}

/** Adds one line to the rejects area, at most maxRejectsTold for a frame, none when it is full. Twin of reject.ts. */
void Codec::tellReject(uint32_t before, uint32_t record, Code code, uint16_t field, At offset) {
  const size_t at = size_t{state_->rejected} * rejectBytes;
  if (before >= maxRejectsTold || at + rejectBytes > rejects_.bytes) return;
  uint8_t* line = rejects_.at + at;
  store(line, state_->frame);
  store(line + 4, record);
  store(line + 8, static_cast<uint32_t>(code) | static_cast<uint32_t>(field) << 16);
  store(line + 12, static_cast<uint32_t>(offset));
  state_->rejected++;
}

/** Writes the words of a frame's header that say what became of its records. */
void Codec::tellCounts(size_t at, uint32_t accepted, uint32_t rejected, Code refusal) {
  uint8_t* header = input_.at + at;
  store(header + frame::accepted, accepted);
  store(header + frame::rejected, rejected);
  store(header + frame::refusal, static_cast<uint32_t>(refusal));
}

}  // namespace firn
