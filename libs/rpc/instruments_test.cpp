#include "rpc/instruments.hpp"

#include <gmock/gmock.h>

#include "rpc/rpc_testing.hpp"

namespace sluice::rpc::testing {
namespace {

using ::testing::HasSubstr;

class kept_spans final : public telemetry::span_sink {
 public:
  void take(std::unique_ptr<telemetry::span_record> ended) override {
    const std::lock_guard held(lock_);
    all_.push_back(std::move(*ended));
    changed_.notify_all();
  }
  std::vector<telemetry::span_record> wait_for(std::size_t count) {
    std::unique_lock held(lock_);
    changed_.wait_for(held, patience, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<telemetry::span_record> all_;
};

class instruments_test : public rpc_fixture {
 public:
  ~instruments_test() override {
    links.reset();
    one.reset();
    workers.stop();
  }

 protected:
  void serve_watched() {
    server_settings told = local();
    told.watch = &watch;
    serve(told);
    auto made = channel::make({.peer = "echo", .addresses = {one->server.address()}, .watch = &watch}, log);
    ASSERT_TRUE(made);
    links = std::move(*made);
  }

  const std::shared_ptr<kept_spans> seen = std::make_shared<kept_spans>();
  const telemetry::tracer spans{{.roots = telemetry::sampling::rule::all}, seen};
  telemetry::metric_registry metrics{workers.size()};
  instruments watch{metrics, spans};
  const telemetry::trace_context given =
      telemetry::parse_trace_context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "a=b");
};

TEST_F(instruments_test, a_call_is_one_trace_on_both_sides) {
  serve_watched();
  const auto answer = say("", "hello", 0, {.deadline = patience, .trace = given});
  ASSERT_TRUE(answer);
  const auto all = seen->wait_for(2);
  ASSERT_EQ(all.size(), 2U);
  const auto& served = all[0].kind == telemetry::span_kind::server ? all[0] : all[1];
  const auto& made = all[0].kind == telemetry::span_kind::server ? all[1] : all[0];
  EXPECT_EQ(served.name, "sluice.rpc_testing.v1.Echo/Say");
  EXPECT_EQ(made.name, served.name);
  EXPECT_EQ(made.parent.span_id, given.span_id);
  EXPECT_EQ(served.parent.span_id, made.context.span_id);
  EXPECT_EQ(served.context.trace_id, given.trace_id);
  // What the handler was told is what its own calls belong under.
  EXPECT_EQ(answer->trace_parent(), served.context.parent_text());
  EXPECT_EQ(answer->trace_state(), "a=b");
}

TEST_F(instruments_test, a_nodes_own_errand_begins_no_trace) {
  serve_watched();
  ASSERT_TRUE(say("", "hello"));
  ASSERT_TRUE(say("", "hello", 0, {.deadline = patience, .trace = given}));
  for (const telemetry::span_record& each : seen->wait_for(2))
    EXPECT_EQ(each.context.trace_id, given.trace_id);
}

TEST_F(instruments_test, failures_are_counted_and_marked) {
  serve_watched();
  ASSERT_FALSE(say("fail", "no such thing", static_cast<std::uint64_t>(error_reason::not_found),
                   {.deadline = patience, .trace = given}));
  for (const telemetry::span_record& each : seen->wait_for(2)) {
    EXPECT_TRUE(each.failed);
    EXPECT_EQ(each.problem, "not_found");  // no words of the service, which may be about somebody
  }
  const std::string text = metrics.render();
  const std::string labels = R"({method="sluice.rpc_testing.v1.Echo/Say",status="NOT_FOUND"} 1)";
  EXPECT_THAT(text, HasSubstr("sluice_rpc_served_total" + labels));
  EXPECT_THAT(text, HasSubstr("sluice_rpc_calls_total" + labels));
  EXPECT_THAT(text, HasSubstr("sluice_rpc_serving 0\n"));
}

}  // namespace
}  // namespace sluice::rpc::testing
