#include "telemetry/log.hpp"

#include <boost/json.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include "base/secret_string.hpp"

namespace sluice::telemetry {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

static_assert(!std::is_constructible_v<field, std::string_view, secret_string>, "secrets must not be logged");
static_assert(!std::is_constructible_v<field, std::string_view, const void*>, "addresses say nothing");

// Both ends of a pipe.
class log_pipe {
 public:
  log_pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~log_pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int write_end() const { return ends_[1]; }
  // What is in it now, or what comes next within `wait_ms`.
  std::string drain(int wait_ms = 0) {
    std::string all;
    char part[4096];
    for (pollfd ready{.fd = ends_[0], .events = POLLIN, .revents = 0}; ::poll(&ready, 1, wait_ms) > 0; wait_ms = 0) {
      const ssize_t count = ::read(ends_[0], part, sizeof(part));
      if (count <= 0) break;
      all.append(part, static_cast<std::size_t>(count));
    }
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

// Runs `use` with a logger and returns what it wrote.
template <class Use>
std::string logged(log_format format, Use&& use, log_level level = log_level::info) {
  log_pipe pipe;
  {
    logger log({.level = level, .format = format, .descriptor = pipe.write_end()});
    use(log);
  }
  return pipe.drain();
}

TEST(log, writes_text_with_fields) {
  const std::string line = logged(log_format::text, [](logger& log) {
    log.info("answered", {{"status", 200},
                          {"route", "/chat"},
                          {"ok", true},
                          {"ratio", 0.5},
                          {"took_ms", std::chrono::microseconds(1500)},
                          {"agent", "two words"},
                          {"empty", ""},
                          {"big", std::uint64_t{18446744073709551615U}}});
  });
  EXPECT_THAT(line, MatchesRegex("20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z "
                                 "info    answered .*\n"));
  EXPECT_THAT(line, EndsWith(" info    answered status=200 route=/chat ok=true ratio=0.5 took_ms=1.5 "
                             "agent=\"two words\" empty=\"\" big=18446744073709551615\n"));
}

TEST(log, writes_json_that_parses) {
  const std::string hostile = "a\"b\\c\nd\x1b[31m\x7f \xff é \xc2\x9b \xe2\x80\xae";
  const std::string line = logged(log_format::json, [&](logger& log) {
    log.with({{"request_id", "req_1"}}).warning(hostile, {{"text", hostile}, {"n", -3}, {"none", 0.0 / 0.0}});
  });
  const auto object = boost::json::parse(line).as_object();
  EXPECT_EQ(object.at("level"), "warning");
  EXPECT_EQ(object.at("request_id"), "req_1");
  EXPECT_EQ(object.at("n"), -3);
  EXPECT_TRUE(object.at("none").is_null());
  EXPECT_EQ(object.at("text"), "a\"b\\c\nd\x1b[31m\x7f \xef\xbf\xbd é \xc2\x9b \xe2\x80\xae");
  EXPECT_EQ(object.at("message"), object.at("text"));
  for (const char c : line.substr(0, line.size() - 1))
    EXPECT_GE(static_cast<unsigned char>(c), 0x20);
  EXPECT_EQ(line.find("\xe2\x80\xae"), std::string::npos) << "direction marks are escaped";
}

TEST(log, nothing_from_outside_starts_a_line_or_moves_a_terminal) {
  const std::string line = logged(log_format::text, [](logger& log) {
    log.error("no\nsuch\r\x1b[2J", {{"name", "x\n2026 info forged"}, {"raw", std::string_view("\xff\0", 2)}});
  });
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(line, EndsWith(R"(no\nsuch\r\x1b[2J name="x\n2026 info forged" raw="\xff\x00")"
                             "\n"));
}

TEST(log, long_values_are_cut) {
  const std::string line =
      logged(log_format::json, [](logger& log) { log.info("m", {{"v", std::string(100'000, 'x')}}); });
  EXPECT_LT(line.size(), 3000U);
  EXPECT_THAT(line, HasSubstr("x…\""));
  EXPECT_TRUE(boost::json::parse(line).is_object());
}

TEST(log, levels_change_while_it_runs) {
  const std::string text = logged(log_format::text, [](logger& log) {
    logger copy = log.with({});
    log.debug("one");
    copy.set_level(log_level::debug);
    log.debug("two");
    EXPECT_TRUE(log.enabled(log_level::debug));
    log.set_level(log_level::off);
    log.error("three");
    EXPECT_FALSE(log.enabled(log_level::error));
  });
  EXPECT_THAT(text, EndsWith(" debug   two\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

TEST(log, a_reader_that_does_not_read_costs_lines_and_no_time) {
  log_pipe pipe;
  ::fcntl(pipe.write_end(), F_SETPIPE_SZ, 4096);
  std::uint64_t dropped = 0;
  {
    logger log({.descriptor = pipe.write_end(), .queue_lines = 16, .exit_patience = std::chrono::milliseconds(1)});
    for (int i = 0; i < 10'000; ++i)
      log.info("a line that nobody reads", {{"i", i}});
    dropped = log.dropped();
  }
  EXPECT_GT(dropped, 9000U);
}

TEST(log, says_how_many_lines_were_lost) {
  log_pipe pipe;
  ::fcntl(pipe.write_end(), F_SETPIPE_SZ, 4096);
  logger log({.descriptor = pipe.write_end(), .queue_lines = 16});
  while (log.dropped() == 0)
    log.info(std::string(500, 'x'));
  std::string text;
  for (std::string more; text.find(" lines=") == std::string::npos; text += more) {
    more = pipe.drain(5000);
    ASSERT_NE(more, "") << text;
  }
  EXPECT_THAT(text, HasSubstr("warning log lines were lost lines="));
}

TEST(log, goes_on_when_the_reader_is_gone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::close(ends[0]);
  {
    logger log({.descriptor = ends[1]});
    log.info("to nobody");
    log.info("to nobody");
  }
  ::close(ends[1]);
}

TEST(log_limit, lets_one_line_through_per_interval_and_counts_the_rest) {
  using namespace std::chrono_literals;
  const std::chrono::steady_clock::time_point start{1h};
  log_limit limit(10s);
  EXPECT_EQ(limit.admit(start), 0U);
  EXPECT_EQ(limit.admit(start + 1s), std::nullopt);
  EXPECT_EQ(limit.admit(start + 9s), std::nullopt);
  EXPECT_EQ(limit.admit(start + 10s), 2U);
  EXPECT_EQ(limit.admit(start + 20s), 0U);
}

}  // namespace
}  // namespace sluice::telemetry
