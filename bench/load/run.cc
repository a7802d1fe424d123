// The phases of a run; see run.h.

#include "run.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

#include "records.h"

namespace firn {

namespace {

/** How much is sent or offered before the sockets are asked again: no acknowledgement waits long for its time. */
constexpr size_t atOnce = 64;
/** How long the server gets to answer a goodbye. */
constexpr Nanos farewell = 2 * nanosPerSecond;

Frames encodeAll(Protocol& protocol, const Options& options) {
  Frames frames;
  if (options.idle > 0) return frames;
  const size_t unit = std::max<size_t>(options.burst, protocol.unit());
  const auto payloads =
      makePayloads(readRecords(options.records), options, protocol.leastFrames(), protocol.mostFrames(), unit);
  for (size_t at = 0; at < payloads.size(); at += options.burst) {
    protocol.encode(std::span(payloads).subspan(at, options.burst), frames);
  }
  return frames;
}

}  // namespace

Run::Run(const Options& options)
    : options_(options),
      protocol_(makeProtocol(options)),
      frames_(encodeAll(*protocol_, options)),
      connections_(options.connections),
      dialer_(options, poller_, connections_),
      schedule_(options.rate, options.burst, options.connections),
      pump_(options, *protocol_, frames_, schedule_),
      queue_(options.connections),
      alive_(options.connections) {
  const size_t bursts = frames_.count() / options.burst;
  for (uint32_t i = 0; i < options.connections; i++) {
    Connection& c = connections_[i];
    c.index = i;
    // Spread, so that no two neighbours send the same records at the same time.
    c.next = bursts == 0 ? 0 : size_t{i} * 7919 % bursts * options.burst;
    c.first = c.next;
    c.ackedNext = c.next;
  }
}

Outcome Run::go() {
  Outcome outcome;
  for (const int pid : options_.pids) outcome.serverBefore.push_back(sampleProcess(pid));
  const Nanos begun = now();
  connectAll();
  outcome.connectSeconds = toSeconds(now() - begun);
  if (options_.frames > 0) {
    outcome.start = snapshot();
    pump_.measureFrom = outcome.start.time;
    sendFrames();
  } else {
    if (options_.idle == 0) pump_.budget = UINT64_MAX / 2;
    schedule_.start(now());
    for (Connection& c : connections_) enqueue(c);
    sendUntil(now() + toNanos(options_.warmup));
    outcome.start = snapshot();
    pump_.measureFrom = outcome.start.time;
    sendUntil(pump_.measureFrom + toNanos(options_.idle > 0 ? options_.idle : options_.seconds));
  }
  outcome.end = snapshot();
  outcome.open = alive_;
  pump_.measureTo = outcome.end.time;
  drain();
  outcome.unacknowledged = pump_.underWay;
  outcome.drained = snapshot();
  for (Connection& c : connections_) {
    if (options_.openLoop()) outcome.unsentBursts += schedule_.owed(c);
    pump_.countWaiting(c, outcome.drained.time);
  }
  leaveAll();
  outcome.closures = closures_;
  outcome.latency = std::move(pump_.latency);
  outcome.lateness = std::move(lateness_);
  return outcome;
}

void Run::connectAll() {
  const Nanos patience = toNanos(options_.connectSeconds);
  size_t open = 0;
  for (Nanos last = now(); dialer_.open() < connections_.size();) {
    dialer_.dial();
    turn(std::min(dialer_.nextDial(), last + patience));
    if (closures_.count > 0) throw RunError(closures_.first);
    if (dialer_.open() > open || dialer_.waiting() == 0) last = now();
    open = dialer_.open();
    if (now() >= last + patience) {
      throw RunError(std::to_string(open) + " of " + std::to_string(connections_.size()) + " connections are open, and in " +
                     secondsText(options_.connectSeconds) + " no other one was: the server does not finish the greeting");
    }
  }
}

void Run::sendUntil(Nanos end) {
  pump_.progress = now();
  while (alive_ > 0 && now() < end) {
    turn(std::min(end, pump_.progress + toNanos(options_.stallSeconds)));
    checkProgress();
  }
}

void Run::sendFrames() {
  pump_.budget = options_.frames;
  schedule_.start(now());
  pump_.progress = now();
  for (Connection& c : connections_) enqueue(c);
  bool finished = false;
  while (alive_ > 0 && (pump_.budget > 0 || pump_.underWay > 0)) {
    if (pump_.budget == 0 && !finished) {
      finishAll();
      finished = true;
    }
    turn(pump_.progress + toNanos(options_.stallSeconds));
    checkProgress();
  }
}

/** A server that goes silent while frames are out ends the run; one that closes connections does not. */
void Run::checkProgress() const {
  const bool waiting = pump_.underWay > 0 || (options_.frames > 0 && pump_.budget > 0 && !options_.openLoop());
  if (!waiting || now() < pump_.progress + toNanos(options_.stallSeconds)) return;
  throw RunError("no frame was acknowledged for " + secondsText(options_.stallSeconds) + ", while " +
                 std::to_string(pump_.underWay) + " were sent and waited");
}

void Run::finishAll() {
  for (Connection& c : connections_) {
    if (c.stage != Stage::open) continue;
    protocol_->finish(c);
    enqueue(c);
  }
}

void Run::drain() {
  pump_.budget = 0;
  schedule_.stop();
  if (pump_.underWay > 0) finishAll();
  const Nanos end = now() + toNanos(options_.drainSeconds);
  while (alive_ > 0 && pump_.underWay > 0 && now() < end) turn(end);
}

void Run::leaveAll() {
  leaving_ = true;
  for (Connection& c : connections_) {
    if (c.stage != Stage::open) continue;
    // A frame that is half out cannot be followed by a goodbye: then the connection is just closed.
    if (c.midChunk()) {
      lose(c);
      continue;
    }
    protocol_->leave(c);
    c.leaving = true;
    enqueue(c);
  }
  const Nanos end = now() + farewell;
  while (alive_ > 0 && now() < end) turn(end);
  for (Connection& c : connections_) lose(c);
}

void Run::turn(Nanos until) {
  offerDue();
  workQueue();
  const Nanos wake = queueSize_ > 0 ? 0 : std::min(until, schedule_.nextDue());
  for (const epoll_event& event : poller_.wait(wake)) handle(event);
}

void Run::handle(const epoll_event& event) {
  Connection& c = connections_[event.data.u32];
  if (c.stage == Stage::gone) return;
  if ((event.events & EPOLLOUT) != 0) c.blocked = false;
  if (c.stage == Stage::connecting) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      c.fail(std::string("could not be connected: ") + std::strerror(error));
      return lose(c);
    }
    c.stage = Stage::greeting;
    protocol_->greet(c);
  }
  const bool ended = (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if ((event.events & EPOLLIN) != 0 || ended) {
    const Stage before = c.stage;
    pump_.receive(c, ended);
    if (before != Stage::open && c.stage == Stage::open) dialer_.opened();
    if (!c.fault.empty() || c.closeCode != 0) return lose(c);
  }
  enqueue(c);
}

