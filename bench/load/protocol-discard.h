// A WebSocket server that answers nothing: the floor that everything else is compared with. A frame is done when the
// kernel took it, so TCP's own back-pressure is the window.
#pragma once

#include "protocol.h"
#include "websocket.h"

namespace firn {

class DiscardProtocol final : public Protocol {
 public:
  explicit DiscardProtocol(const Options& options)
      : upgrade_(options.host, ""), path_(options.path), opcode_(options.text ? Opcode::text : Opcode::binary) {}

  void encode(std::span<const std::string> payloads, Frames& frames) override {
    for (const std::string& payload : payloads) {
      appendFrame(frames.bytes, opcode_, payload);
      frames.end(payload.size());
    }
  }

  void greet(Connection& connection) override { connection.control += upgrade_.request(path_); }

  size_t receive(Connection& connection, std::string_view bytes) override {
    size_t used = 0;
    if (connection.step == 0) {
      used = upgrade_.check(connection, bytes);
      if (used == 0 || !connection.fault.empty()) return used;
      connection.step = 1;
      connection.stage = Stage::open;
    }
    return used + readFrames(connection, bytes.substr(used), true, [](Connection&, std::string_view) {});
  }

  void leave(Connection& connection) override { connection.control += controlFrame(Opcode::close, "\x03\xe8"); }

  bool acknowledges() const override { return false; }

 private:
  Upgrade upgrade_;
  std::string path_;
  Opcode opcode_;
};

}  // namespace firn
