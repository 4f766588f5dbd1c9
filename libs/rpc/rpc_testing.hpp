// For tests of calls: a service that does as it is told, a node that has it, a log that can be read.
#pragma once

#include <atomic>
#include <cstdio>
#include <future>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "async/wakeup.hpp"
#include "async/worker_pool.hpp"
#include "rpc/channel.hpp"
#include "rpc/client.hpp"
#include "rpc/handlers.hpp"
#include "rpc/server.hpp"
#include "rpc_testing/v1/echo.grpc.pb.h"

namespace sluice::rpc::testing {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace v1 = rpc_testing::v1;
using echo = methods<v1::Echo>;

constexpr milliseconds patience = 20s;

inline std::string error_name(const error& what) {
  return std::string(to_string(what.reason));
}

/// Something that a test waits for, from any thread.
class event {
 public:
  void happen() {
    if (!done_.exchange(true)) promise_.set_value();
  }
  bool wait() { return future_.wait_for(patience) == std::future_status::ready; }
  bool happened() const { return done_; }

 private:
  std::atomic<bool> done_{false};
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

class log_file {
 public:
  log_file() : file_(std::tmpfile()) {}
  ~log_file() { std::fclose(file_); }
  telemetry::logger make() const { return telemetry::logger({.descriptor = fileno(file_)}); }
  /// All lines, once no logger is left.
  std::string read() const {
    std::string text;
    std::rewind(file_);
    for (int c = std::fgetc(file_); c != EOF; c = std::fgetc(file_))
      text.push_back(static_cast<char>(c));
    return text;
  }

 private:
  std::FILE* file_;
};

class echo_rpc final : public v1::Echo::CallbackService {
 public:
  echo_rpc(call_host& host, std::string node) : host_(host), node_(std::move(node)) {}

  grpc::ServerUnaryReactor* Say(grpc::CallbackServerContext* context, const v1::SayRequest* request,
                                v1::SayResponse* response) override {
    return answer(host_, context, request, response, std::bind_front(&echo_rpc::say_watched, this));
  }
  grpc::ServerWriteReactor<v1::CountResponse>* Count(grpc::CallbackServerContext* context,
                                                     const v1::CountRequest* request) override {
    return stream<v1::CountResponse>(host_, context, request, std::bind_front(&echo_rpc::count_watched, this),
                                     request->then() == "wait" ? lifetime::endless : lifetime::bounded);
  }

  event waiting;
  event cancelled;
  std::atomic<std::uint64_t> written{0};

 private:
  task<> wait_to_be_cancelled() {
    async::wakeup never(co_await asio::this_coro::executor);
    waiting.happen();
    co_await never.wait();
  }

  // Cancellation comes wherever a handler waits, or is about to.
  template <class T>
  task<T> watch(task<T> work) {
    try {
      co_return co_await std::move(work);
    } catch (const boost::system::system_error&) {
      cancelled.happen();
      throw;
    }
  }

  task<result<v1::SayResponse>> say_watched(call_context call, const v1::SayRequest& request) {
    return watch(say(std::move(call), request));
  }
  task<result<void>> count_watched(call_context call, const v1::CountRequest& request,
                                   server_stream<v1::CountResponse>& to) {
    return watch(count(std::move(call), request, to));
  }

  task<result<v1::SayResponse>> say(call_context call, const v1::SayRequest& request) {
    EXPECT_TRUE(async::on_worker());
    v1::SayResponse response;
    if (request.how() == "wait") co_await wait_to_be_cancelled();
    if (request.how() == "throw") throw std::runtime_error(request.text());
    if (request.how() == "grow") response.set_text(std::string(request.bytes(), 'x'));
    if (request.how() == "fail") {
      co_return std::unexpected(error{.reason = static_cast<error_reason>(request.bytes()),
                                      .message = request.text(),
                                      .param = "messages[2].role",
                                      .retry_after = 1234ms,
                                      .detail = "the inside"});
    }
    if (request.how().empty()) response.set_text(request.text());
    response.set_request_id(call.request_id);
    response.set_trace_parent(call.trace.parent_text());
    response.set_trace_state(call.trace.state);
    response.set_left_ms(call.left().count());
    response.set_node(node_);
    co_return response;
  }

  task<result<void>> count(call_context, const v1::CountRequest& request, server_stream<v1::CountResponse>& to) {
    for (std::uint64_t i = 1; i <= request.to(); ++i) {
      v1::CountResponse message;
      message.set_number(i);
      message.set_padding(std::string(request.bytes(), 'x'));
      co_await to.write(std::move(message));
      ++written;
    }
    if (request.then() == "wait") co_await wait_to_be_cancelled();
    if (request.then() == "fail") co_return failure(error_reason::conflict, "enough");
    co_return result<void>();
  }

  call_host& host_;
  std::string node_;
};

/// A server with the service.
struct node {
  node(async::worker_pool& workers, server_settings told, const telemetry::logger& log, std::string name = "one")
      : server(workers, std::move(told), log), service(std::make_shared<echo_rpc>(server.host(), std::move(name))) {
    server.add(service);
  }
  rpc::server server;
  std::shared_ptr<echo_rpc> service;
};

class rpc_fixture : public ::testing::Test {
 protected:
  static constexpr std::size_t message_bytes_max = 1 << 20;

  rpc_fixture() { workers.start(); }
  ~rpc_fixture() override {
    links.reset();
    one.reset();
    workers.stop();
  }

  static server_settings local(security protection = {}) {
    return {.listen = "127.0.0.1:0", .protection = std::move(protection), .message_bytes_max = message_bytes_max};
  }
  void serve(server_settings told = local()) {
    one = std::make_unique<node>(workers, std::move(told), log);
    const auto started = one->server.start();
    ASSERT_TRUE(started) << started.error().message;
  }
  std::unique_ptr<channel> connect(std::vector<std::string> addresses, security protection = {}) {
    auto made = channel::make({.peer = "echo",
                               .addresses = std::move(addresses),
                               .protection = std::move(protection),
                               .message_bytes_max = message_bytes_max},
                              log);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  void serve_and_connect() {
    serve();
    links = connect({one->server.address()});
  }
  template <class T>
  T run(task<T> work) {
    return asio::co_spawn(workers[0].get_executor(), std::move(work), asio::use_future).get();
  }
  result<v1::SayResponse> say(std::string how, std::string text = {}, std::uint64_t bytes = 0,
                              call_options options = {.deadline = patience}) {
    v1::SayRequest request;
    request.set_how(std::move(how));
    request.set_text(std::move(text));
    request.set_bytes(bytes);
    client<v1::Echo> stub(*links);
    return run(stub.call(&echo::Say, std::move(request), std::move(options)));
  }

  log_file lines;
  telemetry::logger log = lines.make();
  async::worker_pool workers{2};
  std::unique_ptr<node> one;
  std::unique_ptr<channel> links;
};

}  // namespace sluice::rpc::testing
