// NATS; see protocol-nats.h. The protocol: https://docs.nats.io/reference/reference-protocols/nats-protocol

#include "protocol-nats.h"

#include <algorithm>
#include <charconv>
#include <unistd.h>

namespace firn {

namespace {

constexpr size_t digits = 6;

std::string padded(uint64_t number) {
  std::string text = std::to_string(number % 1'000'000);
  return std::string(digits - text.size(), '0') + text;
}

/** The last word of a line as a number of bytes; false when it is none, or more than a server may send. */
bool lastNumber(std::string_view line, size_t& to) {
  const std::string_view word = line.substr(line.rfind(' ') + 1);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), to);
  return error == std::errc{} && end == word.data() + word.size() && to <= maxServerFrame;
}

}  // namespace

NatsProtocol::NatsProtocol(const Options& options)
    : StreamOverWebSocket(options, ""),
      topic_(options.topic),
      inbox_("_INBOX." + padded(static_cast<uint64_t>(getpid())) + ".") {}

void NatsProtocol::encode(std::span<const std::string> payloads, Frames& frames) {
  std::string text;
  std::vector<size_t> marks;
  for (const std::string& payload : payloads) {
    text += "PUB " + topic_ + " " + inbox_;
    marks.push_back(text.size());
    text += std::string(digits, '0') + "." + std::to_string(marks_.size() + marks.size()) + " " +
            std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
  }
  // Only whole bursts go out, so only the last frame's end is ever asked for.
  for (const std::string& payload : payloads.first(payloads.size() - 1)) frames.end(payload.size());
  appendHeader(frames.bytes, Opcode::binary, text.size());
  const size_t start = frames.bytes.size();
  frames.append(text);
  mask(frames.bytes.data() + start, text.size());
  frames.end(payloads.back().size());
  for (const size_t mark : marks) marks_.push_back(start + mark);
}

bool NatsProtocol::personalise(const Connection& connection, const Frames& frames, size_t from, size_t to,
                               std::string& own) const {
  own.assign(reinterpret_cast<const char*>(frames.bytes.data()) + from, to - from);
  const std::string number = padded(connection.index);
  for (auto mark = std::lower_bound(marks_.begin(), marks_.end(), from - std::min(from, digits)); mark != marks_.end();
       mark++) {
    if (*mark >= to) break;
    for (size_t i = 0; i < digits; i++) {
      const size_t at = *mark + i;
      // What stands there is '0', masked; so the difference of the digits is all that is to be put in.
      if (at >= from && at < to) own[at - from] = static_cast<char>(own[at - from] ^ '0' ^ number[i]);
    }
  }
  return true;
}

size_t NatsProtocol::read(Connection& connection, std::string_view bytes) {
  size_t at = 0;
  while (connection.fault.empty()) {
    const size_t end = bytes.find("\r\n", at);
    if (end == std::string_view::npos) break;
    const std::string_view text = bytes.substr(at, end - at);
    const size_t body = end + 2;
    if (text.starts_with("MSG ")) {
      size_t size = 0;
      if (!lastNumber(text, size)) {
        connection.fail("sent a MSG without a length");
        break;
      }
      if (bytes.size() < body + size + 2) break;
      answer(connection, bytes.substr(body, size));
      at = body + size + 2;
    } else {
      line(connection, text);
      at = body;
    }
  }
  return at;
}

/** A line that is not a message: greeting, ping, error. */
void NatsProtocol::line(Connection& connection, std::string_view text) {
  if (text.starts_with("INFO ") && connection.stage == Stage::greeting) {
    say(connection,
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"lang\":\"c++\","
        "\"version\":\"1\",\"name\":\"firn-load\"}\r\nSUB " +
            inbox_ + padded(connection.index) + ".* 1\r\nPING\r\n");
  } else if (text == "PONG") {
    connection.stage = Stage::open;
  } else if (text == "PING") {
    say(connection, "PONG\r\n");
  } else if (text.starts_with("HMSG ")) {
    connection.fail("has no JetStream stream that stores the subject " + topic_);
  } else if (!text.starts_with("INFO ") && text != "+OK") {
    connection.fail("sent " + printable(text));
  }
}

void NatsProtocol::answer(Connection& connection, std::string_view payload) {
  if (payload.find("\"error\"") != std::string_view::npos || !payload.starts_with("{\"stream\"")) {
    return connection.fail("did not store a message: " + printable(payload));
  }
  if (connection.acked == connection.sent) return connection.fail("acknowledged a message that was never sent");
  connection.acked++;
}

}  // namespace firn
