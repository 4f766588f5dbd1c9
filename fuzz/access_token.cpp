// No bytes are an access token but those that were signed, and claims are read or refused, whatever they are.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "identity/base64url.hpp"
#include "identity/tokens.hpp"
#include "require.hpp"

namespace {

using namespace sluice;

const identity::time_point now{std::chrono::seconds(1'800'000'000)};

struct fixture {
  identity::stored_signing_key stored = identity::make_signing_key(now);
  identity::token_keys keys{{}, std::span(&stored, 1), stored.id};
  std::string token{keys.sign({.token_id = make_id("tok", now),
                               .user_id = make_id("usr", now),
                               .session_id = make_id("ses", now),
                               .username = "alice",
                               .role = identity::role::user,
                               .issued_at = now,
                               .expires_at = now + std::chrono::minutes(15)})
                        .reveal()};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using fuzz::require;
  static const fixture* const made = new fixture;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  require(!made->keys.verify(text, now), "what was not signed is refused");
  // Past the header, so that the rest is looked at.
  const std::string header = made->token.substr(0, made->token.find('.') + 1);
  require(!made->keys.verify(header + std::string(text), now), "a known header signs nothing");

  if (const auto raw = identity::parse_claims(text)) {
    require(is_id("usr", raw->says.user_id) && is_id("ses", raw->says.session_id), "claims have ids");
    require(raw->says.expires_at.time_since_epoch().count() >= 0, "times are not negative");
  }
  if (const auto bytes = identity::decode_base64url(text)) {
    require(identity::encode_base64url(*bytes) == text, "bytes have one spelling");
  }
  require(identity::decode_base64url(identity::encode_base64url(text)) == text, "bytes come back");

  // A change of one character of a good token.
  if (size < 2) return 0;
  std::string changed = made->token;
  const std::size_t place = (std::size_t{data[0]} << 8 | data[1]) % changed.size();
  changed[place] = static_cast<char>(changed[place] ^ (1 + data[size - 1] % 127));
  require(!made->keys.verify(changed, now), "a changed token is refused");
  return 0;
}
