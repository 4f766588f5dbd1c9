#include "http/proxy_header.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using kind = proxy_header::kind;

// Version 2: the fixed part, and what `length` announces.
std::string binary(char command, char family, const std::string& rest) {
  std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
  text += command;
  text += family;
  text += static_cast<char>(rest.size() >> 8);
  text += static_cast<char>(rest.size() & 0xFF);
  return text + rest;
}
const std::string ipv4{"\xCB\x00\x71\x09\x0A\x00\x00\x01\x10\x00\x01\xBB", 12};
const std::string get = "GET / HTTP/1.1\r\n\r\n";

TEST(proxy_header, is_a_line_in_version_1) {
  const std::string line = "PROXY TCP4 203.0.113.9 10.0.0.1 4096 443\r\n";
  const proxy_header found = parse_proxy_header(line + get);
  EXPECT_EQ(found.is, kind::whole);
  EXPECT_EQ(found.bytes, line.size());
  EXPECT_EQ(found.client->address().to_string(), "203.0.113.9");
  EXPECT_EQ(found.client->port(), 4096);
  EXPECT_EQ(parse_proxy_header("PROXY TCP6 2001:db8::5 ::1 1 2\r\n").client->address().to_string(), "2001:db8::5");
  EXPECT_EQ(parse_proxy_header("PROXY UNKNOWN whatever\r\n").is, kind::whole);
  EXPECT_FALSE(parse_proxy_header("PROXY UNKNOWN\r\n").client);
}

TEST(proxy_header, is_binary_in_version_2) {
  const std::string four = binary(0x21, 0x11, ipv4 + "more");
  const proxy_header found = parse_proxy_header(four + get);
  EXPECT_EQ(found.is, kind::whole);
  EXPECT_EQ(found.bytes, four.size());
  EXPECT_EQ(found.client->address().to_string(), "203.0.113.9");
  EXPECT_EQ(found.client->port(), 4096);
  const std::string six = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x05" + std::string(16, '\0') +
                          std::string("\x00\x50\x01\xBB", 4);
  EXPECT_EQ(parse_proxy_header(binary(0x21, 0x21, six)).client->address().to_string(), "2001:db8::5");
  EXPECT_EQ(parse_proxy_header(binary(0x21, 0x21, six)).client->port(), 80);
}

TEST(proxy_header, may_speak_of_nobody) {
  for (const std::string& text : {binary(0x20, 0x00, ""), binary(0x20, 0x11, ipv4), binary(0x21, 0x31, "unix")}) {
    EXPECT_EQ(parse_proxy_header(text).is, kind::whole);
    EXPECT_FALSE(parse_proxy_header(text).client);
  }
}

TEST(proxy_header, is_not_what_clients_begin_with) {
  for (const std::string& text : {std::string(), get, std::string("\x16\x03\x01\x02"), std::string("P"),
                                  std::string("POST / HTTP/1.1"), std::string("\r\n\r\nGET")})
    EXPECT_EQ(parse_proxy_header(text).is, kind::none) << text;
}

TEST(proxy_header, is_refused_where_it_is_wrong_or_cut) {
  for (const std::string& text :
       {std::string("PROXY"), std::string("PROXY TCP4 203.0.113.9 10.0.0.1 4096 443"),
        std::string("PROXY TCP4 2001:db8::5 ::1 1 2\r\n"), std::string("PROXY TCP6 fe80::1%1 ::1 1 2\r\n"),
        std::string("PROXY TCP4 203.0.113.9 10.0.0.1 65536 443\r\n"), std::string("PROXY TCP4\r\n"),
        std::string("PROXY ") + std::string(200, 'x') + "\r\n", binary(0x21, 0x11, ipv4).substr(0, 20),
        binary(0x21, 0x11, "short"), binary(0x31, 0x11, ipv4), binary(0x22, 0x11, ipv4),
        std::string("\r\n\r\n\0\r\nQU", 9)})
    EXPECT_EQ(parse_proxy_header(text).is, kind::broken) << text;
}

}  // namespace
}  // namespace sluice::http
