#include "http/url.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(url, is_taken_apart) {
  const auto base = parse_base_url("https://API.Example.org/v1/");
  ASSERT_TRUE(base);
  EXPECT_EQ(base->to, (origin{.tls = true, .host = "api.example.org", .port = 443}));
  EXPECT_EQ(base->path_prefix, "/v1");
  EXPECT_EQ(base->to.host_header(), "api.example.org");
  EXPECT_EQ(base->to.authority(), "api.example.org:443");
}

TEST(url, names_ports_and_addresses) {
  const auto local = parse_base_url("http://127.0.0.1:8000");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->to, (origin{.tls = false, .host = "127.0.0.1", .port = 8000}));
  EXPECT_EQ(local->path_prefix, "");
  EXPECT_EQ(local->to.host_header(), "127.0.0.1:8000");
  const auto six = parse_base_url("http://[::1]:80/a%20b");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->to.host, "::1");
  EXPECT_EQ(six->to.host_header(), "[::1]");
  EXPECT_EQ(six->to.authority(), "[::1]:80");
  EXPECT_EQ(six->path_prefix, "/a%20b");
}

TEST(url, refuses_what_is_no_base_and_never_repeats_it) {
  for (const char* text :
       {"", "api.secret.org", "ftp://secret.org", "https://", "https:///secret", "https://user:secret@host/v1",
        "https://host/v1?key=secret", "https://host/v1#secret", "https://host:0/secret", "https://host:99999/secret",
        "http:secret", "https://h%C3%A9.secret/", "https://host/ secret", "https://[secret]/"}) {
    const auto base = parse_base_url(text);
    ASSERT_FALSE(base) << text;
    EXPECT_EQ(base.error().reason, error_reason::invalid_argument);
    EXPECT_FALSE(base.error().message.contains("secret")) << base.error().message;
  }
}

}  // namespace
}  // namespace sluice::http
