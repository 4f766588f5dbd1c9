#include "identity/tokens.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <boost/json.hpp>
#include <openssl/evp.h>

#include "base/ids.hpp"
#include "base/json_text.hpp"
#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t key_bytes = 32;
constexpr std::size_t signature_bytes = 64;
constexpr std::int64_t seconds_max = 7'258'118'400;  // the year 2200; a clock of nanoseconds ends in 2262

struct evp_deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using evp_key = std::unique_ptr<EVP_PKEY, evp_deleter>;
using evp_context = std::unique_ptr<EVP_MD_CTX, evp_deleter>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

constexpr std::string_view header_opening = R"({"alg":"EdDSA","typ":"at+jwt","kid":")";
constexpr std::string_view header_closing = R"("})";

std::string header_of(std::string_view key_id) {
  return encode_base64url(std::string(header_opening).append(key_id).append(header_closing));
}

std::vector<public_signing_key> public_halves(std::span<const stored_signing_key> keys) {
  std::vector<public_signing_key> halves;
  for (const stored_signing_key& each : keys)
    halves.push_back({.id = each.id, .public_key = each.public_key});
  return halves;
}

std::int64_t in_seconds(time_point at) {
  return std::chrono::floor<seconds>(at).time_since_epoch().count();
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, std::int64_t number) {
  out.append(",\"").append(name).append("\":");
  append_number(out, number);
}

// Reads members; false once one was not as it should be.
class member_reader {
 public:
  explicit member_reader(const json::object& from) : from_(from) {}
  std::string text(std::string_view name) {
    const json::value* found = from_.if_contains(name);
    const json::string* held = found ? found->if_string() : nullptr;
    if (!held) {
      good_ = false;
      return {};
    }
    return {held->data(), held->size()};
  }
  std::int64_t seconds_since_epoch(std::string_view name) {
    const json::value* found = from_.if_contains(name);
    const std::int64_t* held = found ? found->if_int64() : nullptr;
    good_ = good_ && held && *held >= 0 && *held <= seconds_max;
    return good_ ? *held : 0;
  }
  bool good() const { return good_; }

 private:
  const json::object& from_;
  bool good_ = true;
};

}  // namespace

struct token_verifier::key {
  evp_key public_half;
};

struct token_keys::signing_key {
  std::string header;  // as its tokens begin
  evp_key private_half;
};

std::string_view to_string(token_fault fault) {
  switch (fault) {
    case token_fault::too_long:
      return "too_long";
    case token_fault::malformed:
      return "malformed";
    case token_fault::unknown_header:
      return "unknown_header";
    case token_fault::bad_signature:
      return "bad_signature";
    case token_fault::wrong_issuer:
      return "wrong_issuer";
    case token_fault::wrong_audience:
      return "wrong_audience";
    case token_fault::not_yet_valid:
      return "not_yet_valid";
    case token_fault::expired:
      return "expired";
  }
  return "malformed";
}

stored_signing_key make_signing_key(time_point now) {
  const evp_key made(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  std::array<unsigned char, key_bytes> public_half;
  std::array<unsigned char, key_bytes> private_half;
  std::size_t public_bytes = public_half.size();
  std::size_t private_bytes = private_half.size();
  if (!made || EVP_PKEY_get_raw_public_key(made.get(), public_half.data(), &public_bytes) != 1 ||
      EVP_PKEY_get_raw_private_key(made.get(), private_half.data(), &private_bytes) != 1) {
    throw std::runtime_error("OpenSSL cannot make an Ed25519 key");
  }
  const auto text = [](const auto& bytes) {
    return encode_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  return {.id = make_id("sgn", now),
          .created_at = now,
          .public_key = text(public_half),
          .private_key = secret_string(text(private_half))};
}

token_verifier::token_verifier(token_settings told, std::span<const public_signing_key> keys)
    : settings_(std::move(told)) {
  for (const public_signing_key& given : keys) {
    const auto bytes = decode_base64url(given.public_key);
    if (!bytes || bytes->size() != key_bytes) throw std::runtime_error("the signing key " + given.id + " is damaged");
    auto made = std::make_unique<key>();
    made->public_half.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), bytes->size()));
    if (!made->public_half) throw std::runtime_error("OpenSSL refuses an Ed25519 key");
    by_header_.emplace(header_of(given.id), std::move(made));
  }
}

token_verifier::token_verifier(token_verifier&&) noexcept = default;
token_verifier::~token_verifier() = default;

bool has_token_header(std::string_view token) {
  const std::size_t end = token.find('.');
  if (end == std::string_view::npos || token.size() > token_bytes_max) return false;
  const auto header = decode_base64url(token.substr(0, end));
  if (!header || header->size() <= header_opening.size() + header_closing.size()) return false;
  if (!header->starts_with(header_opening) || !header->ends_with(header_closing)) return false;
  const std::string_view id = std::string_view(*header).substr(header_opening.size());
  return is_id("sgn", id.substr(0, id.size() - header_closing.size()));
}

