#include "state/redis_link.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace sluice::state {
namespace {

// In one write.
constexpr std::size_t batch_bytes = 1 << 20;

std::chrono::milliseconds draw(std::chrono::milliseconds longest) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto half = longest.count() / 2;
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(half, longest.count())(random));
}

void rethrow(const std::exception_ptr& broken) {
  try {
    if (broken) std::rethrow_exception(broken);
  } catch (const boost::system::system_error& problem) {
    if (problem.code() != asio::error::operation_aborted) throw;
  }
}

}  // namespace

struct redis_link::question {
  question(executor from, std::string asked, clock::time_point until)
      : on(from), command(std::move(asked)), size(command.size()), due(until), answered(from) {}
  const executor on;
  std::string command;
  const std::size_t size;
  const clock::time_point due;
  const clock::time_point since = clock::now();
  // Of the worker that asked.
  async::wakeup answered;
  std::optional<result<redis_reply>> answer;
};

redis_link::redis_link(executor on, redis_settings told, const telemetry::logger& log, redis_instruments* watch)
    : on_(on), told_(std::move(told)), log_(log), watch_(watch), news_(on) {}

void redis_link::begin() {
  asio::post(on_, [self = shared_from_this()] {
    // They own what they run in.
    asio::co_spawn(self->on_, self->serve(),
                   asio::bind_cancellation_slot(self->stop_serving_.slot(),
                                                [self](const std::exception_ptr& broken) { rethrow(broken); }));
    asio::co_spawn(self->on_, self->expire(),
                   asio::bind_cancellation_slot(self->stop_expiring_.slot(),
                                                [self](const std::exception_ptr& broken) { rethrow(broken); }));
  });
}

void redis_link::end() {
  const redis_complaint why{.what = redis_trouble::away, .text = "is no longer asked: this node ends"};
  questions all;
  {
    const std::scoped_lock lock(mutex_);
    is_ended_ = true;
    all = std::exchange(waiting_, {});
    std::ranges::move(sent_, std::back_inserter(all));
    sent_.clear();
    waiting_bytes_ = 0;
  }
  fail(all, why);
  asio::post(on_, [self = shared_from_this()] {
    self->stop_serving_.emit(asio::cancellation_type::all);
    self->stop_expiring_.emit(asio::cancellation_type::all);
  });
}

task<result<redis_reply>> redis_link::ask(std::string command) {
  const auto self = shared_from_this();
  const auto one =
      std::make_shared<question>(co_await asio::this_coro::executor, std::move(command), clock::now() + told_.timeout);
  if (auto refused = enqueue(one)) co_return std::unexpected(std::move(*refused));
  while (!one->answer)
    co_await one->answered.wait();
  co_return std::move(*one->answer);
}

std::optional<error> redis_link::enqueue(const std::shared_ptr<question>& one) {
  bool is_first = false;
  {
    const std::scoped_lock lock(mutex_);
    if (is_ended_) return make_redis_error({.what = redis_trouble::away, .text = "is no longer asked"});
    if (down_) return make_redis_error(*down_);
    if (waiting_.size() + sent_.size() >= told_.calls_max || waiting_bytes_ + one->size > told_.bytes_max)
      return make_redis_error({.what = redis_trouble::away, .text = "is asked for more than it answers"});
    is_first = waiting_.empty();
    waiting_bytes_ += one->size;
    waiting_.push_back(one);
  }
  if (watch_ != nullptr) watch_->waiting.add();
  if (is_first) asio::post(on_, [self = shared_from_this()] { self->news_.notify(); });
  return std::nullopt;
}

task<> redis_link::serve() {
  steady_timer timer(on_);
  for (auto delay = told_.retry_min;;) {
    redis_complaint why;
    if (!make_trust()) {
      why = {.what = redis_trouble::refused,
             .text = fmt::format("cannot be trusted: \"{}\" has no authorities (PEM)", told_.authorities_file)};
    } else if (auto opened = co_await redis_connection::open(told_, trust_)) {
      go_up();
      why = co_await talk(**opened);
      note(why);
      if (has_answered_) delay = told_.retry_min;
      // One that was cut is replaced before anybody hears of it.
      if (has_answered_ && !is_overdue_ && why.what == redis_trouble::away) continue;
    } else {
      why = std::move(opened.error());
      note(why);
    }
    go_down(why);
    timer.expires_after(draw(delay));
    delay = std::min(delay * 2, told_.retry_max);
    co_await timer.async_wait(use_task);
  }
}

bool redis_link::make_trust() {
  if (!told_.at.tls || trust_) return true;
  if (auto made = make_redis_trust(told_.authorities_file)) trust_ = std::move(*made);
  return trust_ != nullptr;
}

