#include "app/rate_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/load_settings.hpp"
#include "app/wiring.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::expected<loaded_settings, config::problems> load(const std::string& text, config::environment variables = {}) {
  settings_sources from;
  from.environment = std::move(variables);
  from.config_file = "sluice.yaml";
  from.read = [&text](const std::string&) -> std::expected<std::string, std::string> { return text; };
  return load_settings(from);
}
std::vector<std::string> errors(const std::string& text) {
  std::vector<std::string> lines;
  if (const auto loaded = load(text); !loaded) {
    for (const config::problem& each : loaded.error())
      lines.push_back(to_string(each));
  }
  return lines;
}

TEST(rate_limits, are_read_as_they_are_written) {
  const auto loaded = load(
      "limits:\n"
      "  - {name: everybody, by: address, algorithm: token_bucket, rate: 10, burst: 20}\n"
      "  - {name: login, match: {path: /login, method: POST}, by: address, algorithm: sliding_window, limit: 5, "
      "per: 60s}\n"
      "  - {name: chat, match: {operation: chat}, by: user, algorithm: token_bucket, rate: 0.5, burst: 5}\n");
  ASSERT_TRUE(loaded) << to_string(loaded.error().front());
  const std::vector<door::request_limit> made = make_gateway_settings(loaded->told).limits;
  ASSERT_EQ(made.size(), 3U);
  EXPECT_EQ(made[0].what.name, "everybody");
  EXPECT_EQ(made[0].by, door::limit_subject::address);
  EXPECT_EQ(std::get<limits::token_bucket_rule>(made[0].what.rule).burst, 20U);
  EXPECT_EQ(made[1].path, "/login");
  EXPECT_EQ(made[1].method, "POST");
  EXPECT_EQ(std::get<limits::sliding_window_rule>(made[1].what.rule).limit, 5U);
  EXPECT_EQ(std::get<limits::sliding_window_rule>(made[1].what.rule).per, 60s);
  EXPECT_EQ(made[2].by, door::limit_subject::user);
  EXPECT_TRUE(made[2].counts_chats);
  EXPECT_EQ(std::get<limits::token_bucket_rule>(made[2].what.rule).rate, 0.5);
}

TEST(rate_limits, are_about_routes_that_there_are) {
  const auto with_match = [](std::string_view match) {
    return errors("limits:\n  - {name: a, by: address, algorithm: token_bucket, rate: 1, burst: 1,\n     match: {" +
                  std::string(match) + "}}\n");
  };
  EXPECT_THAT(with_match("path: /logn"),
              ElementsAre("sluice.yaml:3:13: limits[0].match: no route fits /logn, did you mean \"/login\"?"));
  EXPECT_THAT(with_match("path: /v1/keys, method: PUT"),
              ElementsAre(HasSubstr("limits[0].match: no route fits: /v1/keys is asked with GET, POST")));
  EXPECT_THAT(with_match("path: /v2/*"), ElementsAre(HasSubstr("no route fits /v2/*")));
  EXPECT_THAT(with_match("method: TRACE"), ElementsAre(HasSubstr("no route fits TRACE")));
  for (const char* right : {"path: /, method: HEAD", "path: /admin/api/*", "path: \"/v1/models/{model}\"",
                            "path: /chat", "path: /v1/auth/refresh", "method: DELETE"})
    EXPECT_THAT(with_match(right), IsEmpty()) << right;
}

