// Writes descriptors of streams as workers/descriptor.ts does, from tables in C++. `tables.h` has the ones that both sides
// are held to.
#pragma once

#include <algorithm>
#include <limits>

#include "../table.h"

namespace firn::test {

constexpr double infinity = std::numeric_limits<double>::infinity();

/** A field of a table: what engine/schema/table.ts has, with its defaults; `fallback` is JSON, empty for none. */
struct FieldOf {
  std::string name;
  Type type = Type::string;
  bool required = false;
  std::string fallback = {};
  double minLength = 0, maxLength = infinity, min = -infinity, max = infinity;
  /** The characters allowed, each of them; empty for all but control characters. */
  std::string characters = {};
  std::vector<std::string> values = {};
};

struct ZoneOf {
  std::string name;
  double min = -infinity, max = infinity;
};

struct StreamOf {
  uint32_t number = 1;
  std::vector<FieldOf> fields;
  bool ignoreUnknown = false;
  uint32_t maxRecords = 16384;
  /** Zones by the text of field `zoneBy`, judging field `zoneField`; none when `zones` is empty. */
  std::vector<ZoneOf> zones = {};
  int zoneBy = -1, zoneField = -1;
};

class DescriptorWriter {
 public:
  void word(uint32_t value) { put(&value, sizeof value); }
  void number(int value) { word(static_cast<uint32_t>(value)); }
  void flag(bool value) { word(value ? 1 : 0); }
  void real(double value) { put(&value, sizeof value); }
  void text(const std::string& text) {
    word(static_cast<uint32_t>(text.size()));
    bytes += text;
  }
  void stream(const StreamOf& stream);

  std::string bytes;

 private:
  void put(const void* at, size_t count) { bytes.append(static_cast<const char*>(at), count); }
  void field(const FieldOf& field);
  void order(const StreamOf& stream);
  void zones(const StreamOf& stream);
};

/** A name or value of printable text as a JSON string. */
inline std::string quoted(const std::string& text) {
  std::string literal = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') literal += '\\';
    literal += each;
  }
  return literal + '"';
}

/** Position of the field of that name; -1 when there is none. */
inline int fieldNumber(const StreamOf& stream, const std::string& name) {
  for (size_t i = 0; i < stream.fields.size(); i++) {
    if (stream.fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

/** Position of the value; -1 when there is none. */
inline int valueNumber(const std::vector<std::string>& values, const std::string& value) {
  const auto at = std::find(values.begin(), values.end(), value);
  return at == values.end() ? -1 : static_cast<int>(at - values.begin());
}

inline void DescriptorWriter::stream(const StreamOf& stream) {
  int compliance = fieldNumber(stream, "compliance_state");
  if (compliance >= 0 && stream.fields[static_cast<size_t>(compliance)].type != Type::enumeration) compliance = -1;
  word(stream.number);
  word(stream.maxRecords);
  flag(stream.ignoreUnknown);
  number(fieldNumber(stream, "timestamp_utc"));
  number(compliance);
  number(compliance < 0 ? -1 : valueNumber(stream.fields[static_cast<size_t>(compliance)].values, "excursion"));
  flag(compliance >= 0 && stream.fields[static_cast<size_t>(compliance)].fallback == "\"excursion\"");
  text("\"within_spec\"");
  text("\"excursion\"");
  word(static_cast<uint32_t>(stream.fields.size()));
  for (const FieldOf& each : stream.fields) text(each.name);
  word(static_cast<uint32_t>(stream.fields.size()));
  for (const FieldOf& each : stream.fields) field(each);
  order(stream);
  zones(stream);
}

inline void DescriptorWriter::field(const FieldOf& field) {
  word(static_cast<uint32_t>(field.type));
  flag(field.required);
  flag(field.characters.empty());
  real(field.minLength);
  real(field.maxLength);
  real(field.min);
  real(field.max);
  flag(!field.fallback.empty());
  text(field.fallback);
  std::string allowed(128, '\0');
  for (size_t i = 0x20; i < 0x80; i++) {
    const bool any = field.characters.empty() && i != 0x7f;
    allowed[i] = any || field.characters.find(static_cast<char>(i)) != std::string::npos ? 1 : 0;
  }
  text(allowed);
  word(static_cast<uint32_t>(field.values.size()));
  for (const std::string& each : field.values) text(each);
}

/** Members of a line by their names; names here are ASCII, so bytes have the order of UTF-16. */
inline void DescriptorWriter::order(const StreamOf& stream) {
  std::vector<std::pair<std::string, int>> members;
  for (size_t i = 0; i < stream.fields.size(); i++) members.emplace_back(stream.fields[i].name, static_cast<int>(i));
  members.emplace_back("received_utc", receivedMember);
  members.emplace_back("evaluated_state", evaluatedMember);
  std::sort(members.begin(), members.end());
  word(static_cast<uint32_t>(members.size()));
  for (const auto& [name, member] : members) {
    text("," + quoted(name) + ":");
    number(member);
  }
}

inline void DescriptorWriter::zones(const StreamOf& stream) {
  flag(!stream.zones.empty());
  if (stream.zones.empty()) return;
  const FieldOf& by = stream.fields[static_cast<size_t>(stream.zoneBy)];
  const FieldOf& judged = stream.fields[static_cast<size_t>(stream.zoneField)];
  int byDefault = -1;
  for (size_t i = 0; i < stream.zones.size(); i++) {
    if (!by.fallback.empty() && by.fallback == quoted(stream.zones[i].name)) byDefault = static_cast<int>(i);
  }
  number(stream.zoneBy);
  number(stream.zoneField);
  number(byDefault);
  real(judged.fallback.empty() ? std::numeric_limits<double>::quiet_NaN() : std::stod(judged.fallback));
  word(static_cast<uint32_t>(stream.zones.size()));
  for (const ZoneOf& each : stream.zones) text(each.name);
  for (const ZoneOf& each : stream.zones) {
    real(each.min);
    real(each.max);
  }
}

inline std::string describe(const std::vector<StreamOf>& streams) {
  DescriptorWriter out;
  out.word(static_cast<uint32_t>(streams.size()));
  for (const StreamOf& each : streams) out.stream(each);
  return out.bytes;
}

/** The streams as the codec has them. */
inline std::vector<Stream> compiled(const std::vector<StreamOf>& streams) {
  const std::string bytes = describe(streams);
  return readStreams(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace firn::test
