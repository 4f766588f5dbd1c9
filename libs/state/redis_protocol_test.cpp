// The protocol, its errors and its addresses, without a server.
#include "state/redis_protocol.hpp"

#include <gtest/gtest.h>

#include "state/redis_address.hpp"
#include "state/redis_listener.hpp"
#include "state/redis_trouble.hpp"

namespace sluice::state {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view replies =
    "+OK\r\n:-42\r\n$-1\r\n$5\r\na\r\nbc\r\n*2\r\n$1\r\nx\r\n*1\r\n:7\r\n-ERR no\r\n*0\r\n";

void expect_replies(redis_reply_parser& parser, std::vector<redis_reply>& all) {
  while (auto one = parser.next())
    all.push_back(std::move(*one));
  EXPECT_FALSE(parser.failed()) << parser.failure();
}

TEST(redis_protocol, reads_replies_however_they_are_cut) {
  for (std::size_t step = 1; step <= replies.size(); ++step) {
    redis_reply_parser parser;
    std::vector<redis_reply> all;
    for (std::size_t at = 0; at < replies.size(); at += step) {
      parser.feed(replies.substr(at, step));
      expect_replies(parser, all);
    }
    ASSERT_EQ(all.size(), 7U) << step;
    EXPECT_EQ(all[0].text, "OK");
    EXPECT_EQ(all[1].number, -42);
    EXPECT_TRUE(all[2].is_nil());
    EXPECT_EQ(all[3].text, "a\r\nbc");
    ASSERT_EQ(all[4].items.size(), 2U);
    EXPECT_EQ(all[4].items[1].items.at(0).number, 7);
    EXPECT_TRUE(all[5].is_error());
    EXPECT_TRUE(all[6].items.empty());
  }
}

TEST(redis_protocol, fails_on_what_is_none_and_on_what_is_too_much) {
  for (const char* garbage : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "*-5\r\n", "$999999999999999999999\r\n"}) {
    redis_reply_parser parser;
    parser.feed(garbage);
    EXPECT_FALSE(parser.next()) << garbage;
    EXPECT_TRUE(parser.failed()) << garbage;
    parser.feed("+OK\r\n");
    EXPECT_FALSE(parser.next()) << garbage;
  }
  redis_reply_parser few({.bytes_max = 64, .elements_max = 3});
  few.feed("*2\r\n:1\r\n:2\r\n");
  EXPECT_TRUE(few.next());
  few.feed("*2\r\n*2\r\n:1\r\n");
  EXPECT_FALSE(few.next());
  EXPECT_TRUE(few.failed());
  redis_reply_parser small({.bytes_max = 64, .elements_max = 3});
  small.feed("$100\r\n" + std::string(80, 'x'));
  EXPECT_FALSE(small.next());
  EXPECT_TRUE(small.failed());
}

TEST(redis_protocol, writes_commands_of_any_bytes) {
  std::string command;
  const std::vector<std::string_view> words = {"SET", "", std::string_view("\0\r\n", 3)};
  append_command(command, words);
  EXPECT_EQ(command, "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\0\r\n\r\n"s);
}

TEST(redis_trouble, is_told_by_the_reply) {
  using enum redis_trouble;
  const auto what = [](std::string_view reply) { return understand_error(reply).what; };
  EXPECT_EQ(what("LOADING Redis is loading the dataset in memory"), away);
  EXPECT_EQ(what("READONLY You can't write against a read only replica."), read_only);
  EXPECT_EQ(what("ERR Error running script (call to f_1): @user_script:1: -READONLY You can't"), read_only);
  EXPECT_EQ(what("OOM command not allowed when used memory > 'maxmemory'."), full);
  EXPECT_EQ(what("NOAUTH Authentication required."), refused);
  EXPECT_EQ(what("WRONGPASS invalid username-password pair"), refused);
  EXPECT_EQ(what("MOVED 1 10.0.0.1:6379"), unusable);
  EXPECT_EQ(what("ERR max number of clients reached"), away);
  EXPECT_EQ(what("WRONGTYPE Operation against a key"), bug);
  EXPECT_EQ(what(""), bug);
}

TEST(redis_address, is_read_from_a_url_and_never_shows_the_password) {
  const auto all = parse_redis_url("rediss://me:s%40cret@cache.example.org:7000/3");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->tls);
  EXPECT_EQ(all->user, "me");
  EXPECT_EQ(all->password.reveal(), "s@cret");
  EXPECT_EQ(all->shown(), "cache.example.org:7000/3");
  EXPECT_EQ(parse_redis_url("redis://h")->shown(), "h:6379");
  EXPECT_EQ(parse_redis_url("redis://:pw@h")->password.reveal(), "pw");
  EXPECT_EQ(parse_redis_url("redis://[::1]:1/")->shown(), "[::1]:1");
  for (const char* wrong :
       {"", "redis:", "redis://", "http://h", "redis://:hush@h/x", "redis://:hush@h:0", "redis://:hush@h:99999",
        "redis://:hush@h/99999999999", "redis://:hush@h?db=1", "redis-cluster://:hush@h"}) {
    const auto read = parse_redis_url(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().reason, error_reason::invalid_argument);
    EXPECT_EQ(read.error().message.find("hush"), std::string::npos) << read.error().message;
  }
}

TEST(redis_announcements, are_read_as_they_were_written) {
  const std::string text("\0:3", 3);
  const auto one = read_announcement(write_announcement("a:b", text));
  ASSERT_TRUE(one);
  EXPECT_EQ(one->topic, "a:b");
  EXPECT_EQ(one->text, text);
  for (const char* foreign : {"", ":", "x", "5", "5:abc", "-1:a", "99999999999999999999:a"})
    EXPECT_FALSE(read_announcement(foreign)) << foreign;
}

}  // namespace
}  // namespace sluice::state
