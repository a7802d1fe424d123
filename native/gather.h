// Accepted records from journal entries into a batch: their lines one behind the other, their leaves beside them, and what
// the seal says of them. Twin of the loop in engine/seal/content.ts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace firn {

/** How far a batch is gathered: the words that engine/seal/content.ts shares with the addon. */
struct Gathered {
  /** Entries to take from here on. */
  double left;
  /** Bytes of lines and of leaves so far, those of runs before included. */
  double lineBytes, leafBytes;
  double excursions;
  /** First of the earliest times: seconds, nanoseconds, where its characters lie in the lines, how many they are. */
  double earliestSeconds, earliestNanos, earliestAt, earliestLength;
  double latestSeconds, latestNanos, latestAt, latestLength;
};

/**
 * Takes accepted entries from `bytes` on until none is left to take. `lines` and `leaves` are what follows the bytes so
 * far. @returns false when an entry is not whole, or there is no room: the journal has changed since it was folded.
 */
bool gather(const uint8_t* at, size_t bytes, uint8_t* lines, size_t lineRoom, uint8_t* leaves, size_t leafRoom,
            Gathered& to);

}  // namespace firn
