#include "http/client_pool.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace sluice::http {

using clock = std::chrono::steady_clock;

namespace {

// An idle server owes us nothing: whatever can be read, be it the end or bytes, makes the connection useless.
bool still_good(stream_socket& socket) {
  char byte = 0;
  return socket.try_read({&byte, 1}).would_block;
}

}  // namespace

client_pool::lease::lease(lease&& other) noexcept
    : pool_(std::move(other.pool_)),
      place_(std::exchange(other.place_, nullptr)),
      socket_(std::exchange(other.socket_, std::nullopt)),
      reused_(other.reused_) {}

client_pool::lease& client_pool::lease::operator=(lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::move(other.pool_);
  place_ = std::exchange(other.place_, nullptr);
  socket_ = std::exchange(other.socket_, std::nullopt);
  reused_ = other.reused_;
  return *this;
}

void client_pool::lease::set_socket(stream_socket socket) {
  socket_.emplace(std::move(socket));
  reused_ = false;
}

void client_pool::lease::drop_socket() {
  socket_.reset();
  reused_ = false;
}

void client_pool::lease::keep() {
  if (!place_ || !socket_) return release();
  pool_->take_back(*std::exchange(place_, nullptr), std::move(*socket_));
  socket_.reset();
  pool_.reset();
}

void client_pool::lease::release() {
  socket_.reset();
  if (place_) pool_->free_one(*std::exchange(place_, nullptr));
  pool_.reset();
}

client_pool::client_pool(executor on, client_pool_settings settings)
    : executor_(on), settings_(settings), sweeper_(on, [this] { close_old(); }) {}

client_pool::~client_pool() = default;

client_pool::place& client_pool::place_of(const origin& to) {
  place& at = places_[to];
  at.to = to;
  return at;
}

std::optional<client_pool::lease> client_pool::try_take(const origin& to) {
  place& at = place_of(to);
  if (!at.waiting.empty()) return std::nullopt;
  return try_take(at);
}

std::optional<client_pool::lease> client_pool::try_take(place& at) {
  while (!at.idle.empty()) {
    stream_socket socket = std::move(at.idle.back().socket);
    at.idle.pop_back();
    if (!still_good(socket)) {
      --at.open;
      continue;
    }
    lease one(shared_from_this(), at);
    one.socket_.emplace(std::move(socket));
    one.reused_ = true;
    return one;
  }
  if (at.open >= settings_.connections_per_origin_max) return std::nullopt;
  ++at.open;
  return lease(shared_from_this(), at);
}

task<result<client_pool::lease>> client_pool::take(origin to) {
  const auto self = shared_from_this();
  place& at = place_of(to);
  if (at.waiting.empty()) {
    if (auto one = try_take(at)) co_return std::move(*one);
  }
  if (at.waiting.size() >= settings_.waiting_per_origin_max) {
    co_return failure(error_reason::unavailable,
                      fmt::format("all {} connections to {} are in use and {} requests wait for one; try again",
                                  settings_.connections_per_origin_max, to.authority(), at.waiting.size()));
  }
  struct waiter {
    client_pool& pool;
    place& at;
    std::list<async::wakeup>::iterator turn;
    // Whoever leaves, with a connection or without, lets the next one look.
    ~waiter() {
      at.waiting.erase(turn);
      pool.wake_next(at);
      pool.forget_if_unused(at);
    }
  };
  const waiter here{*this, at, at.waiting.emplace(at.waiting.end(), executor_)};
  for (;;) {
    co_await here.turn->wait();
    if (auto one = try_take(at)) co_return std::move(*one);
  }
}

void client_pool::take_back(place& at, stream_socket socket) {
  if (at.idle.size() >= settings_.idle_per_origin_max) {
    socket.close();
    return free_one(at);
  }
  const auto now = clock::now();
  at.idle.push_back({std::move(socket), now});
  if (!std::exchange(sweeping_, true)) sweeper_.expire_at(now + settings_.idle_timeout);
  wake_next(at);
}

void client_pool::free_one(place& at) {
  --at.open;
  wake_next(at);
  forget_if_unused(at);
}

void client_pool::wake_next(place& at) {
  if (at.waiting.empty()) return;
  if (!at.idle.empty() || at.open < settings_.connections_per_origin_max) at.waiting.front().notify();
}

void client_pool::forget_if_unused(place& at) {
  if (at.open == 0 && at.waiting.empty()) places_.erase(places_.find(origin(at.to)));
}

void client_pool::close_old() {
  const auto now = clock::now();
  auto oldest = clock::time_point::max();
  for (auto next = places_.begin(); next != places_.end();) {
    place& at = (next++)->second;
    const auto fresh = std::ranges::find_if(
        at.idle, [&](const idle_connection& one) { return now - one.since < settings_.idle_timeout; });
    at.open -= static_cast<std::size_t>(fresh - at.idle.begin());
    at.idle.erase(at.idle.begin(), fresh);
    if (!at.idle.empty()) oldest = std::min(oldest, at.idle.front().since);
    wake_next(at);
    forget_if_unused(at);
  }
  sweeping_ = oldest != clock::time_point::max();
  if (sweeping_) sweeper_.expire_at(oldest + settings_.idle_timeout);
}

std::size_t client_pool::idle_count() const {
  std::size_t count = 0;
  for (const auto& [to, at] : places_)
    count += at.idle.size();
  return count;
}

}  // namespace sluice::http
