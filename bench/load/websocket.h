// WebSocket as a client speaks it (RFC 6455): upgrade, masked frames out, plain frames in. Frames out are masked with
// one key for the whole run: they are built once. That is no secret, and a server cannot tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connection.h"

namespace firn {

enum class Opcode : uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/** Longest message that a server may send, in bytes. */
constexpr size_t maxServerFrame = 65536;

/** Appends the header of a masked frame, its key included; the payload follows masked. */
void appendHeader(std::vector<uint8_t>& out, Opcode opcode, size_t bytes);

/** Masks `bytes` bytes in place, of which the first has place `phase` in its payload. */
void mask(uint8_t* at, size_t bytes, size_t phase = 0);

/** Appends a whole masked frame. */
void appendFrame(std::vector<uint8_t>& out, Opcode opcode, std::string_view payload);

/** A masked frame for `Connection::control`. */
std::string controlFrame(Opcode opcode, std::string_view payload);

/** The upgrade, and the check of its answer. */
class Upgrade {
 public:
  /** @param protocol the subprotocol that is asked for and must be granted; empty for none */
  Upgrade(std::string host, std::string protocol);

  std::string request(const std::string& path) const;

  /** Bytes of the answer's head, 0 while it has not come whole. Calls `fail` when it grants no WebSocket. */
  size_t check(Connection& connection, std::string_view bytes) const;

 private:
  std::string host_;
  std::string protocol_;
  std::string key_;
  std::string accept_;
};

/** What a message is given to: text and binary payloads, and those of continuations where `stream` is allowed. */
using OnMessage = std::function<void(Connection&, std::string_view)>;

/**
 * Reads whole frames off `bytes`, answers pings, notes a close; returns how many bytes it used. Calls `fail` on what no
 * server may send. A template would save the indirect call; one per message costs nothing beside the recv().
 * @param stream payloads are parts of one stream of bytes, so fragments are fine
 * @param onPong is given the payloads of pongs, where they mean something
 */
size_t readFrames(Connection& connection, std::string_view bytes, bool stream, const OnMessage& onMessage,
                  const OnMessage& onPong = {});

}  // namespace firn
