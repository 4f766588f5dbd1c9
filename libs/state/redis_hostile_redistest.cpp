// A Redis that is full, only to be read, behind TLS, or turns hostile after a good beginning.
#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/worker_pool.hpp"
#include "state/redis_testing.hpp"
#include "state/shared_state_redis.hpp"

namespace sluice::state::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::HasSubstr;

using clock = std::chrono::steady_clock;

// One node.
class node {
 public:
  explicit node(redis_settings told)
      : client(std::make_shared<redis_client>(workers[0].get_executor(), std::move(told), log_, nullptr)),
        state(std::make_unique<shared_state_redis>(client, workers[0].get_executor(), log_)) {
    workers.start();
  }
  ~node() { workers.stop(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  template <class T>
  T run(task<T> work) {
    return asio::co_spawn(workers[1].get_executor(), std::move(work), asio::use_future).get();
  }
  /// Until it answers.
  void come_up() {
    while (!run(client->check())) {
    }
  }
  /// Until it is known not to answer; what is said of it.
  error go_down() {
    for (;;) {
      if (auto here = run(client->check()); !here) return std::move(here.error());
    }
  }
  error refused(std::string key = "a") {
    const auto done = run(state->put(std::move(key), "1", 1h));
    EXPECT_FALSE(done);
    return done ? error() : done.error();
  }

  async::worker_pool workers{2};

 private:
  telemetry::logger log_{{.level = telemetry::log_level::off}};

 public:
  std::shared_ptr<redis_client> client;
  std::unique_ptr<shared_state_redis> state;
};

redis_settings patient(redis_settings told) {
  told.timeout = 5s;
  told.connect_timeout = 5s;
  return told;
}

TEST(redis_hostile, refuses_more_than_may_wait) {
  redis_server server;
  redis_settings told = patient(server.settings());
  told.calls_max = 10;
  told.bytes_max = 100'000;
  node here(told);
  here.come_up();
  EXPECT_EQ(here.run(here.state->put("a", std::string(200'000, 'x'), 1h)).error().reason, error_reason::unavailable);
  server.stand_still();
  std::vector<std::future<result<void>>> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(asio::co_spawn(here.workers[1].get_executor(), here.state->put("a", "1", 1h), asio::use_future));
  }
  const auto began = clock::now();
  EXPECT_THAT(here.refused().detail, HasSubstr("more than it answers"));
  EXPECT_LT(clock::now() - began, 2s);
  server.go_on();
  for (auto& one : waiting)
    EXPECT_TRUE(one.get());
}

TEST(redis_hostile, is_full_or_only_to_be_read) {
  redis_server full({"--maxmemory", "1"});
  node here(patient(full.settings()));
  here.come_up();
  EXPECT_EQ(here.refused().reason, error_reason::unavailable);
  EXPECT_THAT(here.refused().detail, HasSubstr("OOM"));
  EXPECT_EQ(here.run(here.state->get("a")).value(), std::nullopt);

  redis_server primary;
  redis_server replica({"--replicaof", "127.0.0.1 " + std::to_string(primary.port())});
  node there(patient(replica.settings()));
  while (there.refused().detail.find("READONLY") == std::string::npos) {
  }
}

TEST(redis_hostile, takes_no_more_than_it_can_hold_as_an_answer) {
  redis_server server;
  node here(patient(server.settings()));
  here.come_up();
  EXPECT_TRUE(here.run(here.state->put("a", std::string(std::size_t{2} << 20, 'x'), 1h)));
  redis_settings told = patient(server.settings());
  told.replies.bytes_max = 1 << 20;
  node careful(told);
  careful.come_up();
  EXPECT_EQ(careful.run(careful.state->get("a")).error().reason, error_reason::unavailable);
  careful.come_up();
  EXPECT_EQ(careful.run(careful.state->get("b")).value(), std::nullopt);
}

TEST(redis_hostile, must_prove_behind_tls_who_it_is) {
  std::string folder = (std::filesystem::temp_directory_path() / "redis-tls-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string certificate = folder + "/certificate.pem";
  const std::string key = folder + "/key.pem";
  const std::string command = fmt::format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=test "
      "-addext subjectAltName=IP:127.0.0.1 -keyout {} -out {} 2>/dev/null",
      key, certificate);
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
  const std::uint16_t port = free_port();
  redis_server server({"--port", "0", "--tls-port", std::to_string(port), "--tls-cert-file", certificate,
                       "--tls-key-file", key, "--tls-auth-clients", "no", "--tls-ca-cert-file", certificate});
  redis_settings told = patient(server.settings());
  told.at.port = port;
  told.at.tls = true;
  told.authorities_file = certificate;
  {
    node here(told);
    here.come_up();
    EXPECT_TRUE(here.run(here.state->put("a", "1", 1h)));
    EXPECT_EQ(here.run(here.state->get("a")).value(), "1");
  }
  told.authorities_file.clear();
  EXPECT_THAT(node(told).go_down().message, HasSubstr("certificate verify failed"));
  told.authorities_file = certificate;
  told.at.host = "localhost";  // is not in the certificate
  EXPECT_THAT(node(told).go_down().message, HasSubstr("certificate verify failed"));
  told.authorities_file = folder + "/none.pem";
  EXPECT_THAT(node(told).go_down().message, HasSubstr("none.pem"));
  told.at.host = "127.0.0.1";
  told.at.tls = false;
  EXPECT_THAT(node(told).go_down().message,
              AnyOf(HasSubstr("closed the connection"), HasSubstr("cannot be read from"), HasSubstr("protocol")));
  std::filesystem::remove_all(folder);
}

// Answers the first command of each connection, which is the sign-in's PING, as told; and the second one.
class impostor {
 public:
  impostor(std::string first, std::string second)
      : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}),
        answers_({std::move(first), std::move(second)}),
        thread_([this] { serve(); }) {}
  ~impostor() {
    is_over_ = true;
    asio::io_context own;
    asio::ip::tcp::socket last(own);
    error_code ignored;
    static_cast<void>(last.connect(acceptor_.local_endpoint(), ignored));
    thread_.join();
  }
  redis_settings settings() const {
    redis_settings told;
    told.at.host = "127.0.0.1";
    told.at.port = acceptor_.local_endpoint().port();
    told.retry_min = 10ms;
    told.retry_max = 50ms;
    return patient(told);
  }

 private:
  void serve() {
    while (!is_over_) {
      asio::ip::tcp::socket peer(loop_);
      error_code code;
      acceptor_.accept(peer, code);
      for (const std::string& answer : answers_) {
        std::array<char, 4096> command{};
        if (is_over_ || code || answer.empty()) break;
        if (peer.read_some(asio::buffer(command), code) == 0) break;
        asio::write(peer, asio::buffer(answer), code);
      }
    }
  }

  asio::io_context loop_;
  asio::ip::tcp::acceptor acceptor_;
  std::vector<std::string> answers_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

TEST(redis_hostile, is_not_believed_when_it_talks_nonsense) {
  for (const char* nonsense : {"HTTP/1.1 400 Bad Request\r\n\r\n", "*99999999\r\n", "$-7\r\n", "\0\0\0\0"}) {
    const impostor wrong(nonsense, "");
    node here(wrong.settings());
    EXPECT_FALSE(here.go_down().message.empty()) << nonsense;
    EXPECT_EQ(here.refused().reason, error_reason::unavailable) << nonsense;
  }
  // Also once it has made a good impression.
  for (const char* nonsense : {"$10\r\nabc", "?\r\n", "*2\r\n+OK\r\n", "$99999999999\r\nx"}) {
    const impostor wrong("+PONG\r\n", nonsense);
    node here(wrong.settings());
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(here.refused().reason, error_reason::unavailable) << nonsense;
  }
  // An answer that nobody asked for makes the next ones somebody else's: it ends the connection.
  const impostor eager("+PONG\r\n", "+OK\r\n+OK\r\n");
  node here(eager.settings());
  EXPECT_TRUE(here.run(here.client->check()));
  EXPECT_THAT(here.go_down().message, HasSubstr("nobody asked"));
}

TEST(redis_hostile, leaves_open_what_was_cut_in_the_middle_of_its_answer) {
  const impostor cutter("+PONG\r\n", "$10\r\nabc");
  node here(cutter.settings());
  const auto reply = here.run(here.state->get("a"));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason, error_reason::unavailable);
  EXPECT_TRUE(reply.error().retry_after);
}

TEST(redis_hostile, ends_with_calls_under_way) {
  redis_server server;
  std::vector<std::future<result<void>>> waiting;
  {
    node here(patient(server.settings()));
    here.come_up();
    server.stand_still();
    for (int i = 0; i < 100; ++i) {
      waiting.push_back(
          asio::co_spawn(here.workers[1].get_executor(), here.state->put("a", "1", 1h), asio::use_future));
    }
  }
  server.go_on();
}

}  // namespace
}  // namespace sluice::state::testing
