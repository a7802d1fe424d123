// firn.v1: a frame is one WebSocket message of records, numbered from hello.next on; acknowledgements are cumulative, and
// the server may change the window at any time.
#pragma once

#include "flat-json.h"
#include "protocol.h"
#include "websocket.h"

namespace firn {

class FirnProtocol final : public Protocol {
 public:
  explicit FirnProtocol(const Options& options)
      : upgrade_(options.host, "firn.v1"),
        path_(options.path),
        sessionPrefix_(options.sessionPrefix),
        opcode_(options.text ? Opcode::text : Opcode::binary) {}

  void encode(std::span<const std::string> payloads, Frames& frames) override {
    for (const std::string& payload : payloads) {
      appendFrame(frames.bytes, opcode_, payload);
      frames.end(payload.size());
    }
  }

  void greet(Connection& connection) override {
    std::string path = path_;
    if (!sessionPrefix_.empty()) {
      path += (path.find('?') == std::string::npos ? "?session=" : "&session=") + sessionPrefix_ +
              std::to_string(connection.index);
    }
    connection.control += upgrade_.request(path);
  }

  size_t receive(Connection& connection, std::string_view bytes) override {
    size_t used = 0;
    if (connection.step == 0) {
      used = upgrade_.check(connection, bytes);
      if (used == 0 || !connection.fault.empty()) return used;
      connection.step = 1;
    }
    return used + readFrames(connection, bytes.substr(used), false, onMessage_);
  }

  void leave(Connection& connection) override { connection.control += controlFrame(Opcode::close, "\x03\xe8"); }

 private:
  void message(Connection& connection, std::string_view text) {
    FlatJson json(text);
    std::string_view type;
    uint64_t next = UINT64_MAX;
    uint64_t frames = UINT64_MAX;
    uint64_t more = 1;
    bool numbers = true;
    while (json.next()) {
      const std::string_view name = json.name();
      if (name == "type") type = json.value();
      if (name == "next") numbers &= json.number(next);
      if (name == "window" || name == "frames") numbers &= json.number(frames);
      if (name == "more") numbers &= json.number(more);
    }
    if (!json.sound() || !numbers) return connection.fail("sent a message that is not firn.v1: " + printable(text));
    if (type == "ack" && next != UINT64_MAX) return acknowledge(connection, next);
    if (type == "reject") {
      rejects += more;
    } else if (type == "window" && frames <= UINT32_MAX) {
      connection.window = static_cast<uint32_t>(frames);
    } else if (type == "hello" && next != UINT64_MAX && frames <= UINT32_MAX && connection.stage == Stage::greeting) {
      connection.base = next;
      connection.window = static_cast<uint32_t>(frames);
      connection.stage = Stage::open;
    } else {
      connection.fail("sent a message that is not firn.v1: " + printable(text));
    }
  }

  static void acknowledge(Connection& connection, uint64_t next) {
    if (next < connection.base + connection.acked || next > connection.base + connection.sent) {
      return connection.fail("acknowledged frames up to " + std::to_string(next) + ", of which " +
                             std::to_string(connection.base + connection.sent) + " were sent");
    }
    connection.acked = next - connection.base;
  }

  Upgrade upgrade_;
  std::string path_;
  std::string sessionPrefix_;
  Opcode opcode_;
  OnMessage onMessage_ = [this](Connection& connection, std::string_view text) { message(connection, text); };
};

}  // namespace firn
