#include "agent/attempt_plan.hpp"

#include <gtest/gtest.h>

#include "agent/providers/mock.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

std::vector<std::shared_ptr<provider>> make_providers() {
  std::vector<std::shared_ptr<provider>> all;
  for (const char* const name : {"a", "b", "c", "d"})
    all.push_back(std::make_shared<mock>(mock_settings{.name = name}));
  return all;
}

settings make_models() {
  settings told;
  told.models = {{.name = "one", .targets = {{.provider = "a"}}},
                 {.name = "two", .targets = {{.provider = "a"}, {.provider = "b"}}},
                 {.name = "all",
                  .targets = {{.provider = "a", .model = "x"}, {.provider = "b", .weight = 0}},
                  .fallback = {"two", "c/y", "a/x", "d/z"}}};
  return told;
}

class attempt_plan_test : public ::testing::Test {
 protected:
  attempt_plan plan_for(std::string_view model, retry_settings retry = {}, std::chrono::milliseconds patience = 60s) {
    return {*routes.choose(model, 0), retry, patience, now};
  }
  static error fails(error_reason why) { return {.reason = why, .message = "so it is"}; }
  static std::string who(const attempt_plan& plan) {
    return std::string(plan.current().to->name()) + "/" + plan.current().provider_model;
  }
  std::optional<std::chrono::milliseconds> next(attempt_plan& plan, const error& why, std::uint64_t dice = 0) {
    return plan.next(why, routes, now, dice);
  }

  route_table routes{make_models(), make_providers()};
  attempt_plan::time_point now{1h};
};

TEST_F(attempt_plan_test, the_same_target_again_after_a_random_pause) {
  attempt_plan plan = plan_for("one", {.attempts = 4, .base_delay = 100ms, .max_delay = 300ms});
  EXPECT_EQ(plan.share(now), 60s);
  EXPECT_EQ(next(plan, fails(error_reason::unavailable), 100), 100ms);
  EXPECT_EQ(next(plan, fails(error_reason::unavailable), 201 + 7), 7ms) << "twice as long at the most";
  EXPECT_EQ(next(plan, fails(error_reason::unavailable), 300), 300ms) << "never longer";
  EXPECT_EQ(plan.number(), 4U);
  EXPECT_EQ(next(plan, fails(error_reason::unavailable)), std::nullopt);
}

TEST_F(attempt_plan_test, what_is_the_requests_own_fault_is_not_asked_again) {
  for (const error_reason why : {error_reason::invalid_argument, error_reason::too_large, error_reason::cancelled,
                                 error_reason::conflict, error_reason::internal}) {
    attempt_plan plan = plan_for("two");
    EXPECT_EQ(next(plan, fails(why)), std::nullopt) << to_string(why);
    EXPECT_EQ(plan.verdict().reason, why);
  }
}

TEST_F(attempt_plan_test, others_first_at_once_and_then_those_that_may_have_recovered) {
  attempt_plan plan = plan_for("two");
  const std::string first = who(plan);
  EXPECT_EQ(next(plan, fails(error_reason::bad_gateway), 5), 0ms);
  EXPECT_NE(who(plan), first);
  EXPECT_EQ(next(plan, fails(error_reason::rate_limited), 5), 5ms);
  EXPECT_EQ(who(plan), first);
  EXPECT_EQ(next(plan, fails(error_reason::bad_gateway), 5), 5ms);
  EXPECT_NE(who(plan), first);
  EXPECT_EQ(next(plan, fails(error_reason::bad_gateway)), std::nullopt);
  EXPECT_EQ(plan.verdict().reason, error_reason::rate_limited) << "the client can act on it";
}

TEST_F(attempt_plan_test, fallbacks_in_their_order_each_place_once) {
  attempt_plan plan = plan_for("all", {.attempts = 1});
  std::vector<std::string> asked{who(plan)};
  while (next(plan, fails(error_reason::not_found)))
    asked.push_back(who(plan));
  // "two" has two targets of equal weight.
  ASSERT_EQ(asked.size(), 5U);
  if (asked[1] == "b/two") std::swap(asked[1], asked[2]);
  EXPECT_EQ(asked, (std::vector<std::string>{"a/x", "a/two", "b/two", "c/y", "d/z"}));
  EXPECT_EQ(plan.current().model, "all") << "the client knows it by its own name";
}

TEST_F(attempt_plan_test, what_a_fallback_cannot_do_another_may) {
  attempt_plan plan = plan_for("all", {.attempts = 2});
  EXPECT_EQ(next(plan, fails(error_reason::unavailable)), 0ms);
  EXPECT_EQ(next(plan, fails(error_reason::invalid_argument)), 0ms);
  EXPECT_EQ(plan.number(), 3U);
  EXPECT_EQ(plan.verdict().reason, error_reason::unavailable) << "the request itself was fine";
}

TEST_F(attempt_plan_test, clients_are_always_told_when_to_come_back) {
  EXPECT_EQ(for_client(fails(error_reason::unavailable)).retry_after, 1s);
  error told = fails(error_reason::unavailable);
  told.retry_after = 7s;
  EXPECT_EQ(for_client(told).retry_after, 7s);
  EXPECT_EQ(for_client(fails(error_reason::bad_gateway)).retry_after, std::nullopt);
}

TEST_F(attempt_plan_test, what_lasts_is_asked_of_others_only) {
  attempt_plan plan = plan_for("two", {.attempts = 3});
  error ours = fails(error_reason::bad_gateway);
  ours.lasting = true;
  EXPECT_EQ(next(plan, ours), 0ms);
  EXPECT_EQ(next(plan, ours), std::nullopt);
}

TEST_F(attempt_plan_test, the_providers_word_on_when_to_come_back_holds) {
  attempt_plan plan = plan_for("one", {.attempts = 3, .base_delay = 10ms, .max_delay = 5s});
  error limited = fails(error_reason::rate_limited);
  limited.retry_after = 2s;
  EXPECT_EQ(next(plan, limited, 3), 2s);
  limited.retry_after = 6s;
  EXPECT_EQ(next(plan, limited), std::nullopt) << "too long to wait for";
  EXPECT_EQ(plan.verdict().retry_after, 6s);
}

TEST_F(attempt_plan_test, time_is_shared_by_those_who_have_not_been_asked) {
  attempt_plan plan = plan_for("all", {.attempts = 2}, 60s);
  EXPECT_EQ(plan.share(now), 10s) << "this one, and five behind it at the most";
  now += 20s;
  EXPECT_EQ(next(plan, fails(error_reason::timed_out)), 0ms);
  EXPECT_EQ(plan.share(now), 10s) << "this one, and three behind it";
  now += 10s;
  EXPECT_EQ(next(plan, fails(error_reason::timed_out)), 0ms);
  EXPECT_EQ(plan.share(now), 10s);
  now += 31s;
  EXPECT_EQ(next(plan, fails(error_reason::timed_out)), std::nullopt) << "no time is left";
}

TEST_F(attempt_plan_test, who_waits_for_ever_is_waited_for) {
  attempt_plan plan = plan_for("two", {}, std::chrono::milliseconds::max());
  EXPECT_EQ(plan.share(now), std::chrono::milliseconds::max());
  EXPECT_EQ(next(plan, fails(error_reason::bad_gateway)), 0ms);
}

}  // namespace
}  // namespace sluice::agent
