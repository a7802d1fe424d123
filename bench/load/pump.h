// Moves bytes: chunks of frames out, as window and timetable allow; acknowledgements in, with the time they took. It
// counts and measures; what to do when a connection is lost is its owner's business.
#pragma once

#include <functional>
#include <vector>

#include "histogram.h"
#include "protocol.h"
#include "schedule.h"

namespace firn {

/** Counted from the start of the run; an interval is the difference of two. */
struct Tally {
  uint64_t framesSent = 0;
  uint64_t framesAcked = 0;
  uint64_t payloadAcked = 0;
  uint64_t sends = 0;
  uint64_t receives = 0;
};

class Pump {
 public:
  Pump(const Options& options, Protocol& protocol, const Frames& frames, Schedule& schedule);

  /** Reads what the kernel holds. @param ended the peer closed: read up to its end */
  void receive(Connection& connection, bool ended);

  /** One send(). @return true when there may be more to send at once. */
  bool send(Connection& connection);

  /** Takes a lost connection out of the count of frames under way. */
  void forget(const Connection& connection);

  /** Frames that no acknowledgement has come for by the end are counted with the time that they had waited. */
  void countWaiting(Connection& connection, Nanos end);

  /** Only what was due or sent in [from, to) has its time recorded. */
  Nanos measureFrom = UINT64_MAX;
  Nanos measureTo = UINT64_MAX;
  Histogram latency;
  Tally tally;

  /** Frames that were begun and are not acknowledged, over all connections. */
  uint64_t underWay = 0;
  /** Frames that may still be begun. */
  uint64_t budget = 0;
  /** When a frame was acknowledged last. */
  Nanos progress = 0;

 private:
  bool begin(Connection& connection);
  bool flushControl(Connection& connection);
  /** @return false when the kernel took less than all. */
  bool write(Connection& connection, const void* bytes, size_t count, size_t& taken);
  void take(Connection& connection, size_t bytes);
  void settle(Connection& connection, uint64_t frames);
  void measure(Nanos start, Nanos end, uint64_t frames);

  const Options& options_;
  Protocol& protocol_;
  const Frames& frames_;
  Schedule& schedule_;
  const bool timed_;
  std::vector<char> buffer_;
  /** A chunk made a connection's own. */
  std::string own_;
};

}  // namespace firn
