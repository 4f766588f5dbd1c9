#include "http/client_connector.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "async/with_deadline.hpp"
#include "base/quantities.hpp"
#include "http/response_head.hpp"

namespace sluice::http {

using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t proxy_head_bytes_max = 16 * 1024;

task<error_code> connect_socket(tcp_socket& socket, asio::ip::tcp::endpoint to) {
  const auto [code] = co_await socket.async_connect(to, use_task_nothrow);
  co_return code;
}

// Asks a proxy for a tunnel. Behind its answer no byte is expected: the side that was connected to speaks second.
task<result<void>> open_tunnel(stream_socket& socket, const proxy& via, const origin& to) {
  const auto broken = [&](const error_code& code) {
    return failure(error_reason::bad_gateway,
                   fmt::format("the proxy {} broke the connection off: {}", via.at.authority(), code.message()));
  };
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", to.authority());
  if (!via.authorization.empty()) request += fmt::format("Proxy-Authorization: {}\r\n", via.authorization.reveal());
  request += "\r\n";
  if (const auto code = co_await socket.write_all(request)) co_return broken(code);

  response_head head(proxy_head_bytes_max, true);
  std::string received;
  std::array<char, 4096> piece;
  while (!head.done()) {
    const auto got = socket.try_read(piece);
    if (got.error) co_return broken(got.error);
    if (got.would_block) {
      if (const auto code = co_await socket.wait_readable()) co_return broken(code);
      continue;
    }
    received.append(piece.data(), got.bytes);
    const auto used = head.feed(received);
    if (!used) {
      co_return failure(error_reason::bad_gateway,
                        fmt::format("the proxy {}: {}", via.at.authority(), used.error().message));
    }
    received.erase(0, *used);
  }
  if (head.status() / 100 != 2) {
    co_return failure(error_reason::bad_gateway, fmt::format("the proxy {} refused a tunnel to {} with status {}",
                                                             via.at.authority(), to.authority(), head.status()));
  }
  if (!received.empty()) {
    co_return failure(error_reason::bad_gateway,
                      fmt::format("the proxy {} sent bytes behind its answer", via.at.authority()));
  }
  co_return result<void>();
}

}  // namespace

task<result<stream_socket>> client_connector::connect(const origin& to, clock::duration limit) {
  std::optional<stream_socket> socket;
  const auto opened = co_await async::with_deadline(open(to, clock::now() + limit, socket), limit);
  if (opened && *opened && socket) co_return std::move(*socket);
  if (opened && !*opened) co_return std::unexpected(opened->error());
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit);
  co_return failure(error_reason::timed_out, fmt::format("no connection to {} within {} (connect deadline)",
                                                         to.authority(), format_duration(milliseconds)));
}

task<result<void>> client_connector::open(const origin& to, time_point deadline, std::optional<stream_socket>& into) {
  const proxy* const via = proxies_.find(to);
  auto opened = co_await open_tcp(via ? via->at : to, deadline);
  if (!opened) {
    if (via) opened.error().message.insert(0, "no way to the proxy: ");
    co_return std::unexpected(std::move(opened.error()));
  }
  stream_socket& socket = into.emplace(std::move(*opened));
  if (!to.tls) co_return result<void>();
  if (via) {
    auto tunnel = co_await open_tunnel(socket, *via, to);
    if (!tunnel) co_return tunnel;
  }
  const auto handshake = co_await socket.handshake_as_client(trust_, to.host);
  if (!handshake) {
    co_return failure(error_reason::bad_gateway,
                      fmt::format("no TLS connection to {}: {}", to.authority(), handshake.error()));
  }
  co_return result<void>();
}

// One address after the other, each with its share of the time that is left: one that swallows packets must not keep
// the others from being tried.
task<result<tcp_socket>> client_connector::open_tcp(const origin& to, time_point deadline) {
  const auto found = co_await resolver_.resolve(to.host);
  if (!found) co_return std::unexpected(found.error());
  std::string why = "no answer in time";
  for (std::size_t i = 0; i < found->size(); ++i) {
    const auto share = (deadline - clock::now()) / static_cast<clock::rep>(found->size() - i);
    tcp_socket socket(executor_);
    const asio::ip::tcp::endpoint endpoint((*found)[i], to.port);
    if (i + 1 == found->size()) {
      // The deadline of the whole bounds the last one.
      const error_code code = co_await connect_socket(socket, endpoint);
      if (!code) co_return socket;
      why = code.message();
      continue;
    }
    const auto code = co_await async::with_deadline(connect_socket(socket, endpoint), share);
    if (code && !*code) co_return socket;
    why = code ? code->message() : "no answer in time";
  }
  co_return failure(error_reason::unavailable, fmt::format("cannot connect to {}: {}", to.authority(), why));
}

}  // namespace sluice::http
