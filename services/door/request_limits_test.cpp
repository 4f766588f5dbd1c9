#include "door/request_limits.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "door/admission.hpp"
#include "door/limited_route.hpp"
#include "limits/limiter_memory.hpp"

namespace sluice::door {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

template <class T>
T wait_for(task<T> work) {
  asio::io_context loop(1);
  auto value = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return value.get();
}

limits::limit window(std::string name, std::uint32_t limit) {
  return {.name = std::move(name), .rule = limits::sliding_window_rule{.limit = limit, .per = 10s}};
}
http::client_key client(const char* address) {
  return http::client_key_of(asio::ip::make_address(address));
}
principal user(std::string id, std::string key = {}) {
  return {.user_id = std::move(id), .name = "somebody", .key_id = std::move(key), .role = "user"};
}

class request_limits_test : public testing::Test {
 protected:
  void tell(std::vector<request_limit> all) {
    told = std::move(all);
    limits.emplace(told, counts, metrics);
  }
  result<void> chat(const char* address, const principal& who) {
    return wait_for(limits->charge_chat(client(address), who));
  }

  std::chrono::nanoseconds now = 1h;
  limits::limiter_memory counts{{}, [this] { return now; }};
  telemetry::metric_registry metrics{1};
  std::vector<request_limit> told;
  std::optional<request_limits> limits;
};

TEST_F(request_limits_test, fit_routes_by_path_and_method) {
  const auto fits = [](std::string path, std::string method, std::string_view asked, std::string_view pattern) {
    return request_limits::fits({.path = std::move(path), .method = std::move(method)}, asked, pattern);
  };
  EXPECT_TRUE(fits("", "", "GET", "/chat"));
  EXPECT_TRUE(fits("/login", "POST", "POST", "/login"));
  EXPECT_FALSE(fits("/login", "POST", "GET", "/login"));
  EXPECT_FALSE(fits("/login", "", "POST", "/login2"));
  EXPECT_TRUE(fits("/v1/conversations*", "", "POST", "/v1/conversations/{id}"));
  EXPECT_TRUE(fits("/v1/conversations/{id}", "", "POST", "/v1/conversations/{id}"));
  EXPECT_FALSE(fits("/v1/models*", "", "GET", "/v1/chat"));
  EXPECT_TRUE(fits("*", "HEAD", "GET", "/v1/chat"));
  EXPECT_FALSE(request_limits::fits({.counts_chats = true}, "GET", "/chat"));
}

TEST_F(request_limits_test, sort_by_who_they_concern) {
  tell({{.what = window("all", 1), .by = limit_subject::global},
        {.what = window("address", 1)},
        {.what = window("user", 1), .by = limit_subject::user},
        {.what = window("chats", 1), .by = limit_subject::key, .counts_chats = true},
        {.what = window("login", 1), .path = "/login"}});
  const limit_scope plain = limits->of_route("GET", "/v1/models", false);
  ASSERT_EQ(plain.anonymous.size(), 2U);
  EXPECT_EQ(plain.anonymous[0]->what.name, "address");
  EXPECT_EQ(plain.anonymous[1]->what.name, "all");
  ASSERT_EQ(plain.personal.size(), 1U);
  const limit_scope chats = limits->of_route("POST", "/v1/chat/completions", true);
  ASSERT_EQ(chats.personal.size(), 2U);
  EXPECT_EQ(chats.personal[0]->what.name, "chats");
  EXPECT_EQ(limits->of_route("POST", "/login", false).anonymous.size(), 3U);
}

TEST_F(request_limits_test, tell_clients_apart) {
  tell({{.what = window("user", 1), .by = limit_subject::user, .counts_chats = true},
        {.what = window("key", 2), .by = limit_subject::key, .counts_chats = true},
        {.what = window("address", 3), .by = limit_subject::address, .counts_chats = true},
        {.what = window("global", 4), .by = limit_subject::global, .counts_chats = true}});
  EXPECT_TRUE(chat("2001:db8::1", user("a", "k")));
  EXPECT_THAT(chat("2001:db8::2", user("a", "k")).error().message, HasSubstr("\"user\" allows 1 in 10s"));
  EXPECT_TRUE(chat("2001:db8::3", user("b", "k")));
  EXPECT_THAT(chat("2001:db8::4", user("c", "k")).error().message, HasSubstr("\"key\""));
  EXPECT_TRUE(chat("2001:db8::4", user("d")));
  EXPECT_THAT(chat("2001:db8::5", user("e")).error().message, HasSubstr("\"address\""));
  EXPECT_TRUE(chat("2001:db8:0:1::1", user("f")));
  EXPECT_THAT(chat("2001:db8:0:2::1", user("g")).error().message, HasSubstr("\"global\""));
}

TEST_F(request_limits_test, say_when_to_come_back) {
  tell({{.what = {.name = "chat", .rule = limits::token_bucket_rule{.rate = 2, .burst = 1}},
         .by = limit_subject::user,
         .counts_chats = true}});
  EXPECT_TRUE(chat("::1", user("a")));
  const auto refused = chat("::1", user("a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::rate_limited);
  EXPECT_EQ(refused.error().retry_after, 500ms);
  EXPECT_EQ(refused.error().message,
            "too many requests: the limit \"chat\" allows 1 at once and 2 a second; try again in 500ms");
  now += 500ms;
  EXPECT_TRUE(chat("::1", user("a")));
}

// A refusal by one limit costs nothing under the others.
TEST_F(request_limits_test, charge_all_or_none) {
  tell({{.what = window("user", 1), .by = limit_subject::user, .counts_chats = true},
        {.what = window("address", 3), .by = limit_subject::address, .counts_chats = true},
        {.what = window("global", 3), .by = limit_subject::global, .counts_chats = true}});
  EXPECT_TRUE(chat("::1", user("a")));
  for (int i = 0; i < 10; ++i)
    EXPECT_FALSE(chat("::1", user("a")));
  EXPECT_TRUE(chat("::1", user("b")));
  EXPECT_TRUE(chat("::1", user("c")));
  EXPECT_THAT(chat("::1", user("d")).error().message, HasSubstr("\"address\""));
  now += 10s;
  // Refused by the address above, this user has still all of theirs.
  EXPECT_TRUE(chat("::1", user("d")));
}

TEST_F(request_limits_test, know_which_one_is_nearest_to_its_end) {
  tell({{.what = window("wide", 100), .by = limit_subject::address}, {.what = window("narrow", 2), .path = "*"}});
  const limit_scope scope = limits->of_route("GET", "/chat", false);
  request_charge charge(*limits, scope, client("::1"));
  EXPECT_EQ(charge.tightest(), nullptr);
  EXPECT_TRUE(wait_for(charge.take_anonymous()));
  EXPECT_EQ(charge.tightest()->under->what.name, "narrow");
  EXPECT_EQ(charge.tightest()->made.remaining, 1U);
}

TEST(limited_route, says_how_a_client_stands) {
  const request_limit minute{.what = {.name = "min", .rule = limits::token_bucket_rule{.rate = 0.5, .burst = 30}}};
  standing how{.under = &minute,
               .made = {.allowed = true, .limit = 30, .remaining = 7, .reset = 361'000'000'001ns, .retry_after = 0s}};
  http::header_fields openai;
  append_standing(openai, limit_face::openai, how);
  EXPECT_EQ(openai.get("x-ratelimit-limit-requests"), "30");
  EXPECT_EQ(openai.get("x-ratelimit-remaining-requests"), "7");
  EXPECT_EQ(openai.get("x-ratelimit-reset-requests"), "6m1.001s");
  how.made.allowed = false;
  how.made.retry_after = 1200ms;
  http::header_fields ours;
  append_standing(ours, limit_face::ours, how);
  EXPECT_EQ(ours.get("ratelimit-policy"), "\"min\";q=30;w=60");
  EXPECT_EQ(ours.get("ratelimit"), "\"min\";r=7;t=2");
  for (const auto& [reset, text] : {std::pair<std::chrono::nanoseconds, const char*>(0s, "0s"),
                                    {120ms, "120ms"},
                                    {1500ms, "1.5s"},
                                    {360s, "6m0s"},
                                    {3723s, "1h2m3s"}}) {
    how.made.reset = reset;
    http::header_fields one;
    append_standing(one, limit_face::openai, how);
    EXPECT_EQ(one.get("x-ratelimit-reset-requests"), text);
  }
}

}  // namespace
}  // namespace sluice::door
