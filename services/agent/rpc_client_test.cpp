// Two agents on one database, and gateways that hold them as one: all over loopback.
#include "agent/rpc_client.hpp"

#include <algorithm>
#include <atomic>
#include <future>
#include <list>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "agent/agent_testing.hpp"
#include "agent/module.hpp"
#include "agent/rpc_server.hpp"
#include "agent/state_testing.hpp"
#include "generation/answer.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;
using generation::status;

class rpc_client_test : public ::testing::Test {
 protected:
  struct node {
    node(rpc_client_test& of, const std::string& name, const mock_settings& told)
        : outbox(std::move(*store::outbox::open({.file = of.scratch / name}))),
          agents(of.workers, rules(), {std::make_shared<mock>(told)}, *of.database, *outbox, of.metrics.emplace_back(2),
                 of.spans, of.log),
          server(of.workers, {.listen = "127.0.0.1:0", .protection = protection()}, of.log) {
      add_rpc_services(server, agents, [this] { return address; });
      EXPECT_TRUE(agents.begin(false));
      EXPECT_TRUE(server.start());
      address = server.address();
      agents.join(of.state, address);
    }
    // As if it were killed: nobody hears of it any more.
    void die(async::worker_pool& on) {
      server.stop(0ms);
      on.run_first(agents.leave());
    }
    std::unique_ptr<store::outbox> outbox;
    std::string address;
    module agents;
    rpc::server server;
  };

  // What a gateway has.
  struct gateway {
    gateway(rpc_client_test& of, const std::vector<std::string>& addresses, rpc_client_settings told)
        : any(of.connect(addresses, true)),
          client(
              of.workers, *any, [&of](const std::string& address) { return of.try_connect({address}, false); },
              of.state, told, of.log) {
      client.begin();
    }
    std::unique_ptr<rpc::channel> any;
    rpc_client client;
  };

 public:
  rpc_client_test() { workers.start(); }
  ~rpc_client_test() override {
    for (auto& one : gateways)
      one->client.stop();
    gateways.clear();
    for (auto& one : nodes)
      if (one) one->die(workers);
    workers.stop();
    nodes.clear();
  }

 protected:
  static rpc_client_settings patient() { return {.opening_deadline = 20s, .abandoned_after = 1h}; }
  static settings rules() {
    return {.models = {{.name = "mock", .targets = {{.provider = "mock"}}}}, .default_model = "mock"};
  }
  static rpc::security protection() { return {.tls = {}, .secret = secret_string("of all nodes")}; }
  result<std::unique_ptr<rpc::channel>> try_connect(std::vector<std::string> addresses, bool only_serving) {
    ++channels_made;
    return rpc::channel::make(
        {.peer = "agent", .addresses = std::move(addresses), .protection = protection(), .only_serving = only_serving},
        log);
  }
  std::unique_ptr<rpc::channel> connect(std::vector<std::string> addresses, bool only_serving) {
    return std::move(*try_connect(std::move(addresses), only_serving));
  }

  node& add_agent(const mock_settings& told) {
    nodes.push_back(std::make_unique<node>(*this, "outbox" + std::to_string(nodes.size()), told));
    return *nodes.back();
  }
  // To all agents, or only to `those`.
  service& add_gateway(std::vector<std::string> those = {}, rpc_client_settings told = patient()) {
    if (those.empty()) {
      for (const auto& one : nodes)
        those.push_back(one->address);
    }
    gateways.push_back(std::make_unique<gateway>(*this, those, told));
    return gateways.back()->client.face();
  }

  template <class T>
  T on_worker(task<T> work, std::size_t worker = 0) {
    return asio::co_spawn(workers[worker].get_executor(), std::move(work), asio::use_future).get();
  }
  // Returns when at least `count` deltas are there.
  static task<std::uint64_t> read_until(std::shared_ptr<generation::log> source, std::uint64_t count) {
    async::wakeup growth(co_await asio::this_coro::executor);
    generation::cursor reader(source, 0, growth);
    while (source->published() < count && !reader.finished()) {
      while (reader.next(generation::merging::neighbours, 1 << 16)) {
      }
      if (source->published() < count && !reader.finished()) co_await growth.wait();
    }
    co_return source->last_number();
  }
  static task<std::string> read_behind(std::shared_ptr<generation::log> source, std::uint64_t after) {
    async::wakeup growth(co_await asio::this_coro::executor);
    generation::cursor reader(source, after, growth);
    std::string text;
    while (!reader.finished()) {
      while (const auto found = reader.next(generation::merging::neighbours, 1 << 16))
        text += source->copy(found->begin, found->end);
      if (!reader.finished()) co_await growth.wait();
    }
    co_return text;
  }

