#include "rpc/served_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace sluice::rpc {

served_call::served_call(call_host& host, grpc::CallbackServerContext* context, const call_name& name, lifetime how)
    : host_(host),
      context_(context),
      name_(name),
      how_(how),
      home_(host.next_worker()),
      place_(host.enter(*this, how)) {}

void served_call::start(handler run, finisher finish) {
  grpc::Status admitted = host_.admit(*context_);
  if (!admitted.ok()) return finish(std::move(admitted));
  if (cancelled_) return finish(host_.stopping());
  running_ = true;
  call_context told = context_of(*context_);
  watch(told);
  asio::co_spawn(
      home_, run(std::move(told)),
      asio::bind_cancellation_slot(cancel_.slot(), [this, finish = std::move(finish)](
                                                       std::exception_ptr failure, const grpc::Status& status) mutable {
        running_ = false;
        grpc::Status last = verdict(failure, status);
        report(last);
        finish(std::move(last));
      }));
}

void served_call::watch(call_context& told) {
  if (host_.watch() == nullptr) return;
  watched_ = host_.watch()->begin_served(name_, told.trace, how_ == lifetime::endless);
  told.trace = watched_.span.context();
}

void served_call::report(const grpc::Status& how) {
  instruments::end_served(watched_, how, how_ == lifetime::endless);
}

grpc::Status served_call::verdict(const std::exception_ptr& failure, const grpc::Status& status) {
  if (ended_ && (failure || !status.ok())) return host_.stopping();
  return failure ? host_.status_of(failure, *context_) : status;
}

void served_call::cancel() {
  cancelled_ = true;
  if (running_) cancel_.emit(asio::cancellation_type::terminal);
}

void served_call::cancel_soon() {
  asio::post(home_, [this] { cancel(); });
}

void served_call::end_soon() {
  asio::post(home_, [this] {
    ended_ = true;
    cancel();
  });
}

void served_call::leave() {
  host_.leave(place_, how_);
}

}  // namespace sluice::rpc
