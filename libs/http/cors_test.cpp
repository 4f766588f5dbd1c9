#include "http/cors.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

header_fields answer_to(const cors_policy& policy, std::string method, header_fields headers) {
  header_fields answer;
  append_cors(policy, {.method = std::move(method), .headers = std::move(headers)}, answer);
  return answer;
}

const cors_policy one{.origins = {"https://chat.example.org"}, .exposed_headers = "x-request-id, retry-after"};

TEST(cors, is_silent_unless_it_is_told) {
  EXPECT_EQ(answer_to({}, "GET", {{"Origin", "https://chat.example.org"}}).size(), 0U);
}

TEST(cors, lets_a_listed_origin_read) {
  const header_fields answer = answer_to(one, "GET", {{"Origin", "https://chat.example.org"}});
  EXPECT_EQ(answer.get("access-control-allow-origin"), "https://chat.example.org");
  EXPECT_EQ(answer.get("access-control-allow-credentials"), "true");
  EXPECT_EQ(answer.get("vary"), "Origin");
  EXPECT_TRUE(answer.lists("access-control-expose-headers", "retry-after"));
  EXPECT_FALSE(answer.has("access-control-allow-methods"));
}

TEST(cors, says_nothing_to_others_but_that_it_depends) {
  for (const char* origin : {"https://evil.example.org", "https://chat.example.org.evil.org", "null", "*",
                             "http://chat.example.org", "https://chat.example.org:444"}) {
    const header_fields answer = answer_to(one, "GET", {{"Origin", origin}});
    EXPECT_FALSE(answer.has("access-control-allow-origin")) << origin;
    EXPECT_EQ(answer.get("vary"), "Origin");
  }
  EXPECT_EQ(answer_to(one, "GET", {}).get("vary"), "Origin");
}

TEST(cors, answers_a_preflight) {
  const header_fields answer = answer_to(one, "OPTIONS",
                                         {{"Origin", "https://chat.example.org"},
                                          {"Access-Control-Request-Method", "POST"},
                                          {"Access-Control-Request-Headers", "authorization,x-stainless-os"}});
  EXPECT_EQ(answer.get("access-control-allow-headers"), "authorization,x-stainless-os");
  EXPECT_TRUE(answer.lists("access-control-allow-methods", "POST"));
  EXPECT_TRUE(answer.has("access-control-max-age"));
  EXPECT_FALSE(answer.has("access-control-expose-headers"));
}

TEST(cors, gives_no_credentials_to_anybody) {
  const header_fields answer = answer_to({.origins = {"*"}}, "GET", {{"Origin", "https://chat.example.org"}});
  EXPECT_EQ(answer.get("access-control-allow-origin"), "*");
  EXPECT_FALSE(answer.has("access-control-allow-credentials"));
  EXPECT_FALSE(answer.has("vary"));
}

}  // namespace
}  // namespace sluice::http