/** Offers every burst that is due to its connection, and notes how late this loop came to it. */
void Run::offerDue() {
  for (size_t i = 0; i < atOnce; i++) {
    const Nanos due = schedule_.nextDue();
    const Nanos time = now();
    if (due > time) return;
    if (due >= pump_.measureFrom) lateness_.record(time - due);
    Connection& c = connections_[schedule_.nextConnection()];
    schedule_.advance();
    if (pump_.send(c)) enqueue(c);
  }
}

void Run::workQueue() {
  for (size_t i = std::min(queueSize_, atOnce); i > 0; i--) {
    Connection& c = connections_[queue_[queueHead_]];
    queueHead_ = queueHead_ + 1 == queue_.size() ? 0 : queueHead_ + 1;
    queueSize_--;
    c.queued = false;
    if (pump_.send(c)) enqueue(c);
    if (!c.fault.empty()) lose(c);
  }
}

void Run::enqueue(Connection& c) {
  if (c.queued || c.blocked || c.stage == Stage::gone) return;
  c.queued = true;
  queue_[(queueHead_ + queueSize_++) % queue_.size()] = c.index;
}

void Run::lose(Connection& c) {
  if (c.stage == Stage::gone) return;
  if (!leaving_) {
    const uint16_t code = c.closeCode != 0 ? c.closeCode : 1006;
    closures_.count++;
    closures_.codes[code]++;
    if (closures_.first.empty()) {
      closures_.first = "connection " + std::to_string(c.index + 1) + " of " + std::to_string(connections_.size()) + ": " +
                        (c.fault.empty() ? "the server closed it with code " + std::to_string(code) + " " + c.closeReason
                                         : c.fault);
    }
  }
  pump_.forget(c);
  c.stage = Stage::gone;
  alive_--;
  if (c.fd >= 0) close(c.fd);
  c.fd = -1;
}

Snapshot Run::snapshot() const {
  Snapshot s{now(), pump_.tally, protocol_->rejects, ownCpu(), {}};
  for (const int pid : options_.pids) s.server.push_back(sampleProcess(pid));
  return s;
}

}  // namespace firn
