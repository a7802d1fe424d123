// The writer of entries through areas of every size: an entry is written whole or not at all, never past its area, and
// what comes out does not depend on where areas end.

#include "../entries.h"

#include "../validate.h"
#include "check.h"
#include "entry-walk.h"
#include "tables.h"

using namespace firn;
using namespace firn::test;

namespace {

/** A row that a record made, and the memory that its pieces lie in. */
struct Read {
  Exact text;
  Row row;
  Validator validator;

  Read(const Stream& stream, const std::string& record, size_t behind) : text(record + std::string(behind, ' ')) {
    CHECK(validator.validate(stream, text.at(), 0, static_cast<At>(record.size()), row) == ok);
  }
};

constexpr char plain[] = R"({"timestamp_utc":"2026-01-31T23:59:58.25Z","label":"x","level":0.5,"zone":"a"})";
constexpr char unusual[] = R"({"timestamp_utc":"2026-01-31T23:59:58.25Z","label":"\u00fc, longer than one block is \"","n":1e-5})";

struct Bed {
  std::vector<Stream> streams = compiled({everyTypeStream()});
  uint8_t header[frame::headerBytes] = {};
  /** As the codec keeps it: with slack behind. */
  uint8_t received[receivedBytes + slack] = {};

  Bed() { CHECK(writeReceived(1769903999007, received)); }
};

/** One entry of each kind through an area of `bytes`. @returns what was written. */
std::string one(Bed& bed, int kind, size_t bytes, size_t behind) {
  Guarded out(bytes);
  EntryWriter writer;
  const Exact raw("{\"bad\":1}");
  const Read read(bed.streams[0], kind == 0 ? plain : unusual, behind);
  const uint8_t* end = read.text.at() + read.text.bytes() - behind;
  writer.open(out.at(), bytes, read.text.end());
  bool fits = false;
  if (kind != 4) writer.frame(bed.header, false);
  // Measured before it is written, and not where there is room enough; what is not in the record must be measured.
  const size_t most = kind == 0 && bytes % 3 != 0 ? read.text.bytes() - behind : 0;
  if (kind < 2) fits = writer.accepted(bed.streams[0], read.row, most, end, bed.received);
  if (kind == 2) fits = writer.refused(1, 2, fieldUnknown, 3, {raw.at(), raw.bytes()}, 1);
  if (kind == 3) fits = writer.frameAlone();
  if (kind == 4) fits = writer.control(5, {raw.at(), raw.bytes()});
  const size_t written = writer.close();
  CHECK(fits == (written > 0));
  if (!fits) CHECK_THAT(out.untouched(0), "kind %d, %zu bytes: written, and taken back", kind, bytes);
  const std::string text = out.text(written);
  walkEntries(text);
  return text;
}

/** Each kind alone: nothing below its size, the same bytes from there on, with any memory behind the record. */
void everySize(Bed& bed) {
  for (int kind = 0; kind <= 4; kind++) {
    const std::string whole = one(bed, kind, 4096, 100);
    CHECK(!whole.empty() && whole.size() % 8 == 0);
    for (size_t bytes = 0; bytes < whole.size() + 2 * slack + 2; bytes++) {
      CHECK(one(bed, kind, bytes, 0) == (bytes < whole.size() ? "" : whole));
      CHECK(one(bed, kind, bytes, bytes % 70) == (bytes < whole.size() ? "" : whole));
    }
  }
}

/** Frames that are taken back leave those before them, and their leaves, as they were. */
void rollBack(Bed& bed) {
  for (size_t before = 0; before < 6; before++) {
    for (size_t taken = 0; taken < 6; taken++) {
      const Read read(bed.streams[0], plain, 100);
      const uint8_t* end = read.text.end() - 100;
      std::string wanted;
      for (const bool again : {false, true}) {
        Guarded out(8192);
        EntryWriter writer;
        writer.open(out.at(), out.bytes(), read.text.end());
        writer.frame(bed.header, false);
        for (size_t i = 0; i < before; i++) CHECK(writer.accepted(bed.streams[0], read.row, before % 2 == 0 ? 0 : read.text.bytes(), end, bed.received));
        writer.frame(bed.header, false);
        if (again) {
          const size_t mark = writer.mark();
          for (size_t i = 0; i < taken; i++) CHECK(writer.accepted(bed.streams[0], read.row, before % 2 == 0 ? 0 : read.text.bytes(), end, bed.received));
          writer.rollBack(mark);
        }
        CHECK(writer.refused(1, 0, fieldType, 0, {read.text.at(), 20}, 3));
        CHECK(writer.accepted(bed.streams[0], read.row, before % 2 == 0 ? 0 : read.text.bytes(), end, bed.received));
        const std::string text = out.text(writer.close());
        const Walked walked = walkEntries(text);
        CHECK(walked.accepted == before + 1 && walked.refused == 1);
        if (again) CHECK(text == wanted);
        wanted = text;
      }
    }
  }
}

/** An area that is left without `close`, as after an error: its leaves are not written into the next one. */
void abandoned(Bed& bed) {
  const Read read(bed.streams[0], plain, 100);
  EntryWriter writer;
  {
    Guarded out(4096);
    writer.open(out.at(), out.bytes(), read.text.end());
    writer.frame(bed.header, false);
    CHECK(writer.accepted(bed.streams[0], read.row, 0, read.text.end() - 100, bed.received));
  }
  Guarded next(4096);
  writer.open(next.at(), next.bytes(), read.text.end());
  CHECK(writer.close() == 0 && next.untouched(0));
}

}  // namespace

int main() {
  Bed bed;
  everySize(bed);
  rollBack(bed);
  abandoned(bed);
  return done("entries");
}