TEST(rate_limits, say_what_is_wrong_and_where) {
  EXPECT_THAT(
      errors("limits:\n"
             "  - {name: a, by: address, algorithm: token_bucket, rate: 0, burst: 1.5}\n"
             "  - {name: a b, by: adress, algorithm: sliding_window, limit: 1, per: 1}\n"
             "  - {name: c, by: user, algorithm: token_bucket, limit: 5, per: 60s}\n"
             "  - {name: d, by: user, algorithm: leaky}\n"
             "  - {name: e, by: key, algorithm: token_bucket, rate: 1, burst: 1, match: {path: login, method: post}}\n"
             "  - {by: key}\n"),
      ElementsAre(HasSubstr("sluice.yaml:2:59: limits[0].rate: expected a number from 0.0001 to 1000000, found \"0\""),
                  HasSubstr("sluice.yaml:2:69: limits[0].burst: expected an integer"),
                  HasSubstr("sluice.yaml:3:12: limits[1].name: expected a name of 1 to 64 letters"),
                  HasSubstr("sluice.yaml:3:21: limits[1].by: "), HasSubstr("sluice.yaml:3:71: limits[1].per: "),
                  HasSubstr("sluice.yaml:4:5: limits[2]: the key \"burst\" is missing"),
                  HasSubstr("sluice.yaml:4:5: limits[2]: the key \"rate\" is missing"),
                  HasSubstr("sluice.yaml:4:50: unknown key \"limit\""),
                  HasSubstr("sluice.yaml:4:60: unknown key \"per\""),
                  HasSubstr("sluice.yaml:5:36: limits[3].algorithm: unknown value \"leaky\""),
                  HasSubstr("sluice.yaml:6:82: limits[4].match.path: expected a path such as /login"),
                  HasSubstr("sluice.yaml:6:97: limits[4].match.method: expected a method such as POST"),
                  HasSubstr("sluice.yaml:7:5: limits[5]: the key \"algorithm\" is missing")));
}

TEST(rate_limits, must_fit_together) {
  EXPECT_THAT(
      errors(
          "limits:\n"
          "  - {name: a, by: user, algorithm: token_bucket, rate: 0.001, burst: 1000000}\n"
          "  - {name: a, by: user, algorithm: token_bucket, rate: 1, burst: 1, match: {operation: chat, path: /x}}\n"),
      ElementsAre(HasSubstr("sluice.yaml:2:70: limits[0]: at a rate of 0.001 a second, a burst of 1000000 takes more"),
                  HasSubstr("sluice.yaml:3:12: the limit \"a\" is defined twice"),
                  HasSubstr("limits[1].match: `operation: chat` counts answers however they are asked for")));
  std::string many = "limits:\n";
  for (int i = 0; i < 33; ++i)
    many += "  - {name: n" + std::to_string(i) + ", by: user, algorithm: token_bucket, rate: 1, burst: 1}\n";
  EXPECT_THAT(errors(many), ElementsAre(HasSubstr("limits has 33 entries, 32 is the most")));
}

TEST(rate_limits, guard_the_door_where_nothing_is_said_and_others_can_connect) {
  const auto names = [](const std::string& text, config::environment variables = {}) {
    std::vector<std::string> found;
    const auto loaded = load(text, std::move(variables));
    for (const rate_limit& one : loaded.value().told.limits)
      found.push_back(common_of(one).name);
    return found;
  };
  EXPECT_THAT(names("server: {listen: '0.0.0.0:80'}"), ElementsAre("login", "register", "refresh"));
  EXPECT_THAT(names("server: {listen: '127.0.0.1:80'}"), IsEmpty());
  EXPECT_THAT(names("server: {listen: '127.0.0.1:80', trusted_proxies: [127.0.0.1]}"),
              ElementsAre("login", "register", "refresh"));
  EXPECT_THAT(names("server: {listen: '0.0.0.0:80'}\nlimits: []"), IsEmpty());
  EXPECT_THAT(names("{}", {{"SLUICE_LIMITS", "[]"}}), IsEmpty());
}

TEST(trusted_proxies, are_addresses_and_networks) {
  EXPECT_THAT(errors("server: {trusted_proxies: [10.0.0.0/8, 'fd00::/8', 192.0.2.1]}"), IsEmpty());
  EXPECT_THAT(errors("server: {trusted_proxies: [10.0.0.1/8, proxy]}"),
              ElementsAre("sluice.yaml:1:28: server.trusted_proxies[0]: expected an address or a network such as "
                          "10.0.0.0/8 or fd00::/8, found \"10.0.0.1/8\"",
                          HasSubstr("server.trusted_proxies[1]")));
}

TEST(cors_origins, are_web_origins) {
  EXPECT_THAT(errors("server: {cors: {origins: ['https://a.example.org:8443', '*']}}"), IsEmpty());
  EXPECT_THAT(errors("server: {cors: {origins: ['https://a.example.org/', 'a.example.org', 'null']}}"),
              ElementsAre(HasSubstr("origins[0]: expected an origin such as https://chat.example.org, or \"*\""),
                          HasSubstr("origins[1]"), HasSubstr("origins[2]")));
}

}  // namespace
}  // namespace sluice::app
