// Calls that come in, as coroutines. For rpc_server.cpp of the services:
//
//   class identity_rpc final : public v1::Identity::CallbackService {
//     grpc::ServerUnaryReactor* LogIn(grpc::CallbackServerContext* context, const v1::LogInRequest* request,
//                                     v1::Tokens* response) override {
//       return rpc::answer(host_, context, request, response, std::bind_front(&identity_rpc::log_in, this));
//     }
//     grpc::ServerWriteReactor<v1::Deltas>* Follow(grpc::CallbackServerContext* context,
//                                                  const v1::FollowRequest* request) override {
//       return rpc::stream<v1::Deltas>(host_, context, request, std::bind_front(&identity_rpc::follow, this));
//     }
//     task<result<v1::Tokens>> log_in(rpc::call_context call, const v1::LogInRequest& request);
//     task<result<void>> follow(rpc::call_context call, const v1::FollowRequest& request,
//                               rpc::server_stream<v1::Deltas>& to);
//   };
//
// A call is dispatched to a worker, which alone touches and frees it; gRPC's threads only post. The request lives as
// long as the handler, which is cancelled when the caller goes away or its deadline passes. What a handler throws is
// logged and answered as `internal`.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <grpcpp/support/server_callback.h>

#include "async/wakeup.hpp"
#include "base/error.hpp"
#include "rpc/served_call.hpp"

namespace sluice::rpc {

/// The messages of one answer. The handler's worker only.
template <class Message>
class server_stream {
 public:
  /// Returns when gRPC has taken the message: a slow reader is waited for, and nothing is queued here. Throws
  /// `operation_aborted` if the caller is gone.
  virtual task<> write(Message message) = 0;

 protected:
  ~server_stream() = default;
};

template <class Response>
class unary_call final : public grpc::ServerUnaryReactor {
 public:
  unary_call(call_host& host, grpc::CallbackServerContext* context, const call_name& name, lifetime how)
      : call_(host, context, name, how) {}

  void start(std::move_only_function<task<result<Response>>(call_context)> handler, Response* response) {
    asio::post(call_.home(), [this, handler = std::move(handler), response]() mutable {
      call_.start([handler = std::move(handler),
                   response](call_context call) mutable { return run(handler(std::move(call)), response); },
                  [this](grpc::Status status) { Finish(std::move(status)); });
    });
  }

 private:
  static task<grpc::Status> run(task<result<Response>> work, Response* response) {
    result<Response> made = co_await std::move(work);
    if (!made) co_return to_status(made.error());
    *response = std::move(*made);
    co_return grpc::Status::OK;
  }
  void OnCancel() override { call_.cancel_soon(); }
  void OnDone() override {
    call_.leave();
    asio::post(call_.home(), [self = std::unique_ptr<unary_call>(this)] {});
  }

  served_call call_;
};

template <class Message>
class stream_call final : public grpc::ServerWriteReactor<Message>, public server_stream<Message> {
 public:
  stream_call(call_host& host, grpc::CallbackServerContext* context, const call_name& name, lifetime how)
      : call_(host, context, name, how), written_(call_.home()) {}

  void start(std::move_only_function<task<result<void>>(call_context, server_stream<Message>&)> handler) {
    asio::post(call_.home(), [this, handler = std::move(handler)]() mutable {
      call_.start([this, handler = std::move(handler)](
                      call_context call) mutable { return run(handler(std::move(call), *this)); },
                  [this](grpc::Status status) { finish(std::move(status)); });
    });
  }

  task<> write(Message message) override {
    message_ = std::move(message);
    writing_ = true;
    this->StartWrite(&message_);
    while (writing_)
      co_await written_.wait();
    if (!good_) throw boost::system::system_error(asio::error::operation_aborted);
  }

 private:
  static task<grpc::Status> run(task<result<void>> work) {
    const result<void> done = co_await std::move(work);
    co_return done ? grpc::Status::OK : to_status(done.error());
  }
  // A write that is still held up by the reader must have ended before the call does.
  void finish(grpc::Status status) {
    if (!writing_) return this->Finish(std::move(status));
    last_.emplace(std::move(status));
    call_.context().TryCancel();
  }
  void on_written(bool good) {
    writing_ = false;
    good_ = good;
    written_.notify();
    if (last_) this->Finish(std::move(*last_));
  }
  void OnWriteDone(bool good) override {
    asio::post(call_.home(), [this, good] { on_written(good); });
  }
  void OnCancel() override { call_.cancel_soon(); }
  void OnDone() override {
    call_.leave();
    asio::post(call_.home(), [self = std::unique_ptr<stream_call>(this)] {});
  }

  served_call call_;
  async::wakeup written_;
  Message message_;
  bool writing_ = false;
  bool good_ = true;
  std::optional<grpc::Status> last_;
};

/// A call with one answer. `handler(call_context, const Request&)` gives a `task<result<Response>>`. One that is
/// `endless` (it waits for news) is ended as `unavailable` when the server stops.
template <class Request, class Response, class Handler>
grpc::ServerUnaryReactor* answer(call_host& host, grpc::CallbackServerContext* context, const Request* request,
                                 Response* response, Handler handler, lifetime how = lifetime::bounded) {
  auto* call = new unary_call<Response>(host, context, call_name_of<Request>(), how);
  call->start(
      [request, handler = std::move(handler)](call_context told) mutable { return handler(std::move(told), *request); },
      response);
  return call;
}

/// A call with a stream of answers. `handler(call_context, const Request&, server_stream<Message>&)` gives a
/// `task<result<void>>`.
template <class Message, class Request, class Handler>
grpc::ServerWriteReactor<Message>* stream(call_host& host, grpc::CallbackServerContext* context, const Request* request,
                                          Handler handler, lifetime how = lifetime::bounded) {
  auto* call = new stream_call<Message>(host, context, call_name_of<Request>(), how);
  call->start([request, handler = std::move(handler)](call_context told, server_stream<Message>& to) mutable {
    return handler(std::move(told), *request, to);
  });
  return call;
}

}  // namespace sluice::rpc
