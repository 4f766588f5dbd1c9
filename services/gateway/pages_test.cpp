#include "gateway/pages.hpp"

#include <gtest/gtest.h>

#include "door/web_files.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

constexpr web_file script{.path = "/assets/index-1.js",
                          .type = "text/javascript; charset=utf-8",
                          .etag = "abc",
                          .immutable = true,
                          .plain = "plain",
                          .gzip = "gz",
                          .brotli = "b"};
constexpr web_file page{.path = "/index.html",
                        .type = "text/html; charset=utf-8",
                        .etag = "def",
                        .immutable = false,
                        .plain = "<p>",
                        .gzip = {},
                        .brotli = {}};

http::request asking(std::string_view name, std::string_view value) {
  http::request asked{.method = "GET"};
  asked.headers.set(name, value);
  return asked;
}

TEST(accepts_coding, reads_lists_with_weights_in_any_case) {
  EXPECT_TRUE(accepts_coding("gzip, deflate, br, zstd", "br"));
  EXPECT_TRUE(accepts_coding("GZIP;q=0.5", "gzip"));
  EXPECT_TRUE(accepts_coding("identity;q=0, *", "br"));
  EXPECT_TRUE(accepts_coding("*;q=0, br ; q=0.001", "br"));
  EXPECT_FALSE(accepts_coding("", "gzip"));
  EXPECT_FALSE(accepts_coding("identity", "gzip"));
  EXPECT_FALSE(accepts_coding("br;q=0, gzip", "br"));
  EXPECT_FALSE(accepts_coding("br;q=0.000, *", "br"));
  EXPECT_FALSE(accepts_coding("*;q=0", "br"));
  EXPECT_FALSE(accepts_coding("brotli", "br"));
  EXPECT_FALSE(accepts_coding(";;,,= ;q=,", "br"));
}

TEST(serve_file, gives_the_smallest_form_that_is_accepted) {
  EXPECT_EQ(serve_file(script, asking("accept-encoding", "gzip, br")).body, "b");
  EXPECT_EQ(serve_file(script, asking("accept-encoding", "gzip")).body, "gz");
  EXPECT_EQ(serve_file(script, {}).body, "plain");
  EXPECT_EQ(serve_file(page, asking("accept-encoding", "gzip, br")).body, "<p>");
  const http::response packed = serve_file(script, asking("accept-encoding", "br"));
  EXPECT_EQ(packed.headers.get("content-encoding"), "br");
  EXPECT_EQ(packed.headers.get("vary"), "accept-encoding");
  EXPECT_FALSE(serve_file(script, {}).headers.has("content-encoding"));
}

TEST(serve_file, keeps_what_is_named_by_its_content_and_asks_again_for_the_rest) {
  EXPECT_EQ(serve_file(script, {}).headers.get("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(serve_file(page, {}).headers.get("cache-control"), "no-cache");
}

TEST(serve_file, says_304_to_who_has_this_form_already) {
  const http::response known = serve_file(page, asking("if-none-match", R"("x", W/"def")"));
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(known.headers.get("etag"), R"("def")");
  EXPECT_EQ(serve_file(page, asking("if-none-match", "*")).status, 304);
  EXPECT_EQ(serve_file(page, asking("if-none-match", R"("other")")).status, 200);
  http::request packed = asking("if-none-match", R"("abc")");
  packed.headers.set("accept-encoding", "br");
  EXPECT_EQ(serve_file(script, packed).status, 200) << "the plain form is not the packed one";
}

TEST(serve_file, guards_pages) {
  const http::response answer = serve_file(page, {});
  const std::string_view policy = answer.headers.get("content-security-policy");
  EXPECT_TRUE(policy.contains("default-src 'none'"));
  EXPECT_TRUE(policy.contains("frame-ancestors 'none'"));
  EXPECT_FALSE(policy.contains("unsafe"));
  EXPECT_EQ(answer.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.get("cross-origin-opener-policy"), "same-origin");
}

TEST(app_page, is_there_whenever_pages_are_built_in) {
  EXPECT_EQ(app_page({}).status, web_files.empty() ? 302 : 200);
}

}  // namespace
}  // namespace sluice::gateway
