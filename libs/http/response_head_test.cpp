#include "http/response_head.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using body_kind = response_head::body_kind;

response_head read(std::string_view text, bool head_request = false) {
  response_head head(1024, head_request);
  const auto used = head.feed(text);
  EXPECT_TRUE(used) << (used ? "" : used.error().message);
  EXPECT_TRUE(head.done());
  return head;
}

TEST(response_head, says_how_the_body_ends) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n").body(), body_kind::chunked);
  const auto sized = read("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(sized.body(), body_kind::content_length);
  EXPECT_EQ(sized.content_length(), 12U);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").body(), body_kind::none);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\n").body(), body_kind::until_close);
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\n\r\n").body(), body_kind::none);
  EXPECT_EQ(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n").body(), body_kind::none);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true).body(), body_kind::none);
}

TEST(response_head, says_whether_the_connection_lives_on) {
  EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive());
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").keep_alive());
  EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep_alive());
  EXPECT_TRUE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n").keep_alive());
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\n\r\n").keep_alive());
}

TEST(response_head, fields_in_any_case_and_the_rest_left) {
  response_head head(1024, false);
  const std::string_view text = "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nX-A: 1\r\nX-A: 2\r\n\r\nbody";
  EXPECT_EQ(head.feed(text).value(), text.size() - 4);
  EXPECT_EQ(head.status(), 429U);
  EXPECT_EQ(head.header("retry-AFTER"), "7");
  EXPECT_EQ(head.header("x-a"), "1");
  EXPECT_EQ(head.header("missing"), "");
}

TEST(response_head, comes_in_pieces_of_any_size) {
  const std::string_view text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 3\r\n\r\n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    response_head head(1024, false);
    std::string kept;
    for (std::size_t at = 0; at < text.size(); at += step) {
      ASSERT_FALSE(head.done());
      kept += text.substr(at, step);
      const auto used = head.feed(kept);
      ASSERT_TRUE(used);
      kept.erase(0, *used);
    }
    ASSERT_TRUE(head.done()) << step;
    EXPECT_EQ(head.status(), 200U);
    EXPECT_EQ(head.header("x-a"), "b");
    EXPECT_EQ(head.header("link"), "");
  }
}

TEST(response_head, refuses_what_is_no_response) {
  for (const std::string_view bad :
       {"SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01", "GET / HTTP/1.1\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 050 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "\r\n\r\n\r\n"}) {
    response_head head(1024, false);
    const auto used = head.feed(bad);
    ASSERT_FALSE(used) << bad;
    EXPECT_EQ(used.error().reason, error_reason::bad_gateway);
  }
}

TEST(response_head, is_bounded_over_all_its_parts) {
  response_head endless(1024, false);
  EXPECT_FALSE(endless.feed("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x')));
  response_head complete(1024, false);
  EXPECT_FALSE(complete.feed("HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"));
  response_head interim(1024, false);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_FALSE(interim.feed(many));
}

}  // namespace
}  // namespace sluice::http
