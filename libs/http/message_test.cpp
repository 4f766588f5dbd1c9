#include "http/message.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(header_fields, are_found_in_any_case) {
  header_fields fields{{"Accept", "a"}, {"X-One", "1"}, {"accept", "b, C"}};
  EXPECT_EQ(fields.get("ACCEPT"), "a");
  EXPECT_EQ(fields.joined("Accept"), "a, b, C");
  EXPECT_TRUE(fields.lists("accept", "c"));
  EXPECT_FALSE(fields.lists("accept", "d"));
  EXPECT_FALSE(fields.has("x"));
  fields.set("accept", "z");
  EXPECT_EQ(fields.joined("accept"), "z");
  EXPECT_EQ(fields.size(), 2U);
}

TEST(header_fields, a_value_cannot_begin_a_field) {
  std::string out;
  header_fields{{"A", std::string_view("x\r\nB: y\0z", 9)}}.append_to(out);
  EXPECT_EQ(out, "A: x  B: y z\r\n");
}

TEST(percent_decode, takes_only_clean_text) {
  std::string out;
  EXPECT_TRUE(percent_decode("/a%20b%C3%A4+", out));
  EXPECT_EQ(out, "/a bä+");
  EXPECT_TRUE(percent_decode("a+b", out, true));
  EXPECT_EQ(out, "a b");
  for (const char* wrong : {"%", "%2", "%zz", "%00", "%0a", "%ff", "%c3"})
    EXPECT_FALSE(percent_decode(wrong, out)) << wrong;
}

TEST(request, gives_query_parameters_decoded) {
  request asked;
  asked.query = "a=1&b%20c=x+y&empty&bad=%zz&a=2";
  EXPECT_EQ(asked.query_parameter("a"), "1");
  EXPECT_EQ(asked.query_parameter("b c"), "x y");
  EXPECT_EQ(asked.query_parameter("empty"), "");
  EXPECT_EQ(asked.query_parameter("bad"), std::nullopt);
  EXPECT_EQ(asked.query_parameter("none"), std::nullopt);
}

TEST(error_response, says_everything_but_the_detail) {
  const response answer = error_response({.reason = error_reason::rate_limited,
                                          .message = "too \"many\"",
                                          .param = "model",
                                          .retry_after = std::chrono::milliseconds(1001),
                                          .detail = "secret"},
                                         "req_1");
  EXPECT_EQ(answer.status, 429U);
  EXPECT_EQ(answer.headers.get("Retry-After"), "2");
  EXPECT_EQ(answer.body, R"({"error":{"code":429,"type":"rate_limited","message":"too \"many\"","param":"model",)"
                         R"("request_id":"req_1"}})");
}

}  // namespace
}  // namespace sluice::http
