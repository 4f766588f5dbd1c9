#include "identity/secrets.hpp"

#include <set>

#include <gtest/gtest.h>

#include "identity/base64url.hpp"

namespace sluice::identity {
namespace {

TEST(base64url, follows_the_rfc) {
  const std::pair<std::string, std::string> vectors[] = {
      // RFC 4648, section 10, without padding
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64url(bytes), text);
    EXPECT_EQ(decode_base64url(text), bytes);
  }
}

TEST(base64url, is_strict) {
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9", "Z g", "Zm9v\n", "+/+/", "Zm8=", "Zg\xc3"})
    EXPECT_FALSE(decode_base64url(text)) << text;
  EXPECT_FALSE(decode_base64url(std::string_view("Z\0", 2)));
}

TEST(api_keys, have_their_form_and_checksum) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::string key(make_api_key().reveal());
    EXPECT_TRUE(is_api_key(key)) << key;
    EXPECT_TRUE(seen.insert(key).second);
  }
  std::string key(make_api_key().reveal());
  EXPECT_EQ(visible_prefix(secret_string(key)), key.substr(0, 13));
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string mistyped = key;
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(is_api_key(mistyped)) << mistyped;
  }
  EXPECT_FALSE(is_api_key(key + "0"));
  EXPECT_FALSE(is_api_key(key.substr(1)));
  EXPECT_FALSE(is_api_key(""));
  EXPECT_FALSE(is_api_key("sk-slc-"));
}

TEST(refresh_tokens, follow_one_another_under_a_secret) {
  const secret_string first = make_refresh_token();
  const secret_string secret(make_random(32));
  EXPECT_TRUE(is_refresh_token(first.reveal()));
  const secret_string second = next_refresh_token(first, secret);
  EXPECT_TRUE(is_refresh_token(second.reveal()));
  EXPECT_FALSE(first == second);
  EXPECT_TRUE(second == next_refresh_token(first, secret));
  EXPECT_FALSE(second == next_refresh_token(first, secret_string(make_random(32))));
  for (const char* text : {"", "rt_", "rt_abc", "xx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_FALSE(is_refresh_token(text));
}

TEST(made_passwords, are_long_and_differ) {
  EXPECT_EQ(make_password().reveal().size(), 24U);
  EXPECT_FALSE(make_password() == make_password());
}

}  // namespace
}  // namespace sluice::identity
