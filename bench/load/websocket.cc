// WebSocket; see websocket.h.

#include "websocket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <strings.h>

#include "accept-key.h"
#include "printable.h"

namespace firn {

namespace {

/** No byte is 0, so a payload that goes out unmasked by mistake is caught by the first server. */
constexpr std::array<uint8_t, 4> maskKey{0x37, 0xfa, 0x21, 0x3d};

std::string randomKey() {
  std::random_device random;
  std::string key;
  for (int i = 0; i < 16; i++) key += static_cast<char>(random() & 0xff);
  return base64(key);
}

/** Value of a header of an HTTP head; empty when it is not there. */
std::string_view headerOf(std::string_view head, const char* name) {
  const size_t length = std::strlen(name);
  for (size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line)) {
    line += 2;
    const std::string_view rest = head.substr(line);
    if (rest.size() <= length || rest[length] != ':' || strncasecmp(rest.data(), name, length) != 0) continue;
    std::string_view value = rest.substr(length + 1, rest.find("\r\n") - length - 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    return value;
  }
  return {};
}

std::string firstLine(std::string_view bytes) { return printable(bytes.substr(0, bytes.find_first_of("\r\n"))); }

}  // namespace

void appendHeader(std::vector<uint8_t>& out, Opcode opcode, size_t bytes) {
  out.push_back(static_cast<uint8_t>(0x80 | static_cast<uint8_t>(opcode)));
  const int more = bytes < 126 ? 0 : bytes < 65536 ? 2 : 8;
  out.push_back(static_cast<uint8_t>(0x80 | (more == 0 ? bytes : more == 2 ? 126 : 127)));
  for (int i = more - 1; i >= 0; i--) out.push_back(static_cast<uint8_t>(bytes >> (8 * i) & 0xff));
  out.insert(out.end(), maskKey.begin(), maskKey.end());
}

void mask(uint8_t* at, size_t bytes, size_t phase) {
  for (size_t i = 0; i < bytes; i++) at[i] = static_cast<uint8_t>(at[i] ^ maskKey[(phase + i) & 3]);
}

void appendFrame(std::vector<uint8_t>& out, Opcode opcode, std::string_view payload) {
  appendHeader(out, opcode, payload.size());
  const size_t start = out.size();
  out.insert(out.end(), payload.begin(), payload.end());
  mask(out.data() + start, payload.size());
}

std::string controlFrame(Opcode opcode, std::string_view payload) {
  std::vector<uint8_t> bytes;
  appendFrame(bytes, opcode, payload);
  return {bytes.begin(), bytes.end()};
}

Upgrade::Upgrade(std::string host, std::string protocol)
    : host_(std::move(host)), protocol_(std::move(protocol)), key_(randomKey()), accept_(acceptKey(key_)) {}

std::string Upgrade::request(const std::string& path) const {
  std::string text = "GET " + path + " HTTP/1.1\r\nHost: " + host_ +
                     "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
                     key_ + "\r\n";
  if (!protocol_.empty()) text += "Sec-WebSocket-Protocol: " + protocol_ + "\r\n";
  return text + "\r\n";
}

size_t Upgrade::check(Connection& connection, std::string_view bytes) const {
  static constexpr std::string_view start = "HTTP/1.1 ";
  if (bytes.substr(0, start.size()) != start.substr(0, bytes.size())) {
    connection.fail("answered the upgrade with no HTTP: " + firstLine(bytes));
    return 0;
  }
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() > 16384) connection.fail("answered the upgrade with a head of more than 16 KiB");
    return 0;
  }
  const std::string_view head = bytes.substr(0, end + 2);
  if (head.substr(0, 12) != "HTTP/1.1 101") {
    connection.fail("refused the upgrade: " + firstLine(head));
  } else if (headerOf(head, "Sec-WebSocket-Accept") != accept_) {
    connection.fail("answered the upgrade with a wrong Sec-WebSocket-Accept: it is no WebSocket server");
  } else if (headerOf(head, "Sec-WebSocket-Protocol") != protocol_) {
    connection.fail("did not grant the subprotocol " + protocol_);
  } else if (!headerOf(head, "Sec-WebSocket-Extensions").empty()) {
    connection.fail("granted an extension that nobody asked for");
  }
  return end + 4;
}

size_t readFrames(Connection& connection, std::string_view bytes, bool stream, const OnMessage& onMessage,
                  const OnMessage& onPong) {
  size_t at = 0;
  while (connection.fault.empty() && connection.closeCode == 0) {
    const size_t left = bytes.size() - at;
    if (left < 2) break;
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[at + i]); };
    const bool last = (byte(0) & 0x80) != 0;
    const auto opcode = static_cast<Opcode>(byte(0) & 0x0f);
    size_t length = byte(1) & 0x7f;
    size_t header = 2;
    if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0) {
      connection.fail("sent a WebSocket frame that is masked or of an unknown extension");
      break;
    }
    if (length >= 126) {
      const size_t more = length == 126 ? 2 : 8;
      if (left < 2 + more) break;
      length = 0;
      for (size_t i = 0; i < more; i++) length = length << 8 | byte(2 + i);
      header += more;
    }
    if (length > maxServerFrame) {
      connection.fail("sent a frame of more than 64 KiB");
      break;
    }
    if (left < header + length) break;
    const std::string_view payload = bytes.substr(at + header, length);
    at += header + length;
    switch (opcode) {
      case Opcode::more:
      case Opcode::text:
      case Opcode::binary:
        if (!stream && (!last || opcode == Opcode::more)) {
          connection.fail("sent a message in fragments, which this protocol never does");
          break;
        }
        onMessage(connection, payload);
        break;
      case Opcode::ping:
        connection.control += controlFrame(Opcode::pong, payload);
        break;
      case Opcode::pong:
        if (onPong) onPong(connection, payload);
        break;
      case Opcode::close:
        // 1005: closed without a code (RFC 6455 §7.1.5).
        connection.closeCode = payload.size() < 2 ? 1005
                                                  : static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                                                          static_cast<uint8_t>(payload[1]));
        connection.closeReason = printable(payload.substr(std::min<size_t>(payload.size(), 2)));
        break;
      default:
        connection.fail("sent a WebSocket frame of an unknown kind");
    }
  }
  return at;
}

}  // namespace firn