  const caller me{.user_id = "usr_1"};
  const store::scratch_directory scratch;
  telemetry::logger log{{.level = telemetry::log_level::off}};
  telemetry::tracer spans;
  std::list<telemetry::metric_registry> metrics;
  moody_state state;
  std::atomic<int> channels_made = 0;
  async::worker_pool workers{2};
  std::unique_ptr<store::database> database = store::must_open(scratch / "data.db");
  std::vector<std::unique_ptr<node>> nodes;
  std::vector<std::unique_ptr<gateway>> gateways;
};

constexpr mock_settings stalling(std::uint64_t after) {
  return {.delay = 0ms, .reasoning = false, .fault = mock_fault::stall, .fault_after = after, .stall_limit = 1h};
}

TEST_F(rpc_client_test, an_answer_comes_whole) {
  add_agent({.delay = 0ms});
  service& one = add_gateway();
  const auto begun = on_worker(one.start(ask("Hello é漢🙂")));
  ASSERT_TRUE(begun) << begun.error().message;
  EXPECT_EQ(begun->model, "mock");
  const auto found = on_worker(one.follow(me, begun->generation_id, 0));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(on_worker(read_all(found->log), 1).starts_with("You said: \"Hello é漢🙂\"."));
  EXPECT_EQ(found->log->ending().status, status::completed);
  EXPECT_EQ(found->log->ending().usage.input_tokens, 9);
  EXPECT_EQ(found->log->ending().usage.source, generation::usage_source::provider);
  EXPECT_FALSE(generation::collect(*found->log)[0].reasoning.empty());
}

TEST_F(rpc_client_test, all_readers_of_a_gateway_share_one_stream) {
  add_agent(stalling(3));
  service& one = add_gateway();
  const auto begun = on_worker(one.start(ask("Hello")));
  std::vector<std::future<result<followed>>> asked;
  for (std::size_t i = 0; i < 16; ++i)
    asked.push_back(
        asio::co_spawn(workers[i % 2].get_executor(), one.follow(me, begun->generation_id, 0), asio::use_future));
  std::vector<std::shared_ptr<generation::log>> logs;
  for (auto& each : asked)
    logs.push_back(each.get()->log);
  EXPECT_EQ(std::ranges::count(logs, logs.front()), 16);
  EXPECT_EQ(gateways[0]->client.followed_now(), 1U);
  on_worker(read_until(logs.front(), 3), 1);
  ASSERT_TRUE(on_worker(one.cancel(me, begun->generation_id), 1));
  EXPECT_EQ(on_worker(read_all(logs.front()), 1), "You");
  EXPECT_EQ(logs.front()->ending().status, status::cancelled);
}

TEST_F(rpc_client_test, another_gateway_goes_on_where_a_client_was_and_cancels) {
  add_agent(stalling(5));
  add_agent(stalling(5));
  service& one = add_gateway();
  service& other = add_gateway();
  for (int i = 0; i < 4; ++i) {  // with both agents
    const auto begun = on_worker(one.start(ask("Hello")));
    ASSERT_TRUE(begun) << begun.error().message;
    on_worker(read_until(on_worker(one.follow(me, begun->generation_id, 0))->log, 5));
    const auto resumed = on_worker(other.follow(me, begun->generation_id, 2));
    ASSERT_TRUE(resumed) << resumed.error().message;
    EXPECT_TRUE(on_worker(other.cancel(me, begun->generation_id)));
    EXPECT_EQ(on_worker(read_behind(resumed->log, 2)), "u s");
    EXPECT_EQ(resumed->log->ending().status, status::cancelled);
  }
}

TEST_F(rpc_client_test, a_generation_belongs_to_its_user) {
  add_agent(stalling(3));
  service& one = add_gateway();
  const auto begun = on_worker(one.start(ask("Hello")));
  ASSERT_TRUE(on_worker(one.follow(me, begun->generation_id, 0)));
  const caller stranger{.user_id = "usr_2"};
  for (service* which : {&one, &add_gateway()}) {
    EXPECT_EQ(on_worker(which->follow(stranger, begun->generation_id, 0)).error().reason, error_reason::not_found);
    EXPECT_EQ(on_worker(which->cancel(stranger, begun->generation_id)).error().reason, error_reason::not_found);
  }
  EXPECT_EQ(on_worker(one.start({.request = {.model = "nonsense"}, .who = me})).error().reason,
            error_reason::not_found);
}

TEST_F(rpc_client_test, an_agent_that_dies_ends_its_answers_as_failed_and_the_next_chat_works) {
  node& first = add_agent(stalling(4));
  node& second = add_agent({.delay = 0ms});
  service& to_first = add_gateway({first.address});
  service& to_both = add_gateway({first.address, second.address});
  const auto begun = on_worker(to_first.start(ask("Hello")));
  const auto found = on_worker(to_both.follow(me, begun->generation_id, 0));
  on_worker(read_until(found->log, 4));
  first.die(workers);
  state.pass(11s);  // its leases run out
  EXPECT_EQ(on_worker(read_all(found->log)), "You ");
  EXPECT_EQ(found->log->ending().status, status::failed);
  EXPECT_EQ(found->log->ending().problem->reason, error_reason::unavailable);
  const auto next = on_worker(to_both.start(ask("Again")));
  ASSERT_TRUE(next) << next.error().message;
  const auto answer = on_worker(to_both.follow(me, next->generation_id, 0));
  EXPECT_TRUE(on_worker(read_all(answer->log)).starts_with("You said: \"Again\""));
}

