// Attempts of a generation: who is asked after a failure, and what is recorded of it.
#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent_testing.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// Fails as often as it is told to, then says its name.
class failing_provider final : public provider {
 public:
  failing_provider(std::string name, std::deque<error> failures)
      : name_(std::move(name)), failures_(std::move(failures)) {}
  std::string_view name() const override { return name_; }
  task<result<void>> generate(const generation::request& asked, std::string_view, provider_output& out) override {
    seen.push_back(asked);
    if (says_before_it_fails) out.append(generation::delta_kind::text, "half");
    if (!failures_.empty()) {
      error why = std::move(failures_.front());
      failures_.pop_front();
      co_return std::unexpected(std::move(why));
    }
    if (!signature.empty()) {
      out.append(generation::delta_kind::reasoning, "hm");
      out.append(generation::delta_kind::signature, signature);
    }
    out.append(generation::delta_kind::text, name_);
    out.finish_choice({});
    out.report_usage({.input_tokens = 3, .output_tokens = 1, .source = generation::usage_source::provider});
    co_return result<void>{};
  }
  void fail_next(error why) { failures_.push_front(std::move(why)); }
  std::vector<generation::request> seen;
  bool says_before_it_fails = false;
  std::string signature;  // of its thinking, which it has then

 private:
  std::string name_;
  std::deque<error> failures_;
};

error fails(error_reason why) {
  return {.reason = why, .message = "so it is"};
}

class agent_attempts_test : public agent_fixture {
 protected:
  void build_with(std::deque<error> of_first, std::deque<error> of_second = {}, retry_settings retry = {}) {
    first = std::make_shared<failing_provider>("first", std::move(of_first));
    second = std::make_shared<failing_provider>("second", std::move(of_second));
    settings rules;
    rules.retry = retry;
    rules.models.push_back(
        {.name = "both", .targets = {{.provider = "first"}}, .fallback = {"second/other"}, .context_tokens = 100'000});
    build({first, second, std::make_shared<mock>(mock_settings{})}, rules);
  }
  start_request ask_both(std::string conversation = {}) {
    start_request asked = ask("Hi");
    asked.request.model = "both";
    asked.conversation_id = std::move(conversation);
    return asked;
  }
  generation::finish ending() { return log_of(last.generation_id)->ending(); }
  std::vector<std::string> usage_rows() {
    return on_worker(database->read([](soci::session& in) -> result<std::vector<std::string>> {
             std::vector<std::string> rows;
             const soci::rowset<std::string> found =
                 (in.prepare << "SELECT attempt || ' ' || provider || '/' || provider_model || ' ' || status || ' ' ||"
                                " (input_tokens + output_tokens) FROM usage_events ORDER BY generation_id, attempt");
             for (const std::string& row : found)
               rows.push_back(row);
             return rows;
           }))
        .value();
  }

  std::shared_ptr<failing_provider> first;
  std::shared_ptr<failing_provider> second;
};

TEST_F(agent_attempts_test, the_fallback_answers) {
  build_with({fails(error_reason::unavailable)});
  EXPECT_EQ(answer_to(ask_both()), "second");
  EXPECT_EQ(ending().attempts, 2U);
  EXPECT_EQ(ending().provider, "second");
  EXPECT_EQ(ending().provider_model, "other");
  EXPECT_EQ(watcher.attempted, 2);
  EXPECT_THAT(usage_rows(), ElementsAre("1 first/both retried 0", "2 second/other completed 4"));
}

TEST_F(agent_attempts_test, all_fail) {
  const error limited{.reason = error_reason::rate_limited, .message = "slowly", .param = {}, .retry_after = 1h};
  build_with({limited, limited}, {fails(error_reason::bad_gateway), fails(error_reason::bad_gateway)},
             {.attempts = 2, .base_delay = 1ms, .max_delay = 5ms});
  EXPECT_EQ(answer_to(ask_both()), "");
  EXPECT_EQ(ending().attempts, 3U) << "the first one is not asked again within the hour";
  EXPECT_EQ(ending().problem->reason, error_reason::rate_limited);
  EXPECT_EQ(ending().problem->retry_after, 1h);
}

TEST_F(agent_attempts_test, what_has_begun_is_not_begun_again) {
  build_with({fails(error_reason::unavailable)});
  first->says_before_it_fails = true;
  EXPECT_EQ(answer_to(ask_both()), "half");
  EXPECT_EQ(ending().attempts, 1U);
  EXPECT_EQ(ending().status, generation::status::failed);
  EXPECT_EQ(ending().problem->retry_after, 1s) << "when to come back is always said";
  EXPECT_TRUE(second->seen.empty());
}

TEST_F(agent_attempts_test, each_sees_its_own_vendor_fields_alone) {
  build_with({}, {}, {.attempts = 1});
  first->signature = "of the first";
  second->signature = "of the second";
  const auto signatures = [](const generation::request& asked) {
    std::vector<std::string> found;
    for (const generation::message& said : asked.messages) {
      for (const generation::content_part& part : said.parts) {
        const auto* const thought = std::get_if<generation::reasoning_part>(&part.what);
        if (thought != nullptr && !thought->signature.empty()) found.push_back(thought->signature);
      }
    }
    return found;
  };
  EXPECT_EQ(answer_to(ask_both("new")), "first");
  first->fail_next(fails(error_reason::unavailable));
  EXPECT_EQ(answer_to(ask_both(last.conversation_id)), "second");
  EXPECT_EQ(answer_to(ask_both(last.conversation_id)), "first");
  ASSERT_EQ(first->seen.size(), 3U);
  ASSERT_EQ(second->seen.size(), 1U);
  EXPECT_EQ(second->seen[0].messages.size(), 3U);
  EXPECT_THAT(signatures(first->seen[1]), ElementsAre("of the first"));
  EXPECT_THAT(signatures(second->seen[0]), ElementsAre()) << "the same turn, of the same history";
  EXPECT_THAT(signatures(first->seen[2]), ElementsAre("of the first"));
}

TEST_F(agent_attempts_test, a_cancel_ends_the_pause) {
  error limited = fails(error_reason::rate_limited);
  limited.retry_after = 1h;
  build_with({limited}, {limited}, {.attempts = 2, .base_delay = 2h, .max_delay = 2h});
  const auto begun = on_worker(subject->start(ask_both()));
  ASSERT_TRUE(begun);
  const auto log = log_of(begun->generation_id);
  ASSERT_TRUE(on_worker(subject->cancel({.user_id = "usr_1"}, begun->generation_id)));
  on_worker(read_all(log));
  EXPECT_EQ(log->ending().status, generation::status::cancelled);
  EXPECT_EQ(log->ending().problem, std::nullopt);
}

}  // namespace
}  // namespace sluice::agent
