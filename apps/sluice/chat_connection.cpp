#include "app/chat_connection.hpp"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "async/with_deadline.hpp"
#include "http/tls_context.hpp"
#include "http/websocket_handshake.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds connect_limit{10};
constexpr std::chrono::seconds silence_limit{65};
constexpr std::size_t message_bytes_max = std::size_t{16} << 20;
constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::array<std::string_view, 1> subprotocols{"sluice.v1"};

// The value of a field in a response head, by its name in lower case.
std::string_view field_of(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(),
                                 [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    if (!same) continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return line;
  }
  return {};
}

}  // namespace

std::expected<chat_target, std::string> make_chat_target(const std::string& url, const std::string& token) {
  auto parsed = http::parse_base_url(url);
  if (!parsed) return std::unexpected(parsed.error().message);
  return chat_target{.url = std::move(*parsed), .token = secret_string(token)};
}

chat_connection::chat_connection(executor on, async::blocking_pool& lookups, chat_target target)
    : executor_(on), names_(on, lookups, {}), target_(std::move(target)), closing_(http::websocket_role::client) {}

task<std::expected<void, std::string>> chat_connection::connect() {
  auto outcome = co_await async::with_deadline(open(), connect_limit);
  if (!outcome) co_return std::unexpected(fmt::format("{} did not answer in time", target_.url.to.authority()));
  co_return *outcome;
}

task<std::expected<void, std::string>> chat_connection::open() {
  const auto found = co_await names_.resolve(target_.url.to.host);
  if (!found) co_return std::unexpected(found.error().message);
  error_code problem;
  for (const asio::ip::address& address : *found) {
    tcp_socket socket(executor_);
    std::tie(problem) = co_await socket.async_connect({address, target_.url.to.port}, use_task_nothrow);
    if (problem) continue;
    socket_ = std::make_unique<http::stream_socket>(std::move(socket));
    break;
  }
  if (problem)
    co_return std::unexpected(fmt::format("cannot connect to {}: {}", target_.url.to.authority(), problem.message()));
  if (target_.url.to.tls) {
    const auto context = http::tls_context::make_client();
    if (!context) co_return std::unexpected(context.error().message);
    const auto secured = co_await socket_->handshake_as_client(*context, target_.url.to.host);
    if (!secured) co_return std::unexpected(secured.error());
  }
  co_return co_await shake_hands();
}

task<std::expected<void, std::string>> chat_connection::shake_hands() {
  const std::string key = http::make_websocket_key();
  std::string request = fmt::format(
      "GET {}/v1/chat HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Protocol: {}\r\n",
      target_.url.path_prefix, target_.url.to.host_header(), key, subprotocols[0]);
  if (!target_.token.empty()) request += fmt::format("Authorization: Bearer {}\r\n", target_.token.reveal());
  request += "\r\n";
  if (const error_code problem = co_await socket_->write_all(request)) co_return std::unexpected(problem.message());

  std::string head;
  std::size_t end = std::string::npos;
  while ((end = head.find("\r\n\r\n")) == std::string::npos && head.size() < head_bytes_max) {
    std::array<char, 4096> bytes;
    const auto got = socket_->try_read(bytes);
    if (got.would_block) {
      if (const error_code problem = co_await socket_->wait_readable()) co_return std::unexpected(problem.message());
    } else if (got.error) {
      co_return std::unexpected("the server closed the connection");
    }
    head.append(bytes.data(), got.bytes);
  }
  unsigned status = 0;
  if (head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, status);
  const std::string_view fields = std::string_view(head).substr(0, end);
  if (status == 401) co_return std::unexpected("the server wants other credentials: give --token or set SLUICE_TOKEN");
  const auto accepted = http::check_websocket_answer({.status = status,
                                                      .upgrade = field_of(fields, "upgrade"),
                                                      .connection = field_of(fields, "connection"),
                                                      .accept = field_of(fields, "sec-websocket-accept"),
                                                      .protocol = field_of(fields, "sec-websocket-protocol"),
                                                      .extensions = field_of(fields, "sec-websocket-extensions")},
                                                     key, subprotocols);
  if (!accepted) co_return std::unexpected(accepted.error());
  buffer_ = head.substr(end + 4);
  decoder_ = std::make_unique<http::websocket_decoder>(http::websocket_role::client, message_bytes_max);
  closing_ = http::websocket_close_handshake(http::websocket_role::client);
  decoder_->feed(buffer_);
  co_return std::expected<void, std::string>{};
}

task<std::expected<void, std::string>> chat_connection::send(std::string text) {
  if (!socket_) co_return std::unexpected("not connected");
  std::string frame;
  http::append_frame(frame, http::websocket_role::client, http::websocket_opcode::text, text);
  if (const error_code problem = co_await socket_->write_all(frame)) co_return std::unexpected(problem.message());
  co_return std::expected<void, std::string>{};
}

task<std::expected<std::string, std::string>> chat_connection::receive() {
  if (!socket_ || !decoder_) co_return std::unexpected("not connected");
  auto outcome = co_await async::with_deadline(read_message(), silence_limit);
  if (!outcome) co_return std::unexpected("the server fell silent");
  co_return *outcome;
}

task<std::expected<std::string, std::string>> chat_connection::read_message() {
  for (;;) {
    while (const auto event = decoder_->next()) {
      if (event->what == http::websocket_event::kind::message) co_return std::string(event->payload);
      std::string answer;
      const bool over =
          event->what == http::websocket_event::kind::close || event->what == http::websocket_event::kind::violation;
      std::string why = over ? fmt::format("the socket was closed: {} {}", event->code, event->payload) : std::string();
      closing_.answer(answer, *event);
      if (!answer.empty()) co_await socket_->write_all(answer);
      if (over) co_return std::unexpected(std::move(why));
    }
    buffer_.resize(16 * 1024);
    const auto got = socket_->try_read(buffer_);
    if (got.would_block) {
      if (const error_code problem = co_await socket_->wait_readable()) co_return std::unexpected(problem.message());
      continue;
    }
    if (got.error) co_return std::unexpected("the connection was cut");
    decoder_->feed(std::span(buffer_).first(got.bytes));
  }
}

}  // namespace sluice::app
