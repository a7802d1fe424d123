// NATS JetStream over WebSocket: PUB with a reply inbox of the connection's own, which the server answers once the message
// is stored. A burst is one WebSocket frame, as NATS clients send what they have buffered. The stream that stores the
// subject must be there before.
#pragma once

#include <string>
#include <vector>

#include "stream-over-websocket.h"

namespace firn {

class NatsProtocol final : public StreamOverWebSocket {
 public:
  explicit NatsProtocol(const Options& options);

  void encode(std::span<const std::string> payloads, Frames& frames) override;
  bool personalise(const Connection& connection, const Frames& frames, size_t from, size_t to,
                   std::string& own) const override;

 protected:
  void opened(Connection&) override {}
  size_t read(Connection& connection, std::string_view bytes) override;

 private:
  void line(Connection& connection, std::string_view text);
  static void answer(Connection& connection, std::string_view payload);

  std::string topic_;
  /** `_INBOX.` and what tells this run from others. */
  std::string inbox_;
  /** Where in the frames' bytes the digits of a connection stand, in rising order. */
  std::vector<size_t> marks_;
};

}  // namespace firn
