#include "http/forwarded.hpp"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

boost::asio::ip::address at(const char* text) {
  return boost::asio::ip::make_address(text);
}

std::vector<address_range> ranges(std::initializer_list<const char*> texts) {
  std::vector<address_range> made;
  for (const char* text : texts)
    made.push_back(address_range::parse(text).value());
  return made;
}

std::string behind(const char* peer, const header_fields& headers) {
  return find_client_address(at(peer), headers, ranges({"10.0.0.0/8", "fd00::/8", "192.0.2.7"})).to_string();
}

TEST(address_range, holds_what_shares_its_prefix) {
  const address_range ten = address_range::parse("10.128.0.0/9").value();
  EXPECT_TRUE(ten.contains(at("10.128.0.1")));
  EXPECT_TRUE(ten.contains(at("::ffff:10.255.0.1")));
  EXPECT_FALSE(ten.contains(at("10.127.255.255")));
  EXPECT_FALSE(ten.contains(at("::1")));
  EXPECT_TRUE(address_range::parse("0.0.0.0/0")->contains(at("8.8.8.8")));
  EXPECT_FALSE(address_range::parse("0.0.0.0/0")->contains(at("2001:db8::1")));
  EXPECT_TRUE(address_range::parse("::/0")->contains(at("2001:db8::1")));
  EXPECT_TRUE(address_range::parse("2001:db8::1")->contains(at("2001:db8::1")));
}

TEST(address_range, refuses_what_is_none) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8", "10.0/8", "fd00::/129",
                           "fe80::1%1", "example.org", "10.0.0.0/8 ", "10.0.0.0/8/8"})
    EXPECT_FALSE(address_range::parse(text)) << text;
}

TEST(client_key, is_of_an_ipv4_address_or_an_ipv6_network) {
  EXPECT_EQ(client_key_of(at("1.2.3.4")), client_key_of(at("::ffff:1.2.3.4")));
  EXPECT_NE(client_key_of(at("1.2.3.4")), client_key_of(at("1.2.3.5")));
  EXPECT_EQ(client_key_of(at("2001:db8::1")), client_key_of(at("2001:db8::ffff:1")));
  EXPECT_NE(client_key_of(at("2001:db8::1")), client_key_of(at("2001:db8:0:1::1")));
}

TEST(find_client_address, does_not_believe_a_stranger) {
  EXPECT_EQ(behind("203.0.113.9", {{"X-Forwarded-For", "1.1.1.1"}}), "203.0.113.9");
  EXPECT_EQ(behind("::ffff:203.0.113.9", {{"Forwarded", "for=1.1.1.1"}}), "203.0.113.9");
}

TEST(find_client_address, takes_the_rightmost_that_is_not_trusted) {
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 203.0.113.9, 10.0.0.2"}}), "203.0.113.9");
  EXPECT_EQ(behind("::ffff:10.0.0.1", {{"x-forwarded-for", "6.6.6.6"}, {"X-Forwarded-For", "203.0.113.9"}}),
            "203.0.113.9");
  EXPECT_EQ(behind("fd00::1", {{"X-Forwarded-For", "2001:db8::5 , 192.0.2.7"}}), "2001:db8::5");
  EXPECT_EQ(behind("10.0.0.1", {{"Forwarded", "for=6.6.6.6, For=\"[2001:db8::5]:4711\";proto=https;by=10.0.0.1"}}),
            "2001:db8::5");
}

TEST(find_client_address, takes_the_leftmost_where_all_are_trusted) {
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}), "10.0.0.3");
}

TEST(find_client_address, understands_ports) {
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "203.0.113.9:4711"}}), "203.0.113.9");
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "[2001:db8::5]:4711"}}), "2001:db8::5");
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "::ffff:203.0.113.9"}}), "203.0.113.9");
}

TEST(find_client_address, falls_back_to_the_peer) {
  EXPECT_EQ(behind("10.0.0.1", {}), "10.0.0.1");
  for (const char* list : {"", ",", "unknown", "1.2.3", "203.0.113.9,", "203.0.113.9:", "203.0.113.9:123456",
                           "[203.0.113.9]", "[2001:db8::5", "fe80::1%eth0", "1.1.1.1, localhost", "1.1.1.1 2.2.2.2"})
    EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", list}}), "10.0.0.1") << list;
  for (const char* list : {"", "for=unknown", "for=_hidden", "by=1.1.1.1", "for=", "for=\"", "for=1.1.1.1, for",
                           "for=\"1.1.1.1, for=2.2.2.2"})
    EXPECT_EQ(behind("10.0.0.1", {{"Forwarded", list}}), "10.0.0.1") << list;
}

// The client's own part comes first; what a proxy adds stands behind it, whatever quotes the client has left open.
TEST(find_client_address, is_not_misled_by_open_quotes) {
  for (const char* list : {"for=6.6.6.6;x=\", for=203.0.113.9", "x=\";for=6.6.6.6;y=, for=203.0.113.9",
                           "for=6.6.6.6;x=\", for=\"203.0.113.9\"", "for=6.6.6.6;x=\"\\, for=203.0.113.9",
                           "for=6.6.6.6;x=\", for=203.0.113.9;host=\"a\\\"b\""})
    EXPECT_EQ(behind("10.0.0.1", {{"Forwarded", list}}), "10.0.0.1") << list;
  EXPECT_EQ(behind("10.0.0.1", {{"Forwarded", "x=\",;for=6.6.6.6\", for=203.0.113.9;host=\"a,for=6.6.6.6\""}}),
            "203.0.113.9");
}

TEST(find_client_address, believes_neither_of_two_that_contradict) {
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=6.6.6.6"}}), "10.0.0.1");
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=203.0.113.9"}}), "203.0.113.9");
}

TEST(find_client_address, reads_no_endless_list) {
  std::string list = "203.0.113.9";
  for (int i = 0; i < 5000; ++i)
    list += ",10.0.0.1";
  EXPECT_EQ(behind("10.0.0.1", {{"X-Forwarded-For", list}}), "10.0.0.1");
}

TEST(is_forwarded_over_tls, believes_trusted_proxies_only) {
  const std::vector<address_range> trusted = {address_range::parse("10.0.0.0/8").value()};
  const auto asked = [&](const char* peer, const char* proto) {
    header_fields headers;
    headers.add("X-Forwarded-Proto", proto);
    return is_forwarded_over_tls(at(peer), headers, trusted);
  };
  EXPECT_TRUE(asked("10.0.0.1", "https"));
  EXPECT_TRUE(asked("::ffff:10.0.0.1", "http, HTTPS"));
  EXPECT_FALSE(asked("10.0.0.1", "https, http"));
  EXPECT_FALSE(asked("10.0.0.1", ""));
  EXPECT_FALSE(asked("203.0.113.9", "https"));
  EXPECT_FALSE(is_forwarded_over_tls(at("10.0.0.1"), {}, trusted));
}

}  // namespace
}  // namespace sluice::http
