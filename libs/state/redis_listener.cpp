#include "state/redis_listener.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <random>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "state/redis_connection.hpp"

namespace sluice::state {

std::string write_announcement(std::string_view topic, std::string_view text) {
  return fmt::format("{}:{}{}", topic.size(), topic, text);
}

std::optional<announcement> read_announcement(std::string_view payload) {
  std::size_t size = 0;
  const auto [end, code] = std::from_chars(payload.data(), payload.data() + payload.size(), size);
  if (code != std::errc()) return std::nullopt;
  payload.remove_prefix(static_cast<std::size_t>(end - payload.data()));
  if (!payload.starts_with(':') || payload.size() - 1 < size) return std::nullopt;
  payload.remove_prefix(1);
  return announcement{
      .topic = std::string(payload.substr(0, size)), .text = std::string(payload.substr(size)), .missed = false};
}

class redis_listener::ear : public std::enable_shared_from_this<ear> {
 public:
  ear(executor on, redis_settings told, std::string channel, const telemetry::logger& log)
      : on_(on), told_(std::move(told)), channel_(std::move(channel)), log_(log) {}

  void begin() {
    if (has_begun_.exchange(true)) return;
    asio::post(on_, [self = shared_from_this()] {
      asio::co_spawn(self->on_, self->serve(),
                     asio::bind_cancellation_slot(self->stop_.slot(), [self](const std::exception_ptr& broken) {
                       // It ends by being cancelled; all else is a bug.
                       try {
                         if (broken) std::rethrow_exception(broken);
                       } catch (const boost::system::system_error& problem) {
                         if (problem.code() != asio::error::operation_aborted) throw;
                       }
                     }));
    });
  }
  void end() {
    asio::post(on_, [self = shared_from_this()] { self->stop_.emit(asio::cancellation_type::all); });
  }

  announcement_board board;

 private:
  task<> serve() {
    steady_timer timer(on_);
    std::minstd_rand random{std::random_device{}()};
    for (auto delay = told_.retry_min;;) {
      const redis_complaint why = co_await listen_once();
      if (has_heard_) delay = told_.retry_min;
      if (why.text != last_said_)
        log_.warning("announcements of other nodes do not come through",
                     {{"address", told_.at.shown()}, {"problem", "Redis " + why.text}});
      last_said_ = why.text;
      timer.expires_after(std::chrono::milliseconds(
          std::uniform_int_distribution<std::int64_t>(delay.count() / 2, delay.count())(random)));
      delay = std::min(delay * 2, told_.retry_max);
      co_await timer.async_wait(use_task);
    }
  }

  task<redis_complaint> listen_once() {
    has_heard_ = false;
    if (told_.at.tls && !trust_) {
      auto trust = make_redis_trust(told_.authorities_file);
      if (!trust) co_return redis_complaint{.what = redis_trouble::refused, .text = "has no authorities to be trusted"};
      trust_ = std::move(*trust);
    }
    auto opened = co_await redis_connection::open(told_, trust_);
    if (!opened) co_return std::move(opened.error());
    redis_connection& over = **opened;
    std::string command;
    const std::array<std::string_view, 2> words = {"SUBSCRIBE", channel_};
    append_command(command, words);
    if (auto sent = co_await over.write(command); !sent) co_return std::move(sent.error());
    auto both = asio::experimental::make_parallel_group(asio::co_spawn(on_, hear(over), asio::deferred),
                                                        asio::co_spawn(on_, ping(over), asio::deferred));
    auto [order, hear_failure, hearing, ping_failure, pinging] =
        co_await both.async_wait(asio::experimental::wait_for_one(), use_task);
    const bool hearing_first = order[0] == 0;
    if (const auto& failure = hearing_first ? hear_failure : ping_failure; failure) std::rethrow_exception(failure);
    co_return hearing_first ? std::move(hearing) : std::move(pinging);
  }

  task<redis_complaint> hear(redis_connection& over) {
    for (;;) {
      auto reply = co_await over.read();
      if (!reply) co_return std::move(reply.error());
      is_alive_ = true;
      if (reply->is_error()) co_return understand_error(reply->text);
      const auto& items = reply->items;
      if (items.size() != 3) continue;  // the answer to a ping
      if (items[0].text == "subscribe") {
        has_heard_ = true;
        last_said_.clear();
        board.admit_gap();
      } else if (items[0].text == "message") {
        if (const auto one = read_announcement(items[2].text)) board.announce(one->topic, one->text);
      }
    }
  }

  // Who only listens would not notice that the other end stands still.
  task<redis_complaint> ping(redis_connection& over) {
    std::string command;
    const std::array<std::string_view, 1> words = {"PING"};
    append_command(command, words);
    steady_timer timer(on_);
    do {
      is_alive_ = false;
      if (auto sent = co_await over.write(command); !sent) co_return std::move(sent.error());
      timer.expires_after(told_.ping_interval);
      co_await timer.async_wait(use_task);
    } while (is_alive_);
    co_return redis_complaint{.what = redis_trouble::away, .text = "does not answer"};
  }

  const executor on_;
  const redis_settings told_;
  const std::string channel_;
  const telemetry::logger log_;
  asio::cancellation_signal stop_;
  std::atomic<bool> has_begun_ = false;
  // Of the worker.
  redis_trust trust_;
  bool has_heard_ = false;
  bool is_alive_ = false;
  std::string last_said_;
};

redis_listener::redis_listener(executor on, redis_settings told, std::string channel, const telemetry::logger& log)
    : ear_(std::make_shared<ear>(on, std::move(told), std::move(channel), log)) {}

redis_listener::~redis_listener() {
  ear_->end();
}

std::unique_ptr<subscription> redis_listener::subscribe(executor on, std::vector<std::string> topics) {
  auto made = ear_->board.subscribe(on, std::move(topics));
  ear_->begin();
  return made;
}

}  // namespace sluice::state
