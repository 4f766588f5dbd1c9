#include "http/http_parser.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

struct parsed {
  request asked;
  unsigned status = 0;
  bool done = false;
  std::size_t used = 0;
};

// Feeds `first` bytes, and then the rest, in pieces of `step`.
parsed parse(std::string_view bytes, std::size_t first = std::string_view::npos, std::size_t step = 1'000'000,
             const parse_limits& limits = {}) {
  parsed out;
  request_parser parser(limits);
  parser.begin(out.asked);
  std::string kept;
  for (std::size_t at = 0, piece = std::max<std::size_t>(first, 1); at < bytes.size(); at += piece, piece = step) {
    kept += bytes.substr(at, piece);
    piece = std::min(piece, bytes.size() - at);
    const std::size_t used = parser.feed(kept);
    kept.erase(0, used);
    out.used += used;
    if (parser.failed() || parser.done()) break;
  }
  out.status = parser.status();
  out.done = !parser.failed() && parser.done();
  return out;
}
unsigned status_of_text(std::string_view bytes, const parse_limits& limits = {}) {
  const parsed whole = parse(bytes, std::string_view::npos, 1'000'000, limits);
  const parsed pieces = parse(bytes, 1, 1, limits);
  EXPECT_EQ(whole.status, pieces.status) << bytes;
  return whole.done ? 200 : whole.status;
}

TEST(request_parser, means_the_same_wherever_it_is_cut) {
  const std::string_view texts[] = {
      "POST /v1/chat%20x?a=b&c HTTP/1.1\r\nHost: h\r\nX-Two: 2\r\nContent-Length: 5\r\n\r\nhello",
      "POST /v1/chat%20x?a=b&c HTTP/1.1\r\nHost: h\r\nX-Two: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nX-Two: trailer\r\n\r\n"};
  for (const std::string_view text : texts) {
    const std::string with_next = std::string(text) + "GET / HTTP/1.1\r\n";
    for (std::size_t cut = 1; cut <= with_next.size(); ++cut) {
      for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1'000'000}}) {
        const parsed out = parse(with_next, cut, step);
        ASSERT_TRUE(out.done) << cut;
        EXPECT_EQ(out.used, text.size());
        EXPECT_EQ(out.asked.method, "POST");
        EXPECT_EQ(out.asked.path, "/v1/chat x");
        EXPECT_EQ(out.asked.query, "a=b&c");
        EXPECT_EQ(out.asked.headers.joined("x-two"), "2");
        EXPECT_EQ(out.asked.body, "hello");
      }
    }
  }
}

TEST(request_parser, skips_empty_lines_before_a_request) {
  EXPECT_EQ(status_of_text("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 200U);
  EXPECT_EQ(status_of_text("\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
}

TEST(request_parser, reads_an_empty_chunked_body_byte_by_byte) {
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 200U);
}

TEST(request_parser, refuses_what_two_servers_might_read_differently) {
  for (const char* fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3, 3\r\n", "Content-Length: +3\r\n",
        "Content-Length: 99999999999999999999\r\n", "Content-Length: -1\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Content-Length : 3\r\n",
        "X-Folded: a\r\n b\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Host: second\r\n", "No-Colon\r\n",
        "X-Bare: a\nX: b\r\n", "X-Control: a\x01\r\n"}) {
    EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\nabc"), 400U) << fields;
  }
  EXPECT_EQ(status_of_text("GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string(1, '\0') + "b\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n"), 501U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("GET / HTTP/1.1\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcdefgh\r\n"), 400U);
}

TEST(request_parser, takes_no_line_end_within_an_extension_of_a_chunk) {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=";
  const std::string end = "\r\nx\r\n0\r\n\r\n";
  for (const char* right : {"b", "\"b c\"", "\"b\tc\"", "\"\xc3\xa9\""})
    EXPECT_EQ(status_of_text(start + right + end), 200U) << right;
  for (const char* wrong : {"\"b\nc\"", "\"b\rc\"", "\"b\r\nc\"", "\"\x01\"", "\"\x7f\"", "\"b\\\nc\""})
    EXPECT_EQ(status_of_text(start + wrong + end), 400U) << wrong;
}

TEST(request_parser, refuses_other_targets_and_versions) {
  EXPECT_EQ(status_of_text("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505U);
  EXPECT_EQ(status_of_text("CONNECT host:443 HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(status_of_text("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), 200U);
  EXPECT_EQ(status_of_text("GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n"), 200U);
  EXPECT_EQ(status_of_text("POST / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n"), 417U);
}

TEST(request_parser, keeps_its_bounds) {
  const parse_limits small{.header_bytes_max = 200, .header_fields_max = 5, .body_bytes_max = 4};
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(status_of_text("GET /" + std::string(300, 'a') + " HTTP/1.1\r\n", small), 431U);
  EXPECT_EQ(status_of_text(start + "X: " + std::string(300, 'a'), small), 431U);
  EXPECT_EQ(status_of_text(start + "A:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\n\r\n", small), 431U);
  std::string many = start;
  for (int i = 0; i < 3; ++i)
    many += "X: " + std::string(80, 'a') + "\r\n";
  EXPECT_EQ(status_of_text(many + "\r\n", small), 431U);
  EXPECT_EQ(status_of_text(start + "Content-Length: 5\r\n\r\n", small), 413U);
  const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(status_of_text(chunked + "3\r\nabc\r\n2\r\nde\r\n", small), 413U);
  EXPECT_EQ(status_of_text(chunked + "1;" + std::string(300, 'x'), small), 431U);
  EXPECT_EQ(status_of_text(chunked + "0\r\nX: " + std::string(300, 'x'), small), 431U);
}

TEST(request_parser, knows_whether_another_request_may_follow) {
  const auto kept = [](std::string_view text) {
    request asked;
    request_parser parser({});
    parser.begin(asked);
    parser.feed(text);
    return parser.keep_alive();
  };
  EXPECT_TRUE(kept("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, close\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(kept("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST(request_parser, begins_again_with_nothing_of_the_last_request) {
  request asked;
  request_parser parser({});
  parser.begin(asked);
  parser.feed("POST /a?q HTTP/1.1\r\nHost: h\r\nX: 1\r\nContent-Length: 2\r\n\r\nab");
  ASSERT_TRUE(parser.done());
  parser.begin(asked);
  parser.feed("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(asked.path, "/b");
  EXPECT_EQ(asked.query, "");
  EXPECT_EQ(asked.body, "");
  EXPECT_FALSE(asked.headers.has("X"));
}

}  // namespace
}  // namespace sluice::http