token_keys::token_keys(token_settings told, std::span<const stored_signing_key> keys, std::string_view signing)
    : settings_(std::move(told)), public_(public_halves(keys)), verifier_(settings_, public_) {
  const auto chosen = std::ranges::find(keys, signing, &stored_signing_key::id);
  if (chosen == keys.end()) throw std::runtime_error("there is no key to sign tokens with");
  const auto bytes = decode_base64url(chosen->private_key.reveal());
  if (!bytes || bytes->size() != key_bytes) throw std::runtime_error("the signing key " + chosen->id + " is damaged");
  signing_ = std::make_unique<signing_key>();
  signing_->header = header_of(chosen->id);
  signing_->private_half.reset(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(*bytes), bytes->size()));
  if (!signing_->private_half) throw std::runtime_error("OpenSSL refuses an Ed25519 key");
}

token_keys::~token_keys() = default;

secret_string token_keys::sign(const claims& says) const {
  std::string payload = R"({"iss":)";
  append_json_string(payload, settings_.issuer);
  append_member(payload, "aud", settings_.audience);
  append_member(payload, "sub", says.user_id);
  append_member(payload, "sid", says.session_id);
  append_member(payload, "name", says.username);
  append_member(payload, "role", to_string(says.role));
  append_member(payload, "jti", says.token_id);
  append_member(payload, "iat", in_seconds(says.issued_at));
  append_member(payload, "nbf", in_seconds(says.issued_at));
  append_member(payload, "exp", in_seconds(says.expires_at));
  payload.push_back('}');

  std::string token = signing_->header + '.' + encode_base64url(payload);
  std::array<unsigned char, signature_bytes> signature;
  std::size_t length = signature.size();
  const evp_context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, signing_->private_half.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &length, bytes_of(token), token.size()) != 1) {
    throw std::runtime_error("OpenSSL cannot sign a token");
  }
  token.push_back('.');
  token += encode_base64url({reinterpret_cast<const char*>(signature.data()), length});
  return secret_string(std::move(token));
}

std::expected<claims, token_fault> token_verifier::verify(std::string_view token, time_point now) const {
  if (token.size() > token_bytes_max) return std::unexpected(token_fault::too_long);
  const std::size_t header_end = token.find('.');
  const std::size_t payload_end = token.rfind('.');
  if (header_end == std::string_view::npos || payload_end == header_end ||
      token.find('.', header_end + 1) != payload_end) {
    return std::unexpected(token_fault::malformed);
  }
  const auto known = by_header_.find(std::string(token.substr(0, header_end)));
  if (known == by_header_.end()) return std::unexpected(token_fault::unknown_header);

  const auto signature = decode_base64url(token.substr(payload_end + 1));
  if (!signature) return std::unexpected(token_fault::malformed);
  if (signature->size() != signature_bytes) return std::unexpected(token_fault::bad_signature);
  const evp_context context(EVP_MD_CTX_new());
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, known->second->public_half.get()) != 1) {
    throw std::runtime_error("OpenSSL cannot verify a token");
  }
  if (EVP_DigestVerify(context.get(), bytes_of(*signature), signature->size(), bytes_of(token), payload_end) != 1) {
    return std::unexpected(token_fault::bad_signature);
  }

  const auto payload = decode_base64url(token.substr(header_end + 1, payload_end - header_end - 1));
  auto raw = payload ? parse_claims(*payload) : std::nullopt;
  if (!raw) return std::unexpected(token_fault::malformed);
  if (raw->issuer != settings_.issuer) return std::unexpected(token_fault::wrong_issuer);
  if (raw->audience != settings_.audience) return std::unexpected(token_fault::wrong_audience);
  const time_point not_before{seconds(raw->not_before)};
  if (now + settings_.leeway < not_before || now + settings_.leeway < raw->says.issued_at) {
    return std::unexpected(token_fault::not_yet_valid);
  }
  if (now - settings_.leeway >= raw->says.expires_at) return std::unexpected(token_fault::expired);
  return std::move(raw->says);
}

std::optional<raw_claims> parse_claims(std::string_view text) {
  json::parse_options strict;
  strict.max_depth = 2;
  boost::system::error_code code;
  const json::value parsed = json::parse(json::string_view(text.data(), text.size()), code, {}, strict);
  const json::object* from = code ? nullptr : parsed.if_object();
  if (!from) return std::nullopt;

  member_reader read(*from);
  raw_claims raw;
  raw.issuer = read.text("iss");
  raw.audience = read.text("aud");
  raw.not_before = read.seconds_since_epoch("nbf");
  raw.says.user_id = read.text("sub");
  raw.says.session_id = read.text("sid");
  raw.says.username = read.text("name");
  raw.says.token_id = read.text("jti");
  raw.says.issued_at = time_point(seconds(read.seconds_since_epoch("iat")));
  raw.says.expires_at = time_point(seconds(read.seconds_since_epoch("exp")));
  const auto rank = parse_role(read.text("role"));
  if (!read.good() || !rank || !is_id("usr", raw.says.user_id) || !is_id("ses", raw.says.session_id) ||
      !is_id("tok", raw.says.token_id)) {
    return std::nullopt;
  }
  raw.says.role = *rank;
  return raw;
}

}  // namespace sluice::identity
