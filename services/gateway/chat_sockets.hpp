// All chat sockets of one worker, and what they share.
#pragma once

#include <chrono>
#include <exception>
#include <memory>

#include "agent/agent_service.hpp"
#include "async/task.hpp"
#include "async/task_group.hpp"
#include "door/admission.hpp"
#include "gateway/chat_socket.hpp"
#include "gateway/revoked_sessions.hpp"
#include "gateway/settings.hpp"
#include "http/exchange.hpp"
#include "http/worker_buffer.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::gateway {

/// What happens on chat sockets, for metrics and logs. Called on their workers.
class chat_observer {
 public:
  virtual ~chat_observer() = default;
  virtual void on_socket_opened(const chat_socket& socket) = 0;
  virtual void on_socket_closed(const chat_socket& socket) = 0;
  virtual void on_message() = 0;
  virtual void on_received(std::size_t bytes) = 0;
  virtual void on_sent(std::size_t bytes) = 0;
  virtual void on_socket_broken(std::exception_ptr why) = 0;
};

class chat_sockets {
 public:
  chat_sockets(executor on, http::worker_buffer& buffer, const settings& told, agent::service& agents,
               const door::request_limits& limits, const door::admission& door, chat_observer& watcher,
               const telemetry::tracer& spans);
  ~chat_sockets();
  chat_sockets(const chat_sockets&) = delete;
  chat_sockets& operator=(const chat_sockets&) = delete;

  /// Takes over a socket whose upgrade has been answered. On the worker. `endings` is from before its credentials were
  /// looked at.
  void adopt(http::taken_socket taken, const http::client_key& client, chat_dialect dialect,
             std::shared_ptr<const door::principal> who, socket_place place, std::uint64_t endings);
  /// Closes (4401) the sockets of what was revoked. On the worker.
  void end_sessions(const revoked_sessions& revoked);
  /// How often that was done: who was let in meanwhile may have been missed.
  std::uint64_t endings() const { return endings_; }
  /// Begins to look after the sockets: heartbeats, time-outs, and whether their sessions still stand.
  void begin();
  /// Tells every socket to come back elsewhere (`notice: draining`), then closes them (1001) spread over `within`:
  /// those that are being answered once their answers have ended, or time is up and `last_words` had time to leave.
  task<> drain(std::chrono::milliseconds within, std::chrono::milliseconds last_words);
  /// Whether `drain` has begun: no more sockets are taken.
  bool is_draining() const { return draining_; }
  std::size_t open() const { return count_; }

  executor get_executor() const { return executor_; }
  const settings& told() const { return settings_; }
  agent::service& agents() const { return agents_; }
  const door::request_limits& limits() const { return limits_; }
  const telemetry::tracer& spans() const { return spans_; }
  /// Where all sockets of the worker read into, one at a time and never across a wait.
  std::span<char> read_buffer() { return buffer_.bytes(); }

 private:
  friend class chat_socket;
  void add(chat_socket& socket);
  void remove(chat_socket& socket);
  task<> keep_house();
  task<> check_sessions();
  template <class Visit>
  void for_each(Visit visit);

  executor executor_;
  const settings& settings_;
  agent::service& agents_;
  const door::request_limits& limits_;
  const door::admission& door_;
  chat_observer& observer_;
  const telemetry::tracer& spans_;
  http::worker_buffer& buffer_;
  chat_socket* first_ = nullptr;
  std::size_t count_ = 0;
  std::uint64_t endings_ = 0;
  bool draining_ = false;
  async::task_group checks_;
};

}  // namespace sluice::gateway
