#include "agent/providers/provider_error.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Sun, 06 Nov 1994 08:49:37 GMT
const std::chrono::system_clock::time_point now = std::chrono::sys_seconds(784111777s);

header_lookup headers(std::map<std::string_view, std::string_view> fields) {
  return [fields = std::move(fields)](std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : found->second;
  };
}

error told(unsigned status, std::string_view body, std::map<std::string_view, std::string_view> fields = {}) {
  return error_of_refusal({.status = status, .body = body, .header = headers(std::move(fields))}, "up", now);
}

TEST(provider_error_test, maps_every_status) {
  const std::map<unsigned, error_reason> expected{
      {400, error_reason::invalid_argument}, {401, error_reason::bad_gateway}, {402, error_reason::bad_gateway},
      {403, error_reason::bad_gateway},      {404, error_reason::not_found},   {408, error_reason::timed_out},
      {409, error_reason::conflict},         {413, error_reason::too_large},   {422, error_reason::invalid_argument},
      {429, error_reason::rate_limited},     {500, error_reason::bad_gateway}, {502, error_reason::bad_gateway},
      {503, error_reason::unavailable},      {504, error_reason::timed_out},   {529, error_reason::unavailable},
      {301, error_reason::bad_gateway},      {418, error_reason::bad_gateway}};
  for (const auto& [status, reason] : expected) {
    EXPECT_EQ(told(status, "<html>").reason, reason) << status;
    EXPECT_THAT(told(status, "").message, HasSubstr("provider up")) << status;
  }
}

TEST(provider_error_test, keeps_what_the_client_can_mend) {
  const error found =
      told(400, R"({"error":{"message":"Invalid type for 'messages[0].content'.","type":"invalid_request_error",)"
                R"("param":"messages[0].content","code":"invalid_type"}})");
  EXPECT_EQ(found.message, "provider up: Invalid type for 'messages[0].content'.");
  EXPECT_EQ(found.param, "messages[0].content");
}

TEST(provider_error_test, reads_the_forms_of_other_servers) {
  for (const std::string_view body :
       {R"({"error":"no such thing"})", R"({"object":"error","message":"no such thing","code":400})",
        R"([{"error":{"code":400,"message":"no such thing","status":"INVALID_ARGUMENT"}}])",
        R"({"detail":"no such thing"})", R"({"detail":[{"loc":["body",1],"msg":"no such thing","type":"x"}]})",
        R"({"error":{"message":"no such thing","param":null,"code":null}})"}) {
    EXPECT_EQ(told(400, body).message, "provider up: no such thing") << body;
  }
}

TEST(provider_error_test, is_general_about_what_is_no_json) {
  const error found = told(502, "<html>\n<b>Bad\x01 gateway</b>");
  EXPECT_EQ(found.message, "provider up answered with status 502");
  EXPECT_EQ(found.detail, "<html> <b>Bad  gateway</b>");
}

TEST(provider_error_test, hides_what_concerns_our_account) {
  const error refused =
      told(401, R"({"error":{"message":"Incorrect API key provided: sk-abcde***wxyz. Look it up."}})");
  EXPECT_EQ(refused.message, "provider up refused our credentials; its api_key must be looked at");
  EXPECT_THAT(refused.detail, HasSubstr("Look it up."));
  const error quota = told(429, R"({"error":{"message":"You exceeded your quota","code":"insufficient_quota"}})",
                           {{"retry-after", "1"}});
  EXPECT_EQ(quota.reason, error_reason::bad_gateway);
  EXPECT_EQ(quota.retry_after, std::nullopt);
  EXPECT_EQ(quota.message, "provider up says that our quota is used up");
}

TEST(provider_error_test, bounds_and_cleans_messages) {
  const error found = told(400, R"({"error":{"message":")" + std::string(2000, 'x') + R"("}})");
  EXPECT_LT(found.message.size(), 530U);
  EXPECT_TRUE(found.message.ends_with("…"));
  EXPECT_EQ(fit_to_show("a\r\nb\x1b[31m\x7f"), "a  b [31m ");
  EXPECT_EQ(fit_to_show("aé", 2), "a…");
  EXPECT_EQ(fit_to_show("a\xff"
                        "b"),
            "a?b");
}

TEST(provider_error_test, says_when_to_come_back) {
  const auto retry = [](std::map<std::string_view, std::string_view> fields) {
    return retry_after_of(headers(std::move(fields)), now);
  };
  EXPECT_EQ(retry({}), std::nullopt);
  EXPECT_EQ(retry({{"retry-after-ms", "1500"}, {"retry-after", "7"}}), 1500ms);
  EXPECT_EQ(retry({{"retry-after", "7"}}), 7s);
  EXPECT_EQ(retry({{"retry-after", "0.5"}}), 500ms);
  EXPECT_EQ(retry({{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}), 60s);
  EXPECT_EQ(retry({{"retry-after", "Sun, 06 Nov 1994 08:40:37 GMT"}}), 0s);
  EXPECT_EQ(retry({{"retry-after", "99999999999999999999"}}), 24h);
  EXPECT_EQ(retry({{"retry-after", "soon"}}), std::nullopt);
  EXPECT_EQ(retry({{"retry-after", "-5"}}), std::nullopt);
  EXPECT_EQ(retry({{"x-ratelimit-reset-requests", "12ms"}, {"x-ratelimit-reset-tokens", "6m0s"}}), 360s);
  EXPECT_EQ(retry({{"x-ratelimit-reset-requests", "1s"},
                   {"x-ratelimit-remaining-requests", "0"},
                   {"x-ratelimit-reset-tokens", "6m0s"},
                   {"x-ratelimit-remaining-tokens", "100"}}),
            1s);
  EXPECT_EQ(retry({{"x-ratelimit-reset-tokens", "1h2m3.5s"}}), 3'723'500ms);
  EXPECT_EQ(retry({{"x-ratelimit-reset-tokens", "6 parsecs"}}), std::nullopt);
  EXPECT_EQ(told(429, "", {{"retry-after", "3"}}).retry_after, 3s);
  EXPECT_EQ(told(503, "", {{"retry-after", "3"}}).retry_after, 3s);
  EXPECT_EQ(told(400, "", {{"retry-after", "3"}}).retry_after, std::nullopt);
}

}  // namespace
}  // namespace sluice::agent
