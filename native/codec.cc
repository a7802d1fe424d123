// The walk over the frames of a slab; see codec.h.

#include "codec.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace firn {
namespace {

void must(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("assertion: " + what);
}

/** True when a text might hold more than `most` lines. A line takes two bytes with its feed, so most texts need no look. */
bool mayExceed(const uint8_t* start, const uint8_t* end, size_t most) {
  if (static_cast<size_t>(end - start) / 2 < most) return false;
  return static_cast<size_t>(std::count(start, end, '\n')) >= most;
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
  walk_.mark = nullptr;
  const size_t mark = entries_.mark();
  const bool fresh = state_->record == 0;
  if (fresh) {
    const Outcome outcome = quick(stream, at, start, end);
    if (outcome != Outcome::unsure) return outcome == Outcome::done;
  }
  split_.run(bytes, static_cast<At>(start), static_cast<At>(end), header[frame::mode], stream.maxRecords);
  if (split_.refusal != ok) {
    // What was written on the assumption that the frame is whole.
    if (fresh && state_->record > 0) entries_.rollBack(mark);
    state_->record = 0;
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
 * The quick way through a frame of common records. `unsure`: the frame must go the exact way from the state's record on, or
 * be refused, and then what is written of it taken back.
 */
Codec::Outcome Codec::quick(const Stream& stream, size_t at, size_t start, size_t end) {
  const uint8_t* bytes = input_.at;
  const uint8_t mode = bytes[at + frame::mode];
  const At from = skipSpace(bytes, static_cast<At>(start), static_cast<At>(end));
  const At to = trimEnd(bytes, from, static_cast<At>(end));
  if (to - from < 2) return Outcome::unsure;
  const Frame frame = {at, bytes + at, bytes + from, bytes + to};
  const bool array = bytes[from] == '[';
  if (bytes[to - 1] != (array ? ']' : '}') || (array && mode == frame::modeLines)) return Outcome::unsure;
  setReceived(load<double>(frame.header + frame::receivedMs));
  const bool lines = !array && mode != frame::modeJson;
  if (lines && mayExceed(frame.start, frame.end, stream.maxRecords)) return Outcome::unsure;
  walk_ = {frame.start, frame.end, marks_.find(frame.start, frame.end, input_.at + input_.bytes), lines};
  return lines ? this->lines(stream, frame) : text(stream, frame);
}

/**
 * An array of common records, or in JSON mode one. Entries are written on the assumption that the text goes on as it began;
 * whether it does is not known where a doubt comes up, or the room ends, before its end.
 */
Codec::Outcome Codec::text(const Stream& stream, const Frame& frame) {
  const uint8_t* p = frame.start;
  Walk walk = walk_;
  const bool array = *p == '[';
  uint32_t count = 0;
  bool sure = false;
  if (array) p++;
  while (!sure) {
    if (array) p += skipSpace(p, 0, frame.end - p);
    const uint8_t* const start = p;
    p = readCommon(stream, walk, p, row_);
    if (p == nullptr || count == stream.maxRecords) break;
    if (!entries_.accepted(stream, row_, static_cast<size_t>(p - start), p, received_)) break;
    count++;
    if (array) {
      p += skipSpace(p, 0, frame.end - p);
      if (*p == ',') {
        p++;
        continue;
      }
      if (*p++ != ']') break;
    }
    if (p != frame.end) break;
    sure = true;
  }
  if (!sure) {
    state_->record = count;
    return Outcome::unsure;
  }
  tellCounts(frame.at, count, 0, ok);
  return Outcome::done;
}

/** Lines: the end of one is looked for only where its record is not a common one. */
Codec::Outcome Codec::lines(const Stream& stream, const Frame& frame) {
  Walk walk = walk_;
  uint32_t accepted = 0;
  uint32_t rejected = 0;
  const uint8_t* p = frame.start;
  while (p < frame.end) {
    const uint32_t record = accepted + rejected;
    const uint8_t* const start = p;
    const uint8_t* end = readCommon(stream, walk, p, row_);
    Code code = ok;
    size_t most = 0;
    if (end != nullptr) {
      most = static_cast<size_t>(end - start);
      p = end;
      while (p < frame.end && isBlank(*p)) p++;
    }
    if (end == nullptr || (p < frame.end && *p != '\n')) {
      const void* feed = std::memchr(start, '\n', static_cast<size_t>(frame.end - start));
      p = feed == nullptr ? frame.end : static_cast<const uint8_t*>(feed);
      for (end = p; isBlank(end[-1]);) end--;
      most = 0;
      code = validator_.validate(stream, input_.at, start - input_.at, end - input_.at, row_);
    }
    if (code == ok) {
      if (!entries_.accepted(stream, row_, most, end, received_)) break;
      accepted++;
    } else {
      if (!refused(stream, frame.at, record, rejected, code, start - input_.at, end - input_.at)) break;
      rejected++;
    }
    while (p < frame.end && isSpace(*p)) p++;
    walk.skipTo(p);
    if (p == frame.end) {
      tellCounts(frame.at, accepted, rejected, ok);
      return Outcome::done;
    }
  }
  state_->record = accepted + rejected;
  tellCounts(frame.at, accepted, rejected, ok);
  return Outcome::full;
}

/** A refused record: number `record` of its frame, with `before` refused ones before it. */
bool Codec::refused(const Stream& stream, size_t at, uint32_t record, uint32_t before, Code code, At start, At end) {
  const Piece raw = {input_.at + start, static_cast<size_t>(end - start)};
  if (!entries_.refused(stream.number, record, code, row_.field, raw, row_.offset - start)) return false;
  tellReject(before, record, code, row_.field, row_.offset - static_cast<At>(at + frame::headerBytes));
  return true;
}

/** The records of a frame that was split, from the state's on. */
bool Codec::records(const Stream& stream, size_t at) {
  const uint8_t* bytes = input_.at;
  const uint8_t* header = bytes + at;
  const size_t count = split_.records.size();
  uint32_t& record = state_->record;
  // What the quick way has written in this call is accepted; what an earlier call has, stands in the header.
  const bool began = record == 0 || walk_.mark != nullptr;
  uint32_t accepted = began ? record : load<uint32_t>(header + frame::accepted);
  uint32_t rejected = began ? 0 : load<uint32_t>(header + frame::rejected);
  setReceived(load<double>(header + frame::receivedMs));
  for (; record < count; record++) {
    const auto [start, end] = split_.records[record];
    Code code = ok;
    size_t most = 0;
    if (walk_.mark != nullptr) walk_.skipTo(bytes + start);
    if (walk_.mark != nullptr && readCommon(stream, walk_, bytes + start, row_) == bytes + end) {
      most = static_cast<size_t>(end - start);
    } else {
      code = validator_.validate(stream, bytes, start, end, row_);
    }
    if (code == ok) {
      if (!entries_.accepted(stream, row_, most, bytes + end, received_)) break;
      accepted++;
    } else {
      if (!refused(stream, at, record, rejected, code, start, end)) break;
      rejected++;
    }
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
