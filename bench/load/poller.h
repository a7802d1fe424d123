// Readiness of sockets, edge-triggered, and sleep until a moment to the microsecond: one epoll set with a timer in it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <sys/epoll.h>

#include "clock.h"

namespace firn {

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /** Watches a socket for both directions; `tag` comes back with its events. */
  void add(int fd, uint32_t tag);

  /** Sleeps until something happens or `until` has come; a past `until` does not sleep. The tags are those of `add`. */
  std::span<const epoll_event> wait(Nanos until);

 private:
  static constexpr uint32_t timerTag = UINT32_MAX;

  int epoll_;
  int timer_;
  Nanos armed_ = 0;
  std::vector<epoll_event> events_;
};

}  // namespace firn
