// Dictionaries find what they hold and nothing else, whatever lies beside a text; descriptors are refused wherever they
// break off or contradict themselves, and whatever is damaged in one makes another table or an error.

#include "../table.h"

#include <set>
#include <stdexcept>

#include "check.h"
#include "guarded.h"
#include "slab.h"
#include "tables.h"

using namespace firn;
using namespace firn::test;

namespace {

void finds(const Dictionary& dictionary, const std::string& text, int number) {
  const Exact exact(text);
  CHECK_THAT(dictionary.find(exact.at(), exact.bytes()) == number, "%s", shown(text).c_str());
}

/** Texts of every length, each asked for as it is and with each of its bytes changed, one more and one less. */
void dictionaries(Random& random) {
  for (const size_t count : {0u, 1u, 2u, 7u, 60u, 255u}) {
    std::set<std::string> known;
    while (known.size() < count) {
      std::string text(random.below(40), '\0');
      for (char& each : text) each = static_cast<char>('a' + random.below(random.oneIn(2) ? 2 : 26));
      known.insert(text);
    }
    const std::vector<std::string> texts(known.begin(), known.end());
    const Dictionary dictionary(texts);
    for (size_t number = 0; number < texts.size(); number++) {
      finds(dictionary, texts[number], static_cast<int>(number));
      for (size_t at = 0; at <= texts[number].size(); at++) {
        std::string other = texts[number];
        if (at < other.size()) other[at] ^= 0x20;
        else other += random.oneIn(2) ? '\0' : 'a';
        finds(dictionary, other, valueNumber(texts, other));
        finds(dictionary, texts[number].substr(0, at), valueNumber(texts, texts[number].substr(0, at)));
      }
    }
    finds(dictionary, "", valueNumber(texts, ""));
  }
  finds(Dictionary({""}), "", 0);
  finds(Dictionary({""}), "a", -1);
}

/** Reads a descriptor, and where it is one puts a slab through its codec. False when it was refused. */
bool works(const std::string& descriptor) {
  const Exact exact(descriptor);
  std::vector<Stream> streams;
  try {
    streams = readStreams(exact.at(), exact.bytes());
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).rfind("the descriptor of streams", 0) == 0);
    return false;
  }
  Codec codec(std::move(streams));
  const std::string record = R"({"sensor_id":"probe-1","timestamp_utc":"2026-01-31T23:59:58Z","temperature_c":4.5,)"
                             R"("zone_id":"DOCK-7","zone":"a","level":1e0,"compliance_state":"excursion","label":"\u0041"})";
  const std::string slab = slabOf({{.payload = record}, {.payload = record, .stream = 2}});
  try {
    const Exact input(slab);
    Guarded rejects(64), out(8192);
    CountFrames begin;
    State state{};
    state.bytes = static_cast<uint32_t>(slab.size());
    state.frames = 2;
    codec.encode(state, {input.at(), slab.size()}, {rejects.at(), 64}, {out.at(), 8192}, begin);
  } catch (const std::runtime_error&) {
    // A stream that the damage renamed: "is known" is refused.
  }
  return true;
}

void damagedDescriptors() {
  const std::string good = describe(bothStreams());
  CHECK(works(good));
  for (size_t length = 0; length < good.size(); length++) CHECK(!works(good.substr(0, length)));
  CHECK(!works(good + std::string(4, '\0')));
  for (size_t at = 0; at < good.size(); at++) {
    for (const int change : {0x01, 0x80}) {
      std::string damaged = good;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      works(damaged);
    }
  }
}

/** Counts that do not belong together. */
void contradictions() {
  StreamOf stream = telemetryStream();
  DescriptorWriter out;
  out.word(1);
  out.stream(stream);
  const std::string name = "raw_payload_hash";
  const size_t lastName = out.bytes.find(name) + name.size();
  // One name more than there are fields: whoever sends it would be judged by a field that is not there.
  std::string more = out.bytes;
  const size_t countAt = out.bytes.find("sensor_id") - 8;
  CHECK(load<uint32_t>(reinterpret_cast<const uint8_t*>(more.data()) + countAt) == stream.fields.size());
  more[countAt] = static_cast<char>(more[countAt] + 1);
  more.insert(lastName, std::string("\x05\0\0\0label", 9));
  CHECK_THAT(!works(more), "a descriptor with more names than fields is taken");

  stream.fields.resize(maxFields + 1, {.name = "x"});
  for (size_t i = 6; i < stream.fields.size(); i++) stream.fields[i].name = "x" + std::to_string(i);
  CHECK(!works(describe({stream})));
  stream.fields.resize(maxFields);
  CHECK(works(describe({stream})));
  stream.fields.erase(stream.fields.begin() + 1);
  CHECK(!works(describe({stream})));
}

}  // namespace

int main() {
  Random random(17);
  dictionaries(random);
  damagedDescriptors();
  contradictions();
  return done("table");
}
