// A stream's table, zones and policy as the codec works with them: read once from a descriptor that workers/native.ts
// writes from the compiled stream. Twin of engine/schema/compile.ts and workers/dictionary.ts.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bytes.h"
#include "layout.h"

namespace firn {

enum class Type : uint32_t { string, number, integer, boolean, timestamp, enumeration };

/** A piece of memory that somebody else owns; `at` is null for "not there". */
struct Piece {
  const uint8_t* at = nullptr;
  size_t bytes = 0;
};

/** Bytes that may be read past a text and written past an entry when short texts are copied in blocks. */
constexpr size_t slack = 32;

/** Bytes of its own, with slack behind them. */
class Text {
 public:
  Text() : Text(std::string()) {}
  explicit Text(std::string text) : text_(std::move(text)), bytes_(text_.size()) { text_.append(slack, '\0'); }
  Piece piece() const { return {reinterpret_cast<const uint8_t*>(text_.data()), bytes_}; }

 private:
  std::string text_;
  size_t bytes_;
};

/** A fixed set of texts that is asked with bytes: open addressing, at most a quarter full. */
class Dictionary {
 public:
  /** Numbers are the positions in `texts`, which are different from each other. */
  Dictionary() : Dictionary(std::vector<std::string>()) {}
  explicit Dictionary(const std::vector<std::string>& texts);

  /** Number of the text that is exactly these bytes; -1 when there is none. */
  int find(const uint8_t* at, size_t bytes) const {
    for (size_t slot = hash(at, bytes) & mask_;; slot = (slot + 1) & mask_) {
      const Slot& found = slots_[slot];
      if (found.number < 0) return found.number;
      if (found.bytes == bytes && isSame(texts_.data() + found.start, at, bytes)) return found.number;
    }
  }

 private:
  struct Slot {
    size_t start, bytes;
    int number;
  };
  /** The texts behind each other. */
  std::vector<uint8_t> texts_;
  std::vector<Slot> slots_;
  size_t mask_ = 0;

  /** memcmp for texts that are short: two loads that may overlap, and no call. */
  static bool isSame(const uint8_t* a, const uint8_t* b, size_t bytes) {
    if (bytes > 16 || bytes < 4) return std::memcmp(a, b, bytes) == 0;
    if (bytes >= 8) {
      const uint64_t head = load<uint64_t>(a) ^ load<uint64_t>(b);
      return (head | (load<uint64_t>(a + bytes - 8) ^ load<uint64_t>(b + bytes - 8))) == 0;
    }
    const uint32_t head = load<uint32_t>(a) ^ load<uint32_t>(b);
    return (head | (load<uint32_t>(a + bytes - 4) ^ load<uint32_t>(b + bytes - 4))) == 0;
  }

  static size_t hash(const uint8_t* at, size_t bytes) {
    uint64_t mixed = bytes;
    if (bytes >= 8) mixed ^= load<uint64_t>(at) ^ std::rotl(load<uint64_t>(at + bytes - 8), 23);
    else if (bytes >= 4) mixed ^= load<uint32_t>(at) ^ std::rotl(uint64_t{load<uint32_t>(at + bytes - 4)}, 23);
    else
      for (size_t i = 0; i < bytes; i++) mixed = (mixed << 8) ^ at[i];
    mixed *= 0x9e3779b97f4a7c15u;
    return static_cast<size_t>(mixed >> 40);
  }
};

struct Field {
  Type type;
  bool required;
  /** False when `characters` is given: then nothing past ASCII is allowed. */
  bool beyondAscii;
  double minLength, maxLength, min, max;
  /** The default as JSON. */
  Text fallback;
  bool hasFallback;
  /** One flag per ASCII character: may it stand in the string? */
  std::array<uint8_t, 128> allowed;
  /** True when every one may that needs no escape. */
  bool allAllowed;
  Dictionary values;
};

/** Members of a line that come from firn. */
constexpr int receivedMember = -1;
constexpr int evaluatedMember = -2;

/** A member of a line: `,"name":` and number of the field or one of the two above. */
struct Member {
  Text key;
  int number;
};

struct Stream {
  uint32_t number;
  uint32_t maxRecords;
  bool ignoreUnknown;
  /** Numbers of the fields that say when the record was taken and what the sender says of its limits (-1 = none). */
  int time, compliance, excursionValue;
  bool excursionByDefault;
  std::vector<Field> fields;
  Dictionary names;
  /** Members of a line in order. */
  std::vector<Member> order;
  bool hasZones = false;
  int zoneBy = -1, zoneField = -1, defaultZone = -1;
  double defaultValue = 0;
  Dictionary zoneNames;
  std::vector<double> zoneMin, zoneMax;
  /** What each field has in the line of a record that leaves it out, and which fields must not be left out. */
  std::vector<Piece> fallbacks;
  std::array<uint64_t, maxFields / 64> required{};
  /** The two values of `evaluated_state`, as JSON. */
  Text within, excursion;
  /** Bytes of a line at most, but for the values that come from the record. */
  size_t mostAround = 0;

  bool hasSeenRequired(const std::array<uint64_t, maxFields / 64>& seen) const {
    for (size_t i = 0; i < required.size(); i++) {
      if ((required[i] & ~seen[i]) != 0) return false;
    }
    return true;
  }
};

/** Reads a descriptor. @throws std::runtime_error when it is not one. */
std::vector<Stream> readStreams(const uint8_t* bytes, size_t length);

}  // namespace firn
