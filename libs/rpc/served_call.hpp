// A call that came in, on the worker that it was given to.
#pragma once

#include <functional>

#include <boost/asio/cancellation_signal.hpp>
#include <grpcpp/server_context.h>

#include "async/task.hpp"
#include "rpc/call_host.hpp"

namespace sluice::rpc {

/// The part of a reactor that does not depend on messages: runs the handler, cancels it, says how it ended. Made on a
/// thread of gRPC's, then its worker's, but for `cancel_soon`, `end_soon` and `leave`.
class served_call {
 public:
  using handler = std::move_only_function<task<grpc::Status>(call_context)>;
  using finisher = std::move_only_function<void(grpc::Status)>;

  /// `name` stays.
  served_call(call_host& host, grpc::CallbackServerContext* context, const call_name& name, lifetime how);
  served_call(const served_call&) = delete;
  served_call& operator=(const served_call&) = delete;

  executor home() const { return home_; }
  grpc::CallbackServerContext& context() const { return *context_; }
  /// Runs `run` and then, once, `finish`; or that alone if the call is not let in.
  void start(handler run, finisher finish);

  /// The caller is gone.
  void cancel_soon();
  /// The server stops, and this call would never end by itself.
  void end_soon();
  /// gRPC is through with it; the last that comes from its threads.
  void leave();

 private:
  void cancel();
  void watch(call_context& told);
  void report(const grpc::Status& how);
  grpc::Status verdict(const std::exception_ptr& failure, const grpc::Status& status);

  call_host& host_;
  grpc::CallbackServerContext* context_;
  const call_name& name_;
  lifetime how_;
  watched_call watched_;
  executor home_;
  asio::cancellation_signal cancel_;
  bool running_ = false;
  bool cancelled_ = false;
  bool ended_ = false;
  call_host::place place_;
};

}  // namespace sluice::rpc
