// Calls that go out, as coroutines. For rpc_client.cpp of the services:
//
//   rpc::client<v1::Identity> node_(channel);
//   auto answer = co_await node_.call(&rpc::methods<v1::Identity>::LogIn, request, {.deadline = 5s});
//
//   auto deltas = node_.open(co_await asio::this_coro::executor, &rpc::methods<v1::Agent>::Follow, request, {…});
//   while (auto message = co_await deltas.read()) …
//
// A coroutine that is cancelled cancels its call, and with it the handler on the other side. The calling worker alone
// holds and frees a call; gRPC's threads only post.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include "async/task.hpp"
#include "async/wakeup.hpp"
#include "base/error.hpp"
#include "rpc/call.hpp"
#include "rpc/channel.hpp"
#include "rpc/connections.hpp"

namespace sluice::rpc {

template <class Service>
using methods = typename Service::StubInterface::async_interface;

/// A call with one answer.
template <class Request, class Response>
struct outgoing_call final : under_way {
  void give_up() override { context.TryCancel(); }

  grpc::ClientContext context;
  Request request;
  Response response;
  grpc::Status status;
  asio::any_completion_handler<void()> resume;
};

/// A call with a stream of answers, shared by its `client_stream` and, until it has ended, itself.
template <class Message>
class outgoing_stream final : public grpc::ClientReadReactor<Message>, public under_way {
 public:
  outgoing_stream(executor home, connections& links) : home_(home), links_(links), changed_(home) {}

  template <class Async, class Request>
  void start(Async& stub,
             void (Async::*method)(grpc::ClientContext*, const Request*, grpc::ClientReadReactor<Message>*),
             Request request, const call_options& options, std::shared_ptr<outgoing_stream> self) {
    self_ = std::move(self);
    auto kept = std::make_shared<Request>(std::move(request));
    request_ = kept;
    links_.enter(*this, call_name_of<Request>(), context_, options);
    (stub.*method)(&context_, kept.get(), this);
    this->AddHold();  // reads begin outside of reactions
    this->StartCall();
  }

  task<result<std::optional<Message>>> read() {
    if (!reading_ && !has_message_ && !status_) reading_ = begin_read();
    while (!has_message_ && !status_)
      co_await changed_.wait();
    // Cancelled just as it came: whoever waited is not there to take it.
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (std::exchange(has_message_, false)) co_return std::optional<Message>(std::move(message_));
    if (!status_->ok()) co_return std::unexpected(links_.read_failure(*status_));
    co_return std::optional<Message>();
  }

  /// It is not read any more, but for how it ended. Any thread.
  void give_up() override {
    context_.TryCancel();
    release();
  }

 private:
  bool begin_read() {
    const std::scoped_lock lock(hold_lock_);
    if (held_) this->StartRead(&message_);
    return held_;
  }
  void release() {
    const std::scoped_lock lock(hold_lock_);
    if (std::exchange(held_, false)) this->RemoveHold();
  }
  void on_read(bool good) {
    reading_ = false;
    has_message_ = good;
    if (!good) release();
    changed_.notify();
  }
  // gRPC's threads.
  void OnReadDone(bool good) override {
    asio::post(home_, [this, good] { on_read(good); });
  }
  void OnDone(const grpc::Status& status) override {
    links_.leave(*this, [&] {
      asio::post(home_, [self = std::move(self_), status] {
        self->status_ = status;
        instruments::end_made(self->watched, status);
        self->changed_.notify();
      });
    });
  }

