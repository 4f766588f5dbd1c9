#include "http/websocket_handshake.hpp"

#include <array>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

constexpr std::array<std::string_view, 2> protocols{"sluice.v1", "realtime"};

/// The request of RFC 6455, section 1.3.
websocket_request good_request() {
  return {.method = "GET",
          .upgrade = "websocket",
          .connection = "Upgrade",
          .version = "13",
          .key = "dGhlIHNhbXBsZSBub25jZQ=="};
}

unsigned status_of(const websocket_request& request) {
  const auto accepted = accept_websocket(request, protocols);
  return accepted ? 101 : accepted.error().status;
}

TEST(websocket_handshake, computes_the_answer_of_rfc_6455_section_1_3) {
  const auto accepted = accept_websocket(good_request(), protocols);
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accepted->protocol, "");
}

TEST(websocket_handshake, finds_its_words_in_lists_of_any_case) {
  auto request = good_request();
  request.upgrade = "h2c,  WebSocket";
  request.connection = "keep-alive ,\tUPGRADE,";
  EXPECT_EQ(status_of(request), 101U);
  EXPECT_FALSE(asks_for_websocket("websockets", "Upgrade"));
  EXPECT_FALSE(asks_for_websocket("websocket", "keep-alive"));
  EXPECT_FALSE(asks_for_websocket("", ""));
}

TEST(websocket_handshake, refuses_what_is_no_handshake) {
  const auto status_with = [](auto change) {
    auto request = good_request();
    change(request);
    return status_of(request);
  };
  EXPECT_EQ(status_with([](auto& r) { r.method = "POST"; }), 400U);
  EXPECT_EQ(status_with([](auto& r) { r.http_version = 10; }), 400U);
  EXPECT_EQ(status_with([](auto& r) { r.upgrade = ""; }), 426U);
  EXPECT_EQ(status_with([](auto& r) { r.connection = "close"; }), 426U);
  EXPECT_EQ(status_with([](auto& r) { r.version = ""; }), 400U);
  EXPECT_EQ(status_with([](auto& r) { r.version = "8"; }), 426U);
  EXPECT_EQ(status_with([](auto& r) { r.version = "13, 8"; }), 426U);
}

TEST(websocket_handshake, wants_a_key_of_sixteen_bytes) {
  for (const std::string_view key :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQA=",
        "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25j-Q==", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="}) {
    auto request = good_request();
    request.key = key;
    EXPECT_EQ(status_of(request), 400U) << key;
  }
}

TEST(websocket_handshake, takes_the_first_offered_subprotocol_that_it_knows) {
  auto request = good_request();
  request.protocols = "other, realtime, sluice.v1";
  EXPECT_EQ(accept_websocket(request, protocols)->protocol, "realtime");
  request.protocols = "realtime,openai-insecure-api-key.sk-1";
  EXPECT_EQ(accept_websocket(request, protocols)->protocol, "realtime");
  request.protocols = "other, Sluice.v1";
  const auto refused = accept_websocket(request, protocols);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 400U);
  EXPECT_EQ(refused.error().message,
            "none of the offered subprotocols is spoken here; offer none, or sluice.v1, or realtime");
  request.protocols = "sluice.v1, a b";
  EXPECT_EQ(status_of(request), 400U);
}

TEST(websocket_handshake, makes_keys_that_a_server_takes) {
  auto request = good_request();
  const std::string key = make_websocket_key();
  request.key = key;
  EXPECT_EQ(status_of(request), 101U);
  EXPECT_NE(make_websocket_key(), make_websocket_key());
}

TEST(websocket_handshake, checks_the_answer_to_a_client) {
  const auto key = good_request().key;
  const websocket_answer good{.status = 101,
                              .upgrade = "WebSocket",
                              .connection = "upgrade",
                              .accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                              .protocol = "realtime"};
  EXPECT_EQ(check_websocket_answer(good, key, protocols), "realtime");
  const auto passes_with = [&](auto change) {
    websocket_answer answer = good;
    change(answer);
    return check_websocket_answer(answer, key, protocols).has_value();
  };
  EXPECT_TRUE(passes_with([](auto& a) { a.protocol = ""; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.status = 200; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.upgrade = "h2c"; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.connection = ""; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.accept = "S3pPLMBiTxaQ9kYGzzhZRbK+xOo="; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.protocol = "other"; }));
  EXPECT_FALSE(passes_with([](auto& a) { a.extensions = "permessage-deflate"; }));
}

}  // namespace
}  // namespace sluice::http
