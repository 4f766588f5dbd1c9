#include "base/ids.hpp"

#include <array>
#include <stdexcept>

#include <openssl/rand.h>

namespace sluice {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t ulid_characters = 26;

// OpenSSL's generator costs about a microsecond a call; a worker draws from it in blocks.
void random_bytes(unsigned char* out, std::size_t count) {
  struct block {
    std::array<unsigned char, 1024> bytes;
    std::size_t used = sizeof(bytes);
  };
  thread_local block pool;
  if (count > pool.bytes.size() / 4) {
    if (RAND_bytes(out, static_cast<int>(count)) != 1) throw std::runtime_error("the system's random generator failed");
    return;
  }
  if (pool.used + count > pool.bytes.size()) {
    if (RAND_bytes(pool.bytes.data(), static_cast<int>(pool.bytes.size())) != 1) {
      throw std::runtime_error("the system's random generator failed");
    }
    pool.used = 0;
  }
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = pool.bytes[pool.used];
    pool.bytes[pool.used++] = 0;
  }
}

}  // namespace

std::string make_id(std::string_view prefix, std::chrono::system_clock::time_point now) {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  auto time_ms = static_cast<std::uint64_t>(since_epoch.count());
  std::array<unsigned char, 16> random;
  random_bytes(random.data(), random.size());
  std::string id;
  id.reserve(prefix.size() + 1 + ulid_characters);
  id.append(prefix).push_back('_');
  const std::size_t start = id.size();
  id.resize(start + ulid_characters);
  for (std::size_t i = 10; i-- > 0; time_ms >>= 5)
    id[start + i] = crockford[time_ms & 31];
  for (std::size_t i = 0; i < 16; ++i)
    id[start + 10 + i] = crockford[random[i] & 31];
  return id;
}

bool is_id(std::string_view prefix, std::string_view text) {
  if (text.size() != prefix.size() + 1 + ulid_characters || !text.starts_with(prefix) || text[prefix.size()] != '_') {
    return false;
  }
  return text.substr(prefix.size() + 1).find_first_not_of(crockford) == std::string_view::npos;
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  random_bytes(reinterpret_cast<unsigned char*>(raw.data()), bytes);
  std::string text;
  text.reserve(2 * bytes);
  for (const char c : raw) {
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
    text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

}  // namespace sluice
