// Opens the connections: from several source addresses, to several ports, not too many under way at once.
#pragma once

#include <netinet/in.h>

#include "connection.h"
#include "options.h"
#include "poller.h"

namespace firn {

class Dialer {
 public:
  /** Raises the limit of open files as far as it goes. Throws UsageError when the host is none, or the limit too low. */
  Dialer(const Options& options, Poller& poller, std::vector<Connection>& connections);

  /** Begins as many connections as are due. Throws RunError when the system refuses one. */
  void dial();
  /** When the next one may begin: never, when all have, or when it waits for others to open. */
  Nanos nextDial() const;

  /** A connection that was begun is open now. */
  void opened() { open_++; }
  size_t open() const { return open_; }
  /** Begun and not open yet. */
  size_t waiting() const { return begun_ - open_; }

 private:
  bool roomToDial() const;
  void begin(Connection& connection);

  /** Handshakes under way at once: below the backlog of any server worth its name. */
  static constexpr size_t underWay = 256;

  const Options& options_;
  Poller& poller_;
  std::vector<Connection>& connections_;
  in_addr host_{};
  Nanos start_;
  size_t begun_ = 0;
  size_t open_ = 0;
};

}  // namespace firn
