// For tests of the server: a server on loopback with handlers for every way to answer, and a client that says exactly
// what the test says.
#pragma once

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "http/server.hpp"

namespace sluice::http::testing {

/// What no test should ever wait for.
constexpr std::chrono::seconds patience{20};

/// A blocking client. A read that takes longer than `patience` ends like a cut connection.
class raw_client {
 public:
  explicit raw_client(const asio::ip::tcp::endpoint& to, bool tls = false, int receive_buffer = 0)
      : descriptor_(::socket(to.protocol().family(), SOCK_STREAM, 0)) {
    if (receive_buffer > 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    const timeval limit{.tv_sec = patience.count(), .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    connected_ = ::connect(descriptor_, to.data(), static_cast<socklen_t>(to.size())) == 0;
    if (connected_ && tls) begin_tls();
  }
  ~raw_client() { close(); }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  bool connected() const { return connected_; }
  void close() {
    session_.reset();
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = session_ ? SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                    : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// Reads on until the text read since the last call ends with, or holds, `mark`; gives it up to there.
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const std::size_t at = unread_.find(mark); at != std::string::npos) return take(at + mark.size());
      if (!read_some()) return take(unread_.size());
    }
  }
  std::string read_bytes(std::size_t count) {
    while (unread_.size() < count && read_some()) {
    }
    return take(std::min(count, unread_.size()));
  }
  /// Everything until the server closes.
  std::string read_to_end() {
    while (read_some()) {
    }
    return take(unread_.size());
  }
  /// One answer with a Content-Length, header and body.
  std::string read_answer() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string::npos ? head : head + read_bytes(std::stoul(head.substr(at + 16)));
  }
  std::string ask(std::string_view request) {
    send(request);
    return read_answer();
  }
  /// Whether bytes or an end come within `limit`.
  bool has_news(std::chrono::milliseconds limit) {
    pollfd one{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, static_cast<int>(limit.count())) > 0;
  }

 private:
  void begin_tls() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), descriptor_);
    connected_ = SSL_connect(session_.get()) == 1;
  }
  bool read_some() {
    std::array<char, 65536> bytes;
    const ssize_t got = session_ ? SSL_read(session_.get(), bytes.data(), bytes.size())
                                 : ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (got > 0) unread_.append(bytes.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take(std::size_t count) {
    std::string taken = unread_.substr(0, count);
    unread_.erase(0, count);
    return taken;
  }

  struct free_tls {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
  };
  int descriptor_;
  bool connected_ = false;
  std::unique_ptr<SSL_CTX, free_tls> context_;
  std::unique_ptr<SSL, free_tls> session_;
  std::string unread_;
};

/// What the hooks have heard, from any worker.
struct heard {
  struct finished {
    std::string target;
    std::string route;
    std::string request_id;
    unsigned status;
    std::uint64_t bytes;
    bool complete;
  };
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<finished> exchanges;
  std::vector<std::string> failures;

  finished wait_for(std::size_t index) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, patience, [&] { return exchanges.size() > index; });
    return exchanges.size() > index ? exchanges[index] : finished{};
  }
};

class server_test : public ::testing::Test {
 protected:
  /// Starts a server with the test's own routes on a free port.
  void serve(std::vector<route> routes, server_settings settings = {}) {
    if (settings.listen.address().is_unspecified()) settings.listen = {asio::ip::address_v4::loopback(), 0};
    server_hooks hooks;
    hooks.on_finished = [this](const finished_exchange& one) {
      const std::lock_guard lock(log.mutex);
      log.exchanges.push_back({one.request.target, std::string(one.request.route), one.request.request_id, one.status,
                               one.response_bytes, one.complete});
      log.changed.notify_all();
    };
    hooks.on_handler_failure = [this](const request& asked, const std::exception_ptr&) {
      const std::lock_guard lock(log.mutex);
      log.failures.push_back(asked.target);
    };
    tls = settings.tls.has_value();
    http = std::make_unique<server>(workers, buffers, std::move(settings), router(std::move(routes)), hooks);
    const auto started = http->start();
    ASSERT_TRUE(started) << started.error().message;
    workers.start();
  }
  void TearDown() override {
    if (http) http->stop(std::chrono::milliseconds(0));
  }
  raw_client connect(int receive_buffer = 0) { return raw_client(http->local_endpoint(), tls, receive_buffer); }

  heard log;
  async::worker_pool workers{2};
  worker_buffers buffers{2};
  bool tls = false;
  std::unique_ptr<server> http;
};

inline task<> say_hello(exchange& call) {
  co_await call.respond(make_response(200, "text/plain", "hello"));
}
inline task<> echo_body(exchange& call) {
  const request& asked = call.request();
  if (!co_await call.read_body()) co_return;
  co_await call.respond({.headers = {{"X-Path", asked.path}, {"X-Query", asked.query}}, .body = asked.body});
}
inline route hello_route() {
  return {"GET", "/hello", say_hello};
}
inline route echo_route() {
  return {"POST", "/echo", echo_body};
}

}  // namespace sluice::http::testing
