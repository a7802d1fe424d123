// Opening connections; see dialer.h.

#include "dialer.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace firn {

namespace {

void raiseFileLimit(uint32_t connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t others = 16;
  if (connections + others > limit.rlim_max) {
    throw UsageError("--connections " + std::to_string(connections) + " needs more open files than the limit of " +
                     std::to_string(limit.rlim_max) + " allows: raise it (ulimit -Hn), or run several generators");
  }
}

void on(int fd, int level, int option) {
  const int one = 1;
  setsockopt(fd, level, option, &one, sizeof one);
}

}  // namespace

Dialer::Dialer(const Options& options, Poller& poller, std::vector<Connection>& connections)
    : options_(options), poller_(poller), connections_(connections), start_(now()) {
  const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
  if (inet_pton(AF_INET, host.c_str(), &host_) != 1) throw UsageError("--host " + host + ": wanted an IPv4 address");
  raiseFileLimit(options.connections);
}

bool Dialer::roomToDial() const { return begun_ < connections_.size() && waiting() < underWay; }

Nanos Dialer::nextDial() const {
  if (!roomToDial()) return UINT64_MAX;
  return options_.connectRate == 0 ? 0 : start_ + toNanos(static_cast<double>(begun_) / options_.connectRate);
}

void Dialer::dial() {
  const Nanos time = now();
  while (nextDial() <= time) begin(connections_[begun_++]);
}

void Dialer::begin(Connection& connection) {
  const auto refuse = [&](const char* call) {
    throw RunError("connection " + std::to_string(connection.index + 1) + " of " + std::to_string(connections_.size()) +
                   ": " + call + ": " + std::strerror(errno));
  };
  connection.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (connection.fd < 0) refuse("socket");
  on(connection.fd, IPPROTO_TCP, TCP_NODELAY);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (options_.sources > 1) {
    // The port is chosen at connect(), so that one may serve for several destinations.
    on(connection.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + connection.index % options_.sources);
    if (bind(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) refuse("bind");
  }
  address.sin_addr = host_;
  address.sin_port = htons(options_.ports[connection.index % options_.ports.size()]);
  if (connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
    refuse("connect");
  }
  connection.stage = Stage::connecting;
  poller_.add(connection.fd, connection.index);
}

}  // namespace firn
