#include "http/proxy.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

origin https(std::string host, std::uint16_t port = 443) {
  return {.tls = true, .host = std::move(host), .port = port};
}

TEST(proxy, one_for_each_scheme) {
  const auto rules = proxy_rules::parse({.https = "http://Proxy.example.org:3128", .http = "other:8080"});
  ASSERT_TRUE(rules);
  const proxy* const one = rules->find(https("api.example.org"));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->at, (origin{.tls = false, .host = "proxy.example.org", .port = 3128}));
  EXPECT_TRUE(one->authorization.empty());
  const proxy* const other = rules->find({.tls = false, .host = "api.example.org", .port = 80});
  ASSERT_TRUE(other);
  EXPECT_EQ(other->at.authority(), "other:8080");
}

TEST(proxy, none_without_settings_or_for_this_machine) {
  EXPECT_FALSE(proxy_rules().find(https("api.example.org")));
  const auto rules = proxy_rules::parse({.https = "proxy"});
  ASSERT_TRUE(rules);
  for (const char* host : {"localhost", "127.0.0.1", "127.8.8.8", "::1"})
    EXPECT_FALSE(rules->find(https(host))) << host;
  EXPECT_TRUE(rules->find(https("localhost.example.org")));
}

TEST(proxy, credentials_come_from_the_url_decoded) {
  const auto rules = proxy_rules::parse({.https = "http://user:p%40ss@proxy:1"});
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->find(https("a.b"))->authorization.reveal(), "Basic dXNlcjpwQHNz");
}

TEST(proxy, exceptions) {
  const auto rules = proxy_rules::parse(
      {.https = "proxy",
       .exceptions = "plain.org, .under.org,*.star.org  10.0.0.0/9,192.168.1.7,[fd00::]/8,fd00::/8,with.port:8443,,"});
  ASSERT_FALSE(rules) << "an address in brackets has no prefix";
  const auto good = proxy_rules::parse(
      {.https = "proxy",
       .exceptions = "plain.org, .under.org,*.star.org  10.0.0.0/9,192.168.1.7,fd00::/8,[fe80::1],with.port:8443,,"});
  ASSERT_TRUE(good) << good.error().message;
  for (const char* host :
       {"plain.org", "a.plain.org", "a.under.org", "a.star.org", "10.127.0.1", "192.168.1.7", "fd12::1", "fe80::1"})
    EXPECT_FALSE(good->find(https(host))) << host;
  for (const char* host : {"explain.org", "under.org", "star.org", "10.128.0.1", "192.168.1.8", "fe12::1", "with.port"})
    EXPECT_TRUE(good->find(https(host))) << host;
  EXPECT_FALSE(good->find(https("with.port", 8443)));
  const auto none = proxy_rules::parse({.https = "proxy", .exceptions = "*"});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->find(https("a.b")));
}

TEST(proxy, a_wrong_setting_is_named_and_not_repeated) {
  for (const char* text : {"https://secret@proxy", "socks5://user:secret@proxy", "http://user:secret@", "http://a b",
                           "http://secret@proxy:0"}) {
    const auto rules = proxy_rules::parse({.https = text});
    ASSERT_FALSE(rules) << text;
    EXPECT_TRUE(rules.error().message.starts_with("HTTPS_PROXY ")) << rules.error().message;
    EXPECT_FALSE(rules.error().message.contains("secret")) << rules.error().message;
  }
  EXPECT_FALSE(proxy_rules::parse({.exceptions = "10.0.0.0/33"}));
  EXPECT_FALSE(proxy_rules::parse({.exceptions = "host:port"}));
}

TEST(proxy, the_environment_in_lower_case_comes_first) {
  ::setenv("HTTPS_PROXY", "upper", 1);
  ::setenv("https_proxy", "lower", 1);
  ::setenv("NO_PROXY", "a.b", 1);
  ::unsetenv("no_proxy");
  const proxy_settings settings = proxy_settings_from_environment();
  EXPECT_EQ(settings.https, "lower");
  EXPECT_EQ(settings.exceptions, "a.b");
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "NO_PROXY"})
    ::unsetenv(name);
}

}  // namespace
}  // namespace sluice::http
