// The exact validator; see validate.h.

#include "validate.h"

#include <cmath>

#include "number.h"
#include "strings.h"
#include "timestamp.h"
#include "utf8.h"

namespace firn {
namespace {

/** The decoded text of a string, timestamp or enum field. */
Code checkText(const Stream& stream, int number, const uint8_t* text, At length, Row& row) {
  const Field& field = stream.fields[static_cast<size_t>(number)];
  if (field.type == Type::timestamp) {
    Instant instant;
    const Code code = readTimestamp(text, text + length, instant);
    if (code == ok && number == stream.time) {
      row.seconds = instant.seconds;
      row.nanos = instant.nanos;
    }
    return code;
  }
  if (field.type == Type::enumeration) {
    const int value = field.values.find(text, static_cast<size_t>(length));
    if (value < 0) return fieldEnum;
    if (number == stream.compliance) row.excursion = value == stream.excursionValue;
  } else {
    const auto points = static_cast<double>(countCodePoints(text, 0, length));
    if (points < field.minLength || points > field.maxLength) return fieldLength;
    for (At i = 0; i < length; i++) {
      if (text[i] < 0x80 ? field.allowed[text[i]] == 0 : !field.beyondAscii) return fieldPattern;
    }
  }
  if (stream.hasZones && number == stream.zoneBy) row.zone = stream.zoneNames.find(text, static_cast<size_t>(length));
  return ok;
}

/** A string with escapes: decoded into the scratch, judged there, and written behind as the literal of the line. */
Code checkEscaped(const Stream& stream, int number, const uint8_t* bytes, At start, At end, Row& row) {
  uint8_t* text = row.scratch.data() + row.scratchEnd;
  const At length = decodeInto(bytes, start + 1, end - 1, Lone::kept, text);
  const Code code = checkText(stream, number, text, length, row);
  if (code != ok) return code;
  const At literal = writeLiteral(text, length, text + length);
  row.values[static_cast<size_t>(number)] = {text + length, static_cast<size_t>(literal)};
  row.scratchEnd += static_cast<size_t>(length + literal);
  return ok;
}

Code checkNumber(const Stream& stream, int number, const uint8_t* start, const uint8_t* end, Row& row) {
  const Field& field = stream.fields[static_cast<size_t>(number)];
  double value = 0;
  const Code code = readNumber(start, end, value);
  if (code != ok) return code;
  if (field.type == Type::integer && std::trunc(value) != value) return fieldType;
  if (value < field.min || value > field.max) return fieldRange;
  uint8_t* into = row.scratch.data() + row.scratchEnd;
  const size_t written = writeNumber(value, into);
  row.values[static_cast<size_t>(number)] = {into, written};
  row.scratchEnd += written;
  if (stream.hasZones && number == stream.zoneField) row.judged = value;
  return ok;
}

/** The value of a field. It is not null, and duplicates and lone surrogates in it have been looked for. */
Code checkValue(const Stream& stream, int number, const uint8_t* bytes, const Child& child, Row& row) {
  const Field& field = stream.fields[static_cast<size_t>(number)];
  const At start = child.valueStart;
  const At end = child.valueEnd;
  const Piece whole = {bytes + start, static_cast<size_t>(end - start)};
  switch (field.type) {
    case Type::number:
    case Type::integer:
      if (child.kind != Kind::number) return fieldType;
      return checkNumber(stream, number, bytes + start, bytes + end, row);
    case Type::boolean:
      if (child.kind != wordTrue && child.kind != wordFalse) return fieldType;
      row.values[static_cast<size_t>(number)] = whole;
      return ok;
    default:
      if (child.kind != Kind::string) return fieldType;
      if (child.valueEscaped) return checkEscaped(stream, number, bytes, start, end, row);
      row.values[static_cast<size_t>(number)] = whole;
      return checkText(stream, number, bytes + start + 1, end - start - 2, row);
  }
}

/** Duplicates inside the value, then lone surrogates in the name or the value. */
Code malformed(const uint8_t* bytes, const Child& child, Row& row) {
  const bool container = child.kind == object || child.kind == array;
  if (!container && !child.nameEscaped && !child.valueEscaped) return ok;
  Inspection found;
  if (container) found = inspect(bytes, child.valueStart, child.valueEnd);
  if (found.duplicate >= 0) {
    row.offset = found.duplicate;
    return jsonDuplicateMember;
  }
  At lone = child.nameEscaped ? firstLoneSurrogate(bytes, child.nameStart, child.nameEnd) : -1;
  if (lone < 0 && container) lone = found.loneSurrogate;
  if (lone < 0 && child.valueEscaped) lone = firstLoneSurrogate(bytes, child.valueStart + 1, child.valueEnd - 1);
  if (lone < 0) return ok;
  row.offset = lone;
  return jsonLoneSurrogate;
}

}  // namespace

Code Validator::validate(const Stream& stream, const uint8_t* bytes, At start, At end, Row& row) {
  row.field = noField;
  // Where the whole frame is known to be well-formed this finds nothing, as its twin, which does not look, would.
  row.offset = firstIllFormed(bytes, start, end);
  if (row.offset >= 0) return jsonUtf8;
  if (!scan_.run(bytes, start, end, maxDepth)) {
    row.offset = scan_.fault;
    return jsonSyntax;
  }
  if (scan_.deep >= 0) {
    row.offset = scan_.deep;
    return jsonDepth;
  }
  row.offset = start;
  if (scan_.kind != object) return recordNotObject;

  row.reset(stream);
  // A string takes scratch at most twice, decoded and as a literal, each time no more than it takes in the record.
  const size_t room = 2 * static_cast<size_t>(end - start) + numberBytes * stream.fields.size();
  if (row.scratch.size() < room + slack) row.scratch.resize(2 * room + slack);
  row.scratchEnd = 0;
  ignored_.clear();
  for (const Child& child : scan_.children) {
    const Code code = member(stream, bytes, child, row);
    if (code != ok) return code;
  }
  for (size_t i = 0; i < stream.fields.size(); i++) {
    if (stream.fields[i].required && !row.has(static_cast<int>(i))) {
      row.field = static_cast<uint16_t>(i);
      row.offset = end - 1;
      return fieldMissing;
    }
  }
  row.field = noField;
  row.evaluate(stream);
  return ok;
}

/** One member. Inside it: unknown, duplicate, lone surrogate, then the value. */
Code Validator::member(const Stream& stream, const uint8_t* bytes, const Child& child, Row& row) {
  int number = -1;
  if (child.nameEscaped) {
    const std::string name = decodeString(bytes, child.nameStart, child.nameEnd, Lone::replaced);
    number = stream.names.find(reinterpret_cast<const uint8_t*>(name.data()), name.size());
  } else {
    number = stream.names.find(bytes + child.nameStart, static_cast<size_t>(child.nameEnd - child.nameStart));
  }
  row.offset = child.nameStart - 1;
  if (number < 0) {
    row.field = noField;
    if (!stream.ignoreUnknown) return fieldUnknown;
    if (!ignored_.insert(decodeString(bytes, child.nameStart, child.nameEnd, Lone::kept)).second)
      return jsonDuplicateMember;
  } else {
    row.field = static_cast<uint16_t>(number);
    if (row.has(number)) return jsonDuplicateMember;
  }
  const Code fault = malformed(bytes, child, row);
  if (fault != ok || number < 0) return fault;

  row.offset = child.valueStart;
  row.mark(number);
  if (child.kind == wordNull) {
    // An optional field that is null counts as absent, yet a second member of that name is still a duplicate.
    return stream.fields[static_cast<size_t>(number)].required ? fieldType : ok;
  }
  return checkValue(stream, number, bytes, child, row);
}

}  // namespace firn