  executor home_;
  connections& links_;
  grpc::ClientContext context_;
  std::shared_ptr<void> request_;
  std::shared_ptr<outgoing_stream> self_;  // until it has ended
  async::wakeup changed_;
  Message message_;
  bool reading_ = false;
  bool has_message_ = false;
  std::optional<grpc::Status> status_;
  std::mutex hold_lock_;
  bool held_ = true;  // nothing may be begun once it is not
};

/// What comes back from a call with a stream of answers. On the worker that opened it; one reader. Letting go of it
/// cancels the call.
template <class Message>
class client_stream {
 public:
  explicit client_stream(std::shared_ptr<outgoing_stream<Message>> call) : call_(std::move(call)) {}
  client_stream(client_stream&&) noexcept = default;
  client_stream& operator=(client_stream&& other) noexcept {
    cancel();
    call_ = std::move(other.call_);
    return *this;
  }
  ~client_stream() { cancel(); }

  /// The next message, which is asked for only now: who does not read holds up the writer. Nothing once the other side
  /// has ended it well. One that is cancelled loses nothing: the next `read` has the message.
  task<result<std::optional<Message>>> read() { return call_->read(); }
  /// Ends it. Not while a `read` waits: cancel that coroutine instead.
  void cancel() {
    if (call_) std::exchange(call_, nullptr)->give_up();
  }

 private:
  std::shared_ptr<outgoing_stream<Message>> call_;
};

/// A service on other nodes. Any thread; the channel outlives it.
template <class Service>
class client {
 public:
  explicit client(channel& over) : links_(over.links()) {
    for (const auto& each : links_.channels())
      stubs_.push_back(Service::NewStub(each));
  }

  /// Errors: what the service answered; `unavailable` where it cannot be reached or does not answer in time.
  template <class Request, class Response>
  task<result<Response>> call(void (methods<Service>::*method)(grpc::ClientContext*, const Request*, Response*,
                                                               std::function<void(grpc::Status)>),
                              std::type_identity_t<Request> request, call_options options) {
    const executor home = co_await asio::this_coro::executor;
    auto call = std::make_shared<outgoing_call<Request, Response>>();
    call->request = std::move(request);
    links_.enter(*call, call_name_of<Request>(), call->context, options);
    co_await asio::async_initiate<const asio::use_awaitable_t<executor>&, void()>(
        [&](auto handler) {
          call->resume = std::move(handler);
          // Of the erased handler: erasing occupies the slot of the original.
          auto slot = asio::get_associated_cancellation_slot(call->resume);
          if (slot.is_connected()) {
            slot.assign([weak = std::weak_ptr(call)](asio::cancellation_type) {
              if (const auto live = weak.lock()) live->context.TryCancel();
            });
          }
          (next().*method)(&call->context, &call->request, &call->response,
                           [&links = links_, home, call](grpc::Status status) mutable {
                             finish(links, home, std::move(call), status);
                           });
        },
        use_task);
    instruments::end_made(call->watched, call->status);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (!call->status.ok()) co_return std::unexpected(links_.read_failure(call->status));
    co_return std::move(call->response);
  }

  /// `home`: the worker of the caller, on whose thread this is called.
  template <class Request, class Message>
  client_stream<Message> open(executor home,
                              void (methods<Service>::*method)(grpc::ClientContext*, const Request*,
                                                               grpc::ClientReadReactor<Message>*),
                              std::type_identity_t<Request> request, const call_options& options) {
    auto made = std::make_shared<outgoing_stream<Message>>(home, links_);
    made->start(next(), method, std::move(request), options, made);
    return client_stream<Message>(std::move(made));
  }

 private:
  methods<Service>& next() { return *stubs_[links_.pick()]->async(); }

  // On a thread of gRPC's: the coroutine goes on at home, and frees the call there.
  template <class Call>
  static void finish(connections& links, executor home, std::shared_ptr<Call> call, const grpc::Status& status) {
    call->status = status;
    under_way& ended = *call;
    links.leave(ended, [&] {
      auto resume = std::move(call->resume);
      asio::post(home, [call = std::move(call), resume = std::move(resume)]() mutable {
        call.reset();
        std::move(resume)();
      });
    });
  }

  connections& links_;
  std::vector<std::unique_ptr<typename Service::Stub>> stubs_;
};

}  // namespace sluice::rpc
