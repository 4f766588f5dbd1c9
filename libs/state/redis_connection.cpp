#include "state/redis_connection.hpp"

#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <fmt/format.h>

#include "async/with_deadline.hpp"

namespace sluice::state {
namespace {

constexpr std::size_t read_bytes = 16'384;

std::unexpected<redis_complaint> complain(redis_trouble what, std::string text) {
  return std::unexpected(redis_complaint{.what = what, .text = std::move(text)});
}

std::unexpected<redis_complaint> complain(std::string_view doing, const error_code& code) {
  return complain(redis_trouble::away, fmt::format("cannot be {}: {}", doing, code.message()));
}

}  // namespace

redis_connection::redis_connection(tcp_socket connected, redis_reply_limits limits)
    : socket_(std::move(connected)), parser_(limits), buffer_(read_bytes) {}

task<redis_result<std::unique_ptr<redis_connection>>> redis_connection::open(const redis_settings& told,
                                                                             redis_trust trust) {
  auto opened = co_await async::with_deadline(connect(told, std::move(trust)), told.connect_timeout);
  if (!opened) co_return complain(redis_trouble::away, "does not answer: it could not be connected to in time");
  co_return std::move(*opened);
}

task<redis_result<std::unique_ptr<redis_connection>>> redis_connection::connect(const redis_settings& told,
                                                                                redis_trust trust) {
  const executor on = co_await asio::this_coro::executor;
  asio::ip::basic_resolver<asio::ip::tcp, executor> resolver(on);
  const auto [unknown, places] =
      co_await resolver.async_resolve(told.at.host, std::to_string(told.at.port), use_task_nothrow);
  if (unknown) co_return complain("found", unknown);
  tcp_socket socket(on);
  const auto [refused, place] = co_await asio::async_connect(socket, places, use_task_nothrow);
  if (refused) co_return complain("reached", refused);
  auto made = std::make_unique<redis_connection>(std::move(socket), told.replies);
  if (told.at.tls) {
    if (const error_code code = co_await made->socket_.handshake(*trust, told.at.host))
      co_return complain(redis_trouble::refused, fmt::format("and we do not agree about TLS: {}", code.message()));
  }
  auto signed_in = co_await made->sign_in(told);
  if (!signed_in) co_return std::unexpected(std::move(signed_in.error()));
  co_return std::move(made);
}

// All in one round trip; what is wrong first is what is said.
task<redis_result<void>> redis_connection::sign_in(const redis_settings& told) {
  std::string commands;
  int expected = 0;
  const auto add = [&](std::initializer_list<std::string_view> words) {
    append_command(commands, std::span(words.begin(), words.size()));
    ++expected;
  };
  const std::string database = std::to_string(told.at.database);
  if (!told.at.password.empty()) {
    if (told.at.user.empty())
      add({"AUTH", told.at.password.reveal()});
    else
      add({"AUTH", told.at.user, told.at.password.reveal()});
  }
  if (told.at.database != 0) add({"SELECT", database});
  add({"PING"});
  if (auto sent = co_await write(commands); !sent) co_return sent;
  for (; expected > 0; --expected) {
    auto reply = co_await read();
    if (!reply) co_return std::unexpected(std::move(reply.error()));
    if (!reply->is_error()) continue;
    redis_complaint why = understand_error(reply->text);
    // What it does not know of these few, or how they are put, is no bug of a caller's.
    if (why.what == redis_trouble::bug) why.what = redis_trouble::refused;
    co_return std::unexpected(std::move(why));
  }
  co_return redis_result<void>();
}

task<redis_result<redis_reply>> redis_connection::read() {
  for (;;) {
    if (auto reply = parser_.next()) co_return std::move(*reply);
    if (parser_.failed())
      co_return complain(redis_trouble::unusable, fmt::format("does not speak Redis' protocol: {}", parser_.failure()));
    const auto [code, bytes] = co_await socket_.read_some(buffer_);
    if (code == asio::error::eof) co_return complain(redis_trouble::away, "has closed the connection");
    if (code) co_return complain("read from", code);
    parser_.feed({buffer_.data(), bytes});
  }
}

task<redis_result<void>> redis_connection::write(std::string_view bytes) {
  if (const error_code code = co_await socket_.write_all(bytes)) co_return complain("written to", code);
  co_return redis_result<void>();
}

}  // namespace sluice::state
