// Readiness; see poller.h.

#include "poller.h"

#include <cerrno>
#include <cstring>
#include <sys/timerfd.h>
#include <unistd.h>

#include "options.h"

namespace firn {

namespace {

int checked(int result, const char* call) {
  if (result < 0) throw RunError(std::string(call) + " failed: " + std::strerror(errno));
  return result;
}

}  // namespace

Poller::Poller()
    : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      timer_(checked(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      events_(512) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u32 = timerTag;
  checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event), "epoll_ctl");
}

Poller::~Poller() {
  close(timer_);
  close(epoll_);
}

void Poller::add(int fd, uint32_t tag) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = tag;
  checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

std::span<const epoll_event> Poller::wait(Nanos until) {
  const Nanos time = now();
  // The timer is set again only when its moment changed: in the closed loop that is once a phase.
  if (until > time && until != armed_) {
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(until / nanosPerSecond);
    when.it_value.tv_nsec = static_cast<long>(until % nanosPerSecond);
    checked(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr), "timerfd_settime");
    armed_ = until;
  }
  const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), until > time ? -1 : 0);
  if (count < 0 && errno != EINTR) checked(count, "epoll_wait");
  size_t kept = 0;
  for (int i = 0; i < count; i++) {
    const epoll_event& event = events_[static_cast<size_t>(i)];
    if (event.data.u32 == timerTag) {
      armed_ = 0;
    } else {
      events_[kept++] = event;
    }
  }
  return {events_.data(), kept};
}

}  // namespace firn
