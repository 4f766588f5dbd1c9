#include "telemetry/tracer.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/names.hpp"

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;

class kept_spans final : public span_sink {
 public:
  void take(std::unique_ptr<span_record> ended) override { all.push_back(std::move(*ended)); }
  std::vector<span_record> all;
};

std::vector<std::string_view> keys_of(const std::vector<span_record::pair>& pairs) {
  std::vector<std::string_view> keys;
  for (const auto& each : pairs)
    keys.push_back(each.key.text());
  return keys;
}

constexpr sampling everything{.roots = sampling::rule::all};

TEST(tracer, a_child_belongs_to_its_parents_trace) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer from(everything, seen);
  span parent = from.start("parent", span_kind::server);
  span child = from.start("child", span_kind::client, parent.context());
  EXPECT_EQ(child.context().trace_id, parent.context().trace_id);
  EXPECT_NE(child.context().span_id, parent.context().span_id);
  const trace_context expected = parent.context();
  child.end();
  parent.end();
  ASSERT_EQ(seen->all.size(), 2U);
  EXPECT_EQ(seen->all[0].name, "child");
  EXPECT_EQ(seen->all[0].parent, expected);
  EXPECT_EQ(seen->all[1].name, "parent");
  EXPECT_FALSE(seen->all[1].parent.is_valid());
}

TEST(tracer, a_span_ends_once_and_with_what_was_said_until_then) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer from(everything, seen);
  {
    span one = from.start("first", span_kind::internal);
    one.set({names::span_attempt, 1});
    one.set({names::span_attempt, 2});
    one.set({names::gen_ai_request_stream, true});
    one.set(names::gen_ai_finish_reasons, {"stop", "b\xFFr"});
    one.add_event(names::event_retry, {{names::error_type, "b\xFF"}});
    one.set_name("second");
    one.fail(error{.reason = error_reason::timed_out, .message = "too late", .detail = "secret"});
    span moved = std::move(one);
    moved.end();
    moved.set({names::span_provider, "late"});
    one.end();  // NOLINT(bugprone-use-after-move): what was moved from is none
  }
  ASSERT_EQ(seen->all.size(), 1U);
  const span_record& told = seen->all[0];
  EXPECT_EQ(told.name, "second");
  EXPECT_THAT(keys_of(told.attributes), ElementsAre(names::span_attempt, names::gen_ai_request_stream,
                                                    names::gen_ai_finish_reasons, names::error_type));
  EXPECT_EQ(std::get<std::int64_t>(told.attributes[0].holds), 2);
  EXPECT_THAT(std::get<std::vector<std::string>>(told.attributes[2].holds), ElementsAre("stop", "b?r"));
  EXPECT_EQ(std::get<std::string>(told.attributes[3].holds), "timed_out");
  ASSERT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.events[0].name.text(), "retry");
  EXPECT_TRUE(told.failed);
  EXPECT_EQ(told.problem, "too late");
}

TEST(tracer, a_span_is_bounded) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer from(everything, seen);
  span one = from.start("big", span_kind::internal);
  for (int i = 0; i < 1000; ++i) {
    one.add_event(names::event_retry);
  }
  one.set({names::gen_ai_input, std::string(1'000'000, 'x') + "\xC3"});
  one.end();
  EXPECT_LE(seen->all[0].events.size(), 64U);
  EXPECT_EQ(std::get<std::string>(seen->all[0].attributes[0].holds).size(), 65536U);
}

TEST(tracer, what_is_cut_is_cut_between_characters) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer from(everything, seen);
  span one = from.start("x", span_kind::internal);
  one.set({names::gen_ai_input, std::string(65535, 'x') + "\xC3\xA4"});
  one.end();
  EXPECT_EQ(std::get<std::string>(seen->all[0].attributes[0].holds), std::string(65535, 'x'));
}

TEST(tracer, off_it_hands_on_what_it_is_given) {
  const tracer off;
  EXPECT_FALSE(off.is_on());
  EXPECT_FALSE(off.start("root", span_kind::server).context().is_valid());
  const trace_context given = parse_trace_context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=b");
  const span child = off.start("child", span_kind::server, given);
  EXPECT_FALSE(child.is_recording());
  EXPECT_EQ(child.context(), given);
}

TEST(tracer, one_that_is_not_sampled_says_so_to_its_children) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer from({.roots = sampling::rule::none}, seen);
  {
    const span root = from.start("root", span_kind::server);
    EXPECT_TRUE(root.context().is_valid());
    EXPECT_FALSE(root.context().sampled);
    const tracer elsewhere(everything, seen);
    EXPECT_FALSE(elsewhere.start("child", span_kind::server, root.context()).is_recording());
    const tracer stubborn({.roots = sampling::rule::all, .ratio = 1, .follow_parent = false}, seen);
    EXPECT_TRUE(stubborn.start("child", span_kind::server, root.context()).is_recording());
  }
  EXPECT_EQ(seen->all.size(), 1U);
  const trace_context sampled = parse_trace_context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "");
  EXPECT_TRUE(from.start("child", span_kind::server, sampled).is_recording());
}

TEST(tracer, takes_the_share_that_it_was_told) {
  const auto seen = std::make_shared<kept_spans>();
  const tracer some({.roots = sampling::rule::share, .ratio = 0.25}, seen);
  const tracer same({.roots = sampling::rule::share, .ratio = 0.25, .follow_parent = false}, seen);
  const tracer none({.roots = sampling::rule::share, .ratio = 0}, seen);
  const tracer all({.roots = sampling::rule::share, .ratio = 1}, seen);
  std::set<std::string> traces;
  int sampled = 0;
  constexpr int rounds = 10'000;
  for (int i = 0; i < rounds; ++i) {
    const span one = some.start("one", span_kind::server);
    sampled += one.is_recording() ? 1 : 0;
    traces.insert(one.context().trace_id_text());
    // Decided by the trace, not by who looks at it.
    EXPECT_EQ(same.start("two", span_kind::server, one.context()).is_recording(), one.is_recording());
    EXPECT_FALSE(none.start("no", span_kind::server).is_recording());
    EXPECT_TRUE(all.start("yes", span_kind::server).is_recording());
  }
  EXPECT_EQ(traces.size(), static_cast<std::size_t>(rounds));
  EXPECT_NEAR(sampled, rounds / 4, 300);  // seven standard deviations
}

}  // namespace
}  // namespace sluice::telemetry
