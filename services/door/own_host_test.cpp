#include "door/own_host.hpp"

#include <gtest/gtest.h>

namespace sluice::door {
namespace {

TEST(own_host, is_an_address_or_a_name_of_this_machine) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080", "192.168.1.7:80", "localhost",
                           "LocalHost:8080", "chat.localhost:8080", ""})
    EXPECT_TRUE(is_own_host(host, {})) << host;
}

TEST(own_host, is_no_name_that_somebody_else_may_own) {
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "notlocalhost", ".localhost.",
                           "127.0.0.1.evil.example", "1.2.3", "[evil]", "[::1].evil.example", ":8080x.example"})
    EXPECT_EQ(is_own_host(host, {}), std::string_view(host).starts_with(':')) << host;
}

TEST(own_host, is_one_that_the_configuration_names) {
  const std::vector<std::string> origins{"https://chat.example.org", "http://other.example:3000"};
  for (const char* host : {"chat.example.org", "CHAT.example.org:443", "other.example"})
    EXPECT_TRUE(is_own_host(host, origins)) << host;
  EXPECT_FALSE(is_own_host("example.org", origins));
}

}  // namespace
}  // namespace sluice::door
