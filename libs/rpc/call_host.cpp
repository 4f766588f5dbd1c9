#include "rpc/call_host.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "rpc/metadata.hpp"
#include "rpc/served_call.hpp"
#include "telemetry/names.hpp"

namespace sluice::rpc {
namespace {

constexpr std::chrono::milliseconds come_back{1000};
constexpr std::size_t text_bytes_max = 1024;  // of what a caller says beside the message

std::string_view find(const grpc::CallbackServerContext& context, const char* name) {
  const auto& all = context.client_metadata();
  const auto found = all.find(name);
  if (found == all.end() || found->second.size() > text_bytes_max) return {};
  return {found->second.data(), found->second.size()};
}

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& problem) {
    return problem.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

call_context context_of(const grpc::CallbackServerContext& context) {
  return {.request_id = std::string(find(context, metadata::request_id)),
          .trace = telemetry::parse_trace_context(find(context, metadata::trace_parent),
                                                  find(context, metadata::trace_state)),
          .peer = context.peer(),
          .deadline = context.deadline()};
}

call_host::call_host(async::worker_pool& workers, const secret_string& secret, std::uint32_t calls_max,
                     const telemetry::logger& log, instruments* watch)
    : workers_(workers),
      proof_(secret.empty() ? std::string() : make_secret_proof(secret)),
      calls_max_(calls_max),
      log_(log),
      watch_(watch) {}

executor call_host::next_worker() {
  return workers_[next_.fetch_add(1, std::memory_order_relaxed) % workers_.size()].get_executor();
}

bool call_host::knows_secret(const grpc::CallbackServerContext& context) const {
  return proof_.empty() || equal_proofs(find(context, metadata::service_proof), proof_);
}

grpc::Status call_host::admit(const grpc::CallbackServerContext& context) {
  if (!knows_secret(context)) {
    if (const auto left_out = refusals_.admit()) {
      const bool none = find(context, metadata::service_proof).empty();
      log_.warning("a call was refused: its service secret is not ours, see services.secret of both nodes",
                   {{"peer", context.peer()}, {"secret", none ? "missing" : "wrong"}, {"left_out", *left_out}});
    }
    // Without our details: it is about the node that calls, not about whom it calls for.
    return {grpc::StatusCode::UNAUTHENTICATED, "the service secret is missing or wrong"};
  }
  if (live() <= calls_max_) return grpc::Status::OK;
  return to_status(
      {.reason = error_reason::unavailable, .message = "the service is overloaded", .retry_after = come_back});
}

grpc::Status call_host::status_of(const std::exception_ptr& failure, const grpc::CallbackServerContext& context) {
  if (is_cancellation(failure)) {
    // Of use to nobody but a caller whose own clock is about to say the same.
    const bool late = context.deadline() <= std::chrono::system_clock::now();
    return late ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline has passed")
                : grpc::Status::CANCELLED;
  }
  if (const auto left_out = breakages_.admit()) {
    log_.error("a call broke", {{"problem", message_of(failure)},
                                {"peer", context.peer()},
                                {telemetry::names::request_id, find(context, metadata::request_id)},
                                {"left_out", *left_out}});
  }
  return to_status({.reason = error_reason::internal, .message = "internal error"});
}

grpc::Status call_host::stopping() const {
  return to_status({.reason = error_reason::unavailable, .message = "this node is stopping", .retry_after = come_back});
}

call_host::place call_host::enter(served_call& call, lifetime how) {
  live_.fetch_add(1, std::memory_order_relaxed);
  if (how == lifetime::bounded) return {};
  const std::scoped_lock lock(lock_);
  if (ending_) call.end_soon();
  return endless_.insert(endless_.end(), &call);
}

void call_host::leave(place where, lifetime how) {
  live_.fetch_sub(1, std::memory_order_relaxed);
  if (how == lifetime::bounded) return;
  const std::scoped_lock lock(lock_);
  endless_.erase(where);
}

void call_host::end_endless() {
  const std::scoped_lock lock(lock_);
  ending_ = true;
  for (served_call* each : endless_)
    each->end_soon();
}

}  // namespace sluice::rpc
