#include "gateway/chat_sockets.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "http/websocket_frame.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

constexpr std::chrono::milliseconds housekeeping_max{1000};
constexpr std::chrono::milliseconds housekeeping_min{10};
constexpr std::uint16_t session_over = 4401;
constexpr std::string_view session_over_words = "the session is over; please sign in again";
constexpr std::chrono::milliseconds sessions_tick{1000};
// After a question that could not be answered.
constexpr std::chrono::milliseconds sessions_retry{10'000};
// While draining: how often sockets are closed, and how many at least each time.
constexpr std::chrono::milliseconds drain_tick{20};
constexpr std::size_t drain_sockets_min = 10;

}  // namespace

chat_sockets::chat_sockets(executor on, http::worker_buffer& buffer, const settings& told, agent::service& agents,
                           const request_limits& limits, const admission& door, chat_observer& watcher,
                           const telemetry::tracer& spans)
    : executor_(on),
      settings_(told),
      agents_(agents),
      limits_(limits),
      door_(door),
      observer_(watcher),
      spans_(spans),
      buffer_(buffer),
      checks_(on, [this](std::exception_ptr broken) {
        observer_.on_socket_broken(std::move(broken));
        if (!draining_) checks_.spawn(check_sessions());
      }) {}

chat_sockets::~chat_sockets() = default;

void chat_sockets::adopt(http::taken_socket taken, const http::client_key& client, chat_dialect dialect,
                         std::shared_ptr<const principal> who, socket_place place, std::uint64_t endings) {
  std::string unread = std::move(taken.unread);
  auto adopted =
      std::make_shared<chat_socket>(std::move(taken), client, dialect, std::move(who), std::move(place), *this);
  if (endings != endings_) adopted->check_session_at(std::chrono::steady_clock::now());
  observer_.on_socket_opened(*adopted);
  // Its handshake may have been under way when the others were told.
  if (draining_) adopted->close(http::close_code::going_away, "this server is shutting down; please reconnect");
  asio::co_spawn(executor_, adopted->run(std::move(unread)),
                 [adopted, &observer = observer_](std::exception_ptr broken) {
                   if (broken) observer.on_socket_broken(broken);
                   observer.on_socket_closed(*adopted);
                 });
}

void chat_sockets::add(chat_socket& socket) {
  socket.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &socket;
  first_ = &socket;
  ++count_;
}

void chat_sockets::remove(chat_socket& socket) {
  if (socket.next_ != nullptr) socket.next_->previous_ = socket.previous_;
  if (socket.previous_ != nullptr) {
    socket.previous_->next_ = socket.next_;
  } else {
    first_ = socket.next_;
  }
  --count_;
}

template <class Visit>
void chat_sockets::for_each(Visit visit) {
  for (chat_socket* one = first_; one != nullptr;) {
    chat_socket* const next = one->next_;
    visit(*one);
    one = next;
  }
}

void chat_sockets::begin() {
  asio::co_spawn(executor_, keep_house(), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
  checks_.spawn(check_sessions());
}

void chat_sockets::end_sessions(const revoked_sessions& revoked) {
  ++endings_;
  if (revoked.empty()) return;
  for_each([&revoked](chat_socket& one) {
    if (revoked.cover(one.who())) one.close(session_over, session_over_words);
  });
}

task<> chat_sockets::check_sessions() {
  steady_timer timer(executor_);
  for (;;) {
    timer.expires_after(sessions_tick);
    co_await timer.async_wait(use_task);
    std::vector<std::shared_ptr<chat_socket>> due;
    for_each([&due, now = std::chrono::steady_clock::now()](chat_socket& one) {
      if (one.is_session_check_due(now)) due.push_back(one.shared_from_this());
    });
    for (const auto& one : due) {
      const auto stands = co_await door_.still_stands(one->who());
      const bool over = !stands && stands.error().reason == error_reason::unauthenticated;
      if (over) one->close(session_over, session_over_words);
      one->check_session_at(std::chrono::steady_clock::now() + (stands ? settings_.session_check : sessions_retry));
    }
  }
}

task<> chat_sockets::keep_house() {
  const auto tick =
      std::clamp(std::min(settings_.heartbeat, settings_.close_timeout) / 4, housekeeping_min, housekeeping_max);
  steady_timer timer(executor_);
  for (;;) {
    timer.expires_after(tick);
    co_await timer.async_wait(use_task);
    const auto now = std::chrono::steady_clock::now();
    for_each([now](chat_socket& one) { one.look_after(now); });
  }
}

task<> chat_sockets::drain(std::chrono::milliseconds within, std::chrono::milliseconds last_words) {
  draining_ = true;
  const auto seconds = std::max(std::chrono::floor<std::chrono::seconds>(within).count(), std::int64_t{1});
  for_each([seconds](chat_socket& one) { one.notify("draining", "within_s", seconds); });
  // Paced, so that those who come back elsewhere do not come all at once; who is being answered stays to the last.
  const auto over_at = std::chrono::steady_clock::now() + within + last_words;
  const auto ticks = static_cast<std::size_t>(std::max(within / drain_tick, std::chrono::milliseconds::rep{1}));
  const std::size_t per_tick = std::max((count_ + ticks - 1) / ticks, drain_sockets_min);
  steady_timer timer(executor_);
  while (first_ != nullptr) {
    const bool is_over = std::chrono::steady_clock::now() >= over_at;
    std::size_t left = per_tick;
    for_each([&left, is_over](chat_socket& one) {
      if (!is_over && (left == 0 || one.dialogue_.has_streams())) return;
      if (one.closing_.may_send() && left != 0) --left;
      one.close(http::close_code::going_away, "this server is shutting down; please reconnect");
    });
    timer.expires_after(drain_tick);
    co_await timer.async_wait(use_task);
  }
  checks_.cancel();
  co_await checks_.join();
}

}  // namespace sluice::gateway
