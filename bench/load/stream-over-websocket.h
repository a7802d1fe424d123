// Protocols that are a stream of bytes inside WebSocket frames (NATS, MQTT): the borders of the frames mean nothing, a
// message may end anywhere in one and go on in the next.
#pragma once

#include "protocol.h"
#include "websocket.h"

namespace firn {

class StreamOverWebSocket : public Protocol {
 public:
  StreamOverWebSocket(const Options& options, const std::string& subprotocol)
      : upgrade_(options.host, subprotocol), path_(options.path) {}

  void greet(Connection& connection) final { connection.control += upgrade_.request(path_); }

  size_t receive(Connection& connection, std::string_view bytes) final {
    size_t used = 0;
    if (connection.step == 0) {
      used = upgrade_.check(connection, bytes);
      if (used == 0 || !connection.fault.empty()) return used;
      connection.step = 1;
      opened(connection);
    }
    return used + readFrames(connection, bytes.substr(used), true, onPart_);
  }

  void leave(Connection& connection) override { connection.control += controlFrame(Opcode::close, "\x03\xe8"); }

 protected:
  /** The WebSocket stands. */
  virtual void opened(Connection& connection) = 0;

  /** Reads whole messages off the stream; returns how many bytes they took. */
  virtual size_t read(Connection& connection, std::string_view bytes) = 0;

  static void say(Connection& connection, std::string_view bytes) {
    connection.control += controlFrame(Opcode::binary, bytes);
  }

 private:
  void part(Connection& connection, std::string_view bytes) {
    std::string& inner = connection.inner;
    if (inner.empty()) {
      inner = bytes.substr(read(connection, bytes));
      return;
    }
    inner += bytes;
    inner.erase(0, read(connection, inner));
    if (inner.size() > maxServerFrame) connection.fail("sent a message of more than 64 KiB");
  }

  Upgrade upgrade_;
  std::string path_;
  OnMessage onPart_ = [this](Connection& connection, std::string_view bytes) { part(connection, bytes); };
};

}  // namespace firn
