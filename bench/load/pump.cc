// Bytes out and in; see pump.h.

#include "pump.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

#include "websocket.h"

namespace firn {

namespace {

/** Room for what came in pieces, and as much again. */
constexpr size_t readBytes = 128 * 1024;

}  // namespace

Pump::Pump(const Options& options, Protocol& protocol, const Frames& frames, Schedule& schedule)
    : options_(options),
      protocol_(protocol),
      frames_(frames),
      schedule_(schedule),
      timed_(protocol.answersEach()),
      buffer_(2 * readBytes) {}

void Pump::receive(Connection& c, bool ended) {
  for (;;) {
    const size_t held = c.carry.size();
    if (held > 0) std::memcpy(buffer_.data(), c.carry.data(), held);
    const ssize_t got = recv(c.fd, buffer_.data() + held, readBytes, 0);
    tally.receives++;
    if (got < 0) {
      if (errno != EAGAIN && errno != EINTR) c.fail(std::string("broke the connection: ") + std::strerror(errno));
      return;
    }
    if (got == 0) {
      c.fail("closed the connection without a word");
      return;
    }
    take(c, held + static_cast<size_t>(got));
    if (!c.fault.empty() || c.closeCode != 0) return;
    // Less than asked for: the kernel has no more, and will tell when it has. A peer's end is only seen by reading on.
    if (static_cast<size_t>(got) < readBytes && !ended) return;
  }
}

void Pump::take(Connection& c, size_t bytes) {
  const uint64_t acked = c.acked;
  const size_t used = protocol_.receive(c, {buffer_.data(), bytes});
  if (used == bytes) {
    if (!c.carry.empty()) c.carry.clear();
  } else {
    c.carry.assign(buffer_.data() + used, bytes - used);
    if (c.carry.size() > readBytes) c.fail("sent a message of more than 128 KiB");
  }
  if (c.acked > acked) settle(c, c.acked - acked);
}

void Pump::settle(Connection& c, uint64_t frames) {
  const Nanos time = now();
  progress = time;
  tally.framesAcked += frames;
  tally.payloadAcked += frames_.payloadOf(c.ackedNext, frames);
  c.ackedNext = (c.ackedNext + frames) % frames_.count();
  underWay -= frames;
  while (timed_ && frames > 0) {
    Chunk& chunk = c.flight.front();
    const auto some = static_cast<uint32_t>(std::min<uint64_t>(frames, chunk.frames));
    measure(chunk.start, time, some);
    chunk.frames -= some;
    frames -= some;
    if (chunk.frames == 0) c.flight.pop();
  }
}

void Pump::measure(Nanos start, Nanos end, uint64_t frames) {
  if (start < measureFrom || start >= measureTo) return;
  latency.record(end > start ? end - start : 0, frames);
}

bool Pump::begin(Connection& c) {
  if (budget == 0) return false;
  const bool open = options_.openLoop();
  if (open && c.burstLeft == 0) {
    if (schedule_.owed(c) == 0) return false;
    c.burstStart = schedule_.dueOf(c, c.bursts++);
    c.burstLeft = options_.burst;
  }
  const uint64_t window = std::min(options_.window, c.window);
  const uint64_t wanted = std::min<uint64_t>(open ? c.burstLeft : options_.burst, window);
  const uint64_t chunk = std::min({wanted, budget, static_cast<uint64_t>(frames_.count() - c.next)});
  if (chunk == 0 || c.outstanding() + chunk > window) return false;
  c.chunkFrames = static_cast<uint32_t>(chunk);
  c.at = frames_.start(c.next);
  c.end = frames_.start(c.next + chunk);
  c.next = c.next + chunk == frames_.count() ? 0 : c.next + chunk;
  c.sent += chunk;
  if (open) c.burstLeft -= c.chunkFrames;
  if (timed_) c.flight.push({open ? c.burstStart : now(), c.chunkFrames});
  underWay += chunk;
  budget -= chunk;
  return true;
}

bool Pump::send(Connection& c) {
  if (c.blocked || c.stage == Stage::gone || c.stage == Stage::connecting) return false;
  if (!c.midChunk()) {
    if (!c.control.empty() && !flushControl(c)) return false;
    if (c.stage != Stage::open || c.leaving || !begin(c)) return false;
  }
  const uint8_t* bytes = frames_.bytes.data() + c.at;
  if (protocol_.personalise(c, frames_, c.at, c.end, own_)) bytes = reinterpret_cast<const uint8_t*>(own_.data());
  size_t taken = 0;
  const bool all = write(c, bytes, c.end - c.at, taken);
  c.at += taken;
  if (!all) return false;
  tally.framesSent += c.chunkFrames;
  return true;
}

bool Pump::write(Connection& c, const void* bytes, size_t count, size_t& taken) {
  const ssize_t sent = ::send(c.fd, bytes, count, MSG_NOSIGNAL);
  tally.sends++;
  if (sent < 0) {
    c.blocked = true;
    // Of a connection that the server closed: what it said before is still to be read, and says more than this.
    const bool known = errno == EAGAIN || errno == EPIPE || errno == ECONNRESET;
    if (!known) c.fail(std::string("broke the connection: ") + std::strerror(errno));
    return false;
  }
  taken = static_cast<size_t>(sent);
  if (taken < count) c.blocked = true;
  return taken == count;
}

bool Pump::flushControl(Connection& c) {
  size_t taken = 0;
  const bool all = write(c, c.control.data(), c.control.size(), taken);
  c.control.erase(0, taken);
  return all;
}

void Pump::forget(const Connection& c) { underWay -= c.outstanding(); }

void Pump::countWaiting(Connection& c, Nanos end) {
  for (; !c.flight.empty(); c.flight.pop()) measure(c.flight.front().start, end, c.flight.front().frames);
  if (!options_.openLoop()) return;
  if (c.burstLeft > 0) measure(c.burstStart, end, c.burstLeft);
  for (; schedule_.owed(c) > 0; c.bursts++) measure(schedule_.dueOf(c, c.bursts), end, options_.burst);
}

}  // namespace firn
