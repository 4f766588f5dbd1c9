#include "base/keyed_hash.hpp"

#include <bit>
#include <cstring>
#include <stdexcept>

#include <openssl/rand.h>

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

struct sip_state {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void mix(std::uint64_t word) {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

}  // namespace

keyed_hash::keyed_hash() {
  std::array<unsigned char, 16> key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) throw std::runtime_error("no randomness to be had");
  std::memcpy(&low_, key.data(), 8);
  std::memcpy(&high_, key.data() + 8, 8);
}

std::uint64_t keyed_hash::operator()(std::string_view text) const {
  sip_state state{.v0 = low_ ^ 0x736f6d6570736575,
                  .v1 = high_ ^ 0x646f72616e646f6d,
                  .v2 = low_ ^ 0x6c7967656e657261,
                  .v3 = high_ ^ 0x7465646279746573};
  std::uint64_t word = 0;
  const std::size_t size = text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) {
    std::memcpy(&word, text.data(), 8);
    state.mix(word);
  }
  word = 0;
  if (!text.empty()) std::memcpy(&word, text.data(), text.size());
  state.mix(word | (static_cast<std::uint64_t>(size) << 56));
  state.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i)
    state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace sluice
