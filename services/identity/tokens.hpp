// Access tokens: JWT (RFC 7519, profile RFC 9068) signed with Ed25519 (RFC 8037), and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/secret_string.hpp"
#include "identity/identity_service.hpp"

namespace sluice::identity {

inline constexpr std::size_t token_bytes_max = 4096;  ///< longer ones are not looked at

/// What a token says. Times are whole seconds.
struct claims {
  std::string token_id;    ///< `jti`, tok_…
  std::string user_id;     ///< `sub`
  std::string session_id;  ///< `sid`
  std::string username;    ///< `name`
  role role = role::user;
  time_point issued_at;
  time_point expires_at;
};

/// Why a token is not believed; for logs and tests. Callers hear only that it is not valid.
enum class token_fault : std::uint8_t {
  too_long,
  malformed,       ///< not three segments of strict base64url, or claims that are not ours
  unknown_header,  ///< another algorithm, type or key than ours
  bad_signature,
  wrong_issuer,
  wrong_audience,
  not_yet_valid,
  expired,
};

std::string_view to_string(token_fault fault);

/// A key pair as it is stored. The public half outlives the time it signs for until all its tokens have run out.
struct stored_signing_key {
  std::string id;  ///< sgn_…: `kid`
  time_point created_at;
  std::string public_key;     ///< 32 bytes in base64url
  secret_string private_key;  ///< 32 bytes in base64url
};

stored_signing_key make_signing_key(time_point now);

struct token_settings {
  std::string issuer = "sluice";
  std::string audience = "sluice";
  std::chrono::seconds leeway{30};  ///< for clocks that differ
};

/// The half of a signing key that anybody may have.
struct public_signing_key {
  std::string id;          // `kid`
  std::string public_key;  ///< 32 bytes in base64url
};

/// Believes tokens of all its keys. Immutable; any thread.
class token_verifier {
 public:
  /// Throws if a key is not one.
  token_verifier(token_settings told, std::span<const public_signing_key> keys);
  token_verifier(token_verifier&&) noexcept;
  ~token_verifier();

  /// Checks in this order: size; the header, byte for byte one of those that `sign` writes, so that its algorithm, type
  /// and key are pinned before anything of it is parsed; the signature; the claims, all of them.
  std::expected<claims, token_fault> verify(std::string_view token, time_point now) const;

 private:
  struct key;
  token_settings settings_;
  std::unordered_map<std::string, std::unique_ptr<key>> by_header_;  // by the header's segment
};

/// Whether the token's header is one that `sign` may have written, with whatever key.
bool has_token_header(std::string_view token);

/// Signs with one key and believes tokens of all. Immutable; any thread.
class token_keys {
 public:
  /// `signing` is the id of one of `keys`. Throws if a key is not one (the store is damaged).
  token_keys(token_settings told, std::span<const stored_signing_key> keys, std::string_view signing);
  ~token_keys();

  secret_string sign(const claims& says) const;
  std::expected<claims, token_fault> verify(std::string_view token, time_point now) const {
    return verifier_.verify(token, now);
  }
  const token_settings& told() const { return settings_; }
  const std::vector<public_signing_key>& public_keys() const { return public_; }

 private:
  struct signing_key;
  token_settings settings_;
  std::vector<public_signing_key> public_;
  token_verifier verifier_;
  std::unique_ptr<signing_key> signing_;
};

/// The claims of a token's second segment, decoded. Nothing for what `sign` would not have written: claims that are
/// missing, of another type, or negative or absurd times.
struct raw_claims {
  std::string issuer;
  std::string audience;
  std::int64_t not_before = 0;
  claims says;
};
std::optional<raw_claims> parse_claims(std::string_view json);

}  // namespace sluice::identity
