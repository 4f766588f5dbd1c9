// The connection behind a client: what waits, what was sent, and how it comes back.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/cancellation_signal.hpp>

#include "async/wakeup.hpp"
#include "state/redis_client.hpp"
#include "state/redis_connection.hpp"

namespace sluice::state {

/// `ask`, `end` and `describe` from any thread; all else happens on `on`.
class redis_link : public std::enable_shared_from_this<redis_link> {
 public:
  redis_link(executor on, redis_settings told, const telemetry::logger& log, redis_instruments* watch);

  void begin();
  void end();
  /// The reply, which may be an error of Redis'; or `unavailable`.
  task<result<redis_reply>> ask(std::string command);
  /// "the Redis at … cannot be reached: …": what is wrong with it.
  std::string describe(std::string_view otherwise) const;
  const redis_settings& told() const { return told_; }

 private:
  using clock = std::chrono::steady_clock;
  struct question;
  using questions = std::deque<std::shared_ptr<question>>;

  std::optional<error> enqueue(const std::shared_ptr<question>& one);
  task<> serve();
  task<redis_complaint> talk(redis_connection& over);
  task<redis_complaint> send(redis_connection& over);
  task<redis_complaint> receive(redis_connection& over);
  task<> expire();
  /// The time at which to look again.
  clock::time_point expire_now();
  bool make_trust();
  void go_up();
  void go_down(const redis_complaint& why);
  void fail(const questions& all, const redis_complaint& why);
  void complete(const std::shared_ptr<question>& one, redis_reply reply);
  void note(const redis_complaint& why);

  const executor on_;
  const redis_settings told_;
  const telemetry::logger log_;
  redis_instruments* const watch_;
  asio::cancellation_signal stop_serving_;
  asio::cancellation_signal stop_expiring_;
  // Of the worker.
  redis_trust trust_;
  async::wakeup news_;
  redis_connection* over_ = nullptr;  // while it talks
  bool is_overdue_ = false;           // it was closed because an answer did not come
  bool has_answered_ = false;         // since it was opened
  bool was_up_ = false;
  std::string last_said_;  // in the log

  mutable std::mutex mutex_;
  questions waiting_;  // to be sent
  std::size_t waiting_bytes_ = 0;
  questions sent_;  // in order
  std::optional<redis_complaint> down_;
  bool is_ended_ = false;
};

}  // namespace sluice::state
