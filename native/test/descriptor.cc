// The C++ writer of descriptors writes what workers/descriptor.ts writes: by the digests in tables.h, which
// test/native/descriptor.test.ts holds the other side to.

#include "../sha256.h"
#include "check.h"
#include "tables.h"

using namespace firn;
using namespace firn::test;

namespace {

std::string digestOf(const StreamOf& stream) {
  const std::string bytes = describe({stream});
  uint8_t digest[32];
  sha256Portable({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest});
  std::string text;
  for (const uint8_t byte : digest) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

void checkDigest(const char* name, const StreamOf& stream, const char* wanted) {
  const std::string digest = digestOf(stream);
  CHECK_THAT(digest == wanted, "the descriptor of %s has the digest %s", name, digest.c_str());
}

}  // namespace

int main() {
  checkDigest("telemetry/1", telemetryStream(), telemetryDigest);
  checkDigest("every type", everyTypeStream(), everyTypeDigest);
  return done("descriptor");
}
