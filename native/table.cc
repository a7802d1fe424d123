// Reads the descriptor of streams; see table.h. Its order of words is that of workers/descriptor.ts.

#include "table.h"

#include <algorithm>
#include <stdexcept>

#include "timestamp.h"

namespace firn {
namespace {

class Reader {
 public:
  Reader(const uint8_t* at, size_t bytes) : at_(at), left_(bytes) {}

  template <typename T>
  T word() {
    need(sizeof(T));
    const T value = load<T>(at_);
    skip(sizeof(T));
    return value;
  }
  bool flag() { return word<uint32_t>() != 0; }
  std::string text() {
    const auto bytes = word<uint32_t>();
    need(bytes);
    std::string text(reinterpret_cast<const char*>(at_), bytes);
    skip(bytes);
    return text;
  }
  /** A count of things that take at least four bytes each. */
  size_t count() {
    const size_t count = word<uint32_t>();
    need(count * 4);
    return count;
  }
  std::vector<std::string> texts() {
    std::vector<std::string> all(count());
    for (auto& each : all) each = text();
    return all;
  }
  bool atEnd() const { return left_ == 0; }

 private:
  const uint8_t* at_;
  size_t left_;

  void need(size_t bytes) const {
    if (bytes > left_) throw std::runtime_error("the descriptor of streams breaks off");
  }
  void skip(size_t bytes) {
    at_ += bytes;
    left_ -= bytes;
  }
};

void must(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("the descriptor of streams: ") + what);
}

Field readField(Reader& in) {
  Field field{};
  const auto type = in.word<uint32_t>();
  must(type <= static_cast<uint32_t>(Type::enumeration), "no such type");
  field.type = static_cast<Type>(type);
  field.required = in.flag();
  field.beyondAscii = in.flag();
  field.minLength = in.word<double>();
  field.maxLength = in.word<double>();
  field.min = in.word<double>();
  field.max = in.word<double>();
  field.hasFallback = in.flag();
  field.fallback = Text(in.text());
  const std::string allowed = in.text();
  must(allowed.size() == field.allowed.size(), "a character class has 128 flags");
  std::memcpy(field.allowed.data(), allowed.data(), field.allowed.size());
  constexpr int space = 0x20;
  field.allAllowed = std::all_of(field.allowed.begin() + space, field.allowed.end(), [](uint8_t flag) { return flag != 0; });
  field.values = Dictionary(in.texts());
  return field;
}

Stream readStream(Reader& in) {
  Stream stream{};
  stream.number = in.word<uint32_t>();
  stream.maxRecords = in.word<uint32_t>();
  stream.ignoreUnknown = in.flag();
  stream.time = in.word<int32_t>();
  stream.compliance = in.word<int32_t>();
  stream.excursionValue = in.word<int32_t>();
  stream.excursionByDefault = in.flag();
  stream.within = Text(in.text());
  stream.excursion = Text(in.text());
  const std::vector<std::string> names = in.texts();
  const size_t fields = in.count();
  must(fields <= maxFields, "too many fields");
  // A name's number is used as that of its field.
  must(names.size() == fields, "as many names as fields");
  stream.names = Dictionary(names);
  for (size_t i = 0; i < fields; i++) stream.fields.push_back(readField(in));
  const size_t members = in.count();
  for (size_t i = 0; i < members; i++) {
    Text key(in.text());
    const int number = in.word<int32_t>();
    must(number >= evaluatedMember && number < static_cast<int>(fields), "no such member");
    stream.order.push_back({std::move(key), number});
  }
  must(stream.time >= 0 && stream.time < static_cast<int>(fields), "no field of time");
  stream.hasZones = in.flag();
  if (!stream.hasZones) return stream;
  stream.zoneBy = in.word<int32_t>();
  stream.zoneField = in.word<int32_t>();
  stream.defaultZone = in.word<int32_t>();
  stream.defaultValue = in.word<double>();
  const std::vector<std::string> zones = in.texts();
  must(stream.defaultZone < static_cast<int>(zones.size()), "no such zone");
  for (size_t i = 0; i < zones.size(); i++) {
    stream.zoneMin.push_back(in.word<double>());
    stream.zoneMax.push_back(in.word<double>());
  }
  stream.zoneNames = Dictionary(zones);
  return stream;
}

}  // namespace

Dictionary::Dictionary(const std::vector<std::string>& texts) {
  size_t slots = 8;
  while (slots < texts.size() * 4) slots *= 2;
  slots_.assign(slots, {0, 0, -1});
  mask_ = slots - 1;
  // A byte before the texts: there is something to point at also when the only one is empty.
  texts_.assign(1, 0);
  for (size_t number = 0; number < texts.size(); number++) {
    const std::string& text = texts[number];
    size_t slot = hash(reinterpret_cast<const uint8_t*>(text.data()), text.size()) & mask_;
    while (slots_[slot].number >= 0) slot = (slot + 1) & mask_;
    slots_[slot] = {texts_.size(), text.size(), static_cast<int>(number)};
    texts_.insert(texts_.end(), text.begin(), text.end());
  }
}

std::vector<Stream> readStreams(const uint8_t* bytes, size_t length) {
  Reader in(bytes, length);
  const size_t count = in.count();
  std::vector<Stream> streams;
  for (size_t i = 0; i < count; i++) streams.push_back(readStream(in));
  must(in.atEnd(), "something follows");
  // Pieces point into the fields, so they are made when nothing moves any more.
  for (Stream& stream : streams) {
    for (size_t i = 0; i < stream.fields.size(); i++) {
      const Field& field = stream.fields[i];
      stream.fallbacks.push_back(field.hasFallback ? field.fallback.piece() : Piece{});
      if (field.required) stream.required[i / 64] |= uint64_t{1} << (i % 64);
    }
    stream.mostAround = 2 + receivedBytes + std::max(stream.within.piece().bytes, stream.excursion.piece().bytes);
    for (const Piece& fallback : stream.fallbacks) stream.mostAround += fallback.bytes;
    for (const Member& member : stream.order) stream.mostAround += member.key.piece().bytes;
  }
  return streams;
}

}  // namespace firn