// Until it ends; those who were not answered are told why.
task<redis_complaint> redis_link::talk(redis_connection& over) {
  over_ = &over;
  is_overdue_ = false;
  has_answered_ = false;
  auto both = asio::experimental::make_parallel_group(asio::co_spawn(on_, send(over), asio::deferred),
                                                      asio::co_spawn(on_, receive(over), asio::deferred));
  auto [order, send_failure, sending, receive_failure, receiving] =
      co_await both.async_wait(asio::experimental::wait_for_one(), use_task);
  over_ = nullptr;
  over.close();
  if (watch_ != nullptr) watch_->up.subtract();
  const bool sending_first = order[0] == 0;
  if (const auto& failure = sending_first ? send_failure : receive_failure; failure) std::rethrow_exception(failure);
  redis_complaint why = sending_first ? std::move(sending) : std::move(receiving);
  if (is_overdue_)
    why = {.what = redis_trouble::away, .text = fmt::format("did not answer within {} ms", told_.timeout.count())};
  questions lost;
  {
    const std::scoped_lock lock(mutex_);
    lost = std::exchange(sent_, {});
  }
  fail(lost, why);
  co_return why;
}

task<redis_complaint> redis_link::send(redis_connection& over) {
  std::string batch;
  for (;;) {
    batch.clear();
    {
      const std::scoped_lock lock(mutex_);
      while (!waiting_.empty() && batch.size() < batch_bytes) {
        question& next = *waiting_.front();
        batch += next.command;
        next.command = {};
        waiting_bytes_ -= next.size;
        sent_.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    if (batch.empty()) {
      co_await news_.wait();
      continue;
    }
    auto written = co_await over.write(batch);
    if (!written) co_return std::move(written.error());
    if (batch.capacity() > 4 * batch_bytes) batch = {};
  }
}

task<redis_complaint> redis_link::receive(redis_connection& over) {
  for (;;) {
    auto reply = co_await over.read();
    if (!reply) co_return std::move(reply.error());
    std::shared_ptr<question> asked;
    {
      const std::scoped_lock lock(mutex_);
      if (!sent_.empty()) {
        asked = std::move(sent_.front());
        sent_.pop_front();
      }
    }
    if (!asked) co_return redis_complaint{.what = redis_trouble::unusable, .text = "answers what nobody asked"};
    has_answered_ = true;
    redis_complaint why;
    if (reply->is_error()) why = understand_error(reply->text);
    if (why.what != redis_trouble::none && !reply->text.starts_with("NOSCRIPT")) note(why);
    complete(asked, std::move(*reply));
    if (ends_connection(why.what)) co_return why;
  }
}

void redis_link::complete(const std::shared_ptr<question>& one, redis_reply reply) {
  if (watch_ != nullptr) {
    watch_->waiting.subtract();
    watch_->seconds.observe(clock::now() - one->since);
  }
  asio::post(one->on, [one, reply = std::move(reply)]() mutable {
    one->answer = std::move(reply);
    one->answered.notify();
  });
}

task<> redis_link::expire() {
  steady_timer timer(on_);
  for (;;) {
    timer.expires_at(expire_now());
    co_await timer.async_wait(use_task);
  }
}

redis_link::clock::time_point redis_link::expire_now() {
  const auto now = clock::now();
  auto next = now + told_.timeout;  // what is asked later is not due earlier
  questions late;
  {
    const std::scoped_lock lock(mutex_);
    if (!sent_.empty()) {
      if (sent_.front()->due <= now) is_overdue_ = true;
      next = std::min(next, std::max(sent_.front()->due, now + std::chrono::milliseconds(1)));
    }
    while (!waiting_.empty() && waiting_.front()->due <= now) {
      waiting_bytes_ -= waiting_.front()->size;
      late.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    if (!waiting_.empty()) next = std::min(next, waiting_.front()->due);
  }
  if (is_overdue_ && over_ != nullptr) over_->close();
  fail(late, {.what = redis_trouble::away, .text = "cannot be reached in time"});
  return next;
}

void redis_link::go_up() {
  {
    const std::scoped_lock lock(mutex_);
    down_.reset();
  }
  if (!last_said_.empty() || !was_up_) log_.info("Redis is there", {{"address", told_.at.shown()}});
  last_said_.clear();
  was_up_ = true;
  if (watch_ != nullptr) {
    watch_->up.add();
    watch_->reconnects.add();
  }
}

void redis_link::go_down(const redis_complaint& why) {
  questions all;
  {
    const std::scoped_lock lock(mutex_);
    down_ = why;
    all = std::exchange(waiting_, {});
    waiting_bytes_ = 0;
  }
  fail(all, why);
}

void redis_link::fail(const questions& all, const redis_complaint& why) {
  for (const auto& one : all) {
    if (watch_ != nullptr) watch_->waiting.subtract();
    asio::post(one->on, [one, why] {
      one->answer = std::unexpected(make_redis_error(why));
      one->answered.notify();
    });
  }
}

// Once for each thing that is wrong, not for each attempt.
void redis_link::note(const redis_complaint& why) {
  if (watch_ != nullptr) watch_->errors.at({to_string(why.what)}).add();
  if (why.text == last_said_) return;
  last_said_ = why.text;
  log_.warning("Redis is not as it should be", {{"address", told_.at.shown()}, {"problem", "it " + why.text}});
}

std::string redis_link::describe(std::string_view otherwise) const {
  const std::scoped_lock lock(mutex_);
  if (down_) return fmt::format("the Redis at {} {}", told_.at.shown(), down_->text);
  return fmt::format("{}: {}", told_.at.shown(), otherwise);
}

}  // namespace sluice::state
