#include "agent/rpc_usage.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "async/worker_pool.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

// Answers with what it was asked, so that nothing can be lost on the way.
class mirrored_usage final : public usage_reports {
 public:
  task<result<usage_report>> report_usage(usage_report_request asked) override {
    if (asked.from == "wrong") co_return failure(error_reason::invalid_argument, "no day", "from");
    usage_report made;
    for (const usage_grouping by : asked.by) {
      usage_report_row row{.day = asked.from, .user_id = asked.user_id, .model = asked.model};
      row.provider = asked.provider;
      row.requests = static_cast<std::uint64_t>(by) + 1;
      row.failed = 2;
      row.tokens = {.input_tokens = 3,
                    .cached_tokens = 4,
                    .cache_write_tokens = 5,
                    .output_tokens = 6,
                    .reasoning_tokens = 7,
                    .source = generation::usage_source::provider};
      row.cost_nano_usd = 8;
      made.rows.push_back(row);
    }
    made.total.requests = 9;
    made.truncated = true;
    co_return made;
  }
};

class rpc_usage_test : public ::testing::Test {
 public:
  rpc_usage_test() {
    workers.start();
    server.add(make_usage_rpc_service(server.host(), behind));
    EXPECT_TRUE(server.start());
    channel = std::move(
        *rpc::channel::make({.peer = "agent", .addresses = {server.address()}, .protection = protection()}, log));
    client = make_usage_rpc_client(*channel, 20s);
  }
  ~rpc_usage_test() override {
    client.reset();
    channel.reset();
    workers.stop();
  }
  static rpc::security protection() { return {.tls = {}, .secret = secret_string("of all nodes")}; }
  result<usage_report> ask(usage_report_request asked) {
    return asio::co_spawn(workers[0].get_executor(), client->report_usage(std::move(asked)), asio::use_future).get();
  }

  telemetry::logger log{{.level = telemetry::log_level::off}};
  async::worker_pool workers{2};
  mirrored_usage behind;
  rpc::server server{workers, {.listen = "127.0.0.1:0", .protection = protection()}, log};
  std::unique_ptr<rpc::channel> channel;
  std::unique_ptr<usage_reports> client;
};

TEST_F(rpc_usage_test, loses_nothing_on_the_way) {
  using enum usage_grouping;
  const auto report = ask({.from = "2026-03-01",
                           .to = "2026-03-02",
                           .by = {provider, day, user, model},
                           .user_id = "usr_1",
                           .model = "m\xFF",
                           .provider = "p"});
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_EQ(report->rows.size(), 4U);
  const std::uint64_t order[] = {4, 1, 2, 3};
  for (std::size_t i = 0; i < 4; ++i) {
    const usage_report_row& row = report->rows[i];
    EXPECT_EQ(row.requests, order[i]);
    EXPECT_EQ(row.day, "2026-03-01");
    EXPECT_EQ(row.user_id, "usr_1");
    EXPECT_EQ(row.model, "m\xFF");
    EXPECT_EQ(row.provider, "p");
    EXPECT_EQ(row.failed, 2U);
    const generation::usage tokens{.input_tokens = 3,
                                   .cached_tokens = 4,
                                   .cache_write_tokens = 5,
                                   .output_tokens = 6,
                                   .reasoning_tokens = 7,
                                   .source = generation::usage_source::provider};
    EXPECT_EQ(row.tokens, tokens);
    EXPECT_EQ(row.cost_nano_usd, 8);
  }
  EXPECT_EQ(report->total.requests, 9U);
  EXPECT_EQ(report->total.tokens.source, generation::usage_source::estimated);
  EXPECT_TRUE(report->truncated);
}

TEST_F(rpc_usage_test, errors_come_whole) {
  const auto refused = ask({.from = "wrong"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::invalid_argument);
  EXPECT_EQ(refused.error().param, "from");
  EXPECT_EQ(refused.error().message, "no day");
}

}  // namespace
}  // namespace sluice::agent
