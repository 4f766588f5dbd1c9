#include "agent/providers/gemini_error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

error refused(unsigned status, std::string_view body, header_lookup header = {}) {
  return gemini_error_of_refusal({.status = status, .body = body, .header = std::move(header)}, "g", {});
}
error event(std::string_view status, int code = 0) {
  return gemini_error_of_event(
      fmt::format(R"({{"error":{{"code":{},"message":"so it is","status":"{}"}}}})", code, status), "g");
}

TEST(gemini_error, what_each_status_means) {
  EXPECT_EQ(event("INVALID_ARGUMENT").reason, error_reason::invalid_argument);
  EXPECT_EQ(event("INVALID_ARGUMENT").message, "provider g: so it is");
  EXPECT_EQ(event("OUT_OF_RANGE").reason, error_reason::invalid_argument);
  EXPECT_EQ(event("NOT_FOUND").reason, error_reason::not_found);
  EXPECT_EQ(event("ABORTED").reason, error_reason::conflict);
  EXPECT_EQ(event("RESOURCE_EXHAUSTED").reason, error_reason::rate_limited);
  EXPECT_EQ(event("UNAVAILABLE").reason, error_reason::unavailable);
  EXPECT_EQ(event("DEADLINE_EXCEEDED").reason, error_reason::timed_out);
  EXPECT_EQ(event("INTERNAL").reason, error_reason::bad_gateway);
  EXPECT_EQ(event("CANCELLED", 499).reason, error_reason::bad_gateway);
}

TEST(gemini_error, a_status_that_nobody_knows_leaves_the_code) {
  EXPECT_EQ(event("", 429).reason, error_reason::rate_limited);
  EXPECT_EQ(event("NEW", 503).reason, error_reason::unavailable);
  EXPECT_EQ(event("NEW", 7).reason, error_reason::bad_gateway);
  EXPECT_EQ(refused(404, "<html>").reason, error_reason::not_found);
  EXPECT_EQ(refused(502, "").reason, error_reason::bad_gateway);
}

// What is wrong with our account is not the client's to know or to repair.
TEST(gemini_error, our_account_is_not_the_clients) {
  const error key = refused(400, R"({"error":{"code":400,"message":"API key not valid. Please pass a valid API key.",
    "status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
    "reason":"API_KEY_INVALID","domain":"googleapis.com"}]}})");
  EXPECT_EQ(key.reason, error_reason::bad_gateway);
  EXPECT_THAT(key.message, HasSubstr("api_key must be looked at"));
  EXPECT_THAT(key.message, Not(HasSubstr("pass a valid")));
  EXPECT_THAT(key.detail, HasSubstr("API key not valid"));
  const std::string_view older = R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}})";
  EXPECT_EQ(refused(400, older).reason, error_reason::bad_gateway);
  for (const std::string_view status : {"UNAUTHENTICATED", "PERMISSION_DENIED", "FAILED_PRECONDITION"}) {
    EXPECT_EQ(event(status).reason, error_reason::bad_gateway) << status;
    EXPECT_THAT(event(status).message, Not(HasSubstr("so it is"))) << status;
  }
}

TEST(gemini_error, says_how_long_to_wait_and_what_is_wrong) {
  const auto exhausted = [](std::string_view delay) {
    return refused(429,
                   fmt::format(R"([{{"error":{{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED",
      "details":[{{"@type":"type.googleapis.com/google.rpc.Help","links":[]}},
                 {{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":{}}}]}}}}])",
                               delay),
                   [](std::string_view name) { return name == "retry-after" ? "9" : ""; });
  };
  EXPECT_EQ(exhausted(R"("34.074824224s")").retry_after, 34'075ms);
  EXPECT_EQ(exhausted(R"("0s")").retry_after, 0ms);
  EXPECT_EQ(exhausted(R"("99999999999999s")").retry_after, 24h);
  for (const std::string_view odd : {R"("-1s")", R"("s")", R"("5")", R"("5m")", "5", "null"})
    EXPECT_EQ(exhausted(odd).retry_after, 9s) << odd;
  EXPECT_EQ(exhausted(R"("1s")").message, "provider g: Quota");

  const error field = refused(400, R"({"error":{"code":400,"message":"Invalid value","status":"INVALID_ARGUMENT",
    "details":[{"@type":"type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations":[{"field":"generation_config.top_k","description":"x"}]}]}})");
  EXPECT_EQ(field.param, "generation_config.top_k");
}

TEST(gemini_error, odd_bodies_do_no_harm) {
  for (const std::string_view body :
       {"", "x", "[]", "[1]", "{}", R"({"error":null})", R"({"error":"x"})", R"({"error":{"details":{}}})",
        R"({"error":{"details":[1,null,{"fieldViolations":[]},{"fieldViolations":[3]},{"reason":5}],"status":[]}})"}) {
    EXPECT_EQ(gemini_error_of_event(body, "g").reason, error_reason::bad_gateway) << body;
    EXPECT_EQ(refused(400, body).reason, error_reason::invalid_argument) << body;
  }
}

}  // namespace
}  // namespace sluice::agent
