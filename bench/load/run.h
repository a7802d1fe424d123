// One run, in phases: connect, warm up, measure, drain, leave. One thread; it sleeps only in the poller.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "dialer.h"
#include "poller.h"
#include "processes.h"
#include "pump.h"

namespace firn {

/** Everything that is counted, at one moment. */
struct Snapshot {
  Nanos time = 0;
  Tally tally;
  uint64_t rejects = 0;
  CpuTime own;
  std::vector<ProcessSample> server;
};

/** Connections that the server ended, by how. */
struct Closures {
  uint64_t count = 0;
  /** Close code (1006 = none came, RFC 6455 §7.1.5) and how many had it. */
  std::map<uint16_t, uint64_t> codes;
  /** The first one, as a sentence. */
  std::string first;
};

struct Outcome {
  double connectSeconds = 0;
  size_t open = 0;
  /** Before the first connection. */
  std::vector<ProcessSample> serverBefore;
  Snapshot start;
  Snapshot end;
  Snapshot drained;
  Closures closures;
  uint64_t unacknowledged = 0;
  uint64_t unsentBursts = 0;
  Histogram latency;
  Histogram lateness;
};

class Run {
 public:
  explicit Run(const Options& options);

  /** Throws RunError when it cannot go on. */
  Outcome go();

 private:
  void connectAll();
  void sendUntil(Nanos end);
  void sendFrames();
  /** No frame follows on any connection. */
  void finishAll();
  void drain();
  void leaveAll();
  void turn(Nanos until);
  void handle(const epoll_event& event);
  void offerDue();
  void workQueue();
  void enqueue(Connection& connection);
  void lose(Connection& connection);
  void checkProgress() const;
  Snapshot snapshot() const;

  const Options& options_;
  std::unique_ptr<Protocol> protocol_;
  Frames frames_;
  Poller poller_;
  std::vector<Connection> connections_;
  Dialer dialer_;
  Schedule schedule_;
  Pump pump_;
  /** Connections that may send, in turn: a ring of their numbers, each in it once at most. */
  std::vector<uint32_t> queue_;
  size_t queueHead_ = 0;
  size_t queueSize_ = 0;
  size_t alive_ = 0;
  bool leaving_ = false;
  Closures closures_;
  Histogram lateness_;
};

}  // namespace firn
