#include "identity/tokens.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ids.hpp"
#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;
using enum token_fault;

const time_point now{std::chrono::seconds(1'800'000'000)};

claims some_claims() {
  return {.token_id = make_id("tok", now),
          .user_id = make_id("usr", now),
          .session_id = make_id("ses", now),
          .username = "J\u00f6rg \"x\"",
          .role = role::admin,
          .issued_at = now,
          .expires_at = now + 15min};
}

// One issuer with one key.
struct issuer {
  explicit issuer(token_settings told = {})
      : stored(make_signing_key(now)), keys(std::move(told), std::span(&stored, 1), stored.id) {}
  stored_signing_key stored;
  token_keys keys;
};

struct parts {
  std::string header;
  std::string payload;
  std::string signature;
  explicit parts(std::string_view token) {
    const auto first = token.find('.');
    const auto second = token.rfind('.');
    header = token.substr(0, first);
    payload = token.substr(first + 1, second - first - 1);
    signature = token.substr(second + 1);
  }
  std::string joined() const { return header + '.' + payload + '.' + signature; }
};

std::string text_of(const secret_string& token) {
  return std::string(token.reveal());
}

// Any header and payload, signed as they are with the issuer's own key.
std::string sign_as_is(const issuer& by, const std::string& header, const std::string& payload) {
  const std::string raw = *decode_base64url(by.stored.private_key.reveal());
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                               reinterpret_cast<const unsigned char*>(raw.data()), raw.size());
  const std::string text = encode_base64url(header) + '.' + encode_base64url(payload);
  std::array<unsigned char, 64> signature;
  std::size_t length = signature.size();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key);
  EVP_DigestSign(context, signature.data(), &length, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return text + '.' + encode_base64url({reinterpret_cast<const char*>(signature.data()), length});
}

std::string own_header(const issuer& by) {
  return R"({"alg":"EdDSA","typ":"at+jwt","kid":")" + by.stored.id + R"("})";
}

std::string payload_with(std::string_view replaced, std::string_view by) {
  std::string text = R"({"iss":"sluice","aud":"sluice","sub":"usr_01KG0000000000000000000000",)"
                     R"("sid":"ses_01KG0000000000000000000000","name":"a","role":"user",)"
                     R"("jti":"tok_01KG0000000000000000000000","iat":1800000000,"nbf":1800000000,"exp":1800000900})";
  const auto at = text.find(replaced);
  EXPECT_NE(at, std::string::npos) << replaced;
  return text.replace(at, replaced.size(), by);
}

TEST(tokens, say_what_was_signed) {
  const issuer by;
  const claims says = some_claims();
  const auto read = by.keys.verify(by.keys.sign(says).reveal(), now);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->token_id, says.token_id);
  EXPECT_EQ(read->user_id, says.user_id);
  EXPECT_EQ(read->session_id, says.session_id);
  EXPECT_EQ(read->username, says.username);
  EXPECT_EQ(read->role, says.role);
  EXPECT_EQ(read->issued_at, says.issued_at);
  EXPECT_EQ(read->expires_at, says.expires_at);
}

