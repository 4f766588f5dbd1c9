#include "door/refresh_cookie.hpp"

#include <gtest/gtest.h>

namespace sluice::door {
namespace {

http::request asking(http::header_fields headers) {
  http::request asked;
  asked.headers = std::move(headers);
  asked.headers.add("host", "localhost:8080");
  return asked;
}

std::string found(http::header_fields headers) {
  const auto cookie = find_refresh_cookie(asking(std::move(headers)));
  return cookie ? std::string(cookie->reveal()) : "";
}

TEST(refresh_cookie, is_found_among_others) {
  EXPECT_EQ(found({{"cookie", "sluice_refresh=abc"}}), "abc");
  EXPECT_EQ(found({{"cookie", "a=b; xsluice_refresh=1;  sluice_refresh=abc ; c"}}), "abc");
  EXPECT_EQ(found({{"cookie", "a=b"}, {"Cookie", "sluice_refresh=abc; sluice_refresh=def"}}), "abc");
  EXPECT_EQ(found({{"cookie", "sluice_refresh"}}), "");
  EXPECT_EQ(found({{"cookie", "sluice_refresh="}}), "");
  EXPECT_EQ(found({{"cookie", ";;=;"}}), "");
  EXPECT_EQ(found({{"cookie", "sluice_refresh=" + std::string(300, 'x')}}), "");
  EXPECT_EQ(found({}), "");
}

TEST(refresh_cookie, is_secure_where_clients_come_by_https) {
  settings told;
  http::request asked = asking({});
  const auto set = [&] { return set_refresh_cookie(told, asked, secret_string("abc"), std::chrono::seconds(60)); };
  EXPECT_EQ(set(), "sluice_refresh=abc; Path=/v1/auth; Max-Age=60; HttpOnly; SameSite=Strict");
  asked.is_tls = true;
  EXPECT_EQ(set(), "sluice_refresh=abc; Path=/v1/auth; Max-Age=60; HttpOnly; SameSite=Strict; Secure");
  asked.is_tls = false;
  told.public_origin = "https://ai.example.org";
  EXPECT_TRUE(set().ends_with("; Secure"));
  EXPECT_EQ(clear_refresh_cookie(told, asked),
            "sluice_refresh=; Path=/v1/auth; Max-Age=0; HttpOnly; SameSite=Strict; Secure");
}

TEST(refresh_cookie, speaks_for_our_own_pages_alone) {
  settings told;
  told.allowed_origins = {"https://chat.example.org"};  // may open sockets, not use our cookie
  const auto may = [&](http::header_fields headers) {
    return check_cookie_use(told, asking(std::move(headers))).has_value();
  };
  EXPECT_TRUE(may({{"origin", "http://localhost:8080"}}));
  EXPECT_TRUE(may({{"sec-fetch-site", "same-origin"}}));
  EXPECT_TRUE(may({{"content-type", "Application/JSON; charset=utf-8"}}));
  EXPECT_FALSE(may({}));
  EXPECT_FALSE(may({{"content-type", "text/plain"}}));
  EXPECT_FALSE(may({{"sec-fetch-site", "cross-site"}}));
  EXPECT_FALSE(may({{"origin", "null"}, {"content-type", "application/json"}}));
  EXPECT_FALSE(may({{"origin", "https://chat.example.org"}, {"content-type", "application/json"}}));
  EXPECT_FALSE(may({{"origin", "https://evil.example"}, {"sec-fetch-site", "same-origin"}}));
}

}  // namespace
}  // namespace sluice::door
