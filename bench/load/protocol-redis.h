// Redis over TCP (RESP 2): XADD, pipelined by burst, each answered by the entry's id once it is where `appendfsync` wants
// it.
#pragma once

#include "protocol.h"

namespace firn {

class RedisProtocol final : public Protocol {
 public:
  explicit RedisProtocol(const Options& options) {
    std::vector<std::string> words{"XADD", options.topic};
    if (options.maxLength > 0) words.insert(words.end(), {"MAXLEN", "~", std::to_string(options.maxLength)});
    words.insert(words.end(), {"*", "d"});
    head_ = "*" + std::to_string(words.size() + 1) + "\r\n";
    for (const std::string& word : words) head_ += bulk(word);
  }

  void encode(std::span<const std::string> payloads, Frames& frames) override {
    for (const std::string& payload : payloads) {
      frames.append(head_ + bulk(payload));
      frames.end(payload.size());
    }
  }

  void greet(Connection& connection) override { connection.control += "*1\r\n" + bulk("PING"); }

  size_t receive(Connection& connection, std::string_view bytes) override {
    size_t at = 0;
    while (connection.fault.empty()) {
      const size_t end = bytes.find("\r\n", at);
      if (end == std::string_view::npos) break;
      const std::string_view line = bytes.substr(at, end - at);
      size_t next = end + 2;
      if (line.starts_with('$')) {
        next = bytes.find("\r\n", next);
        if (next == std::string_view::npos) break;
        next += 2;
        if (connection.acked == connection.sent) connection.fail("answered a command that was never sent");
        else connection.acked++;
      } else if (line == "+PONG" && connection.stage == Stage::greeting) {
        connection.stage = Stage::open;
      } else if (line != "+OK" || !connection.leaving) {
        connection.fail("answered " + printable(line));
      }
      at = next;
    }
    return at;
  }

  void leave(Connection& connection) override { connection.control += "*1\r\n" + bulk("QUIT"); }

 private:
  static std::string bulk(const std::string& word) {
    return "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }

  std::string head_;
};

}  // namespace firn
