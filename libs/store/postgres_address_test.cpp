#include "store/postgres_address.hpp"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using std::chrono::seconds;

TEST(postgres_address, says_where_without_the_password) {
  const auto read =
      parse_postgres_url("postgresql://app:s3cr%20et@db.example.org:6432/chats?sslmode=verify-full", seconds(5));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->shown, "database chats on db.example.org:6432");
  EXPECT_TRUE(read->connection.contains("password=s3cr%20et")) << read->connection;
  EXPECT_TRUE(read->connection.contains("sslmode=verify%2Dfull")) << read->connection;
  EXPECT_FALSE(read->connection.contains(' '));
}

TEST(postgres_address, waits_for_a_silent_peer_only_so_long) {
  const auto read = parse_postgres_url("postgresql://db/chats", std::chrono::milliseconds(2'500));
  ASSERT_TRUE(read);
  for (const char* each : {"connect_timeout=3", "keepalives_idle=10", "tcp_user_timeout=15000", "client_encoding=UTF8"})
    EXPECT_TRUE(read->connection.contains(each)) << each << " in " << read->connection;
}

TEST(postgres_address, what_the_url_says_itself_holds_but_for_the_encoding) {
  const auto read = parse_postgres_url("postgresql://db/x?connect_timeout=60&client_encoding=LATIN1", seconds(5));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->connection.contains("connect_timeout=60"));
  EXPECT_TRUE(read->connection.contains("client_encoding=UTF8"));
}

TEST(postgres_address, refuses_what_libpq_cannot_read_without_repeating_it) {
  for (const std::string& bad :
       {std::string("postgresql://u:s3cret@[::1/x"), std::string("postgresql://u:s3cret@db/x?nonsense=1"),
        std::string("postgresql://u:s3cret%zz@db/x"), std::string("postgresql://u:s3cret@db/x?sslmode"),
        std::string("postgresql://u:s3cret@db/\0x", 27)}) {
    const auto read = parse_postgres_url(bad, seconds(5));
    ASSERT_FALSE(read) << bad;
    EXPECT_EQ(read.error().reason, error_reason::invalid_argument);
    EXPECT_FALSE((read.error().message + read.error().detail).contains("s3cret")) << read.error().message;
  }
}

}  // namespace
}  // namespace sluice::store
