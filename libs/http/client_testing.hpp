// For tests of the client: a server that does what the test says, on the test's own loop.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "async/task.hpp"
#include "http/client.hpp"

namespace sluice::http::testing {

/// Listens on a free port. A test's server is a coroutine that accepts, hears and says.
class scripted_peer {
 public:
  explicit scripted_peer(executor on) : acceptor_(on, {asio::ip::address_v4::loopback(), 0}) {}

  origin here(std::string host = "127.0.0.1", bool tls = false) const {
    return {.tls = tls, .host = std::move(host), .port = acceptor_.local_endpoint().port()};
  }
  task<tcp_socket> accept() { return acceptor_.async_accept(use_task); }
  /// Whether a connection waits to be accepted.
  bool has_caller() {
    error_code code;
    acceptor_.non_blocking(true);
    const tcp_socket caller = acceptor_.accept(code);
    return !code;
  }
  void close() { acceptor_.close(); }

 private:
  tcp_acceptor acceptor_;
};

/// Reads one request: its head, and a body with a Content-Length.
inline task<std::string> hear(tcp_socket& socket) {
  constexpr std::string_view field = "Content-Length: ";
  std::string text;
  auto head = co_await asio::async_read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n", use_task);
  const auto at = text.find(field);
  const std::size_t body = at < head ? std::stoul(text.substr(at + field.size())) : 0;
  if (head + body > text.size()) {
    co_await asio::async_read(socket, asio::dynamic_buffer(text), asio::transfer_exactly(head + body - text.size()),
                              use_task);
  }
  co_return text;
}

inline task<> say(tcp_socket& socket, std::string_view text) {
  co_await asio::async_write(socket, asio::buffer(text), use_task);
}

/// Waits until the client has closed the connection, however.
inline task<> hear_end(tcp_socket& socket) {
  std::array<char, 1024> bytes;
  for (;;) {
    const auto [code, count] = co_await socket.async_read_some(asio::buffer(bytes), use_task_nothrow);
    if (code) co_return;
  }
}

/// A loop with a peer and a client on it.
class client_test : public ::testing::Test {
 protected:
  /// Runs both to their ends.
  void run(task<> client_side, task<> peer_side) {
    int left = 2;
    const auto ended = [&](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
      if (--left == 0) loop.stop();
    };
    asio::co_spawn(loop, std::move(client_side), ended);
    asio::co_spawn(loop, std::move(peer_side), ended);
    loop.restart();
    loop.run_for(std::chrono::seconds(20));
    EXPECT_EQ(left, 0) << "the client or the peer did not come to its end";
  }
  client make_client(const client_settings& settings = {}) {
    return {loop.get_executor(), names, tls_context::make_client().value(), settings};
  }

  asio::io_context loop{1};
  async::blocking_pool names{"names", 1, 8};
  scripted_peer peer{loop.get_executor()};
};

/// What came of one request that was read to its end.
struct answer {
  unsigned status = 0;
  std::string body;
};

inline task<result<answer>> ask(client& http, const origin& to, std::string_view body = "{}",
                                client_deadlines limits = {}) {
  const client_request request{.to = to, .target = "/v1/chat", .body = {&body, 1}};
  auto response = co_await http.send(request, limits);
  if (!response) co_return std::unexpected(response.error());
  auto text = co_await response->read_all(1 << 20);
  if (!text) co_return std::unexpected(text.error());
  answer got{.status = response->status(), .body = std::move(*text)};
  co_return got;
}

inline void expect_body(const result<answer>& got, std::string_view body) {
  EXPECT_TRUE(got) << (got ? "" : got.error().message);
  if (!got) return;
  EXPECT_EQ(got->status, 200U);
  EXPECT_EQ(got->body, body);
}

template <class T>
void expect_error(const result<T>& got, error_reason reason, std::string_view part_of_message) {
  EXPECT_FALSE(got);
  if (got) return;
  EXPECT_EQ(got.error().reason, reason) << got.error().message;
  EXPECT_TRUE(got.error().message.contains(part_of_message)) << got.error().message;
}

inline constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

inline task<> expect_answer(client& http, origin to, std::string_view body) {
  expect_body(co_await ask(http, to), body);
}
inline task<> expect_failure(client& http, origin to, error_reason reason, std::string_view part_of_message,
                             client_deadlines limits = {}) {
  expect_error(co_await ask(http, to, "{}", limits), reason, part_of_message);
}
// Answers one request on one connection with `text` and closes.
inline task<> answer_once(scripted_peer& peer, std::string text) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, text);
}
// The same, but keeps the connection until the client closes it.
inline task<> answer_and_wait(scripted_peer& peer, std::string text) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, text);
  co_await hear_end(socket);
}

}  // namespace sluice::http::testing
