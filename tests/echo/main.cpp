// websocket_echo [PORT]: answers every WebSocket message with itself, on the loopback address, one thread.
// Says `ready ws://127.0.0.1:PORT` when it listens; port 0, the default, takes a free one.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include "async/task.hpp"
#include "async/with_deadline.hpp"
#include "http/stream_socket.hpp"
#include "http/websocket_codec.hpp"
#include "http/websocket_handshake.hpp"
#include "http/worker_buffer.hpp"

namespace {

using namespace sluice;
using namespace sluice::http;

constexpr std::size_t head_bytes_max = 8192;
constexpr std::size_t message_bytes_max = std::size_t{32} * 1024 * 1024;
constexpr std::chrono::seconds peer_close_timeout{2};

/// What all connections share: they run on one thread, and none holds a buffer while it waits.
struct workplace {
  worker_buffer input;
  std::string output;
};

/// The value of a header field; empty if there is none. Enough for clients that are not hostile.
std::string_view field(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) { return std::tolower(a) == std::tolower(b); };
  const std::string start = fmt::format("\r\n{}: ", name);
  const auto found = std::ranges::search(head, start, same);
  if (found.empty()) return {};
  const std::string_view rest(found.end(), head.end());
  return rest.substr(0, rest.find("\r\n"));
}

std::string answer(std::string_view head) {
  const auto accepted = accept_websocket({.method = head.substr(0, head.find(' ')),
                                          .upgrade = field(head, "Upgrade"),
                                          .connection = field(head, "Connection"),
                                          .version = field(head, "Sec-WebSocket-Version"),
                                          .key = field(head, "Sec-WebSocket-Key")});
  if (!accepted) {
    return fmt::format("HTTP/1.1 {} Refused\r\nSec-WebSocket-Version: 13\r\nConnection: close\r\n\r\n{}\n",
                       accepted.error().status, accepted.error().message);
  }
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\n\r\n",
      accepted->accept);
}

/// Reads the request's head and answers it. No client sends frames before it has the answer.
task<bool> shake_hands(stream_socket& socket, workplace& place) {
  std::string head;
  while (!head.ends_with("\r\n\r\n") && head.size() < head_bytes_max) {
    if (co_await socket.wait_readable()) co_return false;
    const auto got = socket.try_read(place.input.bytes());
    if (got.error) co_return false;
    head.append(place.input.bytes().data(), got.bytes);
  }
  const std::string text = answer(head);
  const error_code failed = co_await socket.write_all(text);
  co_return !failed && text.starts_with("HTTP/1.1 101");
}

/// Appends what `bytes` ask for to the output.
void echo(websocket_decoder& decoder, websocket_close_handshake& closing, std::span<char> bytes, std::string& output) {
  decoder.feed(bytes);
  while (const auto event = decoder.next()) {
    closing.answer(output, *event);
    if (event->what == websocket_event::kind::message && closing.may_send()) {
      append_frame(output, websocket_role::server, event->binary ? websocket_opcode::binary : websocket_opcode::text,
                   event->payload);
    }
  }
}

/// Sends the shared output: mostly at once, else the rest from a buffer of its own, for others need the shared one.
task<error_code> send(stream_socket& socket, std::string& output) {
  const asio::const_buffer all(output.data(), output.size());
  const auto sent = socket.try_write(std::span(&all, 1));
  const std::string rest = output.substr(sent.bytes);
  output.clear();
  if (sent.error || rest.empty()) co_return sent.error;
  co_return co_await socket.write_all(rest);
}

task<> read_to_end(stream_socket& socket, workplace& place) {
  for (;;) {
    if (co_await socket.wait_readable()) co_return;
    if (socket.try_read(place.input.bytes()).error) co_return;
  }
}

task<> serve(tcp_socket accepted, workplace& place) {
  stream_socket socket(std::move(accepted));
  if (!co_await shake_hands(socket, place)) co_return;
  websocket_decoder decoder(websocket_role::server, message_bytes_max);
  websocket_close_handshake closing(websocket_role::server);
  while (!closing.finished()) {
    if (co_await socket.wait_readable()) co_return;
    const auto got = socket.try_read(place.input.bytes());
    if (got.error) co_return;
    echo(decoder, closing, place.input.bytes().first(got.bytes), place.output);
    if (place.output.empty()) continue;
    if (co_await send(socket, place.output)) co_return;
  }
  // A close with bytes still to be read would take our close frame back.
  socket.shutdown();
  co_await async::with_deadline(read_to_end(socket, place), peer_close_timeout);
}

void report(const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
}

task<> accept(tcp_acceptor& acceptor, workplace& place) {
  for (;;) {
    tcp_socket socket = co_await acceptor.async_accept(use_task);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), place), report);
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  std::uint16_t port = 0;
  const std::string_view wanted = argument_count > 1 ? arguments[1] : "0";
  if (std::from_chars(wanted.data(), wanted.data() + wanted.size(), port).ec != std::errc()) {
    std::fprintf(stderr, "usage: %s [PORT]\n", arguments[0]);
    return 2;
  }
  asio::io_context context(1);
  workplace place;
  tcp_acceptor acceptor(context.get_executor(), asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
  asio::signal_set stop(context, SIGINT, SIGTERM);
  stop.async_wait([&context](error_code, int) { context.stop(); });
  asio::co_spawn(context, accept(acceptor, place), report);
  std::printf("ready ws://127.0.0.1:%u\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  context.run();
  return 0;
}