TEST(tokens, are_the_jwt_that_others_read) {
  const issuer by;
  const parts made(by.keys.sign(some_claims()).reveal());
  EXPECT_EQ(decode_base64url(made.header), own_header(by));
  const std::string payload = *decode_base64url(made.payload);
  EXPECT_TRUE(payload.starts_with(R"({"iss":"sluice","aud":"sluice","sub":"usr_)")) << payload;
  EXPECT_EQ(decode_base64url(made.signature)->size(), 64U);
}

TEST(tokens, end) {
  const issuer by;
  const std::string token = text_of(by.keys.sign(some_claims()));
  EXPECT_TRUE(by.keys.verify(token, now + 15min));  // clocks differ by up to 30 s
  EXPECT_TRUE(by.keys.verify(token, now + 15min + 29s));
  EXPECT_EQ(by.keys.verify(token, now + 15min + 30s).error(), expired);
  EXPECT_EQ(by.keys.verify(token, now + 24h * 365).error(), expired);
  EXPECT_TRUE(by.keys.verify(token, now - 30s));
  EXPECT_EQ(by.keys.verify(token, now - 31s).error(), not_yet_valid);
}

TEST(tokens, of_no_algorithm_or_another_are_refused) {
  const issuer by;
  const parts made(by.keys.sign(some_claims()).reveal());
  const std::string rest = R"(,"typ":"at+jwt","kid":")" + by.stored.id + R"("})";
  for (const char* algorithm : {"none", "None", "NONE", "nOnE", "HS256", "RS256", "ES256", "eddsa", ""}) {
    parts forged = made;
    forged.header = encode_base64url(R"({"alg":")" + std::string(algorithm) + '"' + rest);
    EXPECT_EQ(by.keys.verify(forged.joined(), now).error(), unknown_header) << algorithm;
    forged.signature.clear();
    EXPECT_FALSE(by.keys.verify(forged.joined(), now));
  }
  parts unsigned_token = made;
  unsigned_token.signature.clear();
  EXPECT_EQ(by.keys.verify(unsigned_token.joined(), now).error(), bad_signature);
}

TEST(tokens, signed_with_the_public_key_as_a_secret_are_refused) {
  const issuer by;
  parts forged(by.keys.sign(some_claims()).reveal());
  for (const std::string& secret : {by.stored.public_key, *decode_base64url(by.stored.public_key)}) {
    forged.header = encode_base64url(R"({"alg":"HS256","typ":"at+jwt","kid":")" + by.stored.id + R"("})");
    const std::string text = forged.header + '.' + forged.payload;
    std::array<unsigned char, 32> code;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), nullptr);
    forged.signature = encode_base64url({reinterpret_cast<const char*>(code.data()), code.size()});
    EXPECT_EQ(by.keys.verify(forged.joined(), now).error(), unknown_header);
    forged.header = encode_base64url(own_header(by));
    EXPECT_EQ(by.keys.verify(forged.joined(), now).error(), bad_signature);
  }
}

TEST(tokens, of_another_key_are_refused) {
  const issuer by;
  const issuer other;
  const std::string foreign = text_of(other.keys.sign(some_claims()));
  EXPECT_EQ(by.keys.verify(foreign, now).error(), unknown_header);
  parts forged(foreign);
  forged.header = encode_base64url(own_header(by));
  EXPECT_EQ(by.keys.verify(forged.joined(), now).error(), bad_signature);
}

TEST(tokens, of_another_issuer_or_for_another_audience_are_refused) {
  const stored_signing_key shared = make_signing_key(now);
  const token_keys ours({}, std::span(&shared, 1), shared.id);
  const token_keys foreign({.issuer = "https://elsewhere.example"}, std::span(&shared, 1), shared.id);
  const token_keys elsewhere({.audience = "billing"}, std::span(&shared, 1), shared.id);
  EXPECT_EQ(ours.verify(foreign.sign(some_claims()).reveal(), now).error(), wrong_issuer);
  EXPECT_EQ(ours.verify(elsewhere.sign(some_claims()).reveal(), now).error(), wrong_audience);
}

TEST(tokens, of_another_type_are_refused_though_the_key_signed_them) {
  const issuer by;
  const std::string payload = payload_with("sluice", "sluice");
  EXPECT_TRUE(by.keys.verify(sign_as_is(by, own_header(by), payload), now));
  for (const std::string& header :
       {R"({"alg":"EdDSA","typ":"JWT","kid":")" + by.stored.id + R"("})",
        R"({"alg":"EdDSA","kid":")" + by.stored.id + R"("})", std::string(R"({"alg":"EdDSA","typ":"at+jwt"})"),
        std::string("{}"), std::string(),
        R"({"alg":"EdDSA","typ":"at+jwt","kid":")" + by.stored.id + R"(","crit":["x"]})",
        R"({"alg":"EdDSA","typ":"at+jwt","kid":")" + by.stored.id + R"(","jwk":{}})",
        R"({"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":")" + by.stored.id + R"("})", " " + own_header(by)}) {
    EXPECT_EQ(by.keys.verify(sign_as_is(by, header, payload), now).error(), unknown_header) << header;
  }
}

