// A WebSocket server that answers nothing: the floor that everything else is compared with. What the kernel took is no
// measure of it, for buffers hold seconds of load unread; so every half window of frames a ping goes with them, which any
// server answers by itself, and its pong says that everything before it was read.
#pragma once

#include <algorithm>

#include "protocol.h"
#include "websocket.h"

namespace firn {

class DiscardProtocol final : public Protocol {
 public:
  explicit DiscardProtocol(const Options& options)
      : upgrade_(options.host, ""),
        path_(options.path),
        opcode_(options.text ? Opcode::text : Opcode::binary),
        between_(std::max(options.burst, options.window / 2 / options.burst * options.burst)) {}

  void encode(std::span<const std::string> payloads, Frames& frames) override {
    for (const std::string& payload : payloads) {
      appendFrame(frames.bytes, opcode_, payload);
      if ((frames.count() + 1) % between_ == 0) appendFrame(frames.bytes, Opcode::ping, "");
      frames.end(payload.size());
    }
  }

  size_t unit() const override { return between_; }

  void greet(Connection& connection) override { connection.control += upgrade_.request(path_); }

  size_t receive(Connection& connection, std::string_view bytes) override {
    size_t used = 0;
    if (connection.step == 0) {
      used = upgrade_.check(connection, bytes);
      if (used == 0 || !connection.fault.empty()) return used;
      connection.step = 1;
      connection.stage = Stage::open;
    }
    return used + readFrames(connection, bytes.substr(used), true, onMessage_, onPong_);
  }

  void finish(Connection& connection) override { connection.control += controlFrame(Opcode::ping, "last"); }

  void leave(Connection& connection) override { connection.control += controlFrame(Opcode::close, "\x03\xe8"); }

  bool answersEach() const override { return false; }

 private:
  void pong(Connection& connection, std::string_view text) const {
    const uint64_t place = (connection.first + connection.acked) % between_;
    const uint64_t acked = text == "last" ? connection.sent : connection.acked + between_ - place;
    if (acked > connection.sent) return connection.fail("sent a pong that nobody asked for");
    connection.acked = acked;
  }

  Upgrade upgrade_;
  std::string path_;
  Opcode opcode_;
  /** Frames from one ping to the next. */
  uint32_t between_;
  OnMessage onMessage_ = [](Connection&, std::string_view) {};
  OnMessage onPong_ = [this](Connection& connection, std::string_view text) { pong(connection, text); };
};

}  // namespace firn
