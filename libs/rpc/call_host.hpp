// What all calls of a server share: workers, admission, and who is there when the server stops.
#pragma once

#include <atomic>
#include <exception>
#include <list>
#include <mutex>
#include <string>

#include <grpcpp/server_context.h>

#include "async/worker_pool.hpp"
#include "rpc/call.hpp"
#include "rpc/credentials.hpp"
#include "rpc/instruments.hpp"
#include "rpc/status.hpp"
#include "telemetry/log.hpp"

namespace sluice::rpc {

class served_call;

/// Whether a call comes to its end although nobody cancels it. Endless ones are ended when the server stops.
enum class lifetime : std::uint8_t { bounded, endless };

/// Any thread.
class call_host {
 public:
  call_host(async::worker_pool& workers, const secret_string& secret, std::uint32_t calls_max,
            const telemetry::logger& log, instruments* watch = nullptr);
  call_host(const call_host&) = delete;
  call_host& operator=(const call_host&) = delete;

  /// In turn.
  executor next_worker();
  /// OK, or why a call is not let in: no or a wrong secret, too many calls, the server stops.
  grpc::Status admit(const grpc::CallbackServerContext& context);
  /// How a handler ended that threw; logged unless it was only cancelled.
  grpc::Status status_of(const std::exception_ptr& failure, const grpc::CallbackServerContext& context);
  grpc::Status stopping() const;

  using place = std::list<served_call*>::iterator;
  place enter(served_call& call, lifetime how);
  void leave(place where, lifetime how);
  /// Null: nobody counts.
  instruments* watch() const { return watch_; }
  std::size_t live() const { return live_.load(std::memory_order_relaxed); }

  void set_serving(bool to) { serving_.store(to, std::memory_order_relaxed); }
  bool serving() const { return serving_.load(std::memory_order_relaxed); }
  /// Ends all endless calls, and those that come.
  void end_endless();

 private:
  bool knows_secret(const grpc::CallbackServerContext& context) const;

  async::worker_pool& workers_;
  std::string proof_;  // empty: none is asked for
  std::uint32_t calls_max_;
  telemetry::logger log_;
  instruments* watch_;
  telemetry::log_limit refusals_{std::chrono::seconds(10)};
  telemetry::log_limit breakages_{std::chrono::seconds(1)};
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> live_{0};
  std::atomic<bool> serving_{false};
  std::mutex lock_;
  std::list<served_call*> endless_;
  bool ending_ = false;
};

/// What a caller sent beside the message.
call_context context_of(const grpc::CallbackServerContext& context);

}  // namespace sluice::rpc