TEST(tokens, with_claims_that_are_not_ours_are_refused_though_the_key_signed_them) {
  const issuer by;
  const std::pair<const char*, const char*> changes[] = {
      {R"("iss":"sluice",)", ""},
      {R"("aud":"sluice")", R"("aud":["sluice"])"},
      {R"("sub":"usr_01KG0000000000000000000000")", R"("sub":"admin")"},
      {R"("sub":"usr_01KG0000000000000000000000",)", ""},
      {R"("sid":"ses_01KG0000000000000000000000",)", ""},
      {R"("role":"user")", R"("role":"root")"},
      {R"("role":"user",)", ""},
      {R"("jti":"tok_01KG0000000000000000000000",)", ""},
      {R"("exp":1800000900)", R"("exp":"1800000900")"},
      {R"("exp":1800000900)", R"("exp":1800000900.5)"},
      {R"("exp":1800000900)", R"("exp":-1)"},
      {R"("exp":1800000900)", R"("exp":9223372036854775807)"},
      {R"("exp":1800000900)", R"("exp":18000009000)"},
      {R"("exp":1800000900)", R"("exp":1e300)"},
      {R"(,"exp":1800000900)", ""},
      {R"("iat":1800000000,)", ""},
      {R"("nbf":1800000000,)", ""},
      {R"("name":"a")", R"("name":{"a":[[[[[[[[]]]]]]]]})"},
      {"}", ""},
      {"{", "[{"},
  };
  for (const auto& [from, to] : changes)
    EXPECT_EQ(by.keys.verify(sign_as_is(by, own_header(by), payload_with(from, to)), now).error(), malformed) << to;
  for (const char* payload : {"", "null", "[]", "\"x\"", "{}"})
    EXPECT_EQ(by.keys.verify(sign_as_is(by, own_header(by), payload), now).error(), malformed) << payload;
}

TEST(tokens, have_exactly_three_strict_segments) {
  const issuer by;
  const std::string token = text_of(by.keys.sign(some_claims()));
  const parts made(token);
  EXPECT_EQ(by.keys.verify("", now).error(), malformed);
  EXPECT_EQ(by.keys.verify(".", now).error(), malformed);
  EXPECT_EQ(by.keys.verify("..", now).error(), unknown_header);
  EXPECT_EQ(by.keys.verify("...", now).error(), malformed);
  EXPECT_EQ(by.keys.verify(made.header, now).error(), malformed);
  EXPECT_EQ(by.keys.verify(made.header + '.' + made.payload, now).error(), malformed);
  EXPECT_EQ(by.keys.verify(token + ".", now).error(), malformed);
  EXPECT_EQ(by.keys.verify("." + token, now).error(), malformed);
  for (const std::string& mangled : {token + "=", token + " ", token + "\n", token + std::string(1, '\0'), " " + token})
    EXPECT_FALSE(by.keys.verify(mangled, now)) << mangled;
  // A 64-byte signature ends in a character with four unused bits: no other spelling of the same bytes passes.
  std::string respelt = token;
  respelt.back() = respelt.back() == 'A' ? 'B' : static_cast<char>(respelt.back() + 1);
  EXPECT_FALSE(by.keys.verify(respelt, now));
}

TEST(tokens, do_not_survive_a_change_of_any_character) {
  const issuer by;
  const std::string token = text_of(by.keys.sign(some_claims()));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(by.keys.verify(changed, now)) << i;
    EXPECT_FALSE(by.keys.verify(token.substr(0, i), now)) << i;
  }
}

TEST(tokens, that_are_huge_are_not_looked_at) {
  const issuer by;
  const std::string token = text_of(by.keys.sign(some_claims()));
  EXPECT_EQ(by.keys.verify(token + std::string(token_bytes_max, 'A'), now).error(), too_long);
  EXPECT_EQ(by.keys.verify(std::string(10'000'000, '.'), now).error(), too_long);
  claims longest = some_claims();
  longest.username.clear();
  for (int i = 0; i < 64; ++i)
    longest.username += "\U00020000";
  const secret_string long_token = by.keys.sign(longest);
  EXPECT_LT(long_token.reveal().size(), token_bytes_max / 2);
  EXPECT_TRUE(by.keys.verify(long_token.reveal(), now));
}

TEST(token_keys, that_are_damaged_are_noticed) {
  stored_signing_key stored = make_signing_key(now);
  EXPECT_THROW(token_keys({}, {}, ""), std::runtime_error);
  EXPECT_THROW(token_keys({}, std::span(&stored, 1), "another"), std::runtime_error);
  stored.public_key = "AAAA";
  EXPECT_THROW(token_keys({}, std::span(&stored, 1), stored.id), std::runtime_error);
}

}  // namespace
}  // namespace sluice::identity
