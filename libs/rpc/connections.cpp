#include "rpc/connections.hpp"

#include <algorithm>

#include "rpc/metadata.hpp"
#include "rpc/status.hpp"

namespace sluice::rpc {
namespace {

constexpr std::size_t metadata_text_max = 1024;

// gRPC ends the process over a value that is not printable ASCII; what came from outside is left out then.
void add(grpc::ClientContext& context, const char* name, const std::string& text) {
  const bool legal = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (!text.empty() && text.size() <= metadata_text_max && legal) context.AddMetadata(name, text);
}

}  // namespace

connections::connections(channel_settings told, std::vector<std::shared_ptr<grpc::Channel>> channels,
                         const telemetry::logger& log)
    : peer_(std::move(told.peer)),
      proof_(told.protection.secret.empty() ? std::string() : make_secret_proof(told.protection.secret)),
      channels_(std::move(channels)),
      log_(log),
      watch_(told.watch) {}

connections::~connections() {
  give_up_all();
  std::unique_lock lock(lock_);
  left_.wait(lock, [this] { return under_way_.empty(); });
}

std::size_t connections::pick() {
  const std::size_t count = channels_.size();
  const std::size_t first = next_.fetch_add(1, std::memory_order_relaxed) % count;
  if (count == 1) return 0;
  for (std::size_t step = 0; step < count; ++step) {
    const std::size_t place = (first + step) % count;
    // Asking also makes an idle one connect.
    if (channels_[place]->GetState(true) == GRPC_CHANNEL_READY) return place;
  }
  return first;
}

void connections::enter(under_way& call, const call_name& name, grpc::ClientContext& context,
                        const call_options& options) {
  context.set_deadline(std::chrono::system_clock::now() + options.deadline);
  context.set_wait_for_ready(options.wait_for_ready);
  add(context, metadata::service_proof, proof_);
  add(context, metadata::request_id, options.request_id);
  if (watch_ != nullptr) call.watched = watch_->begin_made(name, options.trace);
  const telemetry::trace_context& trace = watch_ != nullptr ? call.watched.span.context() : options.trace;
  add(context, metadata::trace_parent, trace.parent_text());
  add(context, metadata::trace_state, trace.state);
  const std::scoped_lock lock(lock_);
  under_way_.insert(&call);
}

bool connections::is_idle() {
  const std::scoped_lock lock(lock_);
  return under_way_.empty();
}

void connections::give_up_all() {
  const std::scoped_lock lock(lock_);
  for (under_way* each : under_way_)
    each->give_up();
}

error connections::read_failure(const grpc::Status& status) {
  if (is_refusal_of_us(status)) {
    if (const auto left_out = refusals_.admit()) {
      log_.error("calls of this node are refused: see services.secret of both nodes",
                 {{"peer", peer_}, {"problem", status.error_message()}, {"left_out", *left_out}});
    }
  }
  return to_error(status, peer_);
}

}  // namespace sluice::rpc