TEST_F(rpc_client_test, how_far_an_answer_has_come_is_asked_of_its_writer) {
  add_agent(stalling(5));
  add_agent(stalling(5));
  service& one = add_gateway();
  service& other = add_gateway();
  for (int i = 0; i < 4; ++i) {  // with both agents
    start_request asked = ask("Hello");
    asked.conversation_id = "new";
    const auto begun = on_worker(one.start(std::move(asked)));
    ASSERT_TRUE(begun) << begun.error().message;
    on_worker(read_until(on_worker(one.follow(me, begun->generation_id, 0))->log, 5));
    for (const auto& each : gateways) {
      const auto record = on_worker(each->client.stored().read_generation(me, begun->generation_id));
      ASSERT_TRUE(record) << record.error().message;
      EXPECT_EQ(record->text, "You s");
    }
    EXPECT_TRUE(on_worker(other.cancel(me, begun->generation_id)));
  }
}

TEST_F(rpc_client_test, a_channel_that_nobody_uses_is_let_go) {
  add_agent(stalling(3));
  service& one = add_gateway({}, {.abandoned_after = 1h, .housekeeping = 1ms, .channel_kept = 1ms});
  const auto begun = on_worker(one.start(ask("Hello")));
  const auto found = on_worker(one.follow(me, begun->generation_id, 0));
  ASSERT_TRUE(found) << found.error().message;
  on_worker(read_until(found->log, 3));  // by a stream that keeps the channel
  const int with_stream = channels_made;
  EXPECT_TRUE(on_worker(one.cancel(me, begun->generation_id)));
  EXPECT_EQ(channels_made, with_stream);
  EXPECT_EQ(on_worker(read_all(found->log)), "You");
  while (channels_made == with_stream)
    EXPECT_TRUE(on_worker(one.cancel(me, begun->generation_id)));
}

TEST_F(rpc_client_test, what_an_agent_has_stored_outlives_it) {
  node& first = add_agent({.delay = 0ms});
  node& second = add_agent({.delay = 0ms});
  service& to_first = add_gateway({first.address});
  service& other = add_gateway({second.address});
  start_request asked = ask("Hello");
  asked.conversation_id = "new";
  const auto begun = on_worker(to_first.start(std::move(asked)));
  ASSERT_TRUE(begun) << begun.error().message;
  const auto found = on_worker(to_first.follow(me, begun->generation_id, 0));
  const std::string whole = on_worker(read_all(found->log));
  first.die(workers);  // the directory still says that the answer is there
  const auto again = on_worker(other.follow(me, begun->generation_id, 0));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(on_worker(read_all(again->log)), whole);
  EXPECT_TRUE(on_worker(other.cancel(me, begun->generation_id)));
}

TEST_F(rpc_client_test, without_shared_state_nobody_says_that_an_answer_is_not_there) {
  node& first = add_agent(stalling(3));
  node& second = add_agent(stalling(3));
  service& to_first = add_gateway({first.address});
  service& to_second = add_gateway({second.address});
  const auto begun = on_worker(to_first.start(ask("Hello")));
  state.is_away = true;
  EXPECT_EQ(on_worker(to_second.follow(me, begun->generation_id, 0)).error().reason, error_reason::unavailable);
  EXPECT_EQ(on_worker(to_second.cancel(me, begun->generation_id)).error().reason, error_reason::unavailable);
  EXPECT_TRUE(on_worker(to_first.follow(me, begun->generation_id, 0)));
}

TEST_F(rpc_client_test, an_agent_that_drains_is_passed_over_and_ends_what_runs) {
  node& first = add_agent(stalling(3));
  node& second = add_agent({.delay = 0ms});
  service& to_first = add_gateway({first.address});
  service& to_both = add_gateway({first.address, second.address});
  const auto begun = on_worker(to_first.start(ask("Hello")));
  const auto found = on_worker(to_both.follow(me, begun->generation_id, 0));
  on_worker(read_until(found->log, 3));
  first.server.set_serving(false);
  workers.run_first(first.agents.drain(0ms));
  EXPECT_EQ(on_worker(read_all(found->log)), "You");
  EXPECT_EQ(found->log->ending().status, status::failed);
  EXPECT_EQ(found->log->ending().problem.value_or(error{}).reason, error_reason::unavailable);
  EXPECT_EQ(on_worker(to_first.start(ask("Again"))).error().reason, error_reason::unavailable);
}

}  // namespace
}  // namespace sluice::agent
