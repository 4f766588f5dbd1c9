#include "agent/usage_ledger.hpp"

#include "agent/agent_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

class usage_ledger_test : public agent_fixture {
 protected:
  void SetUp() override {
    build({.delay = 0ms});
    used("gen_1", "usr_1", "fast", "mock", 0h, 10);
    used("gen_2", "usr_1", "slow", "mock", 1h, 20);
    used("gen_3", "usr_2", "fast", "openai", 24h, 1000, generation::status::failed);
    used("gen_4", "usr_2", "fast", "mock", 47h + 59min, 30);
    used("gen_5", "usr_2", "fast", "mock", 48h, 5);
  }
  // At some time after the beginning of 2026-03-01.
  void used(const std::string& id, const std::string& user, const std::string& model, const std::string& provider,
            std::chrono::milliseconds when, std::int64_t tokens,
            generation::status how = generation::status::completed) {
    ended_generation ended{.id = id, .who = {.user_id = user}, .model = model};
    ended.how.status = how;
    ended.how.provider = provider;
    ended.how.attempts = 1;
    ended.how.usage = {.input_tokens = tokens, .output_tokens = 1, .source = generation::usage_source::provider};
    ended.ended_at = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + when;
    ASSERT_TRUE(on_worker(kept->record({std::make_shared<const ended_generation>(ended)})));
  }
  usage_report ask_for(usage_report_request asked) {
    usage_ledger ledger(*kept);
    if (asked.from.empty()) asked.from = "2026-03-01";
    if (asked.to.empty()) asked.to = "2026-03-02";
    auto made = on_worker(ledger.report_usage(std::move(asked)));
    EXPECT_TRUE(made) << made.error().detail;
    return made.value_or(usage_report{});
  }
};

TEST_F(usage_ledger_test, sums_by_what_is_asked_for) {
  const auto by_user = ask_for({.by = {usage_grouping::user}});
  ASSERT_EQ(by_user.rows.size(), 2U);
  EXPECT_EQ(by_user.rows[0].user_id, "usr_2");  // used the most
  EXPECT_EQ(by_user.rows[0].requests, 2U);
  EXPECT_EQ(by_user.rows[0].failed, 1U);
  EXPECT_EQ(by_user.rows[0].tokens.input_tokens, 1030);
  EXPECT_EQ(by_user.rows[0].tokens.source, generation::usage_source::provider);
  EXPECT_EQ(by_user.rows[0].day + by_user.rows[0].model + by_user.rows[0].provider, "");
  EXPECT_EQ(by_user.rows[1].tokens.input_tokens, 30);
  EXPECT_EQ(by_user.total.requests, 4U);
  EXPECT_EQ(by_user.total.tokens.input_tokens, 1060);
  EXPECT_EQ(by_user.total.tokens.output_tokens, 4);
  EXPECT_FALSE(by_user.truncated);
}

TEST_F(usage_ledger_test, days_are_those_of_utc_and_both_ends_count) {
  const auto by_day = ask_for({.by = {usage_grouping::provider, usage_grouping::day, usage_grouping::day}});
  ASSERT_EQ(by_day.rows.size(), 3U);
  EXPECT_EQ(by_day.rows[0].day, "2026-03-01");
  EXPECT_EQ(by_day.rows[0].tokens.input_tokens, 30);
  EXPECT_EQ(by_day.rows[1].day, "2026-03-02");
  EXPECT_EQ(by_day.rows[1].provider, "openai");
  EXPECT_EQ(by_day.rows[2].tokens.input_tokens, 30);
}

TEST_F(usage_ledger_test, filters_and_nothing_at_all) {
  EXPECT_EQ(ask_for({.by = {usage_grouping::model}, .user_id = "usr_1"}).rows.size(), 2U);
  EXPECT_EQ(ask_for({.model = "fast", .provider = "mock"}).total.requests, 2U);
  const auto nothing = ask_for({.by = {usage_grouping::day}, .user_id = "' OR 1=1 --"});
  EXPECT_TRUE(nothing.rows.empty());
  EXPECT_EQ(nothing.total.requests, 0U);
  EXPECT_TRUE(ask_for({}).rows.empty());
}

TEST_F(usage_ledger_test, ranges_are_checked) {
  usage_ledger ledger(*kept);
  const auto param = [&](const std::string& from, const std::string& to) {
    return on_worker(ledger.report_usage({.from = from, .to = to})).error().param;
  };
  EXPECT_EQ(param("2026-02-30", "2026-03-01"), "from");
  EXPECT_EQ(param("2026-03-01", "tomorrow"), "to");
  EXPECT_EQ(param("2026-03-02", "2026-03-01"), "to");
  EXPECT_EQ(param("2025-01-01", "2026-03-01"), "to");
}

}  // namespace
}  // namespace sluice::agent
