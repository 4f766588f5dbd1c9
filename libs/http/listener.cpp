#include "http/listener.hpp"

#include <algorithm>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "async/with_deadline.hpp"
#include "http/connection.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;

// How long to leave the kernel alone when it cannot accept: out of descriptors or memory.
constexpr auto accept_pause = 100ms;
// Connections over a cap that are told so at a time; the rest is closed without a word.
constexpr std::size_t refusals_max = 64;
constexpr std::size_t spare_workspaces_max = 64;
// What the kernel keeps for a slow client, beside what is on the wire: a cursor that lags costs less than megabytes of
// its own, and goes on in small steps.
constexpr int kernel_unsent_bytes_max = 128 * 1024;

// The deadlines are looked at this often: a fraction of the shortest, so that all are kept to within about an eighth.
std::chrono::milliseconds sweep_interval(const server_limits& limits) {
  const auto shortest = std::min(
      {limits.header_timeout, limits.idle_timeout, limits.body_timeout, limits.write_timeout, limits.linger_timeout});
  return std::clamp(shortest / 8, 5ms, 1000ms);
}

}  // namespace

listener::listener(std::shared_ptr<const serving> what, async::worker& on, worker_buffer& buffer)
    : what_(std::move(what)),
      worker_(on),
      buffer_(buffer),
      acceptor_(on.get_executor()),
      pause_(on.get_executor()),
      tick_(on.get_executor()),
      loops_(on.get_executor(), nullptr),
      connections_(on.get_executor(), nullptr) {}

listener::~listener() = default;

error_code listener::open(const asio::ip::tcp::endpoint& endpoint) {
  using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  using unsent_low_water = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;
  error_code code;
  acceptor_.open(endpoint.protocol(), code);
  if (!code) acceptor_.set_option(asio::socket_base::reuse_address(true), code);
  if (!code) acceptor_.set_option(reuse_port(true), code);
  if (!code && endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), code);
  // Connections inherit it.
  if (!code) acceptor_.set_option(unsent_low_water(kernel_unsent_bytes_max), code);
  if (!code) acceptor_.bind(endpoint, code);
  if (!code) acceptor_.listen(asio::socket_base::max_listen_connections, code);
  return code;
}

void listener::run() {
  loops_.spawn(accept());
  loops_.spawn(sweep());
}

task<> listener::accept() {
  while (!stopping_) {
    asio::ip::tcp::endpoint peer;
    auto [code, socket] = co_await acceptor_.async_accept(peer, use_task_nothrow);
    if (!code) {
      welcome(std::move(socket), peer);
    } else if (code == asio::error::connection_aborted) {
      continue;  // gone before it was accepted
    } else if (!stopping_) {
      if (what_->hooks.on_accept_failure) what_->hooks.on_accept_failure(code);
      pause_.expires_after(accept_pause);
      co_await pause_.async_wait(use_task_nothrow);
    }
  }
}

void listener::welcome(tcp_socket socket, const asio::ip::tcp::endpoint& peer) {
  const bool is_proxy = any_contains(what_->settings.trusted_proxies, peer.address());
  auto place = is_proxy ? what_->quota->admit_proxy() : what_->quota->admit(peer.address());
  if (place) {
    ++accepted_;
    connections_.spawn(
        connection::serve(std::make_shared<connection>(*this, std::move(socket), peer, std::move(*place))));
    return;
  }
  ++refused_;
  if (loops_.size() > refusals_max || what_->settings.tls) return;
  const unsigned status = place.error() == connection_quota::refusal::too_many ? 503 : 429;
  auto refused = std::make_shared<connection>(*this, std::move(socket), peer, connection_place());
  loops_.spawn(connection::refuse(std::move(refused), status));
}

task<> listener::sweep() {
  const auto interval = sweep_interval(what_->settings.limits);
  for (;;) {
    tick_.expires_after(interval);
    co_await tick_.async_wait(use_task);
    const time_point now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < open_.size(); ++i)
      open_[i]->look_at_clock(now);
  }
}

void listener::wind_down() {
  winding_down_ = true;
  for (connection* one : open_)
    one->close_if_idle();
}

task<> listener::stop(std::chrono::milliseconds drain) {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  wind_down();
  co_await async::with_deadline(connections_.join(), drain);
  connections_.cancel();
  co_await connections_.join();
  loops_.cancel();
  co_await loops_.join();
  // What still holds a connection is a wait that was cancelled with its socket, and is queued.
  while (!open_.empty())
    co_await asio::post(worker_.get_executor(), use_task);
}

void listener::add_to(server_counters& sum) const {
  sum.connections_accepted += accepted_;
  sum.connections_refused += refused_;
  sum.connections_cut += cut_;
  sum.requests += requests_;
}

std::string_view listener::date_field() {
  const std::time_t now = std::time(nullptr);
  if (now != date_of_) {
    date_of_ = now;
    date_ = fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(now));
  }
  return date_;
}

std::unique_ptr<workspace> listener::borrow_workspace() {
  if (spare_.empty()) {
    const server_limits& limits = what_->settings.limits;
    return std::make_unique<workspace>(parse_limits{.header_bytes_max = limits.header_bytes_max,
                                                    .header_fields_max = limits.header_fields_max,
                                                    .body_bytes_max = limits.body_bytes_max});
  }
  auto space = std::move(spare_.back());
  spare_.pop_back();
  return space;
}

void listener::give_back(std::unique_ptr<workspace> space) {
  if (spare_.size() < spare_workspaces_max) spare_.push_back(std::move(space));
}

void listener::enter(connection& one) {
  one.place_in_list = open_.size();
  open_.push_back(&one);
}

void listener::leave(connection& one) {
  open_.back()->place_in_list = one.place_in_list;
  std::swap(open_[one.place_in_list], open_.back());
  open_.pop_back();
}

}  // namespace sluice::http
