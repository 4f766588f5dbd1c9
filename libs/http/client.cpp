#include "http/client.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "async/with_deadline.hpp"
#include "base/quantities.hpp"
#include "http/client_connector.hpp"
#include "http/client_exchange.hpp"

namespace sluice::http {

client_response::client_response(std::unique_ptr<client_exchange> exchange) : exchange_(std::move(exchange)) {}
client_response::client_response(client_response&&) noexcept = default;
client_response& client_response::operator=(client_response&&) noexcept = default;
client_response::~client_response() = default;

unsigned client_response::status() const {
  return exchange_->head().status();
}

unsigned client_response::repeats() const {
  return exchange_->repeats();
}

std::string_view client_response::header(std::string_view name) const {
  return exchange_->head().header(name);
}

task<result<std::string_view>> client_response::read_some() {
  return exchange_->read_some();
}

task<result<std::string>> client_response::read_all(std::size_t bytes_max) {
  std::string whole;
  for (;;) {
    const auto piece = co_await exchange_->read_some();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return whole;
    if (piece->size() > bytes_max - whole.size()) {
      co_return failure(error_reason::bad_gateway,
                        fmt::format("the response is larger than {}", format_size(bytes_max)));
    }
    whole += *piece;
  }
}

void client_response::abort() {
  exchange_->abort();
}

struct client::state {
  state(executor on_worker, async::blocking_pool& lookups, tls_context trust, const client_settings& settings)
      : on(on_worker),
        connector(on, lookups, settings.names, std::move(trust), settings.proxies),
        pool(std::make_shared<client_pool>(on, settings.pool)),
        buffers(std::make_shared<read_buffers>(settings.read_bytes)),
        head_bytes_max(settings.head_bytes_max) {}

  task<result<client_pool::lease>> take(const origin& to, std::chrono::steady_clock::duration limit);
  std::string make_head(const client_request& request) const;

  executor on;
  client_connector connector;
  std::shared_ptr<client_pool> pool;
  std::shared_ptr<read_buffers> buffers;
  std::size_t head_bytes_max;
};

client::client(executor on, async::blocking_pool& lookups, tls_context trust, const client_settings& settings)
    : state_(std::make_shared<state>(on, lookups, std::move(trust), settings)) {}
client::~client() = default;

// The right to a connection, by which the number of them is bounded, at once or in turn.
task<result<client_pool::lease>> client::state::take(const origin& to, std::chrono::steady_clock::duration limit) {
  if (auto one = pool->try_take(to)) co_return std::move(*one);
  auto taken = co_await async::with_deadline(pool->take(to), limit);
  if (taken) co_return std::move(*taken);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(limit);
  co_return failure(error_reason::timed_out, fmt::format("no connection to {} became free within {} (connect deadline)",
                                                         to.authority(), format_duration(milliseconds)));
}

std::string client::state::make_head(const client_request& request) const {
  const proxy* const via = request.to.tls ? nullptr : connector.proxies().find(request.to);
  const std::string host = request.to.host_header();
  std::string head;
  head.reserve(256 + request.target.size() + request.header_lines.size() + request.more_header_lines.size());
  head.append(request.method).append(" ");
  if (via) head.append("http://").append(host);
  head.append(request.target).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\nAccept-Encoding: identity\r\n");
  if (via && !via->authorization.empty())
    head.append("Proxy-Authorization: ").append(via->authorization.reveal()).append("\r\n");
  head.append(request.header_lines).append(request.more_header_lines);
  std::size_t body_bytes = 0;
  for (const std::string_view piece : request.body)
    body_bytes += piece.size();
  if (body_bytes != 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n", body_bytes);
  head.append("\r\n");
  return head;
}

task<result<client_response>> client::send(const client_request& request, const client_deadlines& limits) {
  const std::shared_ptr<state> self = state_;
  const auto breaks_line = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (!request.target.starts_with('/') || std::ranges::any_of(request.target, breaks_line))
    co_return failure(error_reason::invalid_argument, "the path of a request must begin with / and hold no spaces");
  const std::string head = self->make_head(request);
  std::vector<asio::const_buffer> pieces;
  pieces.reserve(1 + request.body.size());
  pieces.push_back(asio::buffer(head));
  for (const std::string_view piece : request.body)
    pieces.push_back(asio::buffer(piece));

  auto exchange = std::make_unique<client_exchange>(self->on, request.to, limits, self->buffers, self->head_bytes_max,
                                                    request.method == "HEAD");
  auto taken = co_await self->take(request.to, exchange->connect_limit());
  if (!taken) co_return std::unexpected(std::move(taken.error()));
  client_pool::lease connection = std::move(*taken);
  for (;;) {
    if (!connection.socket()) {
      auto opened = co_await self->connector.connect(request.to, exchange->connect_limit());
      if (!opened) co_return std::unexpected(std::move(opened.error()));
      connection.set_socket(std::move(*opened));
    }
    exchange->start(std::move(connection));
    const auto answered = co_await exchange->ask(pieces);
    if (answered) co_return client_response(std::move(exchange));
    if (!exchange->may_repeat()) co_return std::unexpected(answered.error());
    connection = exchange->take_lease();
    exchange->count_repeat();
  }
}

}  // namespace sluice::http
