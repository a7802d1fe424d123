// MQTT 3.1.1 over WebSocket (OASIS standard, 2014): PUBLISH with QoS 1, one packet a WebSocket frame, each answered by a
// PUBACK. A frame's packet id is its place in the run's frames, so no two in flight have the same.
#pragma once

#include <unistd.h>

#include "stream-over-websocket.h"

namespace firn {

class MqttProtocol final : public StreamOverWebSocket {
 public:
  explicit MqttProtocol(const Options& options)
      : StreamOverWebSocket(options, "mqtt"), topic_(options.topic), inFlight_(size_t{options.window} + options.burst) {
    if (inFlight_ > mostFrames()) throw UsageError("--window with mqtt: there are 65,535 packet ids, --burst included");
  }

  size_t leastFrames() const override { return inFlight_; }
  size_t mostFrames() const override { return 65535; }

  void encode(std::span<const std::string> payloads, Frames& frames) override {
    for (const std::string& payload : payloads) {
      const size_t id = frames.count() + 1;
      appendFrame(frames.bytes, Opcode::binary, packet(0x32, text(topic_) + number(id) + payload));
      frames.end(payload.size());
    }
  }

  void leave(Connection& connection) override {
    say(connection, packet(0xe0, ""));
    StreamOverWebSocket::leave(connection);
  }

 protected:
  void opened(Connection& connection) override {
    const std::string client = "firn-load-" + std::to_string(getpid()) + "-" + std::to_string(connection.index);
    // Level 4 is 3.1.1; a clean session; no keep-alive.
    say(connection, packet(0x10, text("MQTT") + "\x04\x02" + number(0) + text(client)));
  }

  size_t read(Connection& connection, std::string_view bytes) override {
    size_t at = 0;
    for (; bytes.size() - at >= 4 && connection.fault.empty(); at += 4) {
      const std::string_view packet = bytes.substr(at, 4);
      if (packet.starts_with("\x40\x02")) {
        if (connection.acked == connection.sent) connection.fail("acknowledged a message that was never sent");
        else connection.acked++;
      } else if (packet.starts_with("\x20\x02") && connection.stage == Stage::greeting) {
        if (packet[3] != 0) connection.fail("refused the MQTT connection with code " + std::to_string(packet[3]));
        connection.stage = Stage::open;
      } else {
        connection.fail("sent what is neither CONNACK nor PUBACK: " + printable(packet));
      }
    }
    return at;
  }

 private:
  static std::string number(size_t value) {
    return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
  }

  static std::string text(const std::string& value) { return number(value.size()) + value; }

  static std::string packet(int kind, const std::string& rest) {
    std::string bytes(1, static_cast<char>(kind));
    size_t left = rest.size();
    do {
      bytes += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
      left >>= 7;
    } while (left > 0);
    return bytes + rest;
  }

  std::string topic_;
  size_t inFlight_;
};

}  // namespace firn
