// What a protocol knows: how its frames look on the wire, how a connection begins and ends, and what the server's bytes
// mean. It opens no socket and reads no clock.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "connection.h"
#include "frames.h"
#include "options.h"
#include "printable.h"

namespace firn {

class Protocol {
 public:
  virtual ~Protocol() = default;

  /** Appends the frames of one burst, ending each with `Frames::end`. */
  virtual void encode(std::span<const std::string> payloads, Frames& frames) = 0;

  /** TCP stands: what is said first goes to `control`. */
  virtual void greet(Connection& connection) = 0;

  /**
   * Bytes came. Sets `stage` to open once frames may be sent, raises `acked`, sets `window`, `closeCode` or `fault`.
   * @return how many bytes were used; the rest is handed in again, with more behind it.
   */
  virtual size_t receive(Connection& connection, std::string_view bytes) = 0;

  /** Says goodbye in `control`. */
  virtual void leave(Connection& connection) = 0;

  /** No frame will follow: asks for answers that have not been asked for. */
  virtual void finish(Connection&) {}

  /** False when an answer comes for many frames together, so that the time until then says nothing about one. */
  virtual bool answersEach() const { return true; }

  /** Frames that must differ, beyond those that the records fill: 0 when a frame may be in flight twice. */
  virtual size_t leastFrames() const { return 0; }
  virtual size_t mostFrames() const { return size_t{1} << 24; }
  /** Of how many frames their number must be a multiple, besides the burst; a multiple of the burst itself. */
  virtual size_t unit() const { return 1; }

  /**
   * Puts what a connection must say in its own name into bytes `from` to `to` of the frames, copied to `own`.
   * @return false when every connection says the same, and nothing was copied
   */
  virtual bool personalise(const Connection&, const Frames&, size_t, size_t, std::string&) const { return false; }

  /** Records that the server said it refused. */
  uint64_t rejects = 0;
};

/** The protocol that the options name. Throws UsageError. */
std::unique_ptr<Protocol> makeProtocol(const Options& options);

}  // namespace firn
