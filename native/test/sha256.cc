// SHA-256: the portable way by the examples of FIPS 180-4, and the processor's own instructions by the portable way, alone
// and in every mixture of lanes. Messages end where their memory ends; digests are guarded, and may lie at any address.

#include "../sha256.h"

#include <deque>
#include <vector>

#include "check.h"
#include "guarded.h"

using namespace firn;
using namespace firn::test;

namespace {

std::string hexOf(const std::string& bytes) {
  std::string text;
  for (const char each : bytes) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(each));
    text += hex;
  }
  return text;
}

std::string portable(const Exact& message) {
  Guarded digest(32);
  sha256Portable({message.at(), message.bytes(), digest.at()});
  return digest.text(32);
}

std::string messageOf(size_t bytes, Random& random) {
  std::string message(bytes, '\0');
  for (char& each : message) each = static_cast<char>(random.next());
  return message;
}

/** Digests of FIPS 180-4's examples, of nothing, and of a million times the letter a. */
void examples() {
  const std::pair<std::string, const char*> known[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& [message, digest] : known) CHECK(hexOf(portable(Exact(message))) == digest);
}

/** Hashes messages of the given lengths through one hasher, digests at addresses of every kind, and compares each. */
void together(LeafHasher& hasher, const std::vector<size_t>& lengths, Random& random) {
  std::deque<Exact> messages;
  std::deque<Guarded> digests;
  for (const size_t length : lengths) {
    messages.emplace_back(messageOf(length, random));
    digests.emplace_back(33);
    hasher.add({messages.back().at(), length, digests.back().at() + digests.size() % 2});
  }
  hasher.flush();
  for (size_t i = 0; i < lengths.size(); i++) {
    const size_t shift = (i + 1) % 2;
    const std::string digest = digests[i].text(33);
    CHECK_THAT(digest.substr(shift, 32) == portable(messages[i]), "message %zu of %zu, %zu bytes", i, lengths.size(),
               lengths[i]);
    CHECK(digest[shift == 0 ? 32 : 0] == '\xaa');
  }
}

/** All lengths, alone and as many of one length as fill the lanes and more. */
void everyLength(LeafHasher& hasher, Random& random) {
  for (size_t length = 0; length <= 300; length++) {
    for (size_t count = 1; count <= 9; count++) together(hasher, std::vector<size_t>(count, length), random);
  }
  // Around the number of blocks up to which messages wait for each other.
  for (size_t length = 900; length < 1200; length++) together(hasher, {length, length, length, length, length}, random);
}

/** All orders of up to five messages of one, two and three blocks: every lane, filled or left over. */
void everyMixture(LeafHasher& hasher, Random& random) {
  constexpr size_t sizes[] = {10, 70, 140};
  for (size_t count = 1; count <= 5; count++) {
    size_t mixtures = 1;
    for (size_t i = 0; i < count; i++) mixtures *= 3;
    for (size_t mixture = 0; mixture < mixtures; mixture++) {
      std::vector<size_t> lengths;
      for (size_t left = mixture, i = 0; i < count; i++, left /= 3) lengths.push_back(sizes[left % 3] + random.below(50));
      together(hasher, lengths, random);
    }
  }
  for (int round = 0; round < 2000; round++) {
    std::vector<size_t> lengths(1 + random.below(24));
    for (size_t& length : lengths) length = random.below(random.oneIn(4) ? 1400 : 300);
    together(hasher, lengths, random);
  }
}

/** What is forgotten is not written, and stands in nobody's way. */
void forgotten(LeafHasher& hasher, Random& random) {
  for (size_t count = 1; count < 4; count++) {
    const Exact message(messageOf(100, random));
    Guarded digest(32);
    for (size_t i = 0; i < count; i++) hasher.add({message.at(), message.bytes(), digest.at()});
    hasher.drop();
    hasher.flush();
    CHECK(digest.untouched(0));
    together(hasher, {100, 100, 100, 100, 100}, random);
  }
}

}  // namespace

int main() {
  Random random(256);
  LeafHasher hasher;
  examples();
  everyLength(hasher, random);
  everyMixture(hasher, random);
  forgotten(hasher, random);
  return done(hasShaInstructions() ? "sha256, with the processor's instructions" : "sha256, portable only");
}
